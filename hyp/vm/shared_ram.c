#include "hyp/vm/shared_ram.h"

#include "hyp/core/physmem.h"
#include "hyp/vm/stage2.h"

/* What a step does. */
#define PART_ORDER 6
#define PART_SIZE  (PAGE_SIZE << PART_ORDER)

static u32 block_bytes(const struct shared_block *block)
{
    return PAGE_SIZE << block->order;
}

/* The largest block that `size` bytes, whole pages, begin with. */
static u32 first_order(u32 size)
{
    u32 order = PAGE_MAX_ORDER;

    while (PAGE_SIZE << order > size)
        order--;
    return order;
}

/* The block of the byte at an offset inside. */
static const struct shared_block *block_at(const struct shared_ram *ram, u32 offset)
{
    const struct shared_block *block = ram->blocks;

    while (offset - block->start >= block_bytes(block))
        block++;
    return block;
}

/* The part that a step takes: whole blocks where they are small. */
static u32 part_order(const struct shared_block *block)
{
    return block->order < PART_ORDER ? block->order : PART_ORDER;
}

static void free_blocks(struct shared_ram *ram)
{
    for (u32 i = 0; i < ram->block_count; i++)
        page_free(ram->blocks[i].hpa, ram->blocks[i].order);
    *ram = (struct shared_ram){0};
}

bool shared_ram_allocate(struct shared_ram *ram, u32 size)
{
    *ram = (struct shared_ram){.size = size};
    for (u32 start = 0; start < size; start += block_bytes(&ram->blocks[ram->block_count++])) {
        u32 order = first_order(size - start);
        hpa_t hpa = page_alloc(order, ZONE_ANY);

        if (hpa == PAGE_NONE) {
            free_blocks(ram);
            return false;
        }
        ram->blocks[ram->block_count] = (struct shared_block){hpa, start, order};
    }
    return true;
}

bool shared_ram_clear_step(struct shared_ram *ram)
{
    const struct shared_block *block;
    u32 size;

    if (ram->cleared == ram->size)
        return true;
    block = block_at(ram, ram->cleared);
    size = PAGE_SIZE << part_order(block);
    phys_fill(block->hpa + (ram->cleared - block->start), 0, size);
    ram->cleared += size;
    return ram->cleared == ram->size;
}

bool shared_ram_free_step(struct shared_ram *ram)
{
    const struct shared_block *block;
    u32 order;

    if (ram->freed < ram->size) {
        block = block_at(ram, ram->freed);
        order = part_order(block);
        if (ram->freed == block->start)
            page_split(block->hpa, block->order, order);
        page_free(block->hpa + (ram->freed - block->start), order);
        ram->freed += PAGE_SIZE << order;
    }
    if (ram->freed < ram->size)
        return false;
    *ram = (struct shared_ram){0};
    return true;
}

bool shared_ram_map(const struct shared_ram *ram, struct stage2 *s2, gpa_t gpa, u32 rights)
{
    for (u32 i = 0; i < ram->block_count; i++) {
        const struct shared_block *block = &ram->blocks[i];

        if (stage2_map(s2, gpa + block->start, block->hpa, block_bytes(block), rights) != STAGE2_OK)
            return false;
    }
    return true;
}

void shared_ram_unmap(const struct shared_ram *ram, struct stage2 *s2, gpa_t gpa)
{
    for (u32 i = 0; i < ram->block_count; i++)
        stage2_unmap(s2, gpa + ram->blocks[i].start, block_bytes(&ram->blocks[i]));
}
