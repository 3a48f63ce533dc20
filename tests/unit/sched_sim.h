/*
 * A machine in which the scheduler under test runs tasks: some harts, whose interrupts take a
 * moment to arrive, and tasks that compute, sleep, and compute again. Time passes from event to
 * event; after each, what must always hold is checked.
 */
#ifndef UNIT_SCHED_SIM_H
#define UNIT_SCHED_SIM_H

#include "tests/unit/unit.h"
#include "tests/unit/fake_harts.h"

#include "hyp/core/timer.c"
#include "hyp/core/sched.c"
#include "hyp/core/sched_call.c"
#include "hyp/core/sched_group.c"
#include "hyp/core/sched_queue.c"
#include "hyp/core/sched_seat.c"
#include "hyp/core/sched_share.c"

#define MS         10000ull /* ticks, at 10 MHz */
#define SECOND     (1000 * MS)
#define KICK_TICKS 30 /* at most, from a kick to its interrupt */
#define FOR_EVER   (~0ull)

#define SIM_GROUPS 64
#define SIM_TASKS  8 /* of a group */

#define SLICE  (SCHED_SLICE_MS * MS)
#define GRAIN  (SCHED_GRAIN_MS * MS)
#define PERIOD (SCHED_PERIOD_MS * MS)

static const u32 hart_counts[] = {1, 2, 4};

#define FOR_EACH_HARTS(harts) for (u32 hi_ = 0, harts; hi_ < 3 && (harts = hart_counts[hi_]); hi_++)

struct features features = {.sstc = true};
struct machine machine = {.timebase = 10000000};

struct sim_group;

struct sim_task {
    struct task task;
    struct sim_group *group;
    u64 burst, pause; /* computes and sleeps for so long; burst FOR_EVER: a hog               */
    u64 left;         /* of the burst                                                         */
    u64 wakes_at;     /* when it sleeps                                                       */
    u64 waits_since;  /* for a hart                                                           */
    u64 longest_wait; /* for a hart, since sim_reset_times                                    */
    u64 woken_at;     /* by sim_wake_sleepers, not having run since; FOR_EVER: no             */
    u64 longest_wake; /* from there to a hart                                                 */
};

struct sim_group {
    struct sched_group group;
    struct sim_task tasks[SIM_TASKS];
    u32 count;
    u64 run_before; /* run time at sim_reset_times */
};

static struct {
    struct sim_group groups[SIM_GROUPS];
    u32 count;
    u64 kick_at[MAX_HARTS];
    u64 updated; /* up to when the bursts have been counted down */
    u32 interrupts, kicks;
    u32 random;
    bool unchecked; /* for speed */
} sim;

void firmware_set_timer(u64 deadline)
{
    (void)deadline;
}

void interrupts_handle(void) {}

void hart_wait(void) {}

static inline u32 sim_random(u32 below)
{
    sim.random = sim.random * 1664525u + 1013904223u;
    return (u32)((u64)(sim.random >> 8) * below >> 24);
}

void hart_kick(const struct hart *hart)
{
    u64 at = fake_harts.now + 1 + sim_random(KICK_TICKS);

    sim.kicks++;
    if (at < sim.kick_at[hart->index])
        sim.kick_at[hart->index] = at;
}

static inline struct sim_task *sim_task_on(u32 hart)
{
    return harts[hart].task ? container_of(harts[hart].task, struct sim_task, task) : NULL;
}

static inline void sim_begin(void)
{
    struct task *task = begin_run(this_hart());
    struct sim_task *t;

    if (!task)
        return;
    t = container_of(task, struct sim_task, task);
    if (fake_harts.now - t->waits_since > t->longest_wait)
        t->longest_wait = fake_harts.now - t->waits_since;
    if (t->woken_at != FOR_EVER && fake_harts.now - t->woken_at > t->longest_wake)
        t->longest_wake = fake_harts.now - t->woken_at;
    t->woken_at = FOR_EVER;
}

static inline void sim_end(enum task_result result)
{
    struct sim_task *t = sim_task_on(fake_harts.here);

    t->waits_since = fake_harts.now;
    end_run(this_hart(), result);
}

