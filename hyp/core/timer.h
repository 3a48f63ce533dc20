/*
 * Timers of the hypervisor: each hart has a queue, sorted by deadline, and programs its hardware
 * for the first of it. Deadlines are host time in ticks of the timebase.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "arch/types.h"

#define TIMER_NEVER (~(u64)0)

struct hart;

struct timer {
    u64 deadline;
    void (*fire)(struct timer *timer); /* with no lock held, on the hart that armed it */
    struct timer *next;
    struct hart *hart; /* in whose queue; NULL when not armed */
};

/*
 * All of these are for any hart and take the lock of the timers, the last in order (lock.h): the
 * caller may hold any other. Who arms and cancels one timer from several harts does so under a lock
 * of its own, or the last one wins.
 */

/* Arms the timer on this hart, instead of whatever it was armed for; TIMER_NEVER cancels. */
void timer_arm(struct timer *timer, u64 deadline);

/* Afterwards it will not fire, except that a call that has begun on another hart may go on. */
void timer_cancel(struct timer *timer);

/* The same, and such a call has ended, what it armed included. Not from a timer's function, nor
 * with a lock that it takes; nobody else arms the timer meanwhile. */
void timer_cancel_wait(struct timer *timer);

/* Fires what is due on this hart. Called at every timer interrupt, with no lock held. */
void timers_run(void);

/* `milliseconds` from now, as a deadline. Takes no lock. */
u64 timer_after(u32 milliseconds);

#endif
