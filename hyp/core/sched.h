/*
 * The scheduler: tasks on harts, preemptive round robin from one queue. It knows nothing of VMs; a
 * vCPU is a task whose run function runs the guest.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "arch/types.h"

/* How long a task runs while others wait. */
#define SCHED_SLICE_MS 5

enum task_result {
    TASK_YIELD, /* ready to go on: its slice is over                       */
    TASK_BLOCK, /* waits for sched_wake; one that came meanwhile is kept   */
};

enum task_state { TASK_BLOCKED, TASK_READY, TASK_RUNNING, TASK_RETIRED };

struct task {
    struct task *next;
    enum task_state state;
    bool woken; /* by sched_wake, while it ran */
    enum task_result (*run)(struct task *task);
};

/* Makes a blocked task ready; keeps the wake-up for one that runs. Any hart. */
void sched_wake(struct task *task);

/*
 * Takes a blocked task out of the scheduler: wake-ups do nothing any more, and no hart touches it.
 * False: it is not blocked, so try again later.
 */
bool sched_retire(struct task *task);

/* Makes a new or retired task a blocked one. */
void sched_init_task(struct task *task, enum task_result (*run)(struct task *task));

/* Runs tasks for ever. Every hart ends here. */
void sched_run(void) __attribute__((noreturn));

/* True when the running task should yield: asked by its run function after every interrupt. */
bool sched_should_yield(void);

/* Takes the interrupts that are pending for the hypervisor on this hart. */
void interrupts_handle(void);

/* Who takes external interrupts: set once at boot by the driver of the interrupt controller. */
void interrupts_set_external(void (*handler)(void));

#endif
