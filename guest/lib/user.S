/* The system call, as U-mode makes it: u32 user_ecall(u32 a0, u32 a1, u32 number). */
    .section .user.text, "ax"
    .globl user_ecall
user_ecall:
    mv      a7, a2
    ecall
    ret
