/*
 * Which RAM the page allocator gets: all whole pages of the banks that nothing reserved touches,
 * whatever order and overlap the reserved ranges have, and where the allocator's records go.
 */
#include "tests/unit/fake_hart.h"
#include "tests/unit/fake_panic.h"
#include "tests/unit/fake_physmem.h"
#include "hyp/core/pages.c"
#include "hyp/core/machine_memory.c"

#define RAM      0x80000000ull
#define PAGE     ((u64)PAGE_SIZE)
#define HIGH_RAM 0x140000000ull

struct machine machine;

/* What the direct map was asked for. */
static struct {
    hpa_t lowest;
    u32 inits, maps;
    struct range mapped[MAX_RAM_BANKS];
} paging;

void paging_init_direct(hpa_t lowest)
{
    paging.lowest = lowest;
    paging.inits++;
}

void paging_map_direct(hpa_t start, hpa_t end)
{
    CHECK_EQ(paging.inits, 1);
    CHECK_EQ(pages.bank_count, 0); /* mapped before anything in it is used */
    paging.mapped[paging.maps++] = (struct range){start, end};
}

static void reset(void)
{
    memset(&machine, 0, sizeof(machine));
    memset(&paging, 0, sizeof(paging));
    memset(&pages, 0, sizeof(pages));
    for (u32 direct = 0; direct < 2; direct++)
        for (u32 order = 0; order <= PAGE_MAX_ORDER; order++)
            pages.free_list[direct][order] = FRAME_NONE;
    records_needed = 0;
    records = (struct range){0, 0};
    fake_ram_reset();
}

/* A bank as the device tree has it, and the memory behind it. */
static void ram(hpa_t start, u64 size, bool direct)
{
    machine.ram[machine.ram_count++] = (struct range){start, start + size};
    fake_ram_add(start, size, direct, direct ? FAKE_BACKED : FAKE_UNBACKED);
}

static void reserved(hpa_t start, hpa_t end)
{
    machine.reserved[machine.reserved_count++] = (struct range){start, end};
}

static bool is_ram_page(hpa_t page)
{
    for (u32 i = 0; i < machine.ram_count; i++)
        if (machine.ram[i].start <= page && page + PAGE <= machine.ram[i].end)
            return true;
    return false;
}

static bool is_reserved_page(hpa_t page)
{
    for (u32 i = 0; i < machine.reserved_count; i++)
        if (machine.reserved[i].start < page + PAGE && page < machine.reserved[i].end)
            return true;
    return false;
}

/* How many banks of the allocator have the page. */
static u32 owners(hpa_t page)
{
    u32 frame = (u32)(page >> PAGE_SHIFT), count = 0;

    for (u32 i = 0; i < pages.bank_count; i++)
        count +=
            frame >= pages.banks[i].first && frame - pages.banks[i].first < pages.banks[i].count;
    return count;
}

/* The records are RAM that nothing else uses, one after another, and end in the last range. */
static void check_records(void)
{
    struct range last = machine.reserved[machine.reserved_count - 1];
    u64 used = 0;

    CHECK(IS_ALIGNED(last.start, PAGE) && IS_ALIGNED(last.end, PAGE));
    machine.reserved_count--;
    for (hpa_t page = last.start; page < last.end; page += PAGE)
        CHECK(is_ram_page(page) && !is_reserved_page(page));
    machine.reserved_count++;
    for (u32 i = 0; i < pages.bank_count; i++) {
        u64 size = pages.banks[i].count * 8ull;
        hpa_t start = phys_of(pages.banks[i].records);

        CHECK_EQ(start, last.start + used);
        CHECK(phys_is_direct(start, size));
        used += size;
    }
    CHECK(used <= last.end - last.start);
}

/* Every page of [start, end) is the allocator's exactly when it is free RAM. */
static void check_pages(hpa_t start, hpa_t end)
{
    for (hpa_t page = start; page < end; page += PAGE)
        if (owners(page) != (is_ram_page(page) && !is_reserved_page(page)))
            UNIT_FAIL("page 0x%llx is in %u banks", page, owners(page));
}

/* The whole: memory is handed out, and nothing but RAM around [start, end) was. */
static void init_and_check(hpa_t start, hpa_t end)
{
    u32 count = machine.reserved_count;

    machine_init_memory();
    CHECK_EQ(machine.reserved_count, count + 1);
    check_records();
    check_pages(start, end);
    CHECK_EQ(pages_free(), pages_total());
}

TEST(one_bank_with_nothing_reserved)
{
    reset();
    ram(RAM, MIB(16), true);
    init_and_check(RAM - MIB(1), RAM + MIB(17));
    CHECK_EQ(pages_total(), 4096 - 8); /* 8 bytes a page for the records */
    CHECK_EQ(machine.reserved[0].start, RAM);
    CHECK_EQ(machine.reserved[0].end, RAM + 8 * PAGE);
    CHECK_EQ(paging.lowest, RAM);
    CHECK_EQ(paging.maps, 1);
}

