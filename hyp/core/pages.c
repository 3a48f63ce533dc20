/*
 * A buddy allocator. RAM is cut into blocks of 2^order pages, aligned to their size; the buddy of
 * a block is the other half of the block one order up, so its frame number differs in one bit.
 * Allocation splits the smallest block that is large enough, freeing merges buddies as far up as
 * they are free.
 *
 * Everything is kept in records beside the pages, linked by frame number: RAM past the direct map
 * is managed without ever being touched. Only the record of a block's first page means anything.
 *
 * Every block lies whole in the direct map or is kept with the high ones; the two never merge.
 */
#include "hyp/core/pages.h"
#include "hyp/core/lock.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"

/* A frame number has the 22 bits of a PPN; the last one ends lists and is never allocated. */
#define FRAME_NONE 0x3fffffu

enum block_state {
    BLOCK_NONE, /* not the first page of a block, or one on its way to the free list */
    BLOCK_FREE,
    BLOCK_ALLOCATED,
};

struct page_record {
    u32 next : 22; /* on the free list: frame numbers of neighbouring blocks */
    u32 order : 4;
    u32 state : 2;
    u32 direct : 1; /* all of it is in the direct map */
    u32 prev : 22;
};
_Static_assert(sizeof(struct page_record) == 8, "8 bytes of records a page");

struct bank {
    u32 first, count; /* frames */
    struct page_record *records;
};

static struct {
    struct spinlock lock;
    struct bank banks[PAGE_MAX_BANKS];
    u32 bank_count;
    u32 total_pages, free_pages;
    u32 free_blocks;                      /* of PAGE_MAX_ORDER */
    u32 free_list[2][PAGE_MAX_ORDER + 1]; /* [direct][order]: the first frame */
} pages = {.free_list = {[0 ... 1] = {[0 ... PAGE_MAX_ORDER] = FRAME_NONE}}};

static hpa_t frame_address(u32 frame)
{
    return (hpa_t)frame << PAGE_SHIFT;
}

static u64 block_size(u32 order)
{
    return (u64)PAGE_SIZE << order;
}

/* NULL for a frame of no bank. */
static struct page_record *frame_record(u32 frame)
{
    for (u32 i = 0; i < pages.bank_count; i++) {
        const struct bank *bank = &pages.banks[i];

        if (frame >= bank->first && frame - bank->first < bank->count)
            return &bank->records[frame - bank->first];
    }
    return NULL;
}

static void list_push(u32 frame, u32 order, bool direct)
{
    u32 *head = &pages.free_list[direct][order];

    *frame_record(frame) = (struct page_record){
        .next = *head & FRAME_NONE,
        .prev = FRAME_NONE,
        .order = order & 0xf,
        .state = BLOCK_FREE,
        .direct = direct,
    };
    if (*head != FRAME_NONE)
        frame_record(*head)->prev = frame & FRAME_NONE;
    *head = frame;
    pages.free_blocks += order == PAGE_MAX_ORDER;
}

static void list_remove(u32 frame)
{
    struct page_record *record = frame_record(frame);

    if (record->prev == FRAME_NONE)
        pages.free_list[record->direct][record->order] = record->next;
    else
        frame_record(record->prev)->next = record->next;
    if (record->next != FRAME_NONE)
        frame_record(record->next)->prev = record->prev;
    record->state = BLOCK_NONE;
    pages.free_blocks -= record->order == PAGE_MAX_ORDER;
}

static bool is_free_block(u32 frame, u32 order, bool direct)
{
    const struct page_record *record = frame_record(frame);

    return record && record->state == BLOCK_FREE && record->order == order &&
           record->direct == direct;
}

/* Puts a block on its free list, merged with its buddy as often as that is free. */
static void insert_block(u32 frame, u32 order, bool direct)
{
    pages.free_pages += BIT(order);
    while (order < PAGE_MAX_ORDER && is_free_block(frame ^ BIT(order), order, direct)) {
        list_remove(frame ^ BIT(order));
        frame &= ~BIT(order);
        order++;
    }
    list_push(frame, order, direct);
}