static inline void sim_start(u32 count, u32 seed)
{
    memset(&sim, 0, sizeof(sim));
    memset(&sched, 0, sizeof(sched));
    fake_harts_reset(count);
    fake_harts.now = sim.updated = 12345678;
    sim.random = seed;
    for (u32 i = 0; i < MAX_HARTS; i++)
        sim.kick_at[i] = FOR_EVER;
    for (fake_harts.here = 0; fake_harts.here < count; fake_harts.here++)
        sim_begin();
    fake_harts.here = 0;
}

static inline enum task_result sim_never_called(struct task *task)
{
    (void)task;
    return TASK_BLOCK;
}

static inline struct sim_group *sim_add_group(u32 weight, u32 cap, u32 affinity)
{
    struct sched_share share = {weight, cap, affinity};
    struct sim_group *g = &sim.groups[sim.count++];

    sched_group_init(&g->group, &share);
    return g;
}

static inline void sim_wake(struct sim_task *t)
{
    if (t->task.state == TASK_BLOCKED)
        t->waits_since = fake_harts.now;
    t->wakes_at = FOR_EVER;
    sched_wake(&t->task);
}

/* A task that computes for `burst` and sleeps for `pause`; it is awake. */
static inline struct sim_task *sim_add_task(struct sim_group *g, u64 burst, u64 pause)
{
    struct sim_task *t = &g->tasks[g->count++];

    sched_init_task(&t->task, &g->group, sim_never_called);
    t->group = g;
    t->burst = t->left = burst;
    t->pause = pause;
    t->woken_at = FOR_EVER;
    sim_wake(t);
    return t;
}

static inline struct sim_group *sim_add_hogs(u32 weight, u32 tasks)
{
    struct sim_group *g = sim_add_group(weight, SCHED_NO_CAP, SCHED_ALL_HARTS);

    while (tasks--)
        sim_add_task(g, FOR_EVER, 0);
    return g;
}

#define FOR_EACH_TASK(t)                                                       \
    for (struct sim_group *g_ = sim.groups; g_ < &sim.groups[sim.count]; g_++) \
        for (struct sim_task *t = g_->tasks; t < &g_->tasks[g_->count]; t++)

/* ---- What must always hold, between events. */

static inline bool sim_has(const struct sched_group *group, const struct task *task)
{
    const struct task *at = group->ready;

    while (at && at != task)
        at = at->next;
    return at != NULL;
}

static inline bool sim_is_queued(const struct sched_group *group)
{
    const struct sched_group *at = sched.ready;

    while (at && at != group)
        at = at->next;
    return at != NULL;
}

static inline void sim_check_queue(void)
{
    for (u32 i = 0; i < sim.count; i++) {
        struct sim_group *g = &sim.groups[i];
        u32 running = 0;

        for (struct sim_task *t = g->tasks; t < &g->tasks[g->count]; t++) {
            running += t->task.state == TASK_RUNNING;
            CHECK_EQ(sim_has(&g->group, &t->task), t->task.state == TASK_READY);
            if (t->task.state == TASK_RUNNING)
                CHECK(sched.seats[t->task.last_hart].task == &t->task);
        }
        CHECK_EQ(g->group.running, running);
        CHECK_EQ(sim_is_queued(&g->group), g->group.ready != NULL);
    }
}

static inline bool sim_word_is_under_way(void)
{
    for (u32 i = 0; i < hart_count; i++)
        if (sim.kick_at[i] != FOR_EVER)
            return true;
    return false;
}

/* No hart idles, or lets its task run without end, while there is something else to run; and who
 * runs may. Except that word of it is under way. */
static inline void sim_check_harts(void)
{
    bool told = sim_word_is_under_way();

    for (u32 i = 0; i < hart_count; i++) {
        struct seat *seat = &sched.seats[i];

        CHECK(seat->task == harts[i].task);
        CHECK(seat->idle == !seat->task);
        if (!told && queue_first(i, fake_harts.now))
            CHECK(seat->task && fake_harts.compare[i] <= fake_harts.now + 5 * MS);
        if (!told && seat->task) {
            CHECK(queue_is_runnable(seat->task));
            CHECK(seat->task->group->share.affinity & BIT(i));
        }
    }
}

