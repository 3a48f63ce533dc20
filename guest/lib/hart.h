/* What the library keeps for each hart, found through tp. */
#ifndef GUEST_HART_H
#define GUEST_HART_H

#define MAX_HARTS        8
#define HART_STACK_SIZE  0x4000
#define HART_STACK_SHIFT 14

#ifndef __ASSEMBLER__

#include "guest/lib/trap.h"

struct hart {
    u32 id;
    bool armed; /* exceptions are expected: see trap_arm() */
    struct trap_seen seen;
};

static inline struct hart *this_hart(void)
{
    struct hart *hart;
    __asm__ volatile("mv %0, tp" : "=r"(hart));
    return hart;
}

/* Harts of this machine: those whose HSM status can be asked, at most MAX_HARTS. */
u32 hart_count(void);

/*
 * Starts a stopped hart on `run`; when that returns, the hart stops. Returns the error of
 * sbi_hart_start.
 */
s32 hart_start(u32 id, void (*run)(void));

/* Waits until hart `id` is in HSM state `state`, at most a few seconds. Returns whether it is. */
bool hart_wait_state(u32 id, u32 state);

/*
 * Sleeps for a tenth of a millisecond, for loops that wait for another hart: where harts are
 * virtual, the other may need this one's. Uses the timer; interrupts stay off meanwhile.
 */
void hart_relax(void);

/* Waits until *value is at least `wanted`, at most a few seconds. Returns whether it is. */
bool hart_wait_value(const volatile u32 *value, u32 wanted);

#endif
#endif
