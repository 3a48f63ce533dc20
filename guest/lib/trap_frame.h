/*
 * Where trap.S saves the registers of the interrupted code: one definition for the assembler and
 * for C, asserted to agree.
 */
#ifndef GUEST_TRAP_FRAME_H
#define GUEST_TRAP_FRAME_H

#define FRAME_X(n)    ((n)*4)
#define FRAME_SEPC    128
#define FRAME_SSTATUS 132
#define FRAME_SCAUSE  136
#define FRAME_STVAL   140
#define FRAME_SIZE    144

#ifndef __ASSEMBLER__

#include "arch/types.h"

struct trap_frame {
    u32 x[32]; /* x[0] is not used */
    u32 sepc;
    u32 sstatus;
    u32 scause;
    u32 stval;
};

_Static_assert(offsetof(struct trap_frame, sepc) == FRAME_SEPC, "sepc");
_Static_assert(offsetof(struct trap_frame, sstatus) == FRAME_SSTATUS, "sstatus");
_Static_assert(offsetof(struct trap_frame, scause) == FRAME_SCAUSE, "scause");
_Static_assert(offsetof(struct trap_frame, stval) == FRAME_STVAL, "stval");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "size");

/* Indices into x[] by the names of the calling convention. */
enum { REG_RA = 1, REG_SP = 2, REG_A0 = 10, REG_A1 = 11, REG_A6 = 16, REG_A7 = 17 };

#endif
#endif
