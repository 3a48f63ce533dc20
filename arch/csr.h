/*
 * CSRs and their fields, spelled as in the privileged spec. By number, because not every assembler
 * knows every name. Usable from assembly; the accessors are for the target only.
 */
#ifndef ARCH_CSR_H
#define ARCH_CSR_H

/* Masks are unsigned in C; assemblers know no suffix. */
#ifdef __ASSEMBLER__
#define U(number) number
#else
#define U(number) number##u
#endif

/* Supervisor */
#define CSR_SSTATUS    0x100
#define CSR_SIE        0x104
#define CSR_STVEC      0x105
#define CSR_SCOUNTEREN 0x106
#define CSR_SENVCFG    0x10a
#define CSR_SSTATEEN0  0x10c
#define CSR_SSCRATCH   0x140
#define CSR_SEPC       0x141
#define CSR_SCAUSE     0x142
#define CSR_STVAL      0x143
#define CSR_SIP        0x144
#define CSR_STIMECMP   0x14d
#define CSR_STIMECMPH  0x15d
#define CSR_SATP       0x180

/* Hypervisor */
#define CSR_HSTATUS     0x600
#define CSR_HEDELEG     0x602
#define CSR_HIDELEG     0x603
#define CSR_HTIMEDELTA  0x605
#define CSR_HCOUNTEREN  0x606
#define CSR_HGEIE       0x607
#define CSR_HVIEN       0x608
#define CSR_HENVCFG     0x60a
#define CSR_HSTATEEN0   0x60c
#define CSR_HTIMEDELTAH 0x615
#define CSR_HENVCFGH    0x61a
#define CSR_HSTATEEN0H  0x61c
#define CSR_HTVAL       0x643
#define CSR_HVIP        0x645
#define CSR_HTINST      0x64a
#define CSR_HGATP       0x680

/* Virtual supervisor */
#define CSR_VSSTATUS   0x200
#define CSR_VSIE       0x204
#define CSR_VSTVEC     0x205
#define CSR_VSSCRATCH  0x240
#define CSR_VSEPC      0x241
#define CSR_VSCAUSE    0x242
#define CSR_VSTVAL     0x243
#define CSR_VSIP       0x244
#define CSR_VSTIMECMP  0x24d
#define CSR_VSISELECT  0x250
#define CSR_VSTIMECMPH 0x25d
#define CSR_VSATP      0x280

/* Unprivileged */
#define CSR_FCSR     0x003
#define CSR_CYCLE    0xc00
#define CSR_TIME     0xc01
#define CSR_INSTRET  0xc02
#define CSR_CYCLEH   0xc80
#define CSR_TIMEH    0xc81
#define CSR_INSTRETH 0xc82

/* sstatus and vsstatus */
#define SSTATUS_SIE        U(0x00000002)
#define SSTATUS_SPIE       U(0x00000020)
#define SSTATUS_UBE        U(0x00000040)
#define SSTATUS_SPP        U(0x00000100)
#define SSTATUS_VS         U(0x00000600)
#define SSTATUS_FS         U(0x00006000)
#define SSTATUS_FS_INITIAL U(0x00002000)
#define SSTATUS_FS_CLEAN   U(0x00004000)
#define SSTATUS_FS_DIRTY   U(0x00006000)
#define SSTATUS_SUM        U(0x00040000)
#define SSTATUS_MXR        U(0x00080000)

/* hstatus */
#define HSTATUS_SPV  U(0x00000080)
#define HSTATUS_SPVP U(0x00000100)
#define HSTATUS_VTW  U(0x00200000)

/* Interrupts: bit numbers of sie, sip, hie, hip, hvip and causes */
#define IRQ_SSI  1
#define IRQ_VSSI 2
#define IRQ_STI  5
#define IRQ_VSTI 6
#define IRQ_SEI  9
#define IRQ_VSEI 10
#define IRQ_SGEI 12

#define CAUSE_INTERRUPT U(0x80000000)

/* Exceptions */
#define CAUSE_FETCH_MISALIGNED    0
#define CAUSE_FETCH_ACCESS        1
#define CAUSE_ILLEGAL             2
#define CAUSE_BREAKPOINT          3
#define CAUSE_LOAD_MISALIGNED     4
#define CAUSE_LOAD_ACCESS         5
#define CAUSE_STORE_MISALIGNED    6
#define CAUSE_STORE_ACCESS        7
#define CAUSE_ECALL_U             8
#define CAUSE_ECALL_S             9
#define CAUSE_ECALL_VS            10
#define CAUSE_FETCH_PAGE          12
#define CAUSE_LOAD_PAGE           13
#define CAUSE_STORE_PAGE          15
#define CAUSE_FETCH_GUEST_PAGE    20
#define CAUSE_LOAD_GUEST_PAGE     21
#define CAUSE_VIRTUAL_INSTRUCTION 22
#define CAUSE_STORE_GUEST_PAGE    23

