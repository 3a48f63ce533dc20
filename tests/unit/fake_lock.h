/*
 * Spin locks for unit tests with threads: of these there may be more than processors, so who waits
 * for a lock lets its holder run. To be included before any of hyp/.
 */
#ifndef UNIT_FAKE_LOCK_H
#define UNIT_FAKE_LOCK_H

#ifdef CORE_LOCK_H
#error "include this before any header that has locks"
#endif
#define CORE_LOCK_H

#include <sched.h>

#include "arch/types.h"

struct spinlock {
    u32 held;
};

static inline void spin_lock(struct spinlock *lock)
{
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
        sched_yield();
}

static inline void spin_unlock(struct spinlock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif
