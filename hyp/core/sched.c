#include "hyp/core/sched.h"

#include "hyp/core/hart.h"
#include "hyp/core/lock.h"
#include "hyp/core/timer.h"

static struct spinlock lock;
static struct task *queue, **queue_tail = &queue;
static u32 idle_harts; /* by index */

static struct timer slices[MAX_HARTS];

_Static_assert(MAX_HARTS <= 32, "idle_harts has a bit for each hart");

static void end_slice(struct timer *timer)
{
    (void)timer;
    this_hart()->reschedule = true;
}

static void enqueue(struct task *task)
{
    task->state = TASK_READY;
    task->next = NULL;
    *queue_tail = task;
    queue_tail = &task->next;
}

static struct task *dequeue(void)
{
    struct task *task = queue;

    if (!task)
        return NULL;
    queue = task->next;
    if (!queue)
        queue_tail = &queue;
    task->state = TASK_RUNNING;
    task->woken = false;
    return task;
}

/*
 * Who should hear that a task became ready: an idle hart, else one whose task has no end of slice
 * yet because nobody waited when it began. NULL: all are busy and will come by themselves.
 */
static const struct hart *hart_to_kick(void)
{
    if (idle_harts) {
        u32 index = (u32)__builtin_ctz(idle_harts);

        idle_harts &= ~BIT(index);
        return &harts[index];
    }
    for (u32 i = 0; i < hart_count; i++)
        if (harts[i].online && !slices[i].hart)
            return &harts[i];
    return NULL;
}

void sched_wake(struct task *task)
{
    const struct hart *kick = NULL;

    spin_lock(&lock);
    if (task->state == TASK_RUNNING) {
        task->woken = true;
    } else if (task->state == TASK_BLOCKED) {
        enqueue(task);
        kick = hart_to_kick();
    }
    spin_unlock(&lock);
    if (kick)
        hart_kick(kick);
}

bool sched_retire(struct task *task)
{
    bool retired;

    spin_lock(&lock);
    if (task->state == TASK_BLOCKED)
        task->state = TASK_RETIRED;
    retired = task->state == TASK_RETIRED;
    spin_unlock(&lock);
    return retired;
}

void sched_init_task(struct task *task, enum task_result (*run)(struct task *task))
{
    *task = (struct task){.state = TASK_BLOCKED, .run = run};
}

/* Somebody waits: the task that runs gets an end of slice, if it has none. */
static void begin_slice_if_contended(void)
{
    struct timer *slice = &slices[this_hart()->index];

    slice->fire = end_slice;
    if (__atomic_load_n(&queue, __ATOMIC_RELAXED) && !slice->hart)
        timer_arm(slice, timer_after(SCHED_SLICE_MS));
}

bool sched_should_yield(void)
{
    begin_slice_if_contended();
    return this_hart()->reschedule;
}

static struct task *next_task(void)
{
    struct hart *hart = this_hart();
    struct task *task;

    spin_lock(&lock);
    task = dequeue();
    if (task)
        idle_harts &= ~BIT(hart->index);
    else
        idle_harts |= BIT(hart->index);
    spin_unlock(&lock);
    return task;
}

static void task_ended(struct task *task, enum task_result result)
{
    spin_lock(&lock);
    if (result == TASK_YIELD || task->woken)
        enqueue(task);
    else
        task->state = TASK_BLOCKED;
    spin_unlock(&lock);
}

static void run_task(struct hart *hart, struct task *task)
{
    hart->task = task;
    hart->reschedule = false;
    begin_slice_if_contended();
    task_ended(task, task->run(task));
    timer_cancel(&slices[hart->index]);
    hart->task = NULL;
}

void sched_run(void)
{
    for (;;) {
        struct task *task = next_task();

        if (task)
            run_task(this_hart(), task);
        else
            __asm__ volatile("wfi"); /* a pending interrupt ends it, though none is taken */
        interrupts_handle();
    }
}
