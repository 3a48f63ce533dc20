/*
 * Accesses to guest memory at guest virtual addresses, by HLV, HLVX and HSV: the hardware
 * translates with the loaded guest's tables, rights and mode (SPVP). Only on the hart where that
 * vCPU is loaded.
 */
#ifndef ARCH_GUEST_ACCESS_H
#define ARCH_GUEST_ACCESS_H

#include "arch/own_trap.h"
#include "arch/types.h"

/*
 * The instruction at `pc` (2-aligned), with execute rights. A 4-byte one is read as two halves, as
 * it may lie on two pages. False: the fetch trapped, as *trap tells (the cause is that of a fetch).
 */
bool guest_fetch(gva_t pc, u32 *bits, struct guarded_trap *trap);

/* The aligned word at `address`, with execute rights (HLVX). False: it trapped, as *trap tells; the
 * cause is that of a fetch. */
bool guest_load_code(gva_t address, u32 *value, struct guarded_trap *trap);

/* The byte at `address`, with load rights. False: it trapped, as *trap tells. */
bool guest_load_byte(gva_t address, u8 *value, struct guarded_trap *trap);

/* The aligned word at `address`, with load rights. False: it trapped, as *trap tells. */
bool guest_load_word(gva_t address, u32 *value, struct guarded_trap *trap);

/* Stores the aligned word, with store rights. False: it trapped, as *trap tells. */
bool guest_store_word(gva_t address, u32 value, struct guarded_trap *trap);

#endif
