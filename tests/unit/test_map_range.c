/* Stage 2 as ranges: what is merged, what is kept apart, and scans of random trees. */
#include "tests/unit/fake_panic.h"
#include "tests/unit/fake_physmem.h"
#include "hyp/core/pages.c"
#include "hyp/vm/stage2.c"
#include "hyp/monitor/map_range.c"

#define RECORDS 0x40000000ull
#define TABLES  0x50000000ull
#define GPA     0x80000000ull
#define HPA     0x240000000ull /* bits 33 and 30 */
#define RW      (PTE_R | PTE_W)
#define RX      (PTE_R | PTE_X)
#define END     (1ull << SV32X4_GPA_BITS)
#define RANGES  64

static struct stage2 s2;
static struct map_range found[RANGES];
static u32 count, steps;

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
    CHECK(stage2_init(&s2));
}

static void map(gpa_t gpa, hpa_t hpa, u64 size, u32 rights)
{
    CHECK_EQ(stage2_map(&s2, gpa, hpa, size, rights), STAGE2_OK);
}

static void scan(gpa_t start, gpa_t end)
{
    struct map_scan scan = {.next = start, .end = end};

    count = 0;
    for (steps = 0; !map_scan_ended(&scan); steps++) {
        CHECK(count < RANGES);
        count += map_scan_step(&scan, &s2, &found[count]);
    }
}

static void check_range(u32 index, gpa_t gpa, hpa_t hpa, u64 size, u32 rights, u32 leaf)
{
    CHECK(index < count);
    CHECK_EQ(found[index].gpa, gpa);
    CHECK_EQ(found[index].hpa, hpa);
    CHECK_EQ(found[index].size, size);
    CHECK_EQ(found[index].rights, rights);
    CHECK_EQ(found[index].leaf, leaf);
}

TEST(an_empty_tree_has_no_ranges_and_takes_a_step_for_each_root_entry)
{
    start_tree();
    scan(0, END);
    CHECK_EQ(count, 0);
    CHECK_EQ(steps, SV32X4_ROOT_ENTRIES);
}

TEST(an_empty_part_ends_at_once)
{
    start_tree();
    map(GPA, HPA, MIB(4), STAGE2_RWX);
    scan(GPA, GPA);
    CHECK_EQ(count, 0);
    CHECK_EQ(steps, 0);
}

TEST(superpages_that_follow_one_another_are_one_range)
{
    start_tree();
    map(GPA, HPA, MIB(64), STAGE2_RWX);
    scan(0, END);
    CHECK_EQ(count, 1);
    check_range(0, GPA, HPA, MIB(64), STAGE2_RWX, SUPERPAGE_SIZE);
}

TEST(a_jump_of_the_hpa_ends_a_range)
{
    start_tree();
    map(GPA, HPA, MIB(4), STAGE2_RWX);
    map(GPA + MIB(4), HPA + MIB(8), MIB(4), STAGE2_RWX);
    scan(0, END);
    CHECK_EQ(count, 2);
    check_range(0, GPA, HPA, MIB(4), STAGE2_RWX, SUPERPAGE_SIZE);
    check_range(1, GPA + MIB(4), HPA + MIB(8), MIB(4), STAGE2_RWX, SUPERPAGE_SIZE);
}

TEST(a_hole_ends_a_range_though_the_hpa_goes_on)
{
    start_tree();
    map(GPA, HPA, 0x3000, RW);
    map(GPA + 0x4000, HPA + 0x4000, 0x1000, RW);
    scan(0, END);
    CHECK_EQ(count, 2);
    check_range(0, GPA, HPA, 0x3000, RW, PAGE_SIZE);
    check_range(1, GPA + 0x4000, HPA + 0x4000, 0x1000, RW, PAGE_SIZE);
}

TEST(other_rights_end_a_range)
{
    start_tree();
    map(GPA, HPA, 0x2000, RX);
    map(GPA + 0x2000, HPA + 0x2000, 0x1000, STAGE2_RWX);
    map(GPA + 0x3000, HPA + 0x3000, 0x1000, RX);
    scan(0, END);
    CHECK_EQ(count, 3);
    check_range(1, GPA + 0x2000, HPA + 0x2000, 0x1000, STAGE2_RWX, PAGE_SIZE);
    check_range(2, GPA + 0x3000, HPA + 0x3000, 0x1000, RX, PAGE_SIZE);
}

