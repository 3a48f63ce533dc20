/*
 * The page allocator: a buddy system over every bank of RAM, in blocks of 4 KiB << order. Blocks
 * are filled with PAGE_POISON when freed, so that no owner sees the last one's data and a use
 * after free shows itself. Takes its own lock; callable from any hart.
 */
#ifndef CORE_PAGES_H
#define CORE_PAGES_H

#include "arch/types.h"

#define PAGE_POISON     0x5a
#define PAGE_MAX_ORDER  10 /* 4 MiB: one leaf of a root table */
#define PAGE_ORDER_ROOT 2  /* 16 KiB: an Sv32x4 root          */
#define PAGE_MAX_BANKS  48
#define PAGE_NONE       (~(hpa_t)0)

enum page_zone {
    ZONE_DIRECT, /* memory that the hypervisor itself uses: has a phys_ptr         */
    ZONE_ANY,    /* guests' memory: high RAM first, so that the direct map lasts   */
};

/*
 * Hands [start, end) to the allocator, once per bank (at most PAGE_MAX_BANKS, apart from each
 * other) at boot, before any other use. The memory for its own records (8 bytes a page) is taken
 * from `records`, which is directly mapped and outside every bank; pages_record_size tells how
 * many bytes a bank needs. Partial pages are left out, and so is the last page of the 34-bit
 * space. The RAM of the bank itself is not touched.
 */
void pages_add_bank(hpa_t start, hpa_t end, void *records);
u32 pages_record_size(hpa_t start, hpa_t end);

/*
 * Returns a block of 4 KiB << order (0 to PAGE_MAX_ORDER), aligned to its size, or PAGE_NONE.
 * Contents: PAGE_POISON or old boot-time data; callers fill what they use.
 */
hpa_t page_alloc(u32 order, enum page_zone zone);

/*
 * Returns `count` blocks of PAGE_MAX_ORDER that follow one another, the highest free ones in
 * [start, end), or PAGE_NONE. Each is freed by itself.
 */
hpa_t page_alloc_run(u32 count, hpa_t start, hpa_t end);

/* Takes back a block of page_alloc, whole; panics on anything else (freed twice, foreign, cut). */
void page_free(hpa_t block, u32 order);

/* Makes an allocated block several of `part_order`, at most `order`, each to be freed by itself:
 * for who cannot wait while a large one is poisoned. Panics as page_free does. */
void page_split(hpa_t block, u32 order, u32 part_order);

/* ZONE_DIRECT blocks as zeroed pointers, for the hypervisor's own objects; NULL when none. */
void *page_alloc_ptr(u32 order);
void page_free_ptr(void *block, u32 order);

/* In 4 KiB pages, over all banks. Take no lock: a panic may ask. */
u32 pages_free(void);
u32 pages_total(void);

/* How many blocks of PAGE_MAX_ORDER there are to be had. Takes no lock. */
u32 pages_free_blocks(void);

#endif
