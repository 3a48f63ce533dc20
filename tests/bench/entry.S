/*
 * Goes before a Linux Image: prints "entry: instret N", what the count of instructions was at the
 * first instruction, and jumps to the Image. The ELF file that it makes boots natively and as a
 * guest, so that both boots are counted from the kernel's entry. It lies below the Image because
 * QEMU enters an ELF file at its lowest address.
 */
#define SBI_PUTCHAR 1

    .section .text, "ax"
    .globl  _start
_start:
1:  rdinstreth s1
    rdinstret s0
    rdinstreth t0
    bne     t0, s1, 1b
    mv      s4, a0
    mv      s5, a1

    la      s2, text
2:  lbu     a0, 0(s2)
    beqz    a0, 3f
    li      a7, SBI_PUTCHAR
    ecall
    addi    s2, s2, 1
    j       2b

    /* The count in decimal, its last digit first into the buffer; 32 bits are enough for firmware. */
3:  la      s2, buffer_end
    li      t1, 10
4:  remu    t0, s0, t1
    divu    s0, s0, t1
    addi    t0, t0, '0'
    addi    s2, s2, -1
    sb      t0, 0(s2)
    bnez    s0, 4b

5:  lbu     a0, 0(s2)
    beqz    a0, 6f
    li      a7, SBI_PUTCHAR
    ecall
    addi    s2, s2, 1
    j       5b

6:  mv      a0, s4
    mv      a1, s5
    la      t0, image
    jr      t0

text:
    .asciz  "entry: instret "
    .space  10
buffer_end:
    .asciz  "\n"

    .section .image, "ax"
image:
    .incbin IMAGE
