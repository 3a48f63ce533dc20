/* The page allocator, over banks below and above the end of the direct map. */
#include <pthread.h>

#include "tests/unit/fake_panic.h"
#include "tests/unit/fake_physmem.h"
#include "hyp/core/pages.c"

#define RECORDS    0x40000000ull /* direct memory outside every bank */
#define LOW_BANK   0x80000000ull
#define LOW_SIZE   MIB(16)
#define HIGH_BANK  0x1c0000000ull /* past 4 GiB, not direct */
#define HIGH_SIZE  MIB(32)
#define PAGES(mib) ((mib)*256u)

static u64 records_used;

static void reset(void)
{
    memset(&pages, 0, sizeof(pages));
    for (u32 direct = 0; direct < 2; direct++)
        for (u32 order = 0; order <= PAGE_MAX_ORDER; order++)
            pages.free_list[direct][order] = FRAME_NONE;
    fake_ram_reset();
    fake_ram_add(RECORDS, MIB(24), true, FAKE_BACKED);
    records_used = 0;
}

static void add_bank(hpa_t start, hpa_t end)
{
    pages_add_bank(start, end, phys_ptr(RECORDS + records_used));
    records_used += pages_record_size(start, end);
}

/* A low bank of 16 MiB and a high one of 32 MiB. */
static void start_machine(void)
{
    reset();
    fake_ram_add(LOW_BANK, LOW_SIZE, true, FAKE_BACKED);
    fake_ram_add(HIGH_BANK, HIGH_SIZE, false, FAKE_BACKED);
    add_bank(LOW_BANK, LOW_BANK + LOW_SIZE);
    add_bank(HIGH_BANK, HIGH_BANK + HIGH_SIZE);
}

/* Allocates all that there is in blocks of one order, then frees it; returns how many blocks. */
static u32 count_blocks(u32 order, enum page_zone zone)
{
    static hpa_t blocks[PAGES(64) + 1];
    u32 count = 0;

    while ((blocks[count] = page_alloc(order, zone)) != PAGE_NONE)
        count++;
    for (u32 i = 0; i < count; i++)
        page_free(blocks[i], order);
    return count;
}

TEST(every_page_is_handed_out_once)
{
    static bool low[PAGES(16)], high[PAGES(32)];
    hpa_t page;
    u32 count = 0;

    start_machine();
    memset(low, 0, sizeof(low));
    memset(high, 0, sizeof(high));
    CHECK_EQ(pages_total(), PAGES(48));
    CHECK_EQ(pages_free(), PAGES(48));
    while ((page = page_alloc(0, ZONE_ANY)) != PAGE_NONE) {
        bool is_high = page >= HIGH_BANK;
        u64 index = (page - (is_high ? HIGH_BANK : LOW_BANK)) / PAGE_SIZE;

        CHECK(IS_ALIGNED(page, PAGE_SIZE));
        CHECK(index < (is_high ? PAGES(32) : PAGES(16)));
        CHECK(!(is_high ? high : low)[index]);
        (is_high ? high : low)[index] = true;
        count++;
        CHECK_EQ(pages_free(), PAGES(48) - count);
    }
    CHECK_EQ(count, PAGES(48));
    CHECK_EQ(page_alloc(0, ZONE_DIRECT), PAGE_NONE);
    CHECK(page_alloc_ptr(0) == NULL);
    CHECK_EQ(pages_total(), PAGES(48));
}

TEST(freed_pages_merge_into_the_largest_blocks)
{
    start_machine();
    for (u32 order = 0; order <= PAGE_MAX_ORDER; order++) {
        CHECK_EQ(count_blocks(order, ZONE_ANY), PAGES(48) >> order);
        CHECK_EQ(pages_free(), PAGES(48));
        CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_ANY), 12);
        CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_DIRECT), 4);
    }
}

