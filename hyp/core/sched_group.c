/* Groups as persons see them: what they get, whether they run, what they have used. */
#include "arch/csr.h"
#include "hyp/core/sched_internal.h"

void sched_group_init(struct sched_group *group, const struct sched_share *share)
{
    *group = (struct sched_group){0};
    share_set(group, share, time_now());
}

void sched_group_set(struct sched_group *group, const struct sched_share *share)
{
    u32 told;
    u64 now;

    spin_lock(&sched.lock);
    now = time_now();
    told = seats_look(group, now);
    if (share->affinity != group->share.affinity)
        group->virtual_time = share_horizon(share->affinity); /* among others, it begins anew */
    share_set(group, share, now);
    told |= seats_announce(group, now);
    spin_unlock(&sched.lock);
    sched_kick(told);
}

static bool is_stopped(const struct sched_group *group)
{
    return group->paused || group->held;
}

/* Nobody steals time from a group that is stopped. */
static void settle_ready(struct sched_group *group, u64 now)
{
    for (struct task *task = group->ready; task; task = task->next) {
        if (!is_stopped(group))
            task->steal_time += now - task->since;
        task->since = now;
    }
}

/* Counts one more reason, *why, for which the group is stopped. */
static void stop(struct sched_group *group, u32 *why)
{
    u32 told;
    u64 now;

    spin_lock(&sched.lock);
    now = time_now();
    settle_ready(group, now);
    ++*why;
    told = seats_look(group, now);
    spin_unlock(&sched.lock);
    sched_kick(told);
}

static void go_on(struct sched_group *group, u32 *why)
{
    u32 told;
    u64 now;

    spin_lock(&sched.lock);
    now = time_now();
    settle_ready(group, now);
    --*why;
    told = seats_announce(group, now);
    spin_unlock(&sched.lock);
    sched_kick(told);
}

void sched_group_pause(struct sched_group *group)
{
    stop(group, &group->paused);
}

void sched_group_resume(struct sched_group *group)
{
    go_on(group, &group->paused);
}

static bool runs_somewhere(const struct sched_group *group)
{
    bool runs;

    spin_lock(&sched.lock);
    runs = group->running != 0;
    spin_unlock(&sched.lock);
    return runs;
}

void sched_group_hold(struct sched_group *group)
{
    stop(group, &group->held);
    while (runs_somewhere(group))
        ;
}

void sched_group_release(struct sched_group *group)
{
    go_on(group, &group->held);
}

u64 sched_group_run_time(struct sched_group *group)
{
    u64 now, time;

    spin_lock(&sched.lock);
    now = time_now();
    time = group->run_time;
    for (u32 i = 0; i < hart_count; i++) {
        const struct task *task = sched.seats[i].task;

        if (task && task->group == group)
            time += now - task->since;
    }
    spin_unlock(&sched.lock);
    return time;
}

struct task_times sched_task_times(struct task *task)
{
    struct task_times times;
    u64 since;

    spin_lock(&sched.lock);
    times = (struct task_times){task->run_time, task->steal_time, task->runs};
    since = time_now() - task->since;
    if (task->state == TASK_RUNNING)
        times.run += since;
    else if (task->state == TASK_READY && !is_stopped(task->group))
        times.steal += since;
    spin_unlock(&sched.lock);
    return times;
}

u64 sched_idle_time(u32 hart)
{
    const struct seat *seat = &sched.seats[hart];
    u64 time;

    spin_lock(&sched.lock);
    time = seat->idle_time + (seat->idle ? time_now() - seat->idle_since : 0);
    spin_unlock(&sched.lock);
    return time;
}