/* satp and vsatp: MODE 31, ASID 30:22, PPN 21:0. hgatp: MODE 31, VMID 28:22, PPN 21:0. */
#define SATP_SV32        U(0x80000000)
#define SATP_ASID        U(0x7fc00000)
#define SATP_ASID_SHIFT  22
#define SATP_PPN         U(0x003fffff)
#define HGATP_SV32X4     U(0x80000000)
#define HGATP_VMID_SHIFT 22
#define HGATP_VMID       U(0x1fc00000)

/* henvcfg, the low word and henvcfgh */
#define HENVCFG_FIOM       U(0x00000001)
#define HENVCFG_CBIE_FLUSH U(0x00000010)
#define HENVCFG_CBCFE      U(0x00000040)
#define HENVCFG_CBZE       U(0x00000080)
#define HENVCFGH_ADUE      U(0x20000000)
#define HENVCFGH_STCE      U(0x80000000)

/* hstateen0h: what a guest may reach of its own state */
#define HSTATEEN0H_ENVCFG U(0x40000000)
#define HSTATEEN0H_SE0    U(0x80000000)

/* hcounteren and scounteren */
#define COUNTEREN_CY U(0x1)
#define COUNTEREN_TM U(0x2)
#define COUNTEREN_IR U(0x4)

#ifndef __ASSEMBLER__

#include "arch/types.h"
#include "arch/u64.h"

#define CSR_STRING_(csr) #csr
#define CSR_STRING(csr)  CSR_STRING_(csr)

#define csr_read(csr)                                                              \
    ({                                                                             \
        u32 csr_value;                                                             \
        __asm__ volatile("csrr %0, " CSR_STRING(csr) : "=r"(csr_value)::"memory"); \
        csr_value;                                                                 \
    })
#define csr_write(csr, value) \
    __asm__ volatile("csrw " CSR_STRING(csr) ", %0" ::"rK"((u32)(value)) : "memory")
#define csr_set(csr, bits) \
    __asm__ volatile("csrs " CSR_STRING(csr) ", %0" ::"rK"((u32)(bits)) : "memory")
#define csr_clear(csr, bits) \
    __asm__ volatile("csrc " CSR_STRING(csr) ", %0" ::"rK"((u32)(bits)) : "memory")
/* Writes and returns what was there. */
#define csr_swap(csr, value)                                 \
    ({                                                       \
        u32 csr_old;                                         \
        __asm__ volatile("csrrw %0, " CSR_STRING(csr) ", %1" \
                         : "=r"(csr_old)                     \
                         : "rK"((u32)(value))                \
                         : "memory");                        \
        csr_old;                                             \
    })

/* A counter of 64 bits: the high half is read again until no carry came between. */
#define csr_read64(low_csr, high_csr)       \
    ({                                      \
        u32 csr_high, csr_low, csr_again;   \
        do {                                \
            csr_high = csr_read(high_csr);  \
            csr_low = csr_read(low_csr);    \
            csr_again = csr_read(high_csr); \
        } while (csr_high != csr_again);    \
        u64_join(csr_low, csr_high);        \
    })

/* A compare register of 64 bits: the low half is all ones meanwhile, so nothing fires early. */
#define csr_write_compare(low_csr, high_csr, value) \
    do {                                            \
        u64 csr_compare = (value);                  \
        csr_write(low_csr, 0xffffffffu);            \
        csr_write(high_csr, u64_high(csr_compare)); \
        csr_write(low_csr, u64_low(csr_compare));   \
    } while (0)

/* The low word of the host's time. Without the accessors' barrier: it may move among other
 * accesses. */
static inline u32 time_low(void)
{
    u32 low;

    __asm__ volatile("csrr %0, " CSR_STRING(CSR_TIME) : "=r"(low));
    return low;
}

/* Host time, in ticks of the timebase. */
static inline u64 time_now(void)
{
    return csr_read64(CSR_TIME, CSR_TIMEH);
}

#endif
#endif
