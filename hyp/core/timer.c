#include "hyp/core/timer.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "arch/firmware.h"
#include "hyp/core/hart.h"
#include "hyp/core/lock.h"
#include "hyp/core/machine.h"

/* One lock for all queues: they are short, and timers move between harts. */
static struct spinlock lock;

/* The lock is held. */
static u64 first_deadline(const struct hart *hart)
{
    return hart->timers ? hart->timers->deadline : TIMER_NEVER;
}

/*
 * Makes this hart's hardware come at `deadline`. Without the lock, for firmware may take its time;
 * only this hart programs its own, and a timer that another has taken away meanwhile is an
 * interrupt for nothing.
 */
static void program(u64 deadline)
{
    if (deadline == this_hart()->programmed)
        return;
    this_hart()->programmed = deadline;
    if (features.sstc)
        csr_write_compare(CSR_STIMECMP, CSR_STIMECMPH, deadline);
    else
        firmware_set_timer(deadline);
}

static void unlink_timer(struct timer *timer)
{
    struct timer **at;

    if (!timer->hart)
        return;
    for (at = &timer->hart->timers; *at != timer; at = &(*at)->next)
        ;
    *at = timer->next;
    timer->hart = NULL;
}

static void link_timer(struct timer *timer, struct hart *hart)
{
    struct timer **at = &hart->timers;

    while (*at && (*at)->deadline <= timer->deadline)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
    timer->hart = hart;
}

void timer_arm(struct timer *timer, u64 deadline)
{
    u64 first;

    spin_lock(&lock);
    unlink_timer(timer);
    timer->deadline = deadline;
    if (deadline != TIMER_NEVER)
        link_timer(timer, this_hart());
    first = first_deadline(this_hart());
    spin_unlock(&lock);
    program(first);
}

void timer_cancel(struct timer *timer)
{
    /* Another hart's hardware keeps its deadline: it wakes up once for nothing. */
    timer_arm(timer, TIMER_NEVER);
}

void timer_cancel_wait(struct timer *timer)
{
    /* A call that has begun may arm the timer again before it ends. */
    do {
        timer_cancel(timer);
        for (u32 i = 0; i < hart_count; i++)
            while (__atomic_load_n(&harts[i].firing, __ATOMIC_ACQUIRE) == timer)
                ;
    } while (__atomic_load_n(&timer->hart, __ATOMIC_ACQUIRE));
}

/* Takes the first timer of this hart that is due out of the queue; NULL when there is none. */
static struct timer *take_due(void)
{
    struct hart *hart = this_hart();
    struct timer *timer;
    u64 first;

    spin_lock(&lock);
    timer = hart->timers;
    first = first_deadline(hart);
    if (first <= time_now()) {
        unlink_timer(timer);
        hart->firing = timer;
        spin_unlock(&lock);
        return timer;
    }
    spin_unlock(&lock);
    /* What came in may have been early, or for a timer that is gone: set it anew. */
    hart->programmed = TIMER_NEVER - 1;
    program(first);
    return NULL;
}

void timers_run(void)
{
    struct timer *timer;

    while ((timer = take_due())) {
        timer->fire(timer);
        __atomic_store_n(&this_hart()->firing, NULL, __ATOMIC_RELEASE);
    }
}

u64 timer_after(u32 milliseconds)
{
    return time_now() + (u64)(machine.timebase / 1000) * milliseconds;
}
