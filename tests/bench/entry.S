/*
 * What a kernel's first instruction sees on the clock: prints "entry: ticks N" and powers off.
 * A raw binary that runs natively and as a guest, so that both kernels' boot times are counted
 * from the same place.
 */
#define SBI_PUTCHAR  1
#define SBI_SHUTDOWN 8

    .globl _start
_start:
1:  rdtimeh s1
    rdtime  s0
    rdtimeh t0
    bne     t0, s1, 1b

    la      s2, text
2:  lbu     a0, 0(s2)
    beqz    a0, 3f
    li      a7, SBI_PUTCHAR
    ecall
    addi    s2, s2, 1
    j       2b

    /* The count in decimal, its last digit first into the buffer; 32 bits are seven minutes. */
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

6:  li      a7, SBI_SHUTDOWN
    ecall
7:  j       7b

text:
    .asciz  "entry: ticks "
    .space  10
buffer_end:
    .asciz  "\n"