TEST(blocks_are_aligned_to_their_size)
{
    for (u32 order = 0; order <= PAGE_MAX_ORDER; order++) {
        u64 size = (u64)PAGE_SIZE << order;
        hpa_t block;

        reset();
        fake_ram_add(LOW_BANK, LOW_SIZE, true, FAKE_BACKED);
        /* From an odd page to an odd page, and neither bound is aligned to a page. */
        add_bank(LOW_BANK + 0x2001, LOW_BANK + MIB(9) + 0x7fff);
        CHECK_EQ(pages_total(), PAGES(9) + 4);
        while ((block = page_alloc(order, ZONE_DIRECT)) != PAGE_NONE) {
            CHECK(IS_ALIGNED(block, size));
            CHECK(block >= LOW_BANK + 0x3000);
            CHECK(block + size <= LOW_BANK + MIB(9) + 0x7000);
        }
    }
}

TEST(low_addresses_of_a_zone_go_first)
{
    start_machine();
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_DIRECT), LOW_BANK);
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_DIRECT), LOW_BANK + MIB(4));
    CHECK_EQ(page_alloc(0, ZONE_ANY), HIGH_BANK);
    CHECK_EQ(page_alloc(0, ZONE_ANY), HIGH_BANK + PAGE_SIZE);
}

TEST(guests_get_high_memory_until_it_is_used_up)
{
    start_machine();
    for (u32 i = 0; i < 8; i++)
        CHECK(page_alloc(PAGE_MAX_ORDER, ZONE_ANY) >= HIGH_BANK);
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_ANY), LOW_BANK);
}

TEST(direct_blocks_are_never_high)
{
    start_machine();
    CHECK_EQ(count_blocks(0, ZONE_DIRECT), PAGES(16));
    CHECK_EQ(count_blocks(PAGE_ORDER_ROOT, ZONE_DIRECT), PAGES(16) / 4);
    for (hpa_t page; (page = page_alloc(0, ZONE_DIRECT)) != PAGE_NONE;)
        CHECK(phys_is_direct(page, PAGE_SIZE));
    CHECK_EQ(pages_free(), PAGES(32));
}

TEST(a_freed_block_is_poisoned_whole_and_nothing_else)
{
    start_machine();
    for (u32 high = 0; high < 2; high++) {
        hpa_t before = page_alloc(0, high ? ZONE_ANY : ZONE_DIRECT);
        hpa_t block = page_alloc(3, high ? ZONE_ANY : ZONE_DIRECT);
        u32 size = PAGE_SIZE << 3;
        const u8 *bytes = fake_bytes(block, size);

        CHECK_EQ(block >= HIGH_BANK, high);
        phys_fill(before, 0x11, PAGE_SIZE);
        phys_fill(block, 0x22, size);
        page_free(block, 3);
        for (u32 i = 0; i < size; i++)
            CHECK_EQ(bytes[i], PAGE_POISON);
        for (u32 i = 0; i < PAGE_SIZE; i++)
            CHECK_EQ(fake_bytes(before, PAGE_SIZE)[i], 0x11);
    }
}

TEST(pointers_are_to_zeroed_direct_memory)
{
    start_machine();
    for (u32 order = 0; order <= PAGE_MAX_ORDER; order++) {
        u8 *block = page_alloc_ptr(order);
        u32 size = PAGE_SIZE << order;

        CHECK(block != NULL);
        CHECK(phys_is_direct(phys_of(block), size));
        CHECK(IS_ALIGNED(phys_of(block), (u64)size));
        for (u32 i = 0; i < size; i++)
            CHECK_EQ(block[i], 0);
        memset(block, 0xff, size);
        page_free_ptr(block, order);
    }
    CHECK_EQ(pages_free(), PAGES(48));
}

TEST(high_memory_is_touched_only_to_poison_it)
{
    hpa_t blocks[PAGES(8)];

    start_machine();
    for (u32 i = 0; i < ARRAY_SIZE(blocks); i++)
        blocks[i] = page_alloc(0, ZONE_ANY);
    CHECK_EQ(fake.high_bytes_touched, 0);
    for (u32 i = 0; i < ARRAY_SIZE(blocks); i++)
        page_free(blocks[i], 0);
    CHECK_EQ(fake.high_bytes_touched, MIB(8));
}

