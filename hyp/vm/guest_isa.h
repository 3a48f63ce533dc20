/* What a guest may know of the hart's ISA: all that the hart really has, except what we keep. */
#ifndef VM_GUEST_ISA_H
#define VM_GUEST_ISA_H

#include "arch/types.h"

/* False for an extension that a guest does not get; `name` in lower case, `length` characters;
 * `hardware_ad`: hardware sets A and D of this VM's tables. */
bool guest_isa_keeps(const char *name, u32 length, bool hardware_ad);

/*
 * Filters a "riscv,isa" string ("rv32imafdch_zicsr_..."). Writes the result, terminated, into
 * `out`, as much as fits whole.
 */
void guest_isa_filter(const char *isa, bool hardware_ad, char *out, u32 size);

#endif
