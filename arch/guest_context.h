/*
 * What the world switch saves and restores of a guest: the integer registers and pc. The rest of a
 * vCPU's state stays in the CSRs while it is loaded on a hart. Read by assembly too: the offsets
 * are asserted below.
 */
#ifndef ARCH_GUEST_CONTEXT_H
#define ARCH_GUEST_CONTEXT_H

#define CONTEXT_X(n)    (4 * (n))
#define CONTEXT_PC      128
#define CONTEXT_HOST_SP 132
#define CONTEXT_HOST_RA 136
#define CONTEXT_HOST_TP 140

#ifndef __ASSEMBLER__

#include "arch/types.h"

struct guest_context {
    u32 x[32]; /* x[0] is there and stays 0, so that any register number is an index */
    u32 pc;
    u32 host_sp, host_ra; /* the hypervisor's, from entry to exit                             */
    u32 host_tp;          /* the hart's, from guest_bind on                                  */
};

_Static_assert(offsetof(struct guest_context, x) == CONTEXT_X(0), "x");
_Static_assert(offsetof(struct guest_context, pc) == CONTEXT_PC, "pc");
_Static_assert(offsetof(struct guest_context, host_sp) == CONTEXT_HOST_SP, "host_sp");
_Static_assert(offsetof(struct guest_context, host_ra) == CONTEXT_HOST_RA, "host_ra");
_Static_assert(offsetof(struct guest_context, host_tp) == CONTEXT_HOST_TP, "host_tp");

enum {
    REG_RA = 1,
    REG_SP = 2,
    REG_A0 = 10,
    REG_A1,
    REG_A2,
    REG_A3,
    REG_A4,
    REG_A5,
    REG_A6,
    REG_A7,
};

/* This hart is the one that enters the context, until another says so. */
static inline void guest_bind(struct guest_context *context)
{
    __asm__ volatile("sw tp, %0" : "=m"(context->host_tp));
}

/*
 * Enters the guest and returns its scause when it exits. sstatus and hstatus hold the guest's mode
 * (SPP, SPV) from its last exit or from vcpu_load.
 *
 * The switch keeps only sp, tp and ra: the clobbers tell the compiler that a guest leaves nothing
 * in any other register, so that the run loop saves what it needs itself, once, and not 12
 * registers at every exit. gp is the guest's alone: the hypervisor is built not to use it. With no
 * register to keep the context in, the caller is given it back, the same as it was.
 */
static inline u32 guest_enter(struct guest_context **context)
{
    register struct guest_context *a0 __asm__("a0") = *context;
    register u32 a1 __asm__("a1");

    __asm__ volatile("jal ra, guest_switch"
                     : "+r"(a0), "=r"(a1)
                     :
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a2", "a3", "a4", "a5", "a6",
                       "a7", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",
                       "s11", "memory");
    *context = a0;
    return a1;
}

#endif
#endif