TEST(ten_gib_boot_without_touching_them)
{
    hpa_t direct_end = LOW_BANK + GIB(1), end = LOW_BANK + GIB(10);

    reset();
    fake_ram_add(LOW_BANK, GIB(1), true, FAKE_UNBACKED);
    fake_ram_add(direct_end, GIB(9), false, FAKE_UNBACKED);
    CHECK_EQ(pages_record_size(LOW_BANK, end), MIB(20));
    add_bank(LOW_BANK, end);
    CHECK_EQ(pages_free(), GIB(10) / PAGE_SIZE);
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_ANY), direct_end);
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_DIRECT), LOW_BANK);
    for (u32 i = 1; i < GIB(9) / MIB(4); i++)
        CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_ANY), direct_end + i * MIB(4));
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_ANY), LOW_BANK + MIB(4));
}

TEST(a_block_partly_direct_is_not_direct)
{
    reset();
    fake_ram_add(LOW_BANK, MIB(6), true, FAKE_BACKED);
    fake_ram_add(LOW_BANK + MIB(6), MIB(2), false, FAKE_BACKED);
    add_bank(LOW_BANK, LOW_BANK + MIB(8));
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_ANY), LOW_BANK + MIB(4));
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_DIRECT), LOW_BANK);
    CHECK_EQ(page_alloc(0, ZONE_DIRECT), PAGE_NONE);
}

TEST(blocks_of_different_zones_do_not_merge)
{
    reset();
    /* The boundary is in the middle of a 4 MiB block; two banks keep the halves apart. */
    fake_ram_add(LOW_BANK, MIB(2), true, FAKE_BACKED);
    fake_ram_add(LOW_BANK + MIB(2), MIB(2), false, FAKE_BACKED);
    add_bank(LOW_BANK, LOW_BANK + MIB(2));
    add_bank(LOW_BANK + MIB(2), LOW_BANK + MIB(4));
    CHECK_EQ(count_blocks(0, ZONE_ANY), PAGES(4));
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_ANY), PAGE_NONE);
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER - 1, ZONE_DIRECT), LOW_BANK);
    CHECK_EQ(page_alloc(0, ZONE_DIRECT), PAGE_NONE);
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER - 1, ZONE_ANY), LOW_BANK + MIB(2));
}

TEST(banks_side_by_side_merge)
{
    reset();
    fake_ram_add(LOW_BANK, MIB(4), true, FAKE_BACKED);
    add_bank(LOW_BANK + MIB(2), LOW_BANK + MIB(4));
    add_bank(LOW_BANK, LOW_BANK + MIB(2));
    CHECK_EQ(count_blocks(0, ZONE_DIRECT), PAGES(4));
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_DIRECT), LOW_BANK);
}

TEST(records_need_not_be_clean)
{
    const struct page_record lies[] = {
        {.state = BLOCK_FREE, .direct = true, .order = PAGE_MAX_ORDER - 1},
        {.state = BLOCK_ALLOCATED, .direct = true},
    };

    for (u32 lie = 0; lie < ARRAY_SIZE(lies); lie++) {
        reset();
        fake_ram_add(LOW_BANK, MIB(4), true, FAKE_BACKED);
        for (u32 i = 0; i < PAGES(4); i++)
            phys_write(RECORDS + i * sizeof(lies[0]), &lies[lie], sizeof(lies[0]));
        add_bank(LOW_BANK, LOW_BANK + MIB(2));
        CHECK_PANIC(page_free(LOW_BANK + PAGE_SIZE, 0), "not allocated");
        add_bank(LOW_BANK + MIB(2), LOW_BANK + MIB(4));
        CHECK_EQ(count_blocks(0, ZONE_DIRECT), PAGES(4));
        CHECK_EQ(page_alloc(PAGE_MAX_ORDER, ZONE_DIRECT), LOW_BANK);
    }
}

