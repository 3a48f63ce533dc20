/*
 * The formats of Sv32 and Sv32x4 tables (privileged spec, "Sv32: Page-Based 32-bit
 * Virtual-Memory Systems" and "Guest Physical Address Translation"). Pure: no state, no CSR.
 *
 * Sv32, a virtual address:            Sv32x4, a guest physical address:
 *   31      22 21      12 11      0     33        22 21      12 11      0
 *  | VPN[1]   | VPN[0]   | offset  |   | GPN[1]     | GPN[0]   | offset  |
 *     10 bits    10 bits                  12 bits      10 bits
 * Root: 1024 entries, 4 KiB.           Root: 4096 entries, 16 KiB, aligned to 16 KiB.
 *
 * An entry, the same in both:
 *   31      20 19      10 9   8 7 6 5 4 3 2 1 0
 *  | PPN[1]   | PPN[0]   | RSW |D|A|G|U|X|W|R|V|    PPN is 22 bits: the address has 34.
 */
#ifndef ARCH_SV32_H
#define ARCH_SV32_H

#include "arch/types.h"

typedef u32 pte_t;

#define PTE_V         BIT(0)
#define PTE_R         BIT(1)
#define PTE_W         BIT(2)
#define PTE_X         BIT(3)
#define PTE_U         BIT(4)
#define PTE_G         BIT(5)
#define PTE_A         BIT(6)
#define PTE_D         BIT(7)
#define PTE_RSW_SHIFT 8
#define PTE_PPN_SHIFT 10

#define SV32_ENTRIES        1024u
#define SV32X4_ROOT_ENTRIES 4096u
#define SV32X4_ROOT_SIZE    0x4000u
#define SV32X4_GPA_BITS     34

/* The physical address (of a table or of a page) that an entry leads to. */
static inline u64 pte_address(pte_t pte)
{
    return (u64)(pte >> PTE_PPN_SHIFT) << PAGE_SHIFT;
}

/* An entry that leads to the page-aligned 34-bit `address`. */
static inline pte_t pte_make(u64 address, u32 flags)
{
    return (pte_t)(address >> PAGE_SHIFT) << PTE_PPN_SHIFT | flags;
}

/* A valid entry with R = W = X = 0 is a pointer to the next table; W without R is reserved. */
static inline bool pte_is_leaf(pte_t pte)
{
    return (pte & (PTE_R | PTE_W | PTE_X)) != 0;
}

static inline u32 sv32_vpn(gva_t va, int level)
{
    return va >> (level ? 22 : 12) & 0x3ff;
}

/* Index into an Sv32x4 table; 12 bits wide at level 1 (the root), 10 at level 0. */
static inline u32 sv32x4_gpn(gpa_t gpa, int level)
{
    return level ? (u32)(gpa >> 22) & 0xfff : (u32)(gpa >> 12) & 0x3ff;
}

/* Bytes mapped by a leaf at `level`. */
static inline u32 sv32_leaf_size(int level)
{
    return level ? SUPERPAGE_SIZE : PAGE_SIZE;
}

#endif
