/*
 * Traps of a guest. sscratch tells what was interrupted: 0 says the kernel; while
 * run_until_trap() runs something else, sscratch is the kernel stack as it left it.
 *
 * The kernel's own traps (interrupts, provoked faults) push a frame and call trap_dispatch(). A
 * trap out of U-mode instead makes run_until_trap() return to its caller: from there it looks like
 * a function that ran the user and came back, the shape of a hypervisor's world switch.
 */
#include "guest/lib/trap_frame.h"

/* What run_until_trap() keeps on the kernel stack. */
#define KEPT_FRAME 0
#define KEPT_RA    4
#define KEPT_S(n)  (8 + (n)*4)
#define KEPT_TP    56
#define KEPT_GP    60
#define KEPT_SIZE  64
#define SPILL      (-4) /* one word below the kernel stack, free meanwhile */

#define SSTATUS_SIE 2

    .text

    .macro save_csrs frame
    csrr    t1, sepc
    sw      t1, FRAME_SEPC(\frame)
    csrr    t1, sstatus
    sw      t1, FRAME_SSTATUS(\frame)
    csrr    t1, scause
    sw      t1, FRAME_SCAUSE(\frame)
    csrr    t1, stval
    sw      t1, FRAME_STVAL(\frame)
    .endm

    .macro restore_csrs frame
    lw      t1, FRAME_SEPC(\frame)
    csrw    sepc, t1
    lw      t1, FRAME_SSTATUS(\frame)
    csrw    sstatus, t1
    .endm

    .globl trap_vector
    .balign 4
trap_vector:
    csrrw   sp, sscratch, sp
    bnez    sp, from_run

    /* From the kernel: its own stack goes on being used. */
    csrr    sp, sscratch
    csrw    sscratch, zero
    addi    sp, sp, -FRAME_SIZE
    .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sw      x\n, (\n*4)(sp)
    .endr
    addi    t0, sp, FRAME_SIZE
    sw      t0, FRAME_X(2)(sp)
    save_csrs sp
    mv      a0, sp
    call    trap_dispatch
    restore_csrs sp
    .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    lw      x\n, (\n*4)(sp)
    .endr
    lw      sp, FRAME_X(2)(sp)
    sret

    /* From what run_until_trap() runs: fill the caller's frame and return from run_until_trap(). */
from_run:
    sw      t0, SPILL(sp)
    lw      t0, KEPT_FRAME(sp)
    .irp n, 1,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    sw      x\n, (\n*4)(t0)
    .endr
    lw      t1, SPILL(sp)
    sw      t1, FRAME_X(5)(t0)
    csrrw   t1, sscratch, zero
    sw      t1, FRAME_X(2)(t0)
    save_csrs t0
    lw      ra, KEPT_RA(sp)
    lw      tp, KEPT_TP(sp)
    lw      gp, KEPT_GP(sp)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    lw      s\n, (8 + \n*4)(sp)
    .endr
    addi    sp, sp, KEPT_SIZE
    ret

    /* void run_until_trap(struct trap_frame *frame) */
    .globl run_until_trap
run_until_trap:
    csrci   sstatus, SSTATUS_SIE /* from here to sret a trap would look like one of what is run */
    addi    sp, sp, -KEPT_SIZE
    sw      a0, KEPT_FRAME(sp)
    sw      ra, KEPT_RA(sp)
    sw      tp, KEPT_TP(sp)
    sw      gp, KEPT_GP(sp)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    sw      s\n, (8 + \n*4)(sp)
    .endr
    csrw    sscratch, sp
    restore_csrs a0
    .irp n, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    lw      x\n, (\n*4)(a0)
    .endr
    lw      a0, FRAME_X(10)(a0)
    sret
