/* Traps: interrupt handlers, exceptions that a test provokes on purpose, and running U-mode. */
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "guest/lib/csr.h"
#include "guest/lib/trap_frame.h"

/* What trap_disarm() reports of the exceptions since trap_arm(). */
struct trap_seen {
    u32 count;
    u32 cause; /* of the last one, as are the others */
    u32 value; /* stval  */
    u32 pc;    /* sepc   */
};

/* Points stvec at the library's vector. Called once on each hart. */
void trap_init(void);

/*
 * From trap_arm() to trap_disarm() exceptions on this hart are counted and stepped over: a
 * failing load or store is skipped (by 2 or 4 bytes), a failing fetch returns to its caller (ra).
 */
void trap_arm(void);
struct trap_seen trap_disarm(void);

/* `handler` is called on every interrupt `number` and must make it no longer pending. */
void trap_on_interrupt(enum interrupt number, void (*handler)(void));

/*
 * Runs the code of `frame` (x[], sepc; in the mode that sstatus.SPP says, so U-mode or S-mode)
 * until its next trap, then returns with `frame` as the trap left it, scause and stval included.
 * Interrupts are off on return.
 */
void run_until_trap(struct trap_frame *frame);

/* Prints what is known about a trap nobody expected. */
void trap_print(const struct trap_frame *frame);

/* Called by trap.S. */
void trap_dispatch(struct trap_frame *frame);

extern char trap_vector[];

#endif
