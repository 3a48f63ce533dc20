/*
 * Traps that the hypervisor itself takes: expected ones, at instructions that are guarded (a probe
 * of a CSR, an access to guest memory), and bugs.
 */
#ifndef ARCH_OWN_TRAP_H
#define ARCH_OWN_TRAP_H

/* Offsets into struct own_trap_area, which tp points to at all times. */
#define AREA_STACK 0
#define AREA_SP    4
#define AREA_DEPTH 8

/* Offsets into struct own_trap_frame. */
#define FRAME_X(n)    (4 * (n))
#define FRAME_SEPC    128
#define FRAME_SSTATUS 132
#define FRAME_SCAUSE  136
#define FRAME_STVAL   140
#define FRAME_SIZE    144

#ifndef __ASSEMBLER__

#include "arch/types.h"

/* What a guarded instruction ran into. */
struct guarded_trap {
    u32 cause, tval;
    u32 htval, htinst; /* for guest-page faults */
};

/* The first part of struct hart, where tp points. */
struct own_trap_area {
    u32 stack; /* top of the stack for own traps                       */
    u32 sp;    /* where sp was                                         */
    u32 depth; /* own traps being handled: a second one is hopeless    */
    struct guarded_trap guarded;
};

struct own_trap_frame {
    u32 x[32];
    u32 sepc, sstatus, scause, stval;
};

_Static_assert(offsetof(struct own_trap_area, stack) == AREA_STACK, "stack");
_Static_assert(offsetof(struct own_trap_area, sp) == AREA_SP, "sp");
_Static_assert(offsetof(struct own_trap_area, depth) == AREA_DEPTH, "depth");
_Static_assert(offsetof(struct own_trap_frame, sepc) == FRAME_SEPC, "sepc");
_Static_assert(offsetof(struct own_trap_frame, sstatus) == FRAME_SSTATUS, "sstatus");
_Static_assert(offsetof(struct own_trap_frame, scause) == FRAME_SCAUSE, "scause");
_Static_assert(offsetof(struct own_trap_frame, stval) == FRAME_STVAL, "stval");
_Static_assert(sizeof(struct own_trap_frame) <= FRAME_SIZE, "frame");

/*
 * Guards the instruction at local label 1 of an asm statement: when it traps, execution goes on at
 * label 2 with t0 changed (declare it clobbered) and the reason in the hart's guarded_trap. The
 * trap overwrites SPP and SPV: who has a guest loaded saves and restores them (guest_access.c).
 */
#define GUARD_1_TO_2                \
    ".pushsection .guards, \"a\"\n" \
    ".balign 4\n"                   \
    ".word 1b, 2b\n"                \
    ".popsection\n"

/*
 * Reads or writes a CSR that the hart may lack. False when it trapped; *value is 0 then.
 */
#define csr_try_read(csr, value)                                            \
    ({                                                                      \
        u32 try_ok, try_value;                                              \
        __asm__ volatile("   li %0, 0\n"                                    \
                         "   li %1, 0\n"                                    \
                         "1: csrr %1, " CSR_STRING(csr) "\n"                \
                                                        "   li %0, 1\n"     \
                                                        "2:\n" GUARD_1_TO_2 \
                         : "=&r"(try_ok), "=&r"(try_value)                  \
                         :                                                  \
                         : "t0", "memory");                                 \
        *(value) = try_value;                                               \
        try_ok != 0;                                                        \
    })
#define csr_try_write(csr, value)                                       \
    ({                                                                  \
        u32 try_ok;                                                     \
        __asm__ volatile("   li %0, 0\n"                                \
                         "1: csrw " CSR_STRING(csr) ", %1\n"            \
                                                    "   li %0, 1\n"     \
                                                    "2:\n" GUARD_1_TO_2 \
                         : "=&r"(try_ok)                                \
                         : "r"((u32)(value))                            \
                         : "t0", "memory");                             \
        try_ok != 0;                                                    \
    })

/* The area of this hart. Named as a register, so that its members are reached through tp itself. */
register struct own_trap_area *own_trap_area_in_tp __asm__("tp");

static inline struct own_trap_area *own_trap_area(void)
{
    return own_trap_area_in_tp;
}

/*
 * Called by own_trap.S. Returns the address to go on at after a guarded instruction; for all else
 * it hands over to the function below and does not return.
 */
u32 own_trap_handle(struct own_trap_frame *frame);

/* What to do with a bug, set once at boot by the floor above: prints the dump and stops. */
extern void (*own_trap_panic)(const struct own_trap_frame *frame);

#endif
#endif