/* ---- Time passes. */

static inline u64 sim_next_event(u64 limit)
{
    u64 next = limit;

    for (u32 i = 0; i < hart_count; i++) {
        const struct sim_task *t = sim_task_on(i);

        if (fake_harts.compare[i] < next)
            next = fake_harts.compare[i];
        if (sim.kick_at[i] < next)
            next = sim.kick_at[i];
        if (t && t->left != FOR_EVER && fake_harts.now + t->left < next)
            next = fake_harts.now + t->left;
    }
    FOR_EACH_TASK(t)
    if (t->wakes_at < next)
        next = t->wakes_at;
    return next > fake_harts.now ? next : fake_harts.now;
}

static inline void sim_count_bursts(void)
{
    u64 passed = fake_harts.now - sim.updated;

    for (u32 i = 0; i < hart_count; i++) {
        struct sim_task *t = sim_task_on(i);

        if (t && t->left != FOR_EVER)
            t->left -= passed < t->left ? passed : t->left;
    }
    sim.updated = fake_harts.now;
}

static inline void sim_fall_asleep(struct sim_task *t)
{
    t->left = t->burst;
    t->wakes_at = fake_harts.now + t->pause;
    sim_end(TASK_BLOCK);
    sim_begin();
}

/* What sched_run and the run function of a task do. */
static inline void sim_hart(u32 index)
{
    struct sim_task *t = sim_task_on(index);

    fake_harts.here = index;
    if (t && t->left == 0)
        sim_fall_asleep(t);
    if (sim.kick_at[index] > fake_harts.now && fake_harts.compare[index] > fake_harts.now)
        return;
    sim.interrupts++;
    timers_run();
    if (sim.kick_at[index] <= fake_harts.now)
        sim.kick_at[index] = FOR_EVER;
    t = sim_task_on(index);
    if (t && !sched_should_yield())
        return;
    if (t)
        sim_end(TASK_YIELD);
    sim_begin();
}

static inline void sim_wake_sleepers(void)
{
    FOR_EACH_TASK(t)
    if (t->wakes_at <= fake_harts.now) {
        fake_harts.here = sim_random(hart_count);
        if (t->task.state == TASK_BLOCKED)
            t->woken_at = fake_harts.now;
        sim_wake(t);
    }
}

/* Lets `ticks` pass. */
static inline void sim_run(u64 ticks)
{
    u64 end = fake_harts.now + ticks;

    for (;;) {
        u32 first = sim_random(hart_count);

        fake_harts.now = sim_next_event(end);
        sim_count_bursts();
        if (fake_harts.now >= end)
            return;
        sim_wake_sleepers();
        for (u32 i = 0; i < hart_count; i++)
            sim_hart((first + i) % hart_count);
        if (!sim.unchecked) {
            sim_check_queue();
            sim_check_harts();
        }
    }
}

/* ---- What came of it. */

static inline void sim_reset_times(void)
{
    for (u32 i = 0; i < sim.count; i++)
        sim.groups[i].run_before = sched_group_run_time(&sim.groups[i].group);
    FOR_EACH_TASK(t)
    t->longest_wait = t->longest_wake = 0;
}

/* Since sim_reset_times. */
static inline u64 sim_run_time(struct sim_group *g)
{
    return sched_group_run_time(&g->group) - g->run_before;
}

#define CHECK_NEAR(got, expected, percent)                                                \
    do {                                                                                  \
        double near_got = (double)(got), near_exp = (double)(expected);                   \
        if (near_got < near_exp * (1 - (percent) / 100.0) ||                              \
            near_got > near_exp * (1 + (percent) / 100.0))                                \
            UNIT_FAIL("%s is %.0f, expected %.0f within %g %%", #got, near_got, near_exp, \
                      (double)(percent));                                                 \
    } while (0)

#define CHECK_AT_MOST(got, bound)                                              \
    do {                                                                       \
        double most_got = (double)(got), most_bound = (double)(bound);         \
        if (most_got > most_bound)                                             \
            UNIT_FAIL("%s is %.0f, at most %.0f", #got, most_got, most_bound); \
    } while (0)

#endif
