/*
 * A trap taken by the hypervisor itself; trap_vector comes here with a0 = 0 and the real a0 in
 * sscratch.
 *   1. switch to the own-trap stack: the fault may be an overflow of the ordinary one
 *   2. save every register and the CSRs that the trap changed
 *   3. ask own_trap_handle where to go on
 *   4. put all back and jump there: the mode stays, so there is nothing for an sret to do
 */
#include "arch/csr.h"
#include "arch/own_trap.h"

    .section .text
    .globl own_trap
own_trap:
    /* 1 */
    sw      sp, AREA_SP(tp)
    lw      a0, AREA_DEPTH(tp)
    bnez    a0, own_trap_hopeless
    lw      sp, AREA_STACK(tp)
    addi    sp, sp, -FRAME_SIZE
    /* 2 */
    sw      zero, FRAME_X(0)(sp)
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, \
            27, 28, 29, 30, 31
    sw      x\n, FRAME_X(\n)(sp)
    .endr
    csrrw   t0, CSR_SSCRATCH, zero
    sw      t0, FRAME_X(10)(sp)
    lw      t0, AREA_SP(tp)
    sw      t0, FRAME_X(2)(sp)
    li      t0, 1
    sw      t0, AREA_DEPTH(tp)
    csrr    t0, CSR_SEPC
    sw      t0, FRAME_SEPC(sp)
    csrr    t0, CSR_SSTATUS
    sw      t0, FRAME_SSTATUS(sp)
    csrr    t0, CSR_SCAUSE
    sw      t0, FRAME_SCAUSE(sp)
    csrr    t0, CSR_STVAL
    sw      t0, FRAME_STVAL(sp)
    /* 3 */
    mv      a0, sp
    call    own_trap_handle
    /* 4 */
    mv      t0, a0
    sw      zero, AREA_DEPTH(tp)
    .irp n, 1, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, \
            27, 28, 29, 30, 31
    lw      x\n, FRAME_X(\n)(sp)
    .endr
    lw      sp, FRAME_X(2)(sp)
    jr      t0

/* A trap while one was being handled: nothing can be trusted any more, so stop this hart. */
own_trap_hopeless:
    lla     s1, hopeless_text
    j       say_and_stop

hopeless_text:
    .string "\r\nPANIC: a trap in the hypervisor while it handled one of its own. This hart stops.\r\n"
