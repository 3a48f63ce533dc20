/*
 * RAM that is there from the start. It comes in blocks that one leaf of the root maps, which are
 * cleared and given back in parts, a step each. A block of which the VM has given pages back is
 * split: from then on its pages are where stage 2 has them.
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

_Static_assert(PAGE_SIZE << PART_ORDER == MEMORY_STEP_BYTES, "a part is a step");
_Static_assert(CHUNK_SIZE / CHUNK_PARTS == MEMORY_STEP_BYTES, "a part is a step");

static u32 chunk_count(const struct vm *vm)
{
    return (u32)(vm->config.memory / CHUNK_SIZE);
}

static gpa_t chunk_gpa(const struct vm *vm, u32 index)
{
    return vm->memory.base + (u64)index * CHUNK_SIZE;
}

static hpa_t chunk_block(const struct memory_chunk *chunk)
{
    return (hpa_t)chunk->frame << PAGE_SHIFT;
}

u32 memory_chunk_list_order(const struct vm *vm)
{
    u32 order = 0;

    while (PAGE_SIZE << order < chunk_count(vm) * sizeof(*vm->memory.chunks))
        order++;
    return order;
}

static bool allocate_list(struct vm *vm)
{
    vm->memory.chunks = page_alloc_ptr(memory_chunk_list_order(vm));
    if (!vm->memory.chunks)
        return false;
    for (u32 i = 0; i < chunk_count(vm); i++)
        vm->memory.chunks[i] = (struct memory_chunk){.frame = MEMORY_NO_FRAME};
    return true;
}

static bool map_chunk(struct vm *vm, u32 index)
{
    hpa_t block = page_alloc(CHUNK_ORDER, ZONE_ANY);

    if (block == PAGE_NONE)
        return false;
    vm->memory.chunks[index].frame = (u32)(block >> PAGE_SHIFT) & MEMORY_NO_FRAME;
    vm->memory.own_pages += CHUNK_PAGES;
    return stage2_map(&vm->stage2, chunk_gpa(vm, index), block, CHUNK_SIZE, STAGE2_RWX) ==
           STAGE2_OK;
}

bool memory_map_chunks(struct vm *vm)
{
    /* So that what cannot succeed is not begun: blocks that were never used are poisoned, too, and
     * in one step. */
    if (pages_free_blocks() < chunk_count(vm) || !allocate_list(vm))
        return false;
    for (u32 i = 0; i < chunk_count(vm); i++)
        if (!map_chunk(vm, i))
            return false;
    return true;
}

void memory_split_chunk(struct vm *vm, gpa_t gpa)
{
    struct memory_chunk *chunk;

    if (!vm->memory.chunks)
        return;
    chunk = &vm->memory.chunks[(u32)((gpa - vm->memory.base) / CHUNK_SIZE)];
    if (chunk->split)
        return;
    page_split(chunk_block(chunk), CHUNK_ORDER, 0);
    *chunk = (struct memory_chunk){.frame = MEMORY_NO_FRAME, .split = true};
}

/* Part `part` of a split chunk, page by page. */
static void clear_pages(struct vm *vm, gpa_t gpa)
{
    gpa_t end = gpa + MEMORY_STEP_BYTES;
    struct stage2_leaf leaf;

    for (; stage2_next(&vm->stage2, &gpa, end, &leaf); gpa += PAGE_SIZE)
        phys_fill(leaf.hpa, 0, PAGE_SIZE);
}

static void free_pages(struct vm *vm, gpa_t gpa)
{
    gpa_t end = gpa + MEMORY_STEP_BYTES;
    struct stage2_leaf leaf;

    for (; stage2_next(&vm->stage2, &gpa, end, &leaf); gpa += PAGE_SIZE)
        memory_drop_page(vm, gpa, &leaf);
}

/* Pages that were given back stay so: they are zero at the next touch. */
bool memory_clear_chunks_step(struct vm *vm, u32 *progress)
{
    u32 index = *progress / CHUNK_PARTS, offset = *progress % CHUNK_PARTS * MEMORY_STEP_BYTES;
    const struct memory_chunk *chunk = &vm->memory.chunks[index];

    if (index == chunk_count(vm))
        return true;
    if (chunk->split)
        clear_pages(vm, chunk_gpa(vm, index) + offset);
    else
        phys_fill(chunk_block(chunk) + offset, 0, MEMORY_STEP_BYTES);
    ++*progress;
    return false;
}

static void free_split_part(struct vm *vm, u32 index, u32 part)
{
    free_pages(vm, chunk_gpa(vm, index) + part * MEMORY_STEP_BYTES);
    if (part == CHUNK_PARTS - 1)
        stage2_drop(&vm->stage2, chunk_gpa(vm, index));
}

static void free_block_part(struct vm *vm, u32 index, u32 part)
{
    hpa_t block = chunk_block(&vm->memory.chunks[index]);

    if (!part) {
        stage2_drop(&vm->stage2, chunk_gpa(vm, index));
        page_split(block, CHUNK_ORDER, PART_ORDER);
    }
    page_free(block + part * MEMORY_STEP_BYTES, PART_ORDER);
    vm->memory.own_pages -= BIT(PART_ORDER);
}

bool memory_free_chunks_step(struct vm *vm, u32 *progress)
{
    u32 index = *progress / CHUNK_PARTS, part = *progress % CHUNK_PARTS;

    if (!vm->memory.chunks)
        return true;
    if (index == chunk_count(vm)) {
        page_free_ptr(vm->memory.chunks, memory_chunk_list_order(vm));
        vm->memory.chunks = NULL;
        return true;
    }
    if (vm->memory.chunks[index].split)
        free_split_part(vm, index, part);
    else if (vm->memory.chunks[index].frame != MEMORY_NO_FRAME)
        free_block_part(vm, index, part);
    ++*progress;
    return false;
}
