#include "hyp/vm/memory.h"

#include "arch/sv32.h"
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/vm.h"

/* RAM comes in blocks that one leaf of the root maps. */
#define CHUNK_SIZE  SUPERPAGE_SIZE
#define CHUNK_ORDER PAGE_MAX_ORDER
#define NO_FRAME    0xffffffffu

static u32 chunk_count(const struct vm *vm)
{
    return (u32)(vm->config.memory / CHUNK_SIZE);
}

static gpa_t chunk_gpa(u32 index)
{
    return PLATFORM_RAM_BASE + (u64)index * CHUNK_SIZE;
}

/* The order of a block that holds `bytes`. */
static u32 order_for(u32 bytes)
{
    u32 order = 0;

    while (PAGE_SIZE << order < bytes)
        order++;
    return order;
}

static bool map_chunk(struct vm *vm, u32 index)
{
    hpa_t block = page_alloc(CHUNK_ORDER, ZONE_ANY);

    if (block == PAGE_NONE)
        return false;
    vm->chunks[index] = (u32)(block >> PAGE_SHIFT);
    return stage2_map(&vm->stage2, chunk_gpa(index), block, CHUNK_SIZE, STAGE2_RWX) == STAGE2_OK;
}

static bool map_chunks(struct vm *vm)
{
    vm->chunks = page_alloc_ptr(order_for(chunk_count(vm) * (u32)sizeof(*vm->chunks)));
    if (!vm->chunks)
        return false;
    for (u32 i = 0; i < chunk_count(vm); i++)
        vm->chunks[i] = NO_FRAME;
    for (u32 i = 0; i < chunk_count(vm); i++)
        if (!map_chunk(vm, i))
            return false;
    return true;
}

bool memory_create(struct vm *vm)
{
    if (!stage2_init(&vm->stage2))
        return false;
    vm->stage2.small_leaves = vm->config.small_leaves;
    if (vm->config.lazy || map_chunks(vm))
        return true;
    memory_destroy(vm);
    return false;
}

static void free_chunks(struct vm *vm)
{
    for (u32 i = 0; i < chunk_count(vm); i++)
        if (vm->chunks[i] != NO_FRAME)
            page_free((hpa_t)vm->chunks[i] << PAGE_SHIFT, CHUNK_ORDER);
    page_free_ptr(vm->chunks, order_for(chunk_count(vm) * (u32)sizeof(*vm->chunks)));
    vm->chunks = NULL;
}

/* Calls `use` for every page that a lazily backed VM has touched. */
static void each_touched_page(struct vm *vm, void (*use)(hpa_t page))
{
    struct stage2_leaf leaf;

    for (u64 offset = 0; offset < vm->config.memory; offset += PAGE_SIZE)
        if (stage2_lookup(&vm->stage2, PLATFORM_RAM_BASE + offset, &leaf))
            use(leaf.hpa);
}

static void free_page(hpa_t page)
{
    page_free(page, 0);
}

static void clear_page(hpa_t page)
{
    phys_fill(page, 0, PAGE_SIZE);
}

void memory_destroy(struct vm *vm)
{
    if (vm->config.lazy)
        each_touched_page(vm, free_page);
    else if (vm->chunks)
        free_chunks(vm);
    stage2_destroy(&vm->stage2);
}

void memory_clear(struct vm *vm)
{
    if (vm->config.lazy) {
        each_touched_page(vm, clear_page);
        return;
    }
    for (u32 i = 0; i < chunk_count(vm); i++)
        phys_fill((hpa_t)vm->chunks[i] << PAGE_SHIFT, 0, CHUNK_SIZE);
}

bool memory_is_ram(const struct vm *vm, gpa_t gpa, u64 size)
{
    u64 offset = gpa - PLATFORM_RAM_BASE;

    return gpa >= PLATFORM_RAM_BASE && offset < vm->config.memory &&
           size <= vm->config.memory - offset;
}

/* The memory lock is held; nothing is mapped at `page`, which is RAM. */
static enum memory_touched back_page(struct vm *vm, gpa_t page)
{
    hpa_t backing = page_alloc(0, ZONE_ANY);

