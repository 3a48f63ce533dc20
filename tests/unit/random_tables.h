/* Random two-stage tables and what governs a walk through them, from a number. */
#ifndef RANDOM_TABLES_H
#define RANDOM_TABLES_H

#include "arch/csr.h"
#include "hyp/vm/walk.h"

/*
 * Random tables: memory is a function of the address, so every word of 16 GiB has an entry. Every
 * other 16 KiB hold mostly leaves, and pointers lead there, so that many walks come to an end.
 */
static u32 tables_seed;

static u32 scramble(u64 value)
{
    value = (value ^ tables_seed) * 0x9e3779b97f4a7c15ull;
    value = (value ^ value >> 31) * 0xbf58476d1ce4e5b9ull;
    return (u32)(value >> 32);
}

/* True in `chances` of 16 cases, decided by four bits of `random`. */
static bool chance(u32 random, u32 bit, u32 chances)
{
    return (random >> bit & 15) < chances;
}

static bool read_random(void *memory, hpa_t pa, pte_t *entry)
{
    /* X W R of a leaf: mostly all, but each combination now and then, the reserved ones too. */
    static const u8 leaf_flags[] = {0xe, 0xe, 0xe, 0xe, 0xe, 0xe, 0xe, 0xe,
                                    0xe, 0xe, 0x6, 0xa, 0x2, 0x8, 0x4, 0xc};
    u32 a = scramble(pa), b = scramble(pa + 1), c = scramble(pa + 2);
    bool leafy = pa & SV32X4_ROOT_SIZE;
    u32 ppn = b & 0x3fffff;
    u32 flags = a % 64 ? PTE_V : 0;

    (void)memory;
    if (chance(a, 8, leafy ? 1 : 9)) {
        ppn |= SV32X4_ROOT_SIZE / PAGE_SIZE;
        flags |= chance(a, 12, 1) ? c & (PTE_A | PTE_D | PTE_U) : 0;
    } else {
        flags |= leaf_flags[a >> 16 & 15];
        flags |= chance(c, 0, 14) ? PTE_U : 0;
        flags |= chance(c, 4, 14) ? PTE_A : 0;
        flags |= chance(c, 8, 13) ? PTE_D : 0;
        if (!leafy && chance(c, 12, 15))
            ppn &= ~0x3ffu;
    }
    if (chance(c, 16, 1))
        ppn = (u32)(pa >> PAGE_SHIFT); /* a table that meets itself */
    flags |= c >> 20 & (PTE_G | 3u << PTE_RSW_SHIFT);
    *entry = ppn << 10 | flags;
    return b >> 26 != 0;
}

static struct walk_context random_context(u32 round)
{
    u32 a = scramble(round * 4ull + 3), b = scramble(round * 4ull + 1);

    return (struct walk_context){
        .vsatp = (a % 16 ? SATP_SV32 : 0) | (b & 0x7fffffff),
        .root = (hpa_t)(a >> 8 & 0x3ffff8) << PAGE_SHIFT,
        .user = chance(b, 22, 13),
        .sum = b >> 26 & 1,
        .mxr = b >> 27 & 1,
        .mxr_hs = b >> 28 & 1,
        .vs_hardware_ad = b >> 29 & 1,
        .g_hardware_ad = b >> 30 & 1,
        .read_entry = read_random,
    };
}

#endif