TEST(ram_at_zero_is_ram)
{
    reset();
    fake_ram_add(0, MIB(4), true, FAKE_BACKED);
    add_bank(0, MIB(4));
    CHECK_EQ(page_alloc(0, ZONE_DIRECT), 0);
    page_free(0, 0);
    CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_ANY), 1);
}

TEST(the_end_of_34_bits_is_left_out)
{
    hpa_t end = GIB(16);

    reset();
    fake_ram_add(end - MIB(8), MIB(12), false, FAKE_BACKED);
    CHECK_EQ(pages_record_size(end - MIB(8), end), 8 * (PAGES(8) - 1));
    add_bank(end - MIB(8), end + MIB(4));
    CHECK_EQ(pages_total(), PAGES(8) - 1);
    CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_ANY), 1);
    CHECK_EQ(count_blocks(0, ZONE_ANY), PAGES(8) - 1);
    CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_ANY), 1);
    CHECK_EQ(pages_record_size(end, end + MIB(4)), 0);
}

TEST(a_bank_without_a_whole_page_is_nothing)
{
    reset();
    CHECK_EQ(pages_record_size(LOW_BANK + 1, LOW_BANK + 0x1fff), 0);
    pages_add_bank(LOW_BANK + 1, LOW_BANK + 0x1fff, NULL);
    pages_add_bank(LOW_BANK, LOW_BANK, NULL);
    pages_add_bank(LOW_BANK + MIB(1), LOW_BANK, NULL);
    CHECK_EQ(pages_total(), 0);
    CHECK_EQ(pages.bank_count, 0);
}

TEST(as_many_banks_as_there_may_be)
{
    reset();
    for (u32 i = 0; i < PAGE_MAX_BANKS + 1; i++)
        fake_ram_add(LOW_BANK + i * MIB(8), MIB(4), true, FAKE_BACKED);
    for (u32 i = 0; i < PAGE_MAX_BANKS; i++)
        add_bank(LOW_BANK + i * MIB(8), LOW_BANK + i * MIB(8) + MIB(4));
    CHECK_EQ(pages_total(), PAGE_MAX_BANKS * PAGES(4));
    CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_DIRECT), PAGE_MAX_BANKS);
    CHECK_PANIC(
        add_bank(LOW_BANK + PAGE_MAX_BANKS * MIB(8), LOW_BANK + PAGE_MAX_BANKS * MIB(8) + MIB(4)),
        "more than 48 banks");
}

TEST(overlapping_banks_panic)
{
    start_machine();
    CHECK_PANIC(add_bank(LOW_BANK + LOW_SIZE - PAGE_SIZE, LOW_BANK + LOW_SIZE + MIB(1)),
                "overlaps");
    CHECK_PANIC(add_bank(HIGH_BANK + MIB(1), HIGH_BANK + MIB(2)), "overlaps");
    CHECK_PANIC(add_bank(LOW_BANK - MIB(1), LOW_BANK + MIB(1)), "overlaps");
    CHECK_EQ(pages_total(), PAGES(48));
}

TEST(impossible_orders_are_not_allocated)
{
    start_machine();
    CHECK_EQ(page_alloc(PAGE_MAX_ORDER + 1, ZONE_ANY), PAGE_NONE);
    CHECK_EQ(page_alloc(~0u, ZONE_ANY), PAGE_NONE);
    CHECK(page_alloc_ptr(PAGE_MAX_ORDER + 1) == NULL);
}

TEST(double_free_panics)
{
    hpa_t page, buddy;

    start_machine();
    page = page_alloc(0, ZONE_DIRECT);
    buddy = page_alloc(0, ZONE_DIRECT);
    page_free(page, 0);
    CHECK_PANIC(page_free(page, 0), "not allocated");
    /* Merged with its buddy, the page is no longer the head of a block. */
    page_free(buddy, 0);
    CHECK_PANIC(page_free(buddy, 0), "not allocated");
    CHECK_PANIC(page_free(page, 0), "not allocated");
    CHECK_EQ(pages_free(), PAGES(48));
    CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_ANY), 12);
}

