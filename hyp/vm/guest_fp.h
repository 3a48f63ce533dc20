/* Single FP registers of the loaded vCPU, for FLW and FSW that meet a device: rare, so by way of
 * memory. The guest's FP unit is on, or the instruction would not have come so far. */
#ifndef VM_GUEST_FP_H
#define VM_GUEST_FP_H

#include "arch/types.h"

struct vcpu;

/* The low 32 bits of f[number], as FSW stores them. */
u32 guest_fp_read(struct vcpu *vcpu, u32 number);

/* Writes f[number] as FLW does: NaN-boxed ("NaN Boxing of Narrower Values"), FS becomes Dirty. */
void guest_fp_write(struct vcpu *vcpu, u32 number, u32 value);

/* All FP registers, between the hart and vcpu->fp; as many bits as the hart has. */
void guest_fp_save(struct vcpu *vcpu);
void guest_fp_load(const struct vcpu *vcpu);

#endif