TEST(reserved_ranges_in_no_order)
{
    reset();
    ram(RAM, MIB(16), true);
    reserved(RAM + MIB(9), RAM + MIB(10));
    reserved(RAM + MIB(2), RAM + MIB(3));
    reserved(RAM + MIB(12), RAM + MIB(12) + PAGE);
    reserved(RAM + MIB(5), RAM + MIB(6));
    init_and_check(RAM, RAM + MIB(16));
    CHECK_EQ(pages.bank_count, 5);
    CHECK_EQ(pages_total(), 4096 - 3 * 256 - 1 - 7); /* the records are for what is free */
}

TEST(reserved_ranges_that_overlap)
{
    reset();
    ram(RAM, MIB(16), true);
    reserved(RAM + MIB(6), RAM + MIB(8)); /* over the end of the next */
    reserved(RAM + MIB(4), RAM + MIB(7));
    reserved(RAM + MIB(3), RAM + MIB(5)); /* and over its beginning */
    reserved(RAM + MIB(10), RAM + MIB(14));
    reserved(RAM + MIB(11), RAM + MIB(12)); /* inside */
    reserved(RAM + MIB(10), RAM + MIB(14)); /* twice */
    reserved(RAM + MIB(10), RAM + MIB(11)); /* the same start */
    reserved(RAM + MIB(13), RAM + MIB(14)); /* the same end */
    init_and_check(RAM, RAM + MIB(16));
    CHECK_EQ(pages.bank_count, 3);
}

TEST(reserved_ranges_side_by_side)
{
    reset();
    ram(RAM, MIB(16), true);
    for (u32 i = 0; i < 8; i++)
        reserved(RAM + MIB(12) - (i + 1) * PAGE, RAM + MIB(12) - i * PAGE);
    init_and_check(RAM, RAM + MIB(16));
    CHECK_EQ(pages.bank_count, 2);
}

TEST(reserved_ranges_at_the_ends_and_outside)
{
    reset();
    ram(RAM, MIB(16), true);
    reserved(RAM - MIB(1), RAM + MIB(1));
    reserved(RAM + MIB(15), RAM + MIB(20));
    reserved(0, MIB(1));
    reserved(RAM + MIB(30), RAM + MIB(31));
    reserved(~0ull - MIB(1) + 1, ~0ull);
    init_and_check(RAM - MIB(2), RAM + MIB(21));
    CHECK_EQ(pages.bank_count, 1);
    CHECK_EQ(machine.reserved[5].start, RAM + MIB(1));
}

TEST(a_range_that_ends_where_ram_begins_takes_nothing)
{
    reset();
    ram(RAM, MIB(8), true);
    reserved(RAM - MIB(1), RAM);
    reserved(RAM + MIB(8), RAM + MIB(9));
    init_and_check(RAM, RAM + MIB(8));
    CHECK_EQ(pages_total(), 2048 - 4);
}

TEST(a_bank_that_is_all_reserved_gives_nothing)
{
    reset();
    ram(RAM, MIB(4), true);
    ram(RAM + MIB(16), MIB(8), true);
    reserved(RAM, RAM + MIB(2));
    reserved(RAM + MIB(2), RAM + MIB(4));
    init_and_check(RAM, RAM + MIB(24));
    CHECK_EQ(pages.bank_count, 1);
}

TEST(partial_pages_of_a_bank_are_left_out)
{
    reset();
    fake_ram_add(RAM, MIB(16), true, FAKE_BACKED);
    machine.ram[machine.ram_count++] = (struct range){RAM + 1, RAM + MIB(4) + 0x800};
    machine.ram[machine.ram_count++] = (struct range){RAM + MIB(4) + 0x800, RAM + MIB(8) - 1};
    machine.ram[machine.ram_count++] = (struct range){RAM + MIB(9) + 1, RAM + MIB(9) + PAGE};
    init_and_check(RAM, RAM + MIB(16));
    CHECK_EQ(owners(RAM), 0);
    CHECK_EQ(owners(RAM + MIB(4)), 0);
    CHECK_EQ(owners(RAM + MIB(8) - PAGE), 0);
    CHECK_EQ(owners(RAM + MIB(9)), 0);
}

TEST(banks_in_any_order)
{
    reset();
    ram(RAM + MIB(32), MIB(4), true);
    ram(RAM, MIB(4), true);
    ram(RAM + MIB(16), MIB(4), true);
    reserved(RAM + MIB(33), RAM + MIB(34));
    init_and_check(RAM, RAM + MIB(36));
    CHECK_EQ(paging.lowest, RAM);
    CHECK_EQ(paging.maps, 3);
    CHECK_EQ(pages.bank_count, 4);
}

TEST(as_many_banks_as_the_machine_takes)
{
    reset();
    for (u32 i = 0; i < MAX_RAM_BANKS; i++)
        ram(RAM + i * MIB(2), MIB(1), true);
    init_and_check(RAM, RAM + MAX_RAM_BANKS * MIB(2));
    CHECK_EQ(pages.bank_count, MAX_RAM_BANKS);
}

