/* The G-stage tree: named cases, and random changes against a flat model of three windows. */
#include <pthread.h>

#include "tests/unit/fake_panic.h"
#include "tests/unit/fake_physmem.h"
#include "hyp/core/pages.c"

/* The tree gets its tables through here, so that a test can make the allocator fail. */
static u32 allocations_left;

static void *failing_alloc_ptr(u32 order)
{
    if (!allocations_left)
        return NULL;
    allocations_left--;
    return page_alloc_ptr(order);
}

#define page_alloc_ptr failing_alloc_ptr
#include "hyp/vm/stage2.c"
#undef page_alloc_ptr

#define RECORDS  0x40000000ull
#define TABLES   0x50000000ull
#define HPA_LOW  0x90000000ull
#define HPA_HIGH 0x240000000ull /* bits 33 and 30 */
#define MIB4     ((u64)SUPERPAGE_SIZE)
#define READ     PTE_R
#define RW       (PTE_R | PTE_W)

static struct stage2 s2;

/* An empty tree; tables come from 16 MiB, most of which a test can use up. */
static void start_tree(void)
{
    memset(&pages, 0, sizeof(pages));
    for (u32 direct = 0; direct < 2; direct++)
        for (u32 order = 0; order <= PAGE_MAX_ORDER; order++)
            pages.free_list[direct][order] = FRAME_NONE;
    fake_ram_reset();
    fake_ram_add(RECORDS, MIB(1), true, FAKE_BACKED);
    fake_ram_add(TABLES, MIB(20), true, FAKE_BACKED);
    pages_add_bank(TABLES, TABLES + MIB(20), phys_ptr(RECORDS));
    allocations_left = ~0u;
    CHECK(stage2_init(&s2));
}

/* Ends the tree and checks that every page has come back. */
static void end_tree(void)
{
    CHECK_EQ(pages_total() - pages_free(), s2.table_pages);
    stage2_destroy(&s2);
    CHECK_EQ(pages_free(), pages_total());
    CHECK(s2.entries == NULL && s2.root == 0 && s2.table_pages == 0);
}

static void check_maps(gpa_t gpa, hpa_t hpa, u32 rights, u32 size)
{
    struct stage2_leaf leaf;

    CHECK(stage2_lookup(&s2, gpa, &leaf));
    CHECK_EQ(leaf.hpa, hpa);
    CHECK_EQ(leaf.rights, rights);
    CHECK_EQ(leaf.size, size);
}

static bool is_mapped(gpa_t gpa)
{
    struct stage2_leaf leaf;

    return stage2_lookup(&s2, gpa, &leaf);
}

TEST(root_is_zeroed_and_aligned_to_16_kib)
{
    start_tree();
    CHECK(IS_ALIGNED(s2.root, (u64)SV32X4_ROOT_SIZE));
    CHECK(phys_ptr(s2.root) == s2.entries);
    CHECK_EQ(s2.table_pages, 4);
    for (u32 i = 0; i < SV32X4_ROOT_ENTRIES; i++)
        CHECK_EQ(s2.entries[i], 0);
    CHECK(!s2.small_leaves);
    end_tree();
}

TEST(init_without_memory_fails)
{
    struct stage2 other;

    start_tree();
    allocations_left = 0;
    CHECK(!stage2_init(&other));
    end_tree();
}

TEST(a_page_is_mapped_alone)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0x80003000, HPA_LOW, PAGE_SIZE, RW), STAGE2_OK);
    check_maps(0x80003000, HPA_LOW, RW, PAGE_SIZE);
    check_maps(0x80003fff, HPA_LOW + 0xfff, RW, PAGE_SIZE);
    CHECK(!is_mapped(0x80002fff));
    CHECK(!is_mapped(0x80004000));
    CHECK_EQ(s2.table_pages, 5);
    end_tree();
}

