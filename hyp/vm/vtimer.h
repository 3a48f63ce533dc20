/*
 * The supervisor timer of a vCPU. With Sstc it is vstimecmp: the guest programs it without us, and
 * we only wake the vCPU when it waits. Without, or with sstc=off, a timer of ours raises VSTIP.
 * Times are the guest's, in ticks, unless said otherwise; all modulo 2^64.
 */
#ifndef VM_VTIMER_H
#define VM_VTIMER_H

#include "arch/types.h"

struct vcpu;

void vtimer_init(struct vcpu *vcpu);

/* One interrupt when the guest's time reaches `deadline`; a pending one is taken back. Loaded. */
void vtimer_set(struct vcpu *vcpu, u64 deadline);

/* What was set last. Loaded. */
u64 vtimer_deadline(const struct vcpu *vcpu);

/* Raises VSTIP if the emulated timer is due, and sees to it that we hear when it will be. Loaded.
 */
void vtimer_check(struct vcpu *vcpu);

/* The vCPU blocks: wake it in time. Before vcpu_put. */
void vtimer_wake_later(struct vcpu *vcpu);

/* Parts of vcpu_load and vcpu_put. */
void vtimer_load(struct vcpu *vcpu);
void vtimer_put(struct vcpu *vcpu);

#endif
