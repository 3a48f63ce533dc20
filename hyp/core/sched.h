/*
 * The scheduler: tasks on harts, in groups that share the harts by weight. It knows nothing of VMs;
 * a vCPU is a task whose run function runs the guest, and a VM is a group.
 *
 * Weighted fair queueing from one queue that serves all harts, so that no balancing between harts
 * is ever owed: a hart that becomes free takes the next task that may run on it. Each group has a
 * virtual time, which advances by (time run) / weight, and the waiting group with the least runs
 * next; within a group, tasks take turns. A slice is paid for when it begins, and what was not used
 * of it is given back when it ends. Time for which nobody waits is free. Who falls behind those
 * that run, asleep, stopped, or with too few tasks for its weight, is moved up to one slice behind
 * them, so that it saves up no more than that.
 *
 * Latency. Let G other groups, of weights that add up to W, compete for H harts with a group of
 * weight w that has one task.
 *   It wakes up with less virtual time than one that runs, as it does when it slept for longer than
 *   it would have waited: it takes the hart of the one with the most, after that has run for
 *   SCHED_GRAIN_MS. With several that wake so at once, each waits for a slice of those before it.
 *   It never sleeps, or used up its share before: its next slice begins within
 *   ((W / w + G) / H + 1) * SCHED_SLICE_MS. With equal weights, within (2 * G / H + 1) slices.
 *   It is at its cap: it waits for its next period, at most SCHED_PERIOD_MS more.
 * A group of n tasks may have n slices paid for at once, and then waits n times W / w.
 * The bounds hold among groups that may run on the same harts. Where affinities overlap in part,
 * who ran ahead on one hart waits on another until those there have caught up, however long that
 * takes.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "arch/types.h"
#include "hyp/core/timer.h"

/* How long a task runs while others wait, and the least it runs before a wake-up takes its hart. */
#define SCHED_SLICE_MS 5
#define SCHED_GRAIN_MS 1

/* Over what time caps are kept. */
#define SCHED_PERIOD_MS 100

#define SCHED_WEIGHT_MIN     16
#define SCHED_WEIGHT_DEFAULT 256
#define SCHED_WEIGHT_MAX     4096

#define SCHED_NO_CAP    0
#define SCHED_ALL_HARTS 0xffffffffu

enum task_result {
    TASK_YIELD, /* ready to go on: its slice is over                       */
    TASK_BLOCK, /* waits for sched_wake; one that came meanwhile is kept   */
};

enum task_state { TASK_BLOCKED, TASK_READY, TASK_RUNNING, TASK_RETIRED };

struct task;

/*
 * What a person sets. A cap is kept in periods of SCHED_PERIOD_MS, which follow one another while
 * the group runs: in each it gets its budget and no more, but for the few microseconds by which a
 * hart hears too late that a slice is over, and those it owes to the next period.
 */
struct sched_share {
    u32 weight;   /* SCHED_WEIGHT_MIN to SCHED_WEIGHT_MAX                            */
    u32 cap;      /* percent of one hart, over all tasks; SCHED_NO_CAP: no limit     */
    u32 affinity; /* a bit for each hart, by index, on which its tasks may run; some
                   * hart that is online, or the group never runs                    */
};

struct sched_group {
    struct sched_share share;
    bool urgent; /* goes before every group that is not; the hypervisor's own work    */

    /* The scheduler's, under its lock. */
    bool refilling;             /* the timer below is armed                           */
    struct task *ready, **tail; /* in turn                                            */
    struct sched_group *next;   /* of the groups with a ready task                    */
    u32 running;                /* tasks that harts have now                          */
    u32 paused, held;           /* how often                                          */
    u32 inverse_weight;         /* virtual time per tick                              */
    u64 virtual_time;           /* the slices that run now are paid for               */
    s64 budget;                 /* ticks left of the cap in this period; slices that
                                 * run now are paid for; less than 0: debt            */
    u64 period_end;
    struct timer refill; /* for a group at its cap: when the next period begins        */
    u64 run_time;        /* ticks, up to the end of its tasks' last runs; see
                          * sched_group_run_time                                       */
};

struct task {
    struct task *next;
    struct sched_group *group;
    enum task_state state;
    bool woken;         /* by sched_wake, while it ran                                  */
    bool ignores_pause; /* runs though its group is paused (but not while it is held)   */
    bool prompt;        /* woken, it goes before the others of its group, and takes the
                         * hart of one; having yielded, it goes behind them             */
    bool ahead;         /* it does now                                                  */
    enum task_result (*run)(struct task *task);

    /* For reports, in ticks; written by the scheduler. The run function may read its own. */
    u64 run_time;   /* on harts, up to the end of its last run                          */
    u64 steal_time; /* ready, but not running, while its group was not stopped          */
    u64 since;      /* when it became ready, or began to run                            */
    u32 runs;       /* how often it was given a hart                                    */
    u32 last_hart;  /* index                                                            */
};

/* Makes a group without tasks. Before any use. */
void sched_group_init(struct sched_group *group, const struct sched_share *share);

/* Changes what a group gets, from now on. Any hart, no lock held. */
void sched_group_set(struct sched_group *group, const struct sched_share *share);

/*
 * While a group is paused, its tasks do not run, except those that ignore pauses; while it is held,
 * none does. Both count: each needs its resume or release. pause returns at once, hold when no task
 * of the group runs any more (waits for them to look at sched_should_yield). Not called by a task
 * of the group; hold only with no lock held.
 */
void sched_group_pause(struct sched_group *group);
void sched_group_resume(struct sched_group *group);
void sched_group_hold(struct sched_group *group);
void sched_group_release(struct sched_group *group);

/* Ticks that tasks of the group have run, those that run now included. Any hart. */
u64 sched_group_run_time(struct sched_group *group);

/* Makes a new or retired task of `group` a blocked one, its times zero. A retired one may be woken
 * meanwhile. */
void sched_init_task(struct task *task, struct sched_group *group,
                     enum task_result (*run)(struct task *task));

/* Makes a blocked task ready; keeps the wake-up for one that runs. Any hart; with no lock held from
 * the run queue on (lock.h). */
void sched_wake(struct task *task);

/*
 * Takes a task out of the scheduler: wake-ups do nothing any more, and no hart touches it. False:
 * it runs now, so try again later.
 */
bool sched_retire(struct task *task);

/* A task's times up to now, what it does now included, in ticks. Any hart. */
struct task_times {
    u64 run, steal;
    u32 runs;
};
struct task_times sched_task_times(struct task *task);

/* Time that this hart has spent without a task, in ticks, up to now; by index. Any hart. */
u64 sched_idle_time(u32 hart);

/* Runs tasks for ever. Every hart ends here. */
void sched_run(void) __attribute__((noreturn));

/* True when the running task should yield: asked by its run function after every interrupt. */
bool sched_should_yield(void);

#endif
