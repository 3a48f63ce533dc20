/*
 * Stolen time, as SBI STA tells it to the guest: how long the vCPU was ready and had no hart, in 64
 * bytes of the guest's memory that are brought up to date when it gets one again.
 */
#ifndef VM_STEAL_H
#define VM_STEAL_H

#include "arch/sbi_abi.h"
#include "arch/types.h"

struct vcpu;

/* All zero: nothing is told. */
struct steal {
    bool on;
    bool preempted; /* as the guest reads it                                          */
    gpa_t memory;
    u32 sequence;    /* as the guest reads it: even                                    */
    u32 scale;       /* nanoseconds a tick, with 16 bits behind the point              */
    u32 least;       /* ticks: less is told later, together with what comes then       */
    u32 fraction;    /* of a nanosecond, behind that point, not yet told               */
    u64 ticks;       /* task.steal_time as far as it has been told                     */
    u64 nanoseconds; /* told                                                           */
};

/* Clears the 64 bytes at `memory`, RAM of the VM, and tells from 0 on; SBI_STA_NONE: ends it.
 * FAILED when they cannot be written. The vCPU is the caller's own. */
enum sbi_error steal_report(struct vcpu *vcpu, gpa_t memory);

/* The vCPU has got a hart: before it enters the guest. With no lock held. */
void steal_loaded(struct vcpu *vcpu);

/* It loses it though it is ready to go on. With no lock held. */
void steal_preempted(struct vcpu *vcpu);

#endif
