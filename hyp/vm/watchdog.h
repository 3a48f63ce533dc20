/*
 * The watchdog of exits: a VM with `max-exits` that leaves its harts more often than that is held
 * back until the average is right again. Its exits cost nobody else a share of the harts, for their
 * time is the VM's own; this is for who wants to see, and to bound, a guest that misbehaves.
 */
#ifndef VM_WATCHDOG_H
#define VM_WATCHDOG_H

#include "arch/types.h"
#include "hyp/core/timer.h"

struct vm;

struct watchdog {
    struct timer timer;
    u64 exits;      /* of the VM, at the last look                 */
    u32 owed;       /* exits above the limit, not yet made up for  */
    bool holding;   /* it is held back now                         */
    u32 calm;       /* looks in a row without too many exits       */
    bool throttled; /* a person has been told that it is           */
};

void watchdog_init(struct vm *vm);

/* From the start of a life, with vCPUs, to its end, when none of them runs. */
void watchdog_start(struct vm *vm);
void watchdog_stop(struct vm *vm);

/* Changes config.max_exits, in whatever state the VM is; 0: no limit. The monitor only, with the VM
 * not held. */
void watchdog_set(struct vm *vm, u32 max_exits);

#endif
