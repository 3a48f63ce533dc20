/*
 * Does a trap of a guest that firmware redirects to us arrive in HS-mode, as it should? Some
 * machines cannot clear mstatush.MPV: then the vector runs with V = 1, in the guest's world.
 *
 * u32 mpv_probe(void): 1 when it arrives with V = 1. The caller has mapped the image at its own
 * address in the G-stage and cleared vsatp and hedeleg.
 *   1. sscratch = 1 and vsscratch = 2, so that reading sscratch tells the world
 *   2. run an illegal instruction in VS-mode: firmware redirects it
 *   3. in the wrong world note it and come back by ecall, which hardware delivers to HS-mode
 *   4. put sstatus, hstatus, stvec and sscratch back
 */
#include "arch/csr.h"

    .section .text
    .globl mpv_probe
mpv_probe:
    /* 1 */
    li      a0, 0
    csrr    t3, CSR_STVEC
    csrr    t4, CSR_SSTATUS
    csrr    t5, CSR_HSTATUS
    lla     t0, probe_vector
    csrw    CSR_STVEC, t0
    csrwi   CSR_SSCRATCH, 1
    csrwi   CSR_VSSCRATCH, 2
    /* 2 */
    lla     t0, probe_guest
    csrw    CSR_SEPC, t0
    li      t0, SSTATUS_SPP
    csrs    CSR_SSTATUS, t0
    li      t0, HSTATUS_SPV
    csrs    CSR_HSTATUS, t0
    sret

    .balign 4
probe_guest:
    .word   0

    .balign 4
probe_vector:
    csrr    t1, CSR_SSCRATCH
    addi    t1, t1, -1
    beqz    t1, 1f
    /* 3 */
    li      a0, 1
    ecall
    /* 4 */
1:  csrw    CSR_STVEC, t3
    csrw    CSR_SSTATUS, t4
    csrw    CSR_HSTATUS, t5
    csrw    CSR_SSCRATCH, zero
    csrw    CSR_VSSCRATCH, zero
    ret