TEST(entries_have_the_format_of_sv32x4)
{
    const pte_t *table;

    start_tree();
    CHECK_EQ(stage2_map(&s2, MIB4 * 5, HPA_HIGH, MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_map(&s2, MIB4 * 6 + 0x7000, HPA_HIGH + MIB4 + 0x5000, PAGE_SIZE, READ),
             STAGE2_OK);
    /* D A - U X W R V; the PPN of 0x2_4000_0000 is 0x240000. */
    CHECK_EQ(s2.entries[5], 0x240000u << 10 | 0xdf);
    table = phys_ptr((u64)(s2.entries[6] >> 10) << 12);
    CHECK_EQ(s2.entries[6] & 0x3ff, PTE_V);
    CHECK_EQ(table[7], 0x240405u << 10 | 0xd3);
    for (u32 i = 0; i < SV32_ENTRIES; i++)
        CHECK(i == 7 || table[i] == 0);
    end_tree();
}

TEST(superpages_are_used_wherever_they_fit)
{
    start_tree();
    /* 8 KiB, two superpages and 4 KiB, in step with the host's alignment. */
    CHECK_EQ(stage2_map(&s2, MIB4 - 0x2000, HPA_LOW + MIB4 - 0x2000, 2 * MIB4 + 0x3000, STAGE2_RWX),
             STAGE2_OK);
    check_maps(MIB4 - 1, HPA_LOW + MIB4 - 1, STAGE2_RWX, PAGE_SIZE);
    check_maps(MIB4, HPA_LOW + MIB4, STAGE2_RWX, SUPERPAGE_SIZE);
    check_maps(3 * MIB4 - 1, HPA_LOW + 3 * MIB4 - 1, STAGE2_RWX, SUPERPAGE_SIZE);
    check_maps(3 * MIB4 + 0xfff, HPA_LOW + 3 * MIB4 + 0xfff, STAGE2_RWX, PAGE_SIZE);
    CHECK(!is_mapped(3 * MIB4 + 0x1000));
    CHECK_EQ(s2.table_pages, 6);
    end_tree();
}

TEST(new_tables_are_empty_around_what_is_mapped)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, MIB4 - PAGE_SIZE, HPA_LOW, 2 * PAGE_SIZE, STAGE2_RWX), STAGE2_OK);
    for (u32 slot = 0; slot < 2; slot++) {
        const pte_t *table = phys_ptr(pte_address(s2.entries[slot]));

        for (u32 i = 0; i < SV32_ENTRIES; i++)
            CHECK(i == (slot ? 0 : SV32_ENTRIES - 1) || table[i] == 0);
    }
    end_tree();
}

TEST(addresses_out_of_step_get_small_leaves)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, MIB4, HPA_LOW + 0x1000, MIB4, STAGE2_RWX), STAGE2_OK);
    for (u64 offset = 0; offset < MIB4; offset += PAGE_SIZE)
        check_maps(MIB4 + offset, HPA_LOW + 0x1000 + offset, STAGE2_RWX, PAGE_SIZE);
    CHECK_EQ(s2.table_pages, 5);
    end_tree();
}

TEST(small_leaves_shows_every_level)
{
    start_tree();
    s2.small_leaves = true;
    CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, 2 * MIB4, STAGE2_RWX), STAGE2_OK);
    check_maps(MIB4 + 0x123456, HPA_LOW + MIB4 + 0x123456, STAGE2_RWX, PAGE_SIZE);
    CHECK_EQ(s2.table_pages, 6);
    end_tree();
}

TEST(a_table_left_by_an_earlier_use_is_used_again)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0x1000, HPA_LOW, PAGE_SIZE, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_unmap(&s2, 0x1000, PAGE_SIZE), STAGE2_OK);
    allocations_left = 0;
    CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, MIB4, STAGE2_RWX), STAGE2_OK);
    check_maps(0, HPA_LOW, STAGE2_RWX, PAGE_SIZE);
    CHECK_EQ(s2.table_pages, 5);
    end_tree();
}

TEST(the_whole_34_bit_space_can_be_mapped)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0, 0, GIB(16), STAGE2_RWX), STAGE2_OK);
    for (u64 gpa = 0; gpa < GIB(16); gpa += MIB4)
        check_maps(gpa + 0xabc, gpa + 0xabc, STAGE2_RWX, SUPERPAGE_SIZE);
    CHECK_EQ(s2.table_pages, 4);
    CHECK_EQ(stage2_unmap(&s2, GIB(16) - PAGE_SIZE, PAGE_SIZE), STAGE2_OK);
    CHECK(is_mapped(GIB(16) - PAGE_SIZE - 1));
    CHECK(!is_mapped(GIB(16) - PAGE_SIZE));
    CHECK(!is_mapped(GIB(16) - 1));
    end_tree();
}

