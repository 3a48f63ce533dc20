/*
 * What the parts of the scheduler share; nobody else includes this. All of it is under sched.lock,
 * which the caller of every function here holds, unless said otherwise; `now` is the time, read
 * with the lock held.
 */
#ifndef CORE_SCHED_INTERNAL_H
#define CORE_SCHED_INTERNAL_H

#include "hyp/core/hart.h"
#include "hyp/core/lock.h"
#include "hyp/core/sched.h"

/* A hart, as a place for a task. */
struct seat {
    struct task *task; /* runs here; NULL: none                                         */
    u64 slice_began;
    u64 paid_until;   /* up to when its group has paid                                 */
    u64 virtual_time; /* of the group that was chosen here last, never going back      */
    bool look;        /* who runs here is to look whether it goes on; atomic           */
    bool claimed;     /* by a group that woke up: from SCHED_GRAIN_MS on               */
    bool idle;
    u64 idle_since, idle_time;
    struct timer end; /* of the slice; its own hart's alone, without the lock          */
};

struct sched_state {
    struct spinlock lock;
    struct sched_group *ready, **tail; /* groups with a ready task, in order of coming   */
    u32 idle_harts; /* idle, and not called yet; a bit for each, by index                */
    u32 open_harts; /* their slices have no end, because nobody waited                   */
    struct seat seats[MAX_HARTS];
};

extern struct sched_state sched;

static inline u32 seat_index(const struct seat *seat)
{
    return (u32)(seat - sched.seats);
}

_Static_assert(MAX_HARTS <= 32, "sets of harts are words");

/* ---- sched_share.c: what a group has a right to. Pure but for the group. */

/* Ticks of so many milliseconds. No lock. */
u32 sched_ticks(u32 milliseconds);

/* Sets or changes it; a period begins. */
void share_set(struct sched_group *group, const struct sched_share *share, u64 now);

/* Pays for time on a hart; less than 0 gives back. */
void share_charge(struct sched_group *group, s64 ticks);

/* False: it is at its cap. Begins the next period when it is time. */
bool share_has_budget(struct sched_group *group, u64 now);

/* The latest virtual time on any of these harts. */
u64 share_horizon(u32 affinity);

/* Moves a group up that lies more than a slice behind where it may run. */
void share_catch_up(struct sched_group *group);

/* ---- sched_queue.c: who waits, and who is next. */

/* Where a group stands among those that want a hart. */
struct standing {
    bool urgent, elsewhere; /* elsewhere: some idle hart could take it, too */
    u64 virtual_time;
};

struct standing standing_of(const struct sched_group *group, u32 hart);
bool standing_before(const struct standing *a, const struct standing *b);

/* False: its group is held, or paused and it minds. */
bool queue_is_runnable(const struct task *task);

void queue_put(struct task *task, u64 now);
void queue_remove(struct task *task);

/* The first task of the group that may run now is a prompt one, and was woken. */
bool queue_has_ahead(const struct sched_group *group);

/* True when the group has a ready task that may run now. At its cap: arms its timer. */
bool queue_group_waits(struct sched_group *group, u64 now);

/* Whose turn it is on a hart; NULL: nobody's. */
struct sched_group *queue_first(u32 hart, u64 now);

/* Takes the next task of a group that waits. */
struct task *queue_take(struct sched_group *group);

/* ---- sched_seat.c: what runs where, and for how long. */

/* Sits a task down, or nobody. Both return when the slice ends, for seat_set_end; TIMER_NEVER: it
 * has no end. */
u64 seat_take(struct seat *seat, struct task *task, u64 now);
u64 seat_stay_idle(struct seat *seat, u64 now);

/* The task gets up: settles its time, here and in the reports. */
void seat_free(struct seat *seat, u64 now);

/* What was paid for is what was run, up to now. */
void seat_settle(struct seat *seat, u64 now);

/* True when the task has to go; else *end is when it is to look again. This hart's. */
bool seat_must_go(struct seat *seat, u64 now, u64 *end);

/* Whether who runs here is to look. */
void seat_set_look(struct seat *seat, bool look);

/* Arms the timer of this hart's seat. Without the lock. */
void seat_set_end(struct seat *seat, u64 end);

/* ---- sched_call.c: which harts are to hear of what has happened. All return the harts to kick
 * when the lock is given up, a bit for each, by index. */

/* The group waits, since now: idle harts, else the hart of who is last in line. */
u32 seats_announce(struct sched_group *group, u64 now);

/* A prompt task of the group has become ready and found no idle hart: one that runs another. */
u32 seats_give_way(struct sched_group *group);

/* Somebody has been chosen: idle harts, for those who still wait. */
u32 seats_call(u64 now);

/* Something has changed for the group: every hart that runs a task of it. Settles what it owes. */
u32 seats_look(struct sched_group *group, u64 now);

/* Kicks them. Without the lock. */
void sched_kick(u32 told);

#endif