TEST(a_failed_free_leaves_the_contents_alone)
{
    hpa_t block;

    start_machine();
    block = page_alloc(1, ZONE_DIRECT);
    phys_fill(block, 0x33, PAGE_SIZE << 1);
    CHECK_PANIC(page_free(block, 0), "another order");
    CHECK_PANIC(page_free(block, 2), "another order");
    CHECK_PANIC(page_free(block + PAGE_SIZE, 0), "not allocated");
    for (u32 i = 0; i < PAGE_SIZE << 1; i++)
        CHECK_EQ(fake_bytes(block, PAGE_SIZE << 1)[i], 0x33);
    page_free(block, 1);
    CHECK_EQ(pages_free(), PAGES(48));
}

TEST(misaligned_free_panics)
{
    hpa_t block;

    start_machine();
    block = page_alloc(2, ZONE_ANY);
    CHECK_PANIC(page_free(block + 1, 2), "not aligned");
    CHECK_PANIC(page_free(block + PAGE_SIZE, 2), "not aligned");
    CHECK_PANIC(page_free(block + PAGE_SIZE / 2, 0), "not aligned");
}

TEST(foreign_free_panics)
{
    hpa_t block;

    start_machine();
    block = page_alloc(0, ZONE_DIRECT);
    CHECK_PANIC(page_free(LOW_BANK - PAGE_SIZE, 0), "not in any bank");
    CHECK_PANIC(page_free(LOW_BANK + LOW_SIZE, 0), "not in any bank");
    CHECK_PANIC(page_free(RECORDS, 0), "not in any bank");
    CHECK_PANIC(page_free(GIB(16) - PAGE_SIZE, 0), "not in any bank");
    CHECK_PANIC(page_free(PAGE_NONE, 0), "not aligned");
    /* 2^34 higher: the same frame number once it is cut to 22 bits. */
    CHECK_PANIC(page_free(block + GIB(16), 0), "not in any bank");
    CHECK_PANIC(page_free(block + (1ull << 44), 0), "not in any bank");
    CHECK_PANIC(page_free(block, PAGE_MAX_ORDER + 1), "no such order");
    CHECK_PANIC(page_free(block, 64), "no such order");
    page_free(block, 0);
}

struct held {
    hpa_t block;
    u32 order;
};

