/*
 * RAM that is there from the start. It comes in blocks that one leaf of the root maps, which are
 * cleared and given back in parts, a step each.
 */
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/vm/memory_parts.h"
#include "hyp/vm/vm.h"

#define CHUNK_SIZE  SUPERPAGE_SIZE
#define CHUNK_ORDER PAGE_MAX_ORDER
#define CHUNK_PARTS 16u
#define CHUNK_PAGES (CHUNK_SIZE / PAGE_SIZE)
#define PART_ORDER  6
#define NO_FRAME    0xffffffffu

_Static_assert(PAGE_SIZE << PART_ORDER == MEMORY_STEP_BYTES, "a part is a step");
_Static_assert(CHUNK_SIZE / CHUNK_PARTS == MEMORY_STEP_BYTES, "a part is a step");

static u32 chunk_count(const struct vm *vm)
{
    return (u32)(vm->config.memory / CHUNK_SIZE);
}

static gpa_t chunk_gpa(u32 index)
{
    return PLATFORM_RAM_BASE + (u64)index * CHUNK_SIZE;
}

u32 memory_chunk_list_order(const struct vm *vm)
{
    u32 order = 0;

    while (PAGE_SIZE << order < chunk_count(vm) * sizeof(*vm->memory.chunks))
        order++;
    return order;
}

static bool map_chunk(struct vm *vm, u32 index)
{
    hpa_t block = page_alloc(CHUNK_ORDER, ZONE_ANY);

    if (block == PAGE_NONE)
        return false;
    vm->memory.chunks[index] = (u32)(block >> PAGE_SHIFT);
    vm->memory.own_pages += CHUNK_PAGES;
    return stage2_map(&vm->stage2, chunk_gpa(index), block, CHUNK_SIZE, STAGE2_RWX) == STAGE2_OK;
}

bool memory_map_chunks(struct vm *vm)
{
    /* So that what cannot succeed is not begun: blocks that were never used are poisoned, too, and
     * in one step. */
    if (pages_free_blocks() < chunk_count(vm))
        return false;
    vm->memory.chunks = page_alloc_ptr(memory_chunk_list_order(vm));
    if (!vm->memory.chunks)
        return false;
    for (u32 i = 0; i < chunk_count(vm); i++)
        vm->memory.chunks[i] = NO_FRAME;
    for (u32 i = 0; i < chunk_count(vm); i++)
        if (!map_chunk(vm, i))
            return false;
    return true;
}

bool memory_clear_chunks_step(struct vm *vm, u32 *progress)
{
    u32 chunk = *progress / CHUNK_PARTS, part = *progress % CHUNK_PARTS;

    if (chunk == chunk_count(vm))
        return true;
    phys_fill(((hpa_t)vm->memory.chunks[chunk] << PAGE_SHIFT) + part * MEMORY_STEP_BYTES, 0,
              MEMORY_STEP_BYTES);
    ++*progress;
    return false;
}

bool memory_free_chunks_step(struct vm *vm, u32 *progress)
{
    u32 chunk = *progress / CHUNK_PARTS, part = *progress % CHUNK_PARTS;
    hpa_t block;

    if (!vm->memory.chunks)
        return true;
    if (chunk == chunk_count(vm)) {
        page_free_ptr(vm->memory.chunks, memory_chunk_list_order(vm));
        vm->memory.chunks = NULL;
        return true;
    }
    if (vm->memory.chunks[chunk] == NO_FRAME) {
        *progress += CHUNK_PARTS;
        return false;
    }
    block = (hpa_t)vm->memory.chunks[chunk] << PAGE_SHIFT;
    if (!part) {
        stage2_drop(&vm->stage2, chunk_gpa(chunk));
        page_split(block, CHUNK_ORDER, PART_ORDER);
    }
    page_free(block + part * MEMORY_STEP_BYTES, PART_ORDER);
    vm->memory.own_pages -= BIT(PART_ORDER);
    ++*progress;
    return false;
}
