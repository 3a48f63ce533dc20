/*
 * The hart that unit tests run on. The target keeps its address in tp, which only the target's
 * assembly can read: the header that does so is replaced, hence to be included before any of hyp/
 * that includes it.
 */
#ifndef UNIT_FAKE_HART_H
#define UNIT_FAKE_HART_H

#ifdef ARCH_OWN_TRAP_H
#error "include this before any header that reads tp"
#endif
#define ARCH_OWN_TRAP_H

#include "arch/types.h"

struct guarded_trap {
    u32 cause, tval;
    u32 htval, htinst;
};

struct own_trap_area {
    u32 stack, sp, depth;
    struct guarded_trap guarded;
};

static inline struct own_trap_area *own_trap_area(void);

#include "hyp/core/hart.h"

static _Thread_local struct hart fake_hart; /* each thread is a hart */

static inline struct own_trap_area *own_trap_area(void)
{
    return &fake_hart.own;
}

#endif
