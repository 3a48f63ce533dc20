#include "hyp/core/sched.h"

#include "arch/csr.h"
#include "hyp/core/interrupts.h"
#include "hyp/core/sched_internal.h"

struct sched_state sched;

void sched_init_task(struct task *task, struct sched_group *group,
                     enum task_result (*run)(struct task *task))
{
    spin_lock(&sched.lock); /* somebody may try to wake it, so far in vain */
    *task = (struct task){.group = group, .state = TASK_BLOCKED, .run = run};
    spin_unlock(&sched.lock);
}

void sched_wake(struct task *task)
{
    u32 told = 0;

    spin_lock(&sched.lock);
    if (task->state == TASK_RUNNING) {
        task->woken = true;
    } else if (task->state == TASK_BLOCKED) {
        bool idle = sched.idle_harts & task->group->share.affinity;
        u64 now = time_now();

        queue_put(task, now);
        told = seats_announce(task->group, now);
        if (task->prompt && !idle)
            told |= seats_give_way(task->group);
    }
    spin_unlock(&sched.lock);
    sched_kick(told);
}

bool sched_retire(struct task *task)
{
    bool retired;

    spin_lock(&sched.lock);
    if (task->state == TASK_READY)
        queue_remove(task);
    retired = task->state != TASK_RUNNING;
    if (retired)
        task->state = TASK_RETIRED;
    spin_unlock(&sched.lock);
    return retired;
}

static NOINLINE bool must_go(struct seat *seat)
{
    u64 end = TIMER_NEVER;
    bool go;

    spin_lock(&sched.lock);
    go = seat_must_go(seat, time_now(), &end);
    spin_unlock(&sched.lock);
    if (!go)
        seat_set_end(seat, end);
    return go;
}

bool sched_should_yield(void)
{
    struct seat *seat = &sched.seats[this_hart()->index];

    return unlikely(__atomic_load_n(&seat->look, __ATOMIC_RELAXED)) && must_go(seat);
}

/* The task whose turn it is on this hart; NULL: the hart is idle. */
static struct task *begin_run(struct hart *hart)
{
    struct seat *seat = &sched.seats[hart->index];
    struct sched_group *group;
    struct task *task;
    u64 now, end;
    u32 told;

    spin_lock(&sched.lock);
    now = time_now();
    sched.idle_harts &= ~BIT(hart->index);
    group = queue_first(hart->index, now);
    task = group ? queue_take(group) : NULL;
    end = task ? seat_take(seat, task, now) : seat_stay_idle(seat, now);
    told = seats_call(now);
    hart->task = task;
    spin_unlock(&sched.lock);
    seat_set_end(seat, end);
    sched_kick(told);
    return task;
}

static void end_run(struct hart *hart, enum task_result result)
{
    struct task *task = hart->task;
    u64 now;

    spin_lock(&sched.lock);
    now = time_now();
    seat_free(&sched.seats[hart->index], now);
    if (result == TASK_BLOCK)
        task->state = TASK_BLOCKED;
    if (result == TASK_YIELD || task->woken)
        queue_put(task, now);
    hart->task = NULL;
    spin_unlock(&sched.lock);
}

void sched_run(void)
{
    struct hart *hart = this_hart();

    for (;;) {
        struct task *task = begin_run(hart);

        if (task)
            end_run(hart, task->run(task));
        else
            hart_wait();
        interrupts_handle();
    }
}
