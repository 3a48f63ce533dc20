/*
 * From the firmware to C, at whatever 4 MiB-aligned physical address the image was put. It is
 * linked at a virtual address, so until paging is on all addresses are relative to the pc (lla);
 * absolute ones (la_virtual) belong to the time after.
 *
 * Both ways in share the table boot_root: one 4 MiB leaf maps the image where it is linked, one
 * maps it where it is, so that the step from one to the other has ground under it.
 */
#include "arch/csr.h"
#include "arch/layout.h"

#define LEAF_RWX 0xcf /* V R W X A D */

.macro la_virtual reg, symbol
    lui     \reg, %hi(\symbol)
    addi    \reg, \reg, %lo(\symbol)
.endm

/* Turns paging on with boot_root and goes on at \target, where the image is linked. */
.macro enter_virtual target
    lla     t0, boot_root
    srli    t0, t0, 12
    li      t1, SATP_SV32
    or      t0, t0, t1
    la_virtual t1, \target
    sfence.vma
    csrw    CSR_SATP, t0
    sfence.vma
    jr      t1
.endm

    .section .text.entry, "ax"
    .globl _start
_start:
    /* The header of a Linux RISC-V Image: QEMU, U-Boot's booti and OpenSBI payloads know it. */
    j       start
    .balign 8, 0
    .dword  0x400000                    /* text_offset: from the start of RAM */
    .word   image_size, 0               /* with .bss */
    .dword  0                           /* flags: little-endian */
    .word   2, 0                        /* header version 0.2 */
    .dword  0
    .ascii  "RISCV\0\0\0"
    .ascii  "RSC\x05"
    .word   0

/*
 * The hart that firmware starts: a0 = hart id, a1 = FDT (physical).
 *   1. refuse to run where no 4 MiB leaf can map us
 *   2. clear .bss
 *   3. fill boot_root
 *   4. turn paging on and call main(hart id, FDT, load address)
 */
start:
    csrw    CSR_SIE, zero
    csrw    CSR_SATP, zero
    /* 1 */
    lla     s0, _start
    li      t0, 0x3fffff
    and     t0, s0, t0
    bnez    t0, misplaced
    /* 2 */
    lla     t0, bss_start
    lla     t1, bss_end
1:  sw      zero, 0(t0)
    addi    t0, t0, 4
    bltu    t0, t1, 1b
    /* 3 */
    srli    t0, s0, 12
    slli    t0, t0, 10
    ori     t0, t0, LEAF_RWX
    lla     t1, boot_root
    li      t2, 4 * (IMAGE_BASE >> 22)
    add     t2, t1, t2
    sw      t0, 0(t2)
    srli    t2, s0, 22
    slli    t2, t2, 2
    add     t2, t1, t2
    sw      t0, 0(t2)
    /* 4 */
    enter_virtual start_virtual

start_virtual:
    la_virtual sp, boot_stack_top
    la_virtual tp, boot_area
    la_virtual t0, trap_vector
    csrw    CSR_STVEC, t0
    csrw    CSR_SSCRATCH, zero
    mv      a2, s0
    call    main
1:  wfi
    j       1b

/*
 * The other harts, started through SBI HSM: a0 = hart id, a1 = virtual address of a struct
 * hart_start, whose first words are the satp, the sp and the tp to use.
 */
    .globl secondary_start
secondary_start:
    csrw    CSR_SIE, zero
    enter_virtual secondary_virtual

secondary_virtual:
    lw      t0, 0(a1)
    lw      t1, 4(a1)
    lw      tp, 8(a1)
    csrw    CSR_SATP, t0
    sfence.vma
    mv      sp, t1
    la_virtual t0, trap_vector
    csrw    CSR_STVEC, t0
    csrw    CSR_SSCRATCH, zero
    call    secondary_main
1:  wfi
    j       1b

misplaced:
    lla     s1, misplaced_text
    /* Goes on below. */

/* s1 = text. Prints it by legacy console calls, for when nothing else works, and stops the hart. */
    .globl say_and_stop
say_and_stop:
1:  lbu     a0, 0(s1)
    beqz    a0, 2f
    li      a7, 1
    ecall
    addi    s1, s1, 1
    j       1b
2:  wfi
    j       2b

misplaced_text:
    .string "Twofold: not loaded at a multiple of 4 MiB (0x400000), as its Image header asks: put it at one, e.g. RAM + 0x400000.\r\n"

    .section .bss
    .balign 4096
    .globl boot_root
boot_root:
    .skip   4096
boot_stack:
    .skip   8192
boot_stack_top:
own_boot_stack:
    .skip   2048
own_boot_stack_top:

    .section .data
    .balign 4
/* A struct own_trap_area for the time before main has made the hart's own. */
boot_area:
    .word   own_boot_stack_top, 0, 0
    .skip   64