static void mark_allocated(u32 frame, u32 order, bool direct)
{
    *frame_record(frame) = (struct page_record){
        .order = order & 0xf,
        .state = BLOCK_ALLOCATED,
        .direct = direct,
    };
}

/* Takes a block off the free lists, or returns FRAME_NONE. */
static u32 take_block(u32 order, bool direct)
{
    u32 found = order;
    u32 frame;

    while (found <= PAGE_MAX_ORDER && pages.free_list[direct][found] == FRAME_NONE)
        found++;
    if (found > PAGE_MAX_ORDER)
        return FRAME_NONE;

    frame = pages.free_list[direct][found];
    list_remove(frame);
    while (found > order) {
        found--;
        list_push(frame + BIT(found), found, direct);
    }
    mark_allocated(frame, order, direct);
    pages.free_pages -= BIT(order);
    return frame;
}

hpa_t page_alloc(u32 order, enum page_zone zone)
{
    u32 frame = FRAME_NONE;

    spin_lock(&pages.lock);
    if (zone == ZONE_ANY)
        frame = take_block(order, false);
    if (frame == FRAME_NONE)
        frame = take_block(order, true);
    spin_unlock(&pages.lock);
    return frame == FRAME_NONE ? PAGE_NONE : frame_address(frame);
}

/* The first frame of the highest run of `count` free blocks of PAGE_MAX_ORDER in [first, end), both
 * multiples of such a block; FRAME_NONE: there is none. */
static u32 find_run(u32 count, u32 first, u32 end)
{
    u32 found = 0;

    for (u32 frame = end; frame > first;) {
        frame -= BIT(PAGE_MAX_ORDER);
        if (is_free_block(frame, PAGE_MAX_ORDER, false) ||
            is_free_block(frame, PAGE_MAX_ORDER, true))
            found++;
        else
            found = 0;
        if (found == count)
            return frame;
    }
    return FRAME_NONE;
}

hpa_t page_alloc_run(u32 count, hpa_t start, hpa_t end)
{
    u64 block = block_size(PAGE_MAX_ORDER);
    u32 first = (u32)(ALIGN_UP(start, block) >> PAGE_SHIFT);
    u32 found;

    spin_lock(&pages.lock);
    found = find_run(count, first, (u32)(ALIGN_DOWN(end, block) >> PAGE_SHIFT));
    for (u32 i = 0; found != FRAME_NONE && i < count; i++) {
        u32 frame = found + i * BIT(PAGE_MAX_ORDER);

        list_remove(frame);
        mark_allocated(frame, PAGE_MAX_ORDER, frame_record(frame)->direct);
        pages.free_pages -= BIT(PAGE_MAX_ORDER);
    }
    spin_unlock(&pages.lock);
    return found == FRAME_NONE ? PAGE_NONE : frame_address(found);
}

/*
 * Ends the ownership of an allocated block, so that a second free of it fails from here on.
 * Returns what is wrong with the block, or NULL and whether it is direct.
 */
static const char *release_block(hpa_t block, u32 order, bool *direct)
{
    struct page_record *record;

    if (order > PAGE_MAX_ORDER)
        return "no such order";
    if (!IS_ALIGNED(block, block_size(order)))
        return "not aligned to its size";
    record = block < frame_address(FRAME_NONE) ? frame_record((u32)(block >> PAGE_SHIFT)) : NULL;
    if (!record)
        return "not in any bank";
    if (record->state != BLOCK_ALLOCATED)
        return "not allocated";
    if (record->order != order)
        return "allocated with another order";
    record->state = BLOCK_NONE;
    *direct = record->direct;
    return NULL;
}

