/*
 * Reading and writing CSRs. The first argument is a name that the assembler knows, or a number:
 * csr_read(sstatus), csr_write(0x14d, 7).
 */
#ifndef GUEST_CSR_H
#define GUEST_CSR_H

#include "arch/types.h"
#include "arch/u64.h"

#define csr_read(csr)                                                   \
    ({                                                                  \
        u32 value_;                                                     \
        __asm__ volatile("csrr %0, " #csr : "=r"(value_) : : "memory"); \
        value_;                                                         \
    })

#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" : : "rK"(value) : "memory")
#define csr_set(csr, bits)    __asm__ volatile("csrs " #csr ", %0" : : "rK"(bits) : "memory")
#define csr_clear(csr, bits)  __asm__ volatile("csrc " #csr ", %0" : : "rK"(bits) : "memory")

/* Numbers of CSRs whose names clang 14 does not know. */
#define CSR_STIMECMP  0x14d
#define CSR_STIMECMPH 0x15d

#define SSTATUS_SIE  BIT(1)
#define SSTATUS_SPIE BIT(5)
#define SSTATUS_SPP  BIT(8)
#define SSTATUS_FS   (3u << 13)
#define SSTATUS_SUM  BIT(18)
#define SSTATUS_MXR  BIT(19)

#define SATP_SV32       BIT(31)
#define SATP_ASID_SHIFT 22

/* Bits of sie and sip, numbered by interrupt. */
enum interrupt {
    INTERRUPT_SOFTWARE = 1,
    INTERRUPT_TIMER = 5,
    INTERRUPT_EXTERNAL = 9,
};

/* Values of scause for exceptions. */
enum exception {
    EXCEPTION_FETCH_MISALIGNED = 0,
    EXCEPTION_FETCH_ACCESS = 1,
    EXCEPTION_ILLEGAL_INSTRUCTION = 2,
    EXCEPTION_BREAKPOINT = 3,
    EXCEPTION_LOAD_MISALIGNED = 4,
    EXCEPTION_LOAD_ACCESS = 5,
    EXCEPTION_STORE_MISALIGNED = 6,
    EXCEPTION_STORE_ACCESS = 7,
    EXCEPTION_USER_ECALL = 8,
    EXCEPTION_SUPERVISOR_ECALL = 9,
    EXCEPTION_FETCH_PAGE = 12,
    EXCEPTION_LOAD_PAGE = 13,
    EXCEPTION_STORE_PAGE = 15,
};

#define CAUSE_INTERRUPT BIT(31)

/* A 64-bit counter is two CSRs: the high half is read twice to notice a carry in between. */
#define csr_read64(low, high)        \
    ({                               \
        u32 low_, high_, again_;     \
        do {                         \
            high_ = csr_read(high);  \
            low_ = csr_read(low);    \
            again_ = csr_read(high); \
        } while (high_ != again_);   \
        u64_join(low_, high_);       \
    })

static inline u64 read_time(void)
{
    return csr_read64(time, timeh);
}

static inline void interrupts_on(void)
{
    csr_set(sstatus, SSTATUS_SIE);
}

static inline void interrupts_off(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
}

static inline void wait_for_interrupt(void)
{
    __asm__ volatile("wfi" : : : "memory");
}

static inline void sfence_vma(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

static inline void sfence_vma_page(gva_t va)
{
    __asm__ volatile("sfence.vma %0" : : "r"(va) : "memory");
}

#endif
