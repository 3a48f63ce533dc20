/* Which harts are to hear that somebody waits, or that something has changed for who runs there. */
#include "hyp/core/sched_internal.h"

/* Asks a hart to look, if it has not been asked: then it is to be kicked. */
static u32 tell(u32 hart)
{
    struct seat *seat = &sched.seats[hart];

    if (seat->look)
        return 0;
    seat_set_look(seat, true);
    return BIT(hart);
}

static u32 tell_all(u32 set)
{
    u32 told = 0;

    for (; set; set &= set - 1)
        told |= tell((u32)__builtin_ctz(set));
    return told;
}

/* An idle hart for the task: the one where it last ran, if that is idle. 0: none. */
static u32 idle_hart_for(const struct task *task)
{
    u32 set = sched.idle_harts & task->group->share.affinity;

    if (set & BIT(task->last_hart))
        set = BIT(task->last_hart);
    set &= 0 - set;
    sched.idle_harts &= ~set;
    return set;
}

/* Where who runs here would stand if it went now. */
static struct standing standing_if_settled(const struct seat *seat, u64 now)
{
    const struct sched_group *group = seat->task->group;
    struct standing standing = standing_of(group, seat_index(seat));
    s64 unused = (s64)(seat->paid_until - now);

    if (unused > 0)
        standing.virtual_time -= (u64)unused * group->inverse_weight;
    return standing;
}

/* The group takes the hart of who is last of those that run, if it goes before that one. */
static u32 claim(const struct sched_group *group, u64 now)
{
    struct seat *last = NULL;
    struct standing worst, here;

    for (u32 i = 0; i < hart_count; i++) {
        struct seat *seat = &sched.seats[i];

        if (!seat->task || seat->claimed || !(group->share.affinity & BIT(i)))
            continue;
        here = standing_if_settled(seat, now);
        if (last && !standing_before(&worst, &here))
            continue;
        last = seat;
        worst = here;
    }
    if (!last)
        return 0;
    here = standing_of(group, seat_index(last));
    if (!standing_before(&here, &worst))
        return 0;
    last->claimed = true;
    return tell(seat_index(last));
}

/* Harts for the ready tasks of a group that waits: idle ones, and where slices have no end yet.
 * *left: some have no idle hart. */
static u32 call_for(const struct sched_group *group, bool *left)
{
    u32 told = 0;

    for (const struct task *task = group->ready; task; task = task->next) {
        u32 idle = queue_is_runnable(task) ? idle_hart_for(task) : 0;

        if (queue_is_runnable(task) && !idle) {
            *left = true;
            return told | tell_all(sched.open_harts & group->share.affinity);
        }
        told |= idle;
    }
    return told;
}

u32 seats_announce(struct sched_group *group, u64 now)
{
    bool left = false;
    u32 told;

    if (!queue_group_waits(group, now))
        return 0;
    share_catch_up(group);
    told = call_for(group, &left);
    return left ? told | claim(group, now) : told;
}

u32 seats_call(u64 now)
{
    bool left;
    u32 told = 0;

    for (struct sched_group *group = sched.ready; group; group = group->next) {
        if (!(sched.idle_harts | sched.open_harts))
            break;
        if (queue_group_waits(group, now))
            told |= call_for(group, &left);
    }
    return told;
}

u32 seats_look(struct sched_group *group, u64 now)
{
    u32 told = 0;

    for (u32 i = 0; i < hart_count; i++) {
        struct seat *seat = &sched.seats[i];

        if (!seat->task || seat->task->group != group)
            continue;
        seat_settle(seat, now);
        sched.open_harts &= ~BIT(i);
        told |= tell(i);
    }
    return told;
}

u32 seats_give_way(struct sched_group *group)
{
    for (u32 i = 0; i < hart_count; i++) {
        struct seat *seat = &sched.seats[i];

        if (seat->task && seat->task->group == group && !seat->task->prompt)
            return tell(i);
    }
    return 0;
}

void sched_kick(u32 told)
{
    for (; told; told &= told - 1)
        hart_kick(&harts[__builtin_ctz(told)]);
}