static u32 next_random(u32 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* A block is marked with its own address at both ends, so that an overlap shows. */
static void mark(const struct held *held)
{
    phys_write(held->block, &held->block, sizeof(hpa_t));
    phys_write(held->block + (PAGE_SIZE << held->order) - 8, &held->block, sizeof(hpa_t));
}

static bool is_marked(const struct held *held)
{
    hpa_t first, last;

    phys_read(held->block, &first, sizeof(first));
    phys_read(held->block + (PAGE_SIZE << held->order) - 8, &last, sizeof(last));
    return first == held->block && last == held->block;
}

/* Allocates and frees at random; returns the number of blocks found damaged or misplaced. */
static u32 churn(u32 seed, u32 steps)
{
    struct held held[200];
    u32 count = 0, wrong = 0;

    for (u32 step = 0; step < steps; step++) {
        u32 random = next_random(&seed);

        if (count < ARRAY_SIZE(held) && random % 5 < 3) {
            enum page_zone zone = random & 0x100 ? ZONE_DIRECT : ZONE_ANY;
            u32 order = (random >> 10) % 8;
            struct held new = {page_alloc(order, zone), order};

            if (new.block == PAGE_NONE)
                continue;
            wrong += !IS_ALIGNED(new.block, (u64)PAGE_SIZE << order);
            wrong += zone == ZONE_DIRECT && !phys_is_direct(new.block, (u64)PAGE_SIZE << order);
            mark(&new);
            held[count++] = new;
        } else if (count) {
            u32 victim = (random >> 10) % count;

            wrong += !is_marked(&held[victim]);
            page_free(held[victim].block, held[victim].order);
            held[victim] = held[--count];
        }
    }
    while (count) {
        wrong += !is_marked(&held[--count]);
        page_free(held[count].block, held[count].order);
    }
    return wrong;
}

TEST(a_split_block_is_freed_part_by_part)
{
    static const hpa_t zones[] = {LOW_BANK, HIGH_BANK};

    for (u32 zone = 0; zone < ARRAY_SIZE(zones); zone++) {
        hpa_t block;

        start_machine();
        block = page_alloc(PAGE_MAX_ORDER, zone ? ZONE_ANY : ZONE_DIRECT);
        CHECK_EQ(block, zones[zone]);
        page_split(block, PAGE_MAX_ORDER, 6);
        CHECK_EQ(pages_free(), PAGES(44));
        for (u32 i = 16; i > 0; i--) {
            page_free(block + (i - 1) * KIB(256), 6);
            CHECK_EQ(pages_free(), PAGES(44) + (17 - i) * 64);
        }
        /* Whole again. */
        CHECK_EQ(page_alloc(PAGE_MAX_ORDER, zone ? ZONE_ANY : ZONE_DIRECT), block);
    }
}

TEST(a_block_split_into_one_stays_as_it_is)
{
    hpa_t block;

    start_machine();
    block = page_alloc(3, ZONE_ANY);
    page_split(block, 3, 3);
    page_free(block, 3);
    CHECK_EQ(pages_free(), PAGES(48));
}

/* ---- Runs of blocks ---- */

#define BLOCK ((u64)PAGE_SIZE << PAGE_MAX_ORDER)

TEST(a_run_is_the_highest_that_is_free_within_the_bounds)
{
    hpa_t run;

    start_machine();
    run = page_alloc_run(3, 0, HIGH_BANK);
    CHECK_EQ(run, LOW_BANK + LOW_SIZE - 3 * BLOCK);
    CHECK_EQ(pages_free(), PAGES(48 - 12));
    CHECK_EQ(pages_free_blocks(), 12 - 3);
    CHECK_EQ(page_alloc_run(2, 0, HIGH_BANK), PAGE_NONE);
    CHECK_EQ(page_alloc_run(1, 0, HIGH_BANK), LOW_BANK);
    CHECK_EQ(page_alloc_run(8, 0, GIB(16)), HIGH_BANK);
    CHECK_EQ(pages_free(), 0);
    for (u32 i = 0; i < 3; i++)
        page_free(run + i * BLOCK, PAGE_MAX_ORDER);
    CHECK_EQ(page_alloc_run(1, run + 1, run + 2 * BLOCK), run + BLOCK); /* whole within them */
    CHECK_EQ(page_alloc_run(1, run, run + BLOCK - 1), PAGE_NONE);
    CHECK_EQ(page_alloc_run(1, run, run + BLOCK), run);
    page_free(run, PAGE_MAX_ORDER);
    page_free(run + BLOCK, PAGE_MAX_ORDER);
    page_free(LOW_BANK, PAGE_MAX_ORDER);
    for (u32 i = 0; i < 8; i++)
        page_free(HIGH_BANK + i * BLOCK, PAGE_MAX_ORDER);
    CHECK_EQ(pages_free(), PAGES(48));
    CHECK_EQ(count_blocks(0, ZONE_ANY), PAGES(48));
}

TEST(a_run_goes_round_what_is_in_use)
{
    hpa_t page;

    start_machine();
    page = page_alloc_run(4, HIGH_BANK, HIGH_BANK + 6 * BLOCK);
    CHECK_EQ(page, HIGH_BANK + 2 * BLOCK);
    page_split(page, PAGE_MAX_ORDER, 0);
    for (u32 i = 0; i < PAGES(4); i++)
        if (i != 700)
            page_free(page + i * PAGE_SIZE, 0);
    /* One page in use is enough. */
    CHECK_EQ(page_alloc_run(3, HIGH_BANK, HIGH_BANK + 5 * BLOCK), PAGE_NONE);
    CHECK_EQ(page_alloc_run(2, HIGH_BANK, HIGH_BANK + 5 * BLOCK), HIGH_BANK);
    page_free(page + 700 * PAGE_SIZE, 0);
    CHECK_EQ(page_alloc_run(1, HIGH_BANK, HIGH_BANK + 5 * BLOCK), page);
}

TEST(a_run_may_reach_over_banks_side_by_side)
{
    reset();
    fake_ram_add(LOW_BANK, 2 * LOW_SIZE, true, FAKE_BACKED);
    add_bank(LOW_BANK, LOW_BANK + LOW_SIZE);
    add_bank(LOW_BANK + LOW_SIZE, LOW_BANK + 2 * LOW_SIZE);
    CHECK_EQ(page_alloc_run(8, 0, GIB(16)), LOW_BANK);
    CHECK_EQ(pages_free(), 0);
}

TEST(no_run_is_none)
{
    start_machine();
    CHECK_EQ(page_alloc_run(9, 0, GIB(16)), PAGE_NONE);
    CHECK_EQ(page_alloc_run(1, LOW_BANK + LOW_SIZE, HIGH_BANK), PAGE_NONE);
    CHECK_EQ(page_alloc_run(1, HIGH_BANK, LOW_BANK), PAGE_NONE);
    CHECK_EQ(page_alloc_run(1, GIB(16) - 1, GIB(16)), PAGE_NONE);
    CHECK_EQ(pages_free(), PAGES(48));
}

TEST(a_wrong_split_panics)
{
    hpa_t block;

    start_machine();
    block = page_alloc(2, ZONE_DIRECT);
    CHECK_PANIC(page_split(block, 2, 3), "into larger parts");
    start_machine();
    block = page_alloc(2, ZONE_DIRECT);
    CHECK_PANIC(page_split(block, 3, 0), "another order");
    start_machine();
    block = page_alloc(2, ZONE_DIRECT);
    CHECK_PANIC(page_split(block + MIB(4), 2, 0), "not allocated");
    start_machine();
    block = page_alloc(2, ZONE_DIRECT);
    page_split(block, 2, 0);
    CHECK_PANIC(page_free(block, 2), "another order");
}

TEST(random_use_keeps_blocks_apart_and_returns_all)
{
    start_machine();
    for (u32 seed = 1; seed <= 4; seed++) {
        CHECK_EQ(churn(seed * 0x9e3779b9u, 20000), 0);
        CHECK_EQ(pages_free(), PAGES(48));
        CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_ANY), 12);
    }
}

