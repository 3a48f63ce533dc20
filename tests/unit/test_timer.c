/* Timers: what is cancelled while its function runs on another hart. */
#include <pthread.h>

#include "tests/unit/unit.h"
#include "tests/unit/fake_hart.h"
#include "tests/unit/fake_lock.h"
#include "tests/unit/fake_time.h"

#include "hyp/core/machine.h"

static void set_compare(u64 deadline);

#undef csr_write_compare
#define csr_write_compare(low, high, deadline) set_compare(deadline)

struct hart harts[MAX_HARTS];
u32 hart_count = 2;

/* Each thread is a hart; the others look at its struct, so that it is in `harts`. */
static _Thread_local u32 here;
#define this_hart() (&harts[here])

#include "hyp/core/timer.c"

struct features features = {.sstc = true};
struct machine machine = {.timebase = 10000000};

static void set_compare(u64 deadline)
{
    (void)deadline;
}

void firmware_set_timer(u64 deadline)
{
    (void)deadline;
}

static struct timer timer;
static u32 begun, calls;

/* A watchdog, or an alarm that came too early: arms itself again, here once its end was asked for.
 */
static void fire_again(struct timer *fired)
{
    __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&begun, __ATOMIC_ACQUIRE) == 1)
        sched_yield();
    for (u32 i = 0; i < 1000; i++) /* it is cancelled, and waited for */
        sched_yield();
    timer_arm(fired, fake_time + ++calls);
}

static void *other_hart(void *argument)
{
    (void)argument;
    here = 1;
    timer_arm(&timer, 0);
    timers_run();
    return NULL;
}

TEST(a_timer_that_arms_itself_again_ends_when_it_is_waited_for)
{
    pthread_t thread;

    timer.fire = fire_again;
    CHECK(!pthread_create(&thread, NULL, other_hart, NULL));
    while (!__atomic_load_n(&begun, __ATOMIC_ACQUIRE))
        sched_yield();
    __atomic_store_n(&begun, 2, __ATOMIC_RELEASE);
    timer_cancel_wait(&timer);
    CHECK(!timer.hart);
    CHECK(!harts[1].timers);
    pthread_join(thread, NULL);
    CHECK_EQ(calls, 1);
}

UNIT_MAIN("timer")