TEST(addresses_above_4_gib_do_not_alias)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0x10c000000, HPA_LOW, PAGE_SIZE, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_map(&s2, 0x30c000000, HPA_HIGH, MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK(!is_mapped(0x00c000000));
    CHECK(!is_mapped(0x20c000000));
    check_maps(0x10c000004, HPA_LOW + 4, STAGE2_RWX, PAGE_SIZE);
    check_maps(0x30c000004, HPA_HIGH + 4, STAGE2_RWX, SUPERPAGE_SIZE);
    end_tree();
}

TEST(nothing_is_found_past_34_bits)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK(!is_mapped(GIB(16)));
    CHECK(!is_mapped(1ull << 44));
    CHECK(!is_mapped(~0ull));
    end_tree();
}

TEST(bad_ranges_are_refused)
{
    static const struct {
        u64 address, size;
    } bad[] = {
        {0x1000, 0},
        {0x1001, 0x1000},
        {0x1000, 0x1001},
        {0x1000, 1},
        {0x3fffff000, 0x2000},
        {0x400000000, 0x1000},
        {0, 0x400001000},
        {0x1000, 0x400000000},
        {0xfffffffffffff000, 0x1000},
        {0xfffffffffffff000, 0x2000},
        {0x1000, 0xfffffffffffff000},
        {1ull << 44, 0x1000},
    };

    start_tree();
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        u64 address = bad[i].address, size = bad[i].size;

        CHECK_EQ(stage2_map(&s2, address, 0, size, STAGE2_RWX), STAGE2_BAD_RANGE);
        CHECK_EQ(stage2_map(&s2, 0, address, size, STAGE2_RWX), STAGE2_BAD_RANGE);
        CHECK_EQ(stage2_unmap(&s2, address, size), STAGE2_BAD_RANGE);
        CHECK_EQ(stage2_remap(&s2, address, 0, size, STAGE2_RX), STAGE2_BAD_RANGE);
        CHECK_EQ(stage2_remap(&s2, 0, address, size, STAGE2_RX), STAGE2_BAD_RANGE);
    }
    CHECK_EQ(s2.table_pages, 4);
    end_tree();
}

TEST(rights_that_no_leaf_can_hold_are_refused)
{
    static const u32 bad[] = {0, PTE_W, PTE_W | PTE_X, PTE_R | PTE_V, PTE_R | PTE_G, ~0u};
    static const u32 good[] = {READ, RW, STAGE2_RX, STAGE2_RWX, PTE_X};

    start_tree();
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, MIB4, bad[i]), STAGE2_BAD_RANGE);
        CHECK(!is_mapped(0));
    }
    CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, MIB4, STAGE2_RWX), STAGE2_OK);
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK_EQ(stage2_remap(&s2, 0, HPA_LOW, MIB4, bad[i]), STAGE2_BAD_RANGE);
        check_maps(0, HPA_LOW, STAGE2_RWX, SUPERPAGE_SIZE);
    }
    for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
        CHECK_EQ(stage2_remap(&s2, 0, HPA_LOW, MIB4, good[i]), STAGE2_OK);
        check_maps(0, HPA_LOW, good[i], SUPERPAGE_SIZE);
    }
    end_tree();
}