/* Single pages as fast as possible, so that harts meet inside the allocator. */
static void *race(void *unused)
{
    uintptr_t wrong = 0;

    (void)unused;
    for (u32 round = 0; round < 3000; round++) {
        struct held held[8];

        for (u32 i = 0; i < ARRAY_SIZE(held); i++) {
            held[i] = (struct held){page_alloc(0, ZONE_ANY), 0};
            mark(&held[i]);
        }
        for (u32 i = 0; i < ARRAY_SIZE(held); i++) {
            wrong += !is_marked(&held[i]);
            page_free(held[i].block, 0);
        }
    }
    return (void *)wrong;
}

TEST(harts_at_once_keep_pages_apart)
{
    pthread_t threads[4];

    start_machine();
    for (u32 i = 0; i < ARRAY_SIZE(threads); i++)
        CHECK(!pthread_create(&threads[i], NULL, race, NULL));
    for (u32 i = 0; i < ARRAY_SIZE(threads); i++) {
        void *wrong;

        pthread_join(threads[i], &wrong);
        CHECK_EQ((uintptr_t)wrong, 0);
    }
    CHECK_EQ(pages_free(), PAGES(48));
    CHECK_EQ(count_blocks(PAGE_MAX_ORDER, ZONE_ANY), 12);
}

UNIT_MAIN("pages")