TEST(leaves_of_another_size_are_a_range_of_their_own)
{
    start_tree();
    map(GPA, HPA, MIB(4), STAGE2_RWX);
    s2.small_leaves = true;
    map(GPA + MIB(4), HPA + MIB(4), MIB(4), STAGE2_RWX);
    scan(0, END);
    CHECK_EQ(count, 2);
    check_range(0, GPA, HPA, MIB(4), STAGE2_RWX, SUPERPAGE_SIZE);
    check_range(1, GPA + MIB(4), HPA + MIB(4), MIB(4), STAGE2_RWX, PAGE_SIZE);
}

TEST(pages_go_on_from_one_table_to_the_next)
{
    start_tree();
    s2.small_leaves = true;
    map(GPA, HPA, MIB(12), STAGE2_RWX);
    scan(0, END);
    CHECK_EQ(count, 1);
    check_range(0, GPA, HPA, MIB(12), STAGE2_RWX, PAGE_SIZE);
}

TEST(a_part_may_begin_and_end_inside_a_superpage)
{
    start_tree();
    map(GPA, HPA, MIB(8), STAGE2_RWX);
    scan(GPA + 0x5000, GPA + MIB(4) + 0x3000);
    CHECK_EQ(count, 1);
    check_range(0, GPA + 0x5000, HPA + 0x5000, MIB(4) - 0x2000, STAGE2_RWX, SUPERPAGE_SIZE);
}

TEST(the_last_page_of_the_space_ends_the_scan)
{
    start_tree();
    map(END - PAGE_SIZE, HPA, PAGE_SIZE, RW);
    scan(0, END);
    CHECK_EQ(count, 1);
    check_range(0, END - PAGE_SIZE, HPA, PAGE_SIZE, RW, PAGE_SIZE);
}

/* A scan may stop between any two steps: the tree can change meanwhile. */
TEST(what_goes_away_during_a_scan_is_not_in_it)
{
    struct map_scan scan = {.next = GPA, .end = GPA + MIB(8)};
    struct map_range done;

    start_tree();
    map(GPA, HPA, MIB(8), STAGE2_RWX);
    CHECK(!map_scan_step(&scan, &s2, &done));
    CHECK_EQ(stage2_unmap(&s2, GPA + MIB(4), MIB(4)), STAGE2_OK);
    CHECK(map_scan_step(&scan, &s2, &done));
    CHECK_EQ(done.size, MIB(4));
    CHECK(map_scan_ended(&scan));
}

/* Ranges are what a look at every page says, and no two of them could be one. */
static void check_against_lookup(gpa_t start, u32 page_count)
{
    struct stage2_leaf leaf;
    u32 at = 0;

    for (u32 i = 0; i < page_count; i++) {
        gpa_t gpa = start + (u64)i * PAGE_SIZE;

        while (at < count && gpa >= found[at].gpa + found[at].size)
            at++;
        if (!stage2_lookup(&s2, gpa, &leaf)) {
            CHECK(at == count || gpa < found[at].gpa);
            continue;
        }
        CHECK(at < count && gpa >= found[at].gpa);
        CHECK_EQ(leaf.hpa, found[at].hpa + (gpa - found[at].gpa));
        CHECK_EQ(leaf.rights, found[at].rights);
        CHECK_EQ(leaf.size, found[at].leaf);
    }
    for (u32 i = 0; i + 1 < count; i++)
        CHECK(found[i].gpa + found[i].size != found[i + 1].gpa ||
              found[i].hpa + found[i].size != found[i + 1].hpa ||
              found[i].rights != found[i + 1].rights || found[i].leaf != found[i + 1].leaf);
}

TEST(ranges_of_random_trees_say_what_lookups_say)
{
    static const u32 rights[] = {RW, RX, STAGE2_RWX};

    srand(7);
    for (u32 round = 0; round < 30; round++) {
        start_tree();
        for (u32 i = 0; i < 12; i++) {
            gpa_t gpa = GPA + (u64)(rand() % 24) * 0x1000;
            hpa_t hpa = HPA + (u64)(rand() % 4 ? gpa - GPA : (u64)(rand() % 64) * 0x1000);

            stage2_map(&s2, gpa, hpa, (u64)(1 + rand() % 4) * 0x1000, rights[rand() % 3]);
        }
        scan(GPA, GPA + 32 * 0x1000);
        check_against_lookup(GPA, 32);
    }
}

UNIT_MAIN("map_range")