TEST(overlap_is_refused_and_changes_nothing)
{
    static const struct {
        gpa_t gpa;
        u64 size;
    } overlapping[] = {
        {2 * MIB4, MIB4},                      /* the same superpage             */
        {2 * MIB4 + 0x5000, PAGE_SIZE},        /* within it                      */
        {MIB4, MIB4 + PAGE_SIZE},              /* its first page                 */
        {3 * MIB4 - PAGE_SIZE, 2 * PAGE_SIZE}, /* its last page                  */
        {0, GIB(1)},                           /* all of it, far into the range  */
        {4 * MIB4, MIB4},                      /* a lone page in the middle      */
        {4 * MIB4 + 0x8000, PAGE_SIZE},        /* that page                      */
    };

    start_tree();
    CHECK_EQ(stage2_map(&s2, 2 * MIB4, HPA_LOW, MIB4, STAGE2_RX), STAGE2_OK);
    CHECK_EQ(stage2_map(&s2, 4 * MIB4 + 0x8000, HPA_LOW, PAGE_SIZE, STAGE2_RX), STAGE2_OK);
    for (u32 i = 0; i < ARRAY_SIZE(overlapping); i++) {
        gpa_t gpa = overlapping[i].gpa;
        u64 size = overlapping[i].size;

        CHECK_EQ(stage2_map(&s2, gpa, HPA_HIGH, size, STAGE2_RWX), STAGE2_OVERLAP);
    }
    CHECK_EQ(s2.table_pages, 5);
    check_maps(2 * MIB4, HPA_LOW, STAGE2_RX, SUPERPAGE_SIZE);
    check_maps(4 * MIB4 + 0x8000, HPA_LOW, STAGE2_RX, PAGE_SIZE);
    CHECK(!is_mapped(2 * MIB4 - 1));
    CHECK(!is_mapped(3 * MIB4));
    CHECK(!is_mapped(4 * MIB4 + 0x7fff));
    CHECK(!is_mapped(4 * MIB4 + 0x9000));
    end_tree();
}

TEST(holes_are_refused_and_change_nothing)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, MIB4, HPA_LOW, MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_map(&s2, 2 * MIB4, HPA_LOW, 0x5000, STAGE2_RWX), STAGE2_OK);
    /* Mapped but for the last page, in a table; then in a root entry; then all of it. */
    CHECK_EQ(stage2_unmap(&s2, MIB4, MIB4 + 0x6000), STAGE2_NOT_MAPPED);
    CHECK_EQ(stage2_remap(&s2, MIB4, HPA_HIGH, MIB4 + 0x6000, READ), STAGE2_NOT_MAPPED);
    CHECK_EQ(stage2_unmap(&s2, MIB4 - PAGE_SIZE, MIB4), STAGE2_NOT_MAPPED);
    CHECK_EQ(stage2_remap(&s2, 4 * MIB4, HPA_HIGH, MIB4, READ), STAGE2_NOT_MAPPED);
    CHECK_EQ(stage2_unmap(&s2, 4 * MIB4 + 0x1000, PAGE_SIZE), STAGE2_NOT_MAPPED);
    check_maps(MIB4, HPA_LOW, STAGE2_RWX, SUPERPAGE_SIZE);
    check_maps(2 * MIB4 + 0x4000, HPA_LOW + 0x4000, STAGE2_RWX, PAGE_SIZE);
    CHECK_EQ(s2.table_pages, 5);
    end_tree();
}

TEST(unmapping_a_page_of_a_superpage_splits_it)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, MIB4, HPA_HIGH, MIB4, STAGE2_RX), STAGE2_OK);
    CHECK_EQ(stage2_unmap(&s2, MIB4 + 0x7000, PAGE_SIZE), STAGE2_OK);
    for (u64 offset = 0; offset < MIB4; offset += PAGE_SIZE) {
        if (offset == 0x7000)
            CHECK(!is_mapped(MIB4 + offset));
        else
            check_maps(MIB4 + offset, HPA_HIGH + offset, STAGE2_RX, PAGE_SIZE);
    }
    CHECK_EQ(s2.table_pages, 5);
    end_tree();
}

