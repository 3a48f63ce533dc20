/*
 * Spin locks. The hypervisor runs with interrupts off, so a lock needs no interrupt juggling; it
 * is never held across an entry into a guest. Order, outermost first:
 *   console input -> device (UART, RTC) -> virtual PLIC -> vCPU -> run queue -> timers
 *   VM memory -> run queue; VM memory -> shared image -> pages; list of these -> pages
 *   VM console -> console
 *   virtio device -> console input, VM memory, virtual PLIC
 *   virtio device -> switch -> a port of the switch -> run queue; virtio device -> a host's disk or
 *   card -> timers
 *   virtio device -> requests of a virtio disk -> run queue
 *   shared region -> doorbell -> virtual PLIC; device handed through -> virtual PLIC
 */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include "arch/types.h"

struct spinlock {
    u32 held;
};

/* Takes the lock; spins while another hart holds it. Not recursive. */
static inline void spin_lock(struct spinlock *lock)
{
    while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
            ;
}

/* Takes the lock if nobody has it. */
static inline bool spin_try_lock(struct spinlock *lock)
{
    return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_unlock(struct spinlock *lock)
{
    __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#endif
