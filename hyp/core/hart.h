/*
 * The physical harts. `tp` points to this hart's struct at all times, so that the hypervisor knows
 * where it runs without a CSR that S-mode does not have.
 */
#ifndef CORE_HART_H
#define CORE_HART_H

#include "arch/own_trap.h"
#include "arch/types.h"

#define MAX_HARTS 32

struct task;
struct timer;
struct trace_event;

struct hart {
    struct own_trap_area own; /* first: own_trap.S finds it at tp */
    u32 index;                /* 0 up, 0 is the boot hart        */
    u32 id;                   /* the firmware's hart id          */
    bool online;
    struct task *task;    /* runs now; NULL when idle                        */
    struct timer *timers; /* sorted by deadline                              */
    struct timer *firing; /* whose function runs now                         */
    u64 programmed;       /* the deadline that the hardware has              */
    void *fp_owner;       /* whose FP registers are loaded                   */
    struct trace_event *trace_end, *volatile trace_next; /* of its ring (trace.h): other harts   */
    volatile u32 trace_laps;                             /*   read along, so nothing is cached   */
    u32 vmid_next;       /* VMIDs given out on this hart, and how often they */
    u32 vmid_generation; /*   have run out: see hyp/vm/tlb.h                */
};

extern struct hart harts[MAX_HARTS];
extern u32 hart_count; /* harts that may come online: all of the FDT's, at most MAX_HARTS */

static inline struct hart *this_hart(void)
{
    return (struct hart *)own_trap_area();
}

/*
 * None of these takes a lock, or minds which are held. The structs belong to their own harts;
 * others read `index`, `id` and `online`, and what says that it is atomic.
 */

/* Makes the boot hart's struct and stacks; from here on tp and sp are its own. Then goes on at
 * `next` on the new stack, and never returns. Once. */
void hart_init_boot(u32 id, void (*next)(void)) __attribute__((noreturn));

/* Starts every other hart of the machine through firmware; they run `entry` and never return from
 * it. Says which ones did not come. Boot hart, once, with no lock held: it waits for them. */
void harts_start(void (*entry)(void));

/* What every hart sets up for itself, once: interrupts enabled for WFI and for the time guests run.
 */
void hart_init_local(void);

/* Interrupts a hart: it leaves its guest, or its WFI; this one, as soon as it enters either. Any
 * hart, with any lock held. */
void hart_kick(const struct hart *hart);

/* Forgets kicks received. Whoever kicks has left word first of what it is about, and the caller
 * reads that afterwards: requests of vCPUs (run.c), sched_should_yield. */
void hart_clear_kick(void);

/* Waits for an interrupt, until one is pending; none is taken. With no lock held. */
void hart_wait(void);

#endif