TEST(remapping_across_superpages_splits_the_two_at_the_ends)
{
    gpa_t start = 2 * MIB4 - PAGE_SIZE, end = 3 * MIB4 + PAGE_SIZE;
    hpa_t new = HPA_HIGH + MIB4 - PAGE_SIZE; /* in step with the superpage in the middle */

    start_tree();
    CHECK_EQ(stage2_map(&s2, MIB4, HPA_LOW, 3 * MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_remap(&s2, start, new, end - start, READ), STAGE2_OK);
    for (gpa_t gpa = MIB4; gpa < 4 * MIB4; gpa += PAGE_SIZE) {
        bool inside = gpa >= start && gpa < end;
        bool middle = gpa >= 2 * MIB4 && gpa < 3 * MIB4;

        check_maps(gpa, inside ? new + gpa - start : HPA_LOW + gpa - MIB4,
                   inside ? READ : STAGE2_RWX, middle ? SUPERPAGE_SIZE : PAGE_SIZE);
    }
    CHECK_EQ(s2.table_pages, 6);
    end_tree();
}

TEST(remapping_out_of_step_or_with_small_leaves_splits_superpages)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, 2 * MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_remap(&s2, 0, HPA_HIGH + PAGE_SIZE, MIB4, STAGE2_RX), STAGE2_OK);
    check_maps(0x5abc, HPA_HIGH + 0x6abc, STAGE2_RX, PAGE_SIZE);
    s2.small_leaves = true;
    CHECK_EQ(stage2_remap(&s2, MIB4, HPA_HIGH, MIB4, STAGE2_RX), STAGE2_OK);
    check_maps(MIB4 + 0x5abc, HPA_HIGH + 0x5abc, STAGE2_RX, PAGE_SIZE);
    CHECK_EQ(s2.table_pages, 6);
    end_tree();
}

TEST(whole_superpages_change_without_memory)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, 4 * MIB4, STAGE2_RWX), STAGE2_OK);
    allocations_left = 0;
    CHECK_EQ(stage2_remap(&s2, MIB4, HPA_HIGH, 2 * MIB4, STAGE2_RX), STAGE2_OK);
    CHECK_EQ(stage2_unmap(&s2, 0, 2 * MIB4), STAGE2_OK);
    CHECK(!is_mapped(2 * MIB4 - 1));
    check_maps(2 * MIB4, HPA_HIGH + MIB4, STAGE2_RX, SUPERPAGE_SIZE);
    check_maps(3 * MIB4, HPA_LOW + 3 * MIB4, STAGE2_RWX, SUPERPAGE_SIZE);
    CHECK_EQ(s2.table_pages, 4);
    end_tree();
}

/* What stage2_next finds in [gpa, end), as numbers of the pages. */
static void check_next(gpa_t gpa, gpa_t end, bool found, gpa_t at)
{
    struct stage2_leaf next, leaf;

    CHECK_EQ(stage2_next(&s2, &gpa, end, &next), found);
    CHECK_EQ(gpa, at);
    if (!found)
        return;
    CHECK(stage2_lookup(&s2, gpa, &leaf));
    CHECK(next.hpa == leaf.hpa && next.rights == leaf.rights && next.size == leaf.size);
}

TEST(the_next_page_is_found_over_gaps_of_any_size)
{
    start_tree();
    check_next(0, GIB(16), false, GIB(16));
    CHECK_EQ(stage2_map(&s2, 0x5000, HPA_LOW, 2 * PAGE_SIZE, STAGE2_RX), STAGE2_OK);
    CHECK_EQ(stage2_map(&s2, 7 * MIB4, HPA_HIGH, MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_map(&s2, GIB(16) - PAGE_SIZE, HPA_LOW, PAGE_SIZE, STAGE2_RWX), STAGE2_OK);
    check_next(0, GIB(16), true, 0x5000);
    check_next(0x5000, GIB(16), true, 0x5000);
    check_next(0x6000, GIB(16), true, 0x6000);
    check_next(0x7000, GIB(16), true, 7 * MIB4);
    check_next(7 * MIB4 + 0x9000, GIB(16), true, 7 * MIB4 + 0x9000);
    check_next(8 * MIB4, GIB(16), true, GIB(16) - PAGE_SIZE);
    /* The end is not looked at, and not passed. */
    check_next(0, 0x5000, false, 0x5000);
    check_next(0x7000, 0x8000, false, 0x8000);
    check_next(0x7000, 7 * MIB4, false, 7 * MIB4);
    check_next(0x5000, 0x5000, false, 0x5000);
    end_tree();
}

TEST(dropping_4_mib_frees_their_table)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, MIB4 - PAGE_SIZE, HPA_LOW, 2 * PAGE_SIZE, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_map(&s2, 2 * MIB4, HPA_HIGH, MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(s2.table_pages, 6);
    stage2_drop(&s2, MIB4 + 0x5000);
    CHECK(is_mapped(MIB4 - PAGE_SIZE) && !is_mapped(MIB4) && is_mapped(2 * MIB4));
    CHECK_EQ(s2.table_pages, 5);
    stage2_drop(&s2, 2 * MIB4);
    CHECK(!is_mapped(2 * MIB4));
    stage2_drop(&s2, 2 * MIB4); /* nothing there any more */
    CHECK_EQ(s2.table_pages, 5);
    end_tree();
}

TEST(a_tree_that_is_gone_maps_nothing)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, MIB4, STAGE2_RWX), STAGE2_OK);
    end_tree();
    CHECK(!is_mapped(0));
    check_next(0, GIB(16), false, GIB(16));
}