TEST(high_ram_is_given_out_and_its_records_are_in_low_ram)
{
    reset();
    ram(HIGH_RAM, MIB(64), false);
    ram(RAM, MIB(16), true);
    init_and_check(HIGH_RAM, HIGH_RAM + MIB(64));
    check_pages(RAM, RAM + MIB(16));
    CHECK_EQ(machine.reserved[0].start, RAM);
    CHECK_EQ(fake.high_bytes_touched, 0);
}

TEST(records_go_where_all_of_them_fit)
{
    reset();
    ram(RAM, MIB(64), true); /* about 128 KiB of records */
    reserved(RAM + KIB(4), RAM + MIB(1));
    reserved(RAM + MIB(1) + KIB(64), RAM + MIB(2));
    reserved(RAM + MIB(2) + KIB(120), RAM + MIB(3));
    init_and_check(RAM, RAM + MIB(64));
    CHECK_EQ(machine.reserved[3].start, RAM + MIB(3));
    /* What was too small for them is not lost. */
    CHECK_EQ(owners(RAM), 1);
    CHECK_EQ(owners(RAM + MIB(2)), 1);
}

TEST(records_that_fill_their_range_to_the_last_byte)
{
    reset();
    ram(RAM, MIB(9), true);
    reserved(RAM + 4 * PAGE, RAM + MIB(1)); /* 4 + 2044 pages are free: 4 pages of records */
    reserved(RAM + MIB(9) - 4 * PAGE, RAM + MIB(9));
    init_and_check(RAM, RAM + MIB(9));
    CHECK_EQ(machine.reserved[2].start, RAM);
    CHECK_EQ(machine.reserved[2].end, RAM + 4 * PAGE);
    CHECK_EQ(pages.bank_count, 1);
}

TEST(without_room_for_the_records_it_stops_in_words)
{
    reset();
    ram(RAM, MIB(1), true);
    ram(HIGH_RAM, GIB(2), false);
    CHECK_PANIC(machine_init_memory(), "no free range of RAM has the 4098 KiB");
}

TEST(high_ram_does_not_serve_for_records)
{
    reset();
    ram(HIGH_RAM, MIB(64), false);
    CHECK_PANIC(machine_init_memory(), "no free range of RAM");
}

TEST(ram_past_34_bits_is_left_alone)
{
    reset();
    ram(RAM, MIB(16), true);
    ram(GIB(16) - MIB(4), MIB(8), false);
    ram(GIB(32), MIB(8), false);
    machine_init_memory();
    check_records();
    CHECK_EQ(paging.mapped[1].end, GIB(16));
    CHECK_EQ(owners(GIB(16) - MIB(4)), 1);
    CHECK_EQ(owners(GIB(16) - 2 * PAGE), 1);
    CHECK_EQ(pages_total(), 4096 - 10 + 1023); /* the last page of 34 bits is never used */
}

TEST(ram_at_address_zero)
{
    reset();
    ram(0, MIB(16), true);
    reserved(MIB(4), MIB(5));
    init_and_check(0, MIB(16));
    CHECK_EQ(paging.lowest, 0);
    CHECK_EQ(machine.reserved[1].start, 0);
}

/* Every bank is one free range at least, and every hole in one makes it one more. */
TEST(as_many_free_ranges_as_the_machine_can_have)
{
    reset();
    for (u32 i = 0; i < MAX_RAM_BANKS; i++)
        ram(RAM + i * MIB(2), MIB(1), true);
    for (u32 i = 0; i < MAX_RESERVED; i++)
        reserved(RAM + (32 + 2 * i) * PAGE, RAM + (33 + 2 * i) * PAGE);
    init_and_check(RAM, RAM + MAX_RAM_BANKS * MIB(2));
    CHECK_EQ(pages.bank_count, MAX_RAM_BANKS + MAX_RESERVED);
}

static u32 next_random(u32 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

TEST(random_banks_and_random_reserved_ranges)
{
    u32 state = 0x2545f491;

    for (u32 round = 0; round < 150; round++) {
        reset();
        for (u32 i = 0; i < 1 + next_random(&state) % 3; i++)
            ram(RAM + i * MIB(8), MIB(2) + next_random(&state) % 1024 * PAGE, true);
        for (u32 i = 0; i < next_random(&state) % 12; i++) {
            hpa_t start = RAM - MIB(1) + next_random(&state) % (256 * 24) * PAGE;

            reserved(start, start + (1 + next_random(&state) % 400) * PAGE);
        }
        init_and_check(RAM - MIB(1), RAM + MIB(24));
    }
}

TEST(as_many_reserved_ranges_as_the_machine_takes)
{
    reset();
    ram(RAM, MIB(16), true);
    for (u32 i = 0; i < MAX_RESERVED; i++)
        reserved(RAM + MIB(8) + i * PAGE, RAM + MIB(8) + (i + 1) * PAGE);
    init_and_check(RAM, RAM + MIB(16));
    CHECK_EQ(pages.bank_count, 2);
}

UNIT_MAIN("machine_memory")
