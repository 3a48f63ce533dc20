/* What a group has a right to: virtual time for its weight, budgets for its cap. */
#include "hyp/core/machine.h"
#include "hyp/core/sched_internal.h"

/*
 * Virtual time per tick is this by weight: at least 1024, so that rounding is below 0.05 %. Virtual
 * times are compared by their difference, which is right as long as no two are 2^63 apart: with
 * 10 MHz, after more than a month of competition among groups whose weights add up to 16.
 */
#define VIRTUAL_SCALE (1u << 22)

u32 sched_ticks(u32 milliseconds)
{
    return machine.timebase / 1000 * milliseconds;
}

static s64 full_budget(const struct sched_group *group)
{
    return (s64)(sched_ticks(SCHED_PERIOD_MS) / 100) * group->share.cap;
}

void share_set(struct sched_group *group, const struct sched_share *share, u64 now)
{
    group->share = *share;
    group->inverse_weight = (VIRTUAL_SCALE + share->weight / 2) / share->weight;
    group->budget = full_budget(group);
    group->period_end = now + sched_ticks(SCHED_PERIOD_MS);
}

void share_charge(struct sched_group *group, s64 ticks)
{
    if (!group->urgent) /* it goes first anyway, and among its like in turn */
        group->virtual_time += (u64)(ticks * group->inverse_weight);
    if (group->share.cap)
        group->budget -= ticks;
}

bool share_has_budget(struct sched_group *group, u64 now)
{
    u32 period = sched_ticks(SCHED_PERIOD_MS);
    s64 full;

    if (!group->share.cap)
        return true;
    if (now < group->period_end)
        return group->budget > 0;
    /* As many turns as periods that its debt takes: few. */
    for (full = full_budget(group); now >= group->period_end && group->budget < full;) {
        group->budget = group->budget < 0 ? group->budget + full : full;
        group->period_end += period;
    }
    if (now >= group->period_end)
        group->period_end = now + period;
    return group->budget > 0;
}

u64 share_horizon(u32 affinity)
{
    u64 horizon = 0;
    bool any = false;

    for (u32 set = affinity; set; set &= set - 1) {
        u32 hart = (u32)__builtin_ctz(set);

        if (hart >= hart_count)
            break;
        if (!any || (s64)(sched.seats[hart].virtual_time - horizon) > 0)
            horizon = sched.seats[hart].virtual_time;
        any = true;
    }
    return horizon;
}

void share_catch_up(struct sched_group *group)
{
    u64 credit = (u64)sched_ticks(SCHED_SLICE_MS) * group->inverse_weight;
    u64 least = share_horizon(group->share.affinity) - credit;

    if ((s64)(group->virtual_time - least) < 0)
        group->virtual_time = least;
}
