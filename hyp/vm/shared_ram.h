/*
 * The RAM of a region that VMs share: blocks of the page allocator, as large as they come. What
 * takes long goes in steps of at most 256 KiB. The caller has a lock for each.
 */
#ifndef VM_SHARED_RAM_H
#define VM_SHARED_RAM_H

#include "arch/types.h"
#include "hyp/core/pages.h"
#include "hyp/vm/shared_spec.h"

/* Blocks of the largest order, and one of each smaller order behind them. */
#define SHARED_RAM_BLOCKS (SHARED_SIZE_MAX / SUPERPAGE_SIZE + PAGE_MAX_ORDER)

struct stage2;

struct shared_block {
    hpa_t hpa;
    u32 start, order; /* its offset in the region; PAGE_SIZE << order bytes */
};

struct shared_ram {
    u32 size;           /* bytes; 0: none         */
    u32 cleared, freed; /* of them, from the start */
    u32 block_count;
    struct shared_block blocks[SHARED_RAM_BLOCKS];
};

/* Of `size` bytes, whole pages up to SHARED_SIZE_MAX. False: no memory. Its contents are anybody's
 * until clear_step has been called until it returned true. */
bool shared_ram_allocate(struct shared_ram *ram, u32 size);
bool shared_ram_clear_step(struct shared_ram *ram);

/* Gives it back; true: done, and there is none. */
bool shared_ram_free_step(struct shared_ram *ram);

/* Maps all of it at `gpa`, where nothing is mapped. False: no memory for tables; unmap undoes what
 * was done. */
bool shared_ram_map(const struct shared_ram *ram, struct stage2 *s2, gpa_t gpa, u32 rights);
void shared_ram_unmap(const struct shared_ram *ram, struct stage2 *s2, gpa_t gpa);

#endif
