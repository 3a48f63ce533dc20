/*
 * Entry of a guest. The boot protocol: S-mode, satp = 0, a0 = hart id, a1 = address of the device
 * tree. Works from the ELF and from the raw binary, whose memory image has no bss.
 *
 * Harts other than the first come in at start_secondary, through SBI HSM.
 */
#include "guest/lib/boot.h"
#include "guest/lib/hart.h"

    .section .text.start, "ax"
    .globl _start
_start:
    /* 1. Remember where we are and the state that firmware left, before touching it. */
    auipc   s6, 0
    csrr    s0, sstatus
    csrr    s1, sie
    csrr    s2, sip
    csrr    s3, satp
    csrr    s4, time
    csrr    s5, timeh
    csrw    sie, zero

    /* 2. Clear bss: a raw binary has none in its file. */
    la      t0, bss_start
    la      t1, bss_end
1:  sw      zero, 0(t0)
    addi    t0, t0, 4
    bltu    t0, t1, 1b

    /* 3. Store what was remembered. */
    la      t0, boot
    sw      a0, BOOT_HART(t0)
    sw      a1, BOOT_FDT(t0)
    sw      s0, BOOT_SSTATUS(t0)
    sw      s1, BOOT_SIE(t0)
    sw      s2, BOOT_SIP(t0)
    sw      s3, BOOT_SATP(t0)
    sw      s4, BOOT_TIME(t0)
    sw      s5, BOOT_TIMEH(t0)
    sw      s6, BOOT_PC(t0)

    /* 4. A stack, and on to C. */
    la      ra, boot_first_hart
    j       take_stack

    .globl start_secondary
start_secondary:
    csrw    sie, zero
    la      ra, boot_secondary_hart

    /* Each hart has the stack of its number; a0 is still the hart id. */
take_stack:
    la      sp, hart_stacks
    addi    t1, a0, 1
    slli    t1, t1, HART_STACK_SHIFT
    add     sp, sp, t1
    csrw    sscratch, zero
    jr      ra

    .bss
    .balign 16
    .globl hart_stacks
hart_stacks:
    .space  MAX_HARTS * HART_STACK_SIZE