void page_free(hpa_t block, u32 order)
{
    const char *error;
    bool direct = false;

    spin_lock(&pages.lock);
    error = release_block(block, order, &direct);
    spin_unlock(&pages.lock);
    if (error)
        panic("page_free of 0x%llx, order %u: %s", block, order, error);

    /* 4 MiB take long to fill: with the block in nobody's hands, other harts need not wait. */
    phys_fill(block, PAGE_POISON, block_size(order));

    spin_lock(&pages.lock);
    insert_block((u32)(block >> PAGE_SHIFT), order, direct);
    spin_unlock(&pages.lock);
}

void page_split(hpa_t block, u32 order, u32 part_order)
{
    u32 first = (u32)(block >> PAGE_SHIFT);
    const char *error;
    bool direct = false;

    spin_lock(&pages.lock);
    error = part_order > order ? "into larger parts" : release_block(block, order, &direct);
    for (u32 frame = first; !error && frame < first + BIT(order); frame += BIT(part_order))
        mark_allocated(frame, part_order, direct);
    spin_unlock(&pages.lock);
    if (error)
        panic("page_split of 0x%llx, order %u: %s", block, order, error);
}

void *page_alloc_ptr(u32 order)
{
    hpa_t block = page_alloc(order, ZONE_DIRECT);

    if (block == PAGE_NONE)
        return NULL;
    phys_fill(block, 0, block_size(order));
    return phys_ptr(block);
}

void page_free_ptr(void *block, u32 order)
{
    page_free(phys_of(block), order);
}

u32 pages_free(void)
{
    return __atomic_load_n(&pages.free_pages, __ATOMIC_RELAXED);
}

u32 pages_free_blocks(void)
{
    return __atomic_load_n(&pages.free_blocks, __ATOMIC_RELAXED);
}

u32 pages_total(void)
{
    return __atomic_load_n(&pages.total_pages, __ATOMIC_RELAXED);
}

/* The whole pages of [start, end), as frames. */
static struct bank bank_frames(hpa_t start, hpa_t end)
{
    u64 first = ALIGN_UP(start, PAGE_SIZE) >> PAGE_SHIFT;
    u64 last = end >> PAGE_SHIFT;

    if (last > FRAME_NONE)
        last = FRAME_NONE;
    if (first >= last)
        return (struct bank){0};
    return (struct bank){.first = (u32)first, .count = (u32)(last - first)};
}

u32 pages_record_size(hpa_t start, hpa_t end)
{
    return bank_frames(start, end).count * (u32)sizeof(struct page_record);
}

static bool overlaps_a_bank(const struct bank *new)
{
    for (u32 i = 0; i < pages.bank_count; i++) {
        const struct bank *bank = &pages.banks[i];

        if (new->first < bank->first + bank->count && bank->first < new->first + new->count)
            return true;
    }
    return false;
}

/* The largest order of a block that ends at frame `end` and is at most `count` pages. */
static u32 order_before(u32 end, u32 count)
{
    u32 order = PAGE_MAX_ORDER;

    while (!IS_ALIGNED(end, BIT(order)) || BIT(order) > count)
        order--;
    return order;
}

void pages_add_bank(hpa_t start, hpa_t end, void *records)
{
    struct bank bank = bank_frames(start, end);

    if (!bank.count)
        return;
    if (pages.bank_count == PAGE_MAX_BANKS)
        panic("more than %u banks of RAM", PAGE_MAX_BANKS);
    if (overlaps_a_bank(&bank))
        panic("bank of RAM at 0x%llx overlaps another", start);
    bank.records = records;
    phys_fill(phys_of(records), 0, pages_record_size(start, end));

    spin_lock(&pages.lock);
    pages.banks[pages.bank_count++] = bank;
    pages.total_pages += bank.count;
    /* From the end down, because lists are last in, first out: low addresses go first. */
    for (u32 left = bank.count; left;) {
        u32 order = order_before(bank.first + left, left);

        left -= BIT(order);
        insert_block(bank.first + left, order,
                     phys_is_direct(frame_address(bank.first + left), block_size(order)));
    }
    spin_unlock(&pages.lock);
}
