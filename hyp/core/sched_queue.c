/* The queue: groups with ready tasks, and whose turn it is. */
#include "arch/csr.h"
#include "hyp/core/sched_internal.h"

static void refill_due(struct timer *timer)
{
    struct sched_group *group = container_of(timer, struct sched_group, refill);
    u32 told;

    spin_lock(&sched.lock);
    group->refilling = false;
    told = seats_announce(group, time_now());
    spin_unlock(&sched.lock);
    sched_kick(told);
}

struct standing standing_of(const struct sched_group *group, u32 hart)
{
    return (struct standing){
        .urgent = group->urgent,
        .elsewhere = (sched.idle_harts & group->share.affinity & ~BIT(hart)) != 0,
        .virtual_time = group->virtual_time,
    };
}

bool standing_before(const struct standing *a, const struct standing *b)
{
    if (a->urgent != b->urgent)
        return a->urgent;
    if (a->elsewhere != b->elsewhere)
        return b->elsewhere;
    return (s64)(a->virtual_time - b->virtual_time) < 0;
}

bool queue_is_runnable(const struct task *task)
{
    const struct sched_group *group = task->group;

    return !group->held && (!group->paused || task->ignores_pause);
}

static struct task *first_runnable(const struct sched_group *group)
{
    struct task *task = group->ready;

    while (task && !queue_is_runnable(task))
        task = task->next;
    return task;
}

void queue_put(struct task *task, u64 now)
{
    struct sched_group *group = task->group;

    /* Not when it yields: one that always has work would never let the others run. */
    task->ahead = task->prompt && task->state == TASK_BLOCKED;
    task->state = TASK_READY;
    task->since = now;
    task->next = NULL;
    if (!group->ready) {
        group->tail = &group->ready;
        group->next = NULL;
        if (!sched.ready)
            sched.tail = &sched.ready;
        *sched.tail = group;
        sched.tail = &group->next;
    }
    if (task->ahead) {
        task->next = group->ready;
        group->ready = task;
    } else {
        *group->tail = task;
    }
    if (!task->next)
        group->tail = &task->next;
}

bool queue_has_ahead(const struct sched_group *group)
{
    const struct task *first = first_runnable(group);

    return first && first->ahead;
}

static void remove_group(struct sched_group *group)
{
    struct sched_group **at = &sched.ready;

    while (*at != group)
        at = &(*at)->next;
    *at = group->next;
    if (!group->next)
        sched.tail = at;
}

void queue_remove(struct task *task)
{
    struct sched_group *group = task->group;
    struct task **at = &group->ready;

    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
    if (!task->next)
        group->tail = at;
    if (!group->ready)
        remove_group(group);
}

bool queue_group_waits(struct sched_group *group, u64 now)
{
    if (!first_runnable(group))
        return false;
    if (share_has_budget(group, now))
        return true;
    if (!group->refilling) {
        group->refilling = true;
        group->refill.fire = refill_due;
        timer_arm(&group->refill, group->period_end);
    }
    return false;
}

struct sched_group *queue_first(u32 hart, u64 now)
{
    struct sched_group *first = NULL;
    struct standing best, here;

    for (struct sched_group *group = sched.ready; group; group = group->next) {
        if (!(group->share.affinity & BIT(hart)) || !queue_group_waits(group, now))
            continue;
        here = standing_of(group, hart);
        if (first && !standing_before(&here, &best))
            continue;
        first = group;
        best = here;
    }
    return first;
}

struct task *queue_take(struct sched_group *group)
{
    struct task *task = first_runnable(group);

    queue_remove(task);
    return task;
}
