/*
 * The world switch, and the one trap vector.
 *
 * sscratch tells whose trap it is: the guest's context while a guest runs, 0 while the hypervisor
 * does. So the hypervisor's own faults take another path, on another stack (own_trap.S), and never
 * touch a guest's frame.
 */
#include "arch/csr.h"
#include "arch/guest_context.h"

    .section .text

/* Registers that are saved and loaded alike; a0 (x10) holds the context and goes last. */
.macro each_register op
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, \
            26, 27, 28, 29, 30, 31
    \op x\n, CONTEXT_X(\n)(a0)
    .endr
.endm

/* a0 = context. Called through guest_enter only; returns by way of trap_vector, with the context
 * in a0 and scause in a1. tp is in the context since guest_bind. */
    .globl guest_switch
guest_switch:
    sw      ra, CONTEXT_HOST_RA(a0)
    sw      sp, CONTEXT_HOST_SP(a0)
    lw      t0, CONTEXT_PC(a0)
    csrw    CSR_SEPC, t0
    csrw    CSR_SSCRATCH, a0
    each_register lw
    lw      a0, CONTEXT_X(10)(a0)
    sret

/* stvec. Direct mode: aligned to 4. */
    .balign 4
    .globl trap_vector
trap_vector:
    csrrw   a0, CSR_SSCRATCH, a0
    beqz    a0, own_trap
    each_register sw
    csrrw   t0, CSR_SSCRATCH, zero      /* the guest's a0; from here on traps are our own */
    csrr    t1, CSR_SEPC
    sw      t0, CONTEXT_X(10)(a0)
    sw      t1, CONTEXT_PC(a0)
    lw      ra, CONTEXT_HOST_RA(a0)
    lw      sp, CONTEXT_HOST_SP(a0)
    lw      tp, CONTEXT_HOST_TP(a0)
    csrr    a1, CSR_SCAUSE
    ret
