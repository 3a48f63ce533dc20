/* Harts as places for tasks: slices, what they cost, and who has to go. */
#include "hyp/core/sched_internal.h"

/* Time for which nobody waited is not paid for. */
void seat_settle(struct seat *seat, u64 now)
{
    s64 unpaid = (s64)(now - seat->paid_until);

    if (unpaid > 0 && sched.open_harts & BIT(seat_index(seat)))
        unpaid = 0;
    share_charge(seat->task->group, unpaid);
    seat->paid_until = now;
}

/* What a group at `now` may have of its budget: no more than is left, and within its period. */
static s64 cut_to_cap(const struct sched_group *group, s64 ticks, u64 now)
{
    s64 left = (s64)(group->period_end - now);

    if (!group->share.cap)
        return ticks;
    if (left > group->budget)
        left = group->budget;
    return ticks < left ? ticks : left;
}

/* Pays for what is left of the slice, or of the budget. Returns when that ends. */
static u64 pay_slice(struct seat *seat, u64 now, bool somebody_waits)
{
    struct sched_group *group = seat->task->group;
    s64 rest = (s64)(seat->slice_began + sched_ticks(SCHED_SLICE_MS) - now);

    rest = cut_to_cap(group, rest, now);
    share_charge(group, rest);
    seat->paid_until = now + (u64)rest;
    if (somebody_waits || group->share.cap) {
        sched.open_harts &= ~BIT(seat_index(seat));
        return seat->paid_until;
    }
    sched.open_harts |= BIT(seat_index(seat));
    return TIMER_NEVER;
}

static u64 begin_slice(struct seat *seat, u64 now, bool somebody_waits)
{
    struct sched_group *group = seat->task->group;

    share_catch_up(group);
    if (!group->urgent && (s64)(group->virtual_time - seat->virtual_time) > 0)
        seat->virtual_time = group->virtual_time;
    seat->slice_began = now;
    seat->claimed = false;
    return pay_slice(seat, now, somebody_waits);
}

void seat_set_look(struct seat *seat, bool look)
{
    __atomic_store_n(&seat->look, look, __ATOMIC_RELAXED);
}

static void leave_idle(struct seat *seat, u64 now)
{
    if (seat->idle)
        seat->idle_time += now - seat->idle_since;
    seat->idle = false;
}

u64 seat_take(struct seat *seat, struct task *task, u64 now)
{
    leave_idle(seat, now);
    task->state = TASK_RUNNING;
    task->woken = false;
    task->steal_time += now - task->since;
    task->since = now;
    task->runs++;
    task->last_hart = seat_index(seat);
    task->group->running++;
    seat->task = task;
    seat->paid_until = now;
    seat_set_look(seat, false);
    return begin_slice(seat, now, queue_first(seat_index(seat), now) != NULL);
}

u64 seat_stay_idle(struct seat *seat, u64 now)
{
    if (!seat->idle)
        seat->idle_since = now;
    seat->idle = true;
    sched.idle_harts |= BIT(seat_index(seat));
    return TIMER_NEVER;
}

void seat_free(struct seat *seat, u64 now)
{
    struct task *task = seat->task;

    seat_settle(seat, now);
    sched.open_harts &= ~BIT(seat_index(seat));
    task->run_time += now - task->since;
    task->group->run_time += now - task->since;
    task->group->running--;
    seat->task = NULL;
}

static bool may_stay(const struct seat *seat, u64 now)
{
    struct sched_group *group = seat->task->group;

    return queue_is_runnable(seat->task) && group->share.affinity & BIT(seat_index(seat)) &&
           share_has_budget(group, now);
}

/*
 * Whether the turn of who runs here is over, `own` being where its group stands and `first` where
 * the first of those that wait does. At the end of a slice it is, unless it goes on before that
 * one; earlier, if that one goes before it and the hart was claimed.
 */
static bool turn_is_over(struct seat *seat, const struct standing *own,
                         const struct standing *first, u64 now)
{
    u64 ran = now - seat->slice_began;

    if (ran >= sched_ticks(SCHED_SLICE_MS))
        return !standing_before(own, first);
    if (!standing_before(first, own))
        seat->claimed = false;
    return seat->claimed && ran >= sched_ticks(SCHED_GRAIN_MS);
}

/* When the seat, whose slice is not over, is to be looked at again. */
static u64 go_on_with_slice(struct seat *seat, u64 now)
{
    u64 end = pay_slice(seat, now, true);
    u64 grain = seat->slice_began + sched_ticks(SCHED_GRAIN_MS);

    return seat->claimed && grain < end ? grain : end;
}

bool seat_must_go(struct seat *seat, u64 now, u64 *end)
{
    u32 hart = seat_index(seat);
    struct sched_group *first;

    seat_settle(seat, now);
    if (!may_stay(seat, now) || (!seat->task->prompt && queue_has_ahead(seat->task->group)))
        return true;
    first = queue_first(hart, now);
    if (first) {
        struct standing own = standing_of(seat->task->group, hart);
        struct standing other = standing_of(first, hart);

        if (turn_is_over(seat, &own, &other, now))
            return true;
    }
    seat_set_look(seat, false);
    if (first && now - seat->slice_began < sched_ticks(SCHED_SLICE_MS))
        *end = go_on_with_slice(seat, now);
    else
        *end = begin_slice(seat, now, first != NULL);
    return false;
}

static void slice_ends(struct timer *timer)
{
    seat_set_look(container_of(timer, struct seat, end), true);
}

void seat_set_end(struct seat *seat, u64 end)
{
    seat->end.fire = slice_ends;
    if (end != TIMER_NEVER || seat->end.hart)
        timer_arm(&seat->end, end);
}