TEST(the_parts_of_a_page_keep_their_neighbours)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0x80000000, HPA_LOW, 3 * PAGE_SIZE, RW), STAGE2_OK);
    CHECK_EQ(stage2_unmap(&s2, 0x80001000, PAGE_SIZE), STAGE2_OK);
    CHECK_EQ(stage2_map(&s2, 0x80001000, HPA_HIGH, PAGE_SIZE, READ), STAGE2_OK);
    check_maps(0x80000abc, HPA_LOW + 0xabc, RW, PAGE_SIZE);
    check_maps(0x80001abc, HPA_HIGH + 0xabc, READ, PAGE_SIZE);
    check_maps(0x80002abc, HPA_LOW + 0x2abc, RW, PAGE_SIZE);
    end_tree();
}

TEST(a_map_without_memory_changes_nothing_wherever_it_fails)
{
    enum { TABLES_NEEDED = 7 };

    start_tree();
    s2.small_leaves = true;
    for (u32 left = 0; left < TABLES_NEEDED; left++) {
        u32 free_before = pages_free();

        allocations_left = left;
        CHECK_EQ(stage2_map(&s2, MIB4, HPA_LOW, TABLES_NEEDED * MIB4, STAGE2_RWX),
                 STAGE2_NO_MEMORY);
        CHECK_EQ(pages_free(), free_before);
        CHECK_EQ(s2.table_pages, 4);
        for (u32 i = 0; i < SV32X4_ROOT_ENTRIES; i++)
            CHECK_EQ(s2.entries[i], 0);
    }
    allocations_left = TABLES_NEEDED;
    CHECK_EQ(stage2_map(&s2, MIB4, HPA_LOW, TABLES_NEEDED * MIB4, STAGE2_RWX), STAGE2_OK);
    end_tree();
}

TEST(a_split_without_memory_changes_nothing_wherever_it_fails)
{
    start_tree();
    CHECK_EQ(stage2_map(&s2, 0, HPA_LOW, 3 * MIB4, STAGE2_RWX), STAGE2_OK);
    /* The first and the last superpage would have to be split. */
    for (u32 left = 0; left < 2; left++) {
        allocations_left = left;
        CHECK_EQ(stage2_unmap(&s2, 0x1000, 3 * MIB4 - 0x2000), STAGE2_NO_MEMORY);
        allocations_left = left;
        CHECK_EQ(stage2_remap(&s2, 0x1000, HPA_LOW + 0x1000, 3 * MIB4 - 0x2000, READ),
                 STAGE2_NO_MEMORY);
        for (gpa_t gpa = 0; gpa < 3 * MIB4; gpa += MIB4)
            check_maps(gpa, HPA_LOW + gpa, STAGE2_RWX, SUPERPAGE_SIZE);
        CHECK_EQ(s2.table_pages, 4);
        CHECK_EQ(pages_total() - pages_free(), 4);
    }
    allocations_left = 2;
    CHECK_EQ(stage2_unmap(&s2, 0x1000, 3 * MIB4 - 0x2000), STAGE2_OK);
    end_tree();
}

/*
 * The model: for each page of three windows of 4 superpages, where it goes and with what rights,
 * and for each superpage whether there is a table by now.
 */
#define WINDOW_SLOTS 4
#define WINDOW_PAGES (WINDOW_SLOTS * SV32_ENTRIES)