    if (backing == PAGE_NONE)
        return MEMORY_EXHAUSTED;
    phys_fill(backing, 0, PAGE_SIZE);
    if (stage2_map(&vm->stage2, page, backing, PAGE_SIZE, STAGE2_RWX) == STAGE2_OK)
        return MEMORY_BACKED;
    page_free(backing, 0);
    return MEMORY_EXHAUSTED;
}

enum memory_touched memory_touch(struct vm *vm, gpa_t gpa)
{
    enum memory_touched result = MEMORY_NOT_RAM;
    struct stage2_leaf leaf;

    if (!memory_is_ram(vm, gpa, 1))
        return MEMORY_NOT_RAM;
    spin_lock(&vm->memory_lock);
    /* Under the lock: another vCPU may have been faster, or in the middle of a swap. */
    if (stage2_lookup(&vm->stage2, gpa, &leaf))
        result = MEMORY_BACKED;
    else if (vm->config.lazy)
        result = back_page(vm, ALIGN_DOWN(gpa, PAGE_SIZE));
    spin_unlock(&vm->memory_lock);
    if (result == MEMORY_EXHAUSTED)
        printk("Twofold: VM \"%s\" stopped: no host memory for its page 0x%llx\n", vm->config.name,
               gpa);
    return result;
}

/* Where the byte at `gpa` is; backs it first if need be. */
static bool locate(struct vm *vm, gpa_t gpa, struct stage2_leaf *leaf)
{
    return stage2_lookup(&vm->stage2, gpa, leaf) ||
           (memory_touch(vm, gpa) == MEMORY_BACKED && stage2_lookup(&vm->stage2, gpa, leaf));
}

/* Calls `move` for each piece of the range that lies in one page of the host's. */
static bool each_piece(struct vm *vm, gpa_t gpa, u8 *buffer, u32 size,
                       void (*move)(hpa_t pa, u8 *buffer, u32 size))
{
    for (u32 count; size; size -= count, gpa += count, buffer += count) {
        u32 in_page = PAGE_SIZE - ((u32)gpa & (PAGE_SIZE - 1));
        struct stage2_leaf leaf;

        count = size < in_page ? size : in_page;
        if (!locate(vm, gpa, &leaf))
            return false;
        move(leaf.hpa, buffer, count);
    }
    return true;
}

static void move_out(hpa_t pa, u8 *buffer, u32 size)
{
    phys_read(pa, buffer, size);
}

static void move_in(hpa_t pa, u8 *buffer, u32 size)
{
    phys_write(pa, buffer, size);
}

bool memory_read(struct vm *vm, gpa_t gpa, void *to, u32 size)
{
    return each_piece(vm, gpa, to, size, move_out);
}

bool memory_write(struct vm *vm, gpa_t gpa, const void *from, u32 size)
{
    return each_piece(vm, gpa, (u8 *)(uintptr_t)from, size, move_in);
}

/* The memory lock is held. After the unmaps both tables are there, so that the maps cannot fail. */
static bool swap_locked(struct vm *vm, gpa_t a, gpa_t b)
{
    struct stage2_leaf leaf_a, leaf_b;

    if (!stage2_lookup(&vm->stage2, a, &leaf_a) || !stage2_lookup(&vm->stage2, b, &leaf_b))
        return false;
    if (stage2_unmap(&vm->stage2, a, PAGE_SIZE) != STAGE2_OK)
        return false;
    if (stage2_unmap(&vm->stage2, b, PAGE_SIZE) != STAGE2_OK) {
        ASSERT(stage2_map(&vm->stage2, a, leaf_a.hpa, PAGE_SIZE, STAGE2_RWX) == STAGE2_OK);
        return false;
    }
    ASSERT(stage2_map(&vm->stage2, a, leaf_b.hpa, PAGE_SIZE, STAGE2_RWX) == STAGE2_OK);
    ASSERT(stage2_map(&vm->stage2, b, leaf_a.hpa, PAGE_SIZE, STAGE2_RWX) == STAGE2_OK);
    return true;
}

bool memory_swap(struct vm *vm, gpa_t a, gpa_t b)
{
    bool swapped;

    if (!memory_is_ram(vm, a, PAGE_SIZE) || !memory_is_ram(vm, b, PAGE_SIZE))
        return false;
    if (a == b)
        return true;
    spin_lock(&vm->memory_lock);
    swapped = swap_locked(vm, a, b);
    spin_unlock(&vm->memory_lock);
    return swapped;
}
