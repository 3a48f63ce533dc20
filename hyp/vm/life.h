/*
 * The life of a VM: its states, and what may be asked of it. Its keeper (keeper.h) carries it out.
 *
 *          start                built
 *   OFF ----------> STARTING ----------> RUNNING <-----> PAUSED
 *    ^  ^               |                   |   pause, resume |
 *    |  |               v     end, reset    v                 |
 *    |  +---------- ENDING <----------------+-----------------+
 *    |                  | restart policy, or it resets itself
 *    +---- WAITING <----+          (a reset goes on to STARTING)
 *     kill    | back-off is over: STARTING
 */
#ifndef VM_LIFE_H
#define VM_LIFE_H

#include "arch/types.h"
#include "hyp/core/sched.h"
#include "hyp/core/timer.h"

struct vm;

enum vm_state { VM_OFF, VM_STARTING, VM_RUNNING, VM_PAUSED, VM_ENDING, VM_WAITING };

/* How a life ends. */
enum vm_ending {
    VM_STAYS,
    VM_POWERS_OFF, /* its own wish                                            */
    VM_RESETS,     /* its own wish: starts again from its images              */
    VM_IS_RESET,   /* a person's wish: the same                               */
    VM_FAILS,      /* it reported a failure, by SRST or by the test finisher  */
    VM_FAULTS,     /* we stop it: it did what no machine could go on after    */
    VM_UNBOOTABLE, /* its images cannot be loaded, or there is no memory      */
    VM_KILLED,     /* a person's wish                                         */
};

struct vm_life {
    u32 state;       /* enum vm_state, atomic                                           */
    u32 ending;      /* enum vm_ending, atomic; VM_STAYS from a life's start to its end */
    bool told;       /* every vCPU has heard of the ending                              */
    bool killed;     /* a person wants it off, however it is; atomic                    */
    u32 last_ending; /* how the last life ended; VM_STAYS: there was none               */
    u32 lives;       /* begun so far                                                    */
    u32 short_lives; /* that ended soon, one after another, up to now                   */
    u32 phase;       /* the keeper's, where it goes on                                  */
    u32 progress;    /* within the phase                                                */
    u32 backoff_ms;  /* before the next start                                           */
    u64 began;       /* host time                                                       */
    u64 paused_at;   /* guest time stands still since; 0: it goes                       */
    struct task keeper;
    struct timer wait; /* for the end of the back-off                                   */
};

/*
 * Back-off. A VM that starts again by itself within LIFE_SHORT_MS of its last start waits before
 * the next, from FIRST on twice as long each time, up to LAST. Resets that the guest itself asked
 * for are free a few times: firmware and boot loaders do that.
 */
#define LIFE_SHORT_MS         10000
#define LIFE_BACKOFF_FIRST_MS 100
#define LIFE_BACKOFF_LAST_MS  60000
#define LIFE_FREE_RESETS      8

/* Before any other call for this VM: it is off. */
void life_init(struct vm *vm);

/*
 * The two halves of life_start, for those who start several: gives the VM its memory and vCPUs and
 * makes it VM_STARTING; sends its keeper to work. Prepare: false when there is no memory, told.
 */
bool life_prepare(struct vm *vm);
void life_launch(struct vm *vm);

/*
 * What a person may ask for. All return at once, false when the VM is not in a state for it, or, at
 * a start, when there is no memory, which has been told. One caller at a time: the boot hart, later
 * the monitor; kill is the keeper's, too.
 */
bool life_start(struct vm *vm);       /* off or waiting                      */
bool life_pause(struct vm *vm);       /* running                             */
bool life_resume(struct vm *vm);      /* paused                              */
bool life_reset(struct vm *vm);       /* starting, running or paused         */
bool life_ask_to_stop(struct vm *vm); /* running: presses its power button   */
bool life_kill(struct vm *vm);        /* anything but off                    */

/*
 * Asks for the end of this life of the VM; the first wish counts. Returns at once: the vCPUs leave
 * by themselves. Any hart; no lock of the VM's held.
 */
void vm_request_end(struct vm *vm, enum vm_ending ending);

enum vm_state vm_state(const struct vm *vm);
const char *vm_state_name(enum vm_state state);
const char *vm_ending_text(enum vm_ending ending); /* "powered off", ... */

/* True from when the end of a life was asked for until the next begins. */
bool vm_is_ending(const struct vm *vm);

/* It never ran, runs, or ended its last life by powering off or by a person's wish. */
bool life_ended_well(const struct vm *vm);

/*
 * Between the two nothing of the VM runs: its memory, vCPUs and devices can be looked at, and the
 * caller may load its vCPUs. The monitor only; with no lock held.
 */
void vm_hold(struct vm *vm);
void vm_release(struct vm *vm);

/* How many VMs are not off. */
u32 vms_alive(void);

/* Who is called, in a keeper's or the monitor's task, when a VM has become off; set once, before
 * any VM starts. */
void vms_on_off(void (*became_off)(void));

/* What life.c does for the keeper (keeper.c), and nobody else. */
void life_enter(struct vm *vm, enum vm_state state);
bool life_change(struct vm *vm, enum vm_state from, enum vm_state to); /* false: not in `from` */
bool life_allocate(struct vm *vm);   /* memory, vCPUs, devices; false: none left, told  */
void life_unmap_host(struct vm *vm); /* what it has of the host, before its memory goes */
bool life_free_memory_step(struct vm *vm, u32 *progress); /* true: done */
void life_free(struct vm *vm); /* vCPUs and devices, after it                    */
void life_become_off(struct vm *vm);
void life_end_pause(struct vm *vm); /* if it is paused; nothing of it runs */

#endif