struct model_page {
    bool mapped;
    u32 rights;
    hpa_t hpa;
};

static const gpa_t window_start[] = {0, 0xff800000, GIB(16) - WINDOW_SLOTS *SUPERPAGE_SIZE};

static struct {
    struct model_page pages[WINDOW_PAGES];
    bool has_table[WINDOW_SLOTS];
} model[ARRAY_SIZE(window_start)];

/* A random operation on part of one window. */
struct operation {
    enum { OP_MAP, OP_UNMAP, OP_REMAP } kind;
    u32 window, first, count; /* in pages */
    hpa_t hpa;
    u32 rights;
};

static u32 random_state;

static u32 next_random(u32 limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

static struct operation random_operation(void)
{
    static const u32 rights[] = {READ, RW, STAGE2_RX, STAGE2_RWX};
    struct operation op = {.kind = next_random(3)};
    u32 first = next_random(WINDOW_PAGES), limit = WINDOW_PAGES;

    op.window = next_random(ARRAY_SIZE(window_start));
    if (next_random(2))
        limit = 40; /* small ranges leave more of both kinds around */
    if (next_random(2))
        first = ALIGN_DOWN(first, SV32_ENTRIES);
    op.first = first;
    op.count = 1 + next_random(limit);
    if (next_random(2))
        op.count = ALIGN_UP(op.count, SV32_ENTRIES);
    if (op.count > WINDOW_PAGES - first)
        op.count = WINDOW_PAGES - first;
    op.rights = rights[next_random(ARRAY_SIZE(rights))];
    op.hpa = (hpa_t)next_random(0x3f0000) << PAGE_SHIFT;
    if (next_random(4))
        op.hpa = ALIGN_DOWN(op.hpa, MIB4) + (op.first % SV32_ENTRIES) * PAGE_SIZE;
    return op;
}

static enum stage2_status run_operation(const struct operation *op)
{
    gpa_t gpa = window_start[op->window] + (gpa_t)op->first * PAGE_SIZE;
    u64 size = (u64)op->count * PAGE_SIZE;

    switch (op->kind) {
    case OP_MAP:
        return stage2_map(&s2, gpa, op->hpa, size, op->rights);
    case OP_UNMAP:
        return stage2_unmap(&s2, gpa, size);
    default:
        return stage2_remap(&s2, gpa, op->hpa, size, op->rights);
    }
}

/* Does the operation cover all of the slot in a way that needs no table? */
static bool model_covers_slot(const struct operation *op, u32 slot)
{
    u32 first = slot * SV32_ENTRIES;

    if (op->first > first || op->first + op->count < first + SV32_ENTRIES)
        return false;
    if (op->kind == OP_UNMAP)
        return true;
    return !s2.small_leaves && !((op->hpa + (u64)(first - op->first) * PAGE_SIZE) % MIB4);
}

static u32 model_tables_needed(const struct operation *op)
{
    u32 needed = 0;

    for (u32 slot = op->first / SV32_ENTRIES; slot * SV32_ENTRIES < op->first + op->count; slot++)
        needed += !model[op->window].has_table[slot] && !model_covers_slot(op, slot);
    return needed;
}

static enum stage2_status model_status(const struct operation *op)
{
    for (u32 i = op->first; i < op->first + op->count; i++) {
        bool mapped = model[op->window].pages[i].mapped;

        if (op->kind == OP_MAP && mapped)
            return STAGE2_OVERLAP;
        if (op->kind != OP_MAP && !mapped)
            return STAGE2_NOT_MAPPED;
    }
    return model_tables_needed(op) > allocations_left ? STAGE2_NO_MEMORY : STAGE2_OK;
}

static void model_apply(const struct operation *op)
{
    for (u32 i = op->first; i < op->first + op->count; i++) {
        struct model_page *page = &model[op->window].pages[i];
        u32 slot = i / SV32_ENTRIES;

        if (op->kind != OP_UNMAP)
            page->hpa = op->hpa + (u64)(i - op->first) * PAGE_SIZE;
        page->mapped = op->kind != OP_UNMAP;
        page->rights = op->rights;
        if (!model_covers_slot(op, slot))
            model[op->window].has_table[slot] = true;
    }
}

static void check_window(u32 window)
{
    for (u32 i = 0; i < WINDOW_PAGES; i++) {
        const struct model_page *page = &model[window].pages[i];
        gpa_t gpa = window_start[window] + (gpa_t)i * PAGE_SIZE + (i & 0xfff);
        bool small = model[window].has_table[i / SV32_ENTRIES];

        if (page->mapped)
            check_maps(gpa, page->hpa + (i & 0xfff), page->rights,
                       small ? PAGE_SIZE : SUPERPAGE_SIZE);
        else
            CHECK(!is_mapped(gpa));
    }
}

static u32 model_table_pages(void)
{
    u32 count = 4;

    for (u32 window = 0; window < ARRAY_SIZE(window_start); window++)
        for (u32 slot = 0; slot < WINDOW_SLOTS; slot++)
            count += model[window].has_table[slot];
    return count;
}

/* A tree from its beginning to its end; counts the outcomes in `seen`. */
static void run_random(u32 steps, u32 *seen)
{
    memset(model, 0, sizeof(model));
    start_tree();
    for (u32 step = 0; step < steps; step++) {
        struct operation op = random_operation();
        enum stage2_status expected;

        s2.small_leaves = next_random(8) == 0;
        allocations_left = next_random(3) ? ~0u : next_random(3);
        expected = model_status(&op);
        if (expected == STAGE2_OK)
            model_apply(&op);
        CHECK_EQ(run_operation(&op), expected);
        seen[expected]++;
        check_window(op.window);
        CHECK_EQ(s2.table_pages, model_table_pages());
        CHECK_EQ(pages_total() - pages_free(), s2.table_pages);
    }
    for (u32 window = 0; window < ARRAY_SIZE(window_start); window++)
        check_window(window);
    end_tree();
}

TEST(random_changes_agree_with_a_flat_model)
{
    u32 seen[STAGE2_BAD_RANGE + 1] = {0};

    random_state = 0x9e3779b9;
    printf("# seed 0x%x\n", random_state);
    for (u32 tree = 0; tree < 30; tree++)
        run_random(100, seen);
    for (u32 status = STAGE2_OK; status < STAGE2_BAD_RANGE; status++)
        CHECK(seen[status] >= 20);
}

/* What a hart may see of the 4 MiB at MIB4 while pages of it are made read-only one by one. */
static void *look_up_all_the_time(void *stop)
{
    uintptr_t wrong = 0;

    while (!__atomic_load_n((bool *)stop, __ATOMIC_ACQUIRE)) {
        for (gpa_t gpa = MIB4; gpa < 2 * MIB4; gpa += 37 * 4) {
            struct stage2_leaf leaf;

            if (!stage2_lookup(&s2, gpa, &leaf) || leaf.hpa != HPA_HIGH + (gpa - MIB4) ||
                (leaf.rights != STAGE2_RWX && leaf.rights != STAGE2_RX))
                wrong++;
        }
    }
    return (void *)wrong;
}

TEST(lookups_beside_a_split_see_the_old_or_the_new)
{
    pthread_t thread;
    void *wrong;
    bool stop = false;

    start_tree();
    CHECK_EQ(stage2_map(&s2, MIB4, HPA_HIGH, MIB4, STAGE2_RWX), STAGE2_OK);
    CHECK(!pthread_create(&thread, NULL, look_up_all_the_time, &stop));
    for (u32 round = 0; round < 300; round++) {
        pte_t superpage = pte_make(HPA_HIGH, LEAF_FLAGS | STAGE2_RWX);

        for (gpa_t gpa = MIB4; gpa < 2 * MIB4; gpa += 64 * PAGE_SIZE)
            stage2_remap(&s2, gpa, HPA_HIGH + (gpa - MIB4), PAGE_SIZE, STAGE2_RX);
        /* Whole again; the old table stays allocated, for the lookup that may be in it. */
        entry_store(&s2.entries[1], superpage);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, &wrong);
    CHECK_EQ((uintptr_t)wrong, 0);
    stage2_destroy(&s2);
}

UNIT_MAIN("stage2")
