/* Partition tables: GPT and MBR as other systems write them, damaged ones and hostile ones. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_partitions.h"

static struct partition found;
static enum partition_table table;

static enum partition_result find(u32 number, const char *label)
{
    struct partition_disk disk = fake_disk_of();

    memset(&found, 0xa5, sizeof(found));
    return partition_find(&disk, number, label, &found, &table);
}

static struct {
    struct partition all[512];
    u32 count, stop; /* after so many */
} seen;

static bool note(void *ctx, const struct partition *partition)
{
    CHECK(ctx == &seen);
    CHECK(seen.count < ARRAY_SIZE(seen.all));
    seen.all[seen.count++] = *partition;
    return seen.count != seen.stop;
}

static enum partition_table list(void)
{
    struct partition_disk disk = fake_disk_of();

    seen.count = 0;
    return partition_each(&disk, note, &seen);
}

/* Three partitions, one of them not the next entry. */
static void make_gpt(void)
{
    fake_disk_begin();
    fake_gpt_entry(0, 40, 99, "boot");
    fake_gpt_entry(1, 100, 100, "root");
    fake_gpt_entry(5, 200, 2000, "home");
    fake_gpt_seal();
}

static void make_mbr(void)
{
    fake_disk_begin();
    fake_mbr_entry(0, 0, 0x83, 64, 100);
    fake_mbr_entry(0, 2, 0x0c, 200, 1);
    fake_mbr_entry(0, 3, 0x05, 1000, 1000);
    /* Logical ones at 1010 and 1110; the link between them has none of its own. */
    fake_mbr_entry(1000, 0, 0x83, 10, 50);
    fake_mbr_entry(1000, 1, 0x05, 90, 10);
    fake_mbr_entry(1090, 1, 0x05, 100, 100);
    fake_mbr_entry(1100, 0, 0x82, 10, 90);
}

TEST(crc32_is_that_of_the_standard)
{
    CHECK_EQ(crc32(0, (const u8 *)"123456789", 9), 0xcbf43926);
    CHECK_EQ(crc32(crc32(0, (const u8 *)"1234", 4), (const u8 *)"56789", 5), 0xcbf43926);
}

TEST(gpt_by_number_and_by_label)
{
    make_gpt();
    CHECK_EQ(find(1, NULL), PARTITION_FOUND);
    CHECK_EQ(table, PARTITION_GPT);
    CHECK_EQ(found.number, 1);
    CHECK_EQ(found.first, 40);
    CHECK_EQ(found.sectors, 60);
    CHECK_STR(found.label, "boot");
    CHECK_EQ(find(2, NULL), PARTITION_FOUND);
    CHECK_EQ(found.sectors, 1);
    CHECK_EQ(find(0, "home"), PARTITION_FOUND);
    CHECK_EQ(found.number, 6);
    CHECK_EQ(found.first, 200);
    CHECK_EQ(found.sectors, 1801);
}

TEST(gpt_partitions_that_are_not_there)
{
    make_gpt();
    CHECK_EQ(find(3, NULL), PARTITION_ABSENT);
    CHECK_EQ(find(128, NULL), PARTITION_ABSENT);
    CHECK_EQ(find(129, NULL), PARTITION_ABSENT);
    CHECK_EQ(find(~0u, NULL), PARTITION_ABSENT);
    CHECK_EQ(find(0, "hom"), PARTITION_ABSENT);
    CHECK_EQ(find(0, "homes"), PARTITION_ABSENT);
}

TEST(a_label_that_two_have_is_ambiguous)
{
    make_gpt();
    fake_gpt_entry(9, 150, 160, "root");
    fake_gpt_seal();
    CHECK_EQ(find(0, "root"), PARTITION_AMBIGUOUS);
    CHECK_EQ(find(2, NULL), PARTITION_FOUND);
    CHECK_EQ(find(0, "boot"), PARTITION_FOUND);
}

TEST(all_are_visited_in_order_until_the_visitor_has_enough)
{
    make_gpt();
    CHECK_EQ(list(), PARTITION_GPT);
    CHECK_EQ(seen.count, 3);
    CHECK_EQ(seen.all[2].number, 6);
    seen.stop = 2;
    CHECK_EQ(list(), PARTITION_GPT);
    CHECK_EQ(seen.count, 2);
    make_mbr();
    seen.stop = 1;
    CHECK_EQ(list(), PARTITION_MBR);
    CHECK_EQ(seen.count, 1);
    seen.stop = 5;
    CHECK_EQ(list(), PARTITION_MBR);
    CHECK_EQ(seen.count, 5);
    seen.stop = 0;
}

/* Each byte that matters of the first copy. */
TEST(a_damaged_gpt_is_replaced_by_its_copy)
{
    static const u32 offsets[] = {0, 7, 12, 13, 15, 16, 19, 24, 31, 72, 80, 84, 88, 91};

    for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
        make_gpt();
        fake_disk.bytes[1][offsets[i]] ^= 0x40;
        CHECK_EQ(find(0, "home"), PARTITION_FOUND);
        CHECK_EQ(table, PARTITION_GPT_COPY);
        CHECK_EQ(found.first, 200);
    }
    make_gpt();
    fake_disk.bytes[2 + FAKE_TABLE - 1][511] ^= 1; /* an entry, the header being right */
    CHECK_EQ(find(0, "home"), PARTITION_FOUND);
    CHECK_EQ(table, PARTITION_GPT_COPY);
    make_gpt();
    fake_disk.bad = 1; /* not to be read at all */
    CHECK_EQ(find(0, "home"), PARTITION_FOUND);
    CHECK_EQ(table, PARTITION_GPT_COPY);
    make_gpt();
    fake_disk.bad = 7; /* nor its entries */
    CHECK_EQ(find(0, "home"), PARTITION_FOUND);
    CHECK_EQ(table, PARTITION_GPT_COPY);
}

TEST(a_damaged_copy_matters_only_when_it_is_needed)
{
    make_gpt();
    fake_disk.bytes[FAKE_SECTORS - 1][0] ^= 1;
    CHECK_EQ(find(0, "home"), PARTITION_FOUND);
    CHECK_EQ(table, PARTITION_GPT);
    fake_disk.bytes[1][0] ^= 1;
    CHECK_EQ(find(0, "home"), PARTITION_NO_TABLE);
    CHECK_EQ(table, PARTITION_DAMAGED);
    fake_disk.bad = 1;
    CHECK_EQ(find(0, "home"), PARTITION_NO_TABLE);
    CHECK_EQ(table, PARTITION_UNREADABLE);
}

/* The header's CRC is right, what it says is not. */
TEST(a_gpt_with_impossible_sizes_is_damaged)
{
    static const struct {
        u64 at;
        u32 count, size;
    } wrong[] = {
        {2, 0, 128},      {2, 128, 0},        {2, 128, 64},           {2, 128, 192},
        {2, 1025, 128},   {2, 4, 8192},       {FAKE_SECTORS, 1, 128}, {FAKE_SECTORS - 31, 128, 128},
        {2, 4, 1u << 31}, {2, 1u << 31, 128},
    };

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
        u8 *header = fake_disk.bytes[1];

        make_gpt();
        fake_disk.bytes[FAKE_SECTORS - 1][0] ^= 1;
        put64(header + 72, wrong[i].at);
        put32(header + 80, wrong[i].count);
        put32(header + 84, wrong[i].size);
        put32(header + 16, 0);
        put32(header + 16, crc32(0, header, 92));
        CHECK_EQ(find(1, NULL), PARTITION_NO_TABLE);
        CHECK_EQ(table, PARTITION_DAMAGED);
    }
}

TEST(a_header_as_long_as_a_sector_and_entries_of_512_bytes)
{
    u8 *header = fake_disk.bytes[1];

    make_gpt();
    memset(fake_disk.bytes[2], 0, 512 * 8);
    fake_gpt_entry(4 * 3, 77, 88, "wide"); /* that is entry 3 of 512 bytes */
    fake_gpt_header(1, 9, 2, 8, 512);
    put32(header + 12, 512);
    put32(header + 16, 0);
    put32(header + 16, crc32(0, header, 512));
    CHECK_EQ(find(0, "wide"), PARTITION_FOUND);
    CHECK_EQ(found.number, 4);
    CHECK_EQ(found.first, 77);
    put32(header + 12, 513);
    CHECK_EQ(find(0, "wide"), PARTITION_ABSENT); /* the copy's turn */
}

TEST(partitions_outside_the_disk_are_useless)
{
    static const u64 ranges[][2] = {
        {2000, 2048},
        {2048, 2048},
        {5000, 6000},
        {100, 99},
        {~0ull, ~0ull},
        {0, ~0ull},
        {1ull << 63, 1ull << 63},
    };

    for (u32 i = 0; i < ARRAY_SIZE(ranges); i++) {
        make_gpt();
        fake_gpt_entry(0, ranges[i][0], ranges[i][1], "bad");
        fake_gpt_seal();
        CHECK_EQ(find(1, NULL), PARTITION_USELESS);
        CHECK(found.outside);
        CHECK_EQ(find(2, NULL), PARTITION_FOUND);
    }
}

static void set_name(const u16 *units, u32 count)
{
    u8 *name = fake_disk.bytes[2] + 56;

    memset(name, 0, 72);
    for (u32 i = 0; i < count; i++) {
        name[2 * i] = (u8)units[i];
        name[2 * i + 1] = (u8)(units[i] >> 8);
    }
    fake_gpt_seal();
}

TEST(labels_are_utf16)
{
    make_gpt();
    set_name((u16[]){'n', 0xe4, 0x20ac, 0xd83d, 0xdcbe, 'x'}, 6);
    CHECK_EQ(find(0, "n\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xbex"), PARTITION_FOUND);
    set_name((u16[]){0xd83d, 'a', 0xdcbe, 0xdcbe, 0xd83d}, 5);
    CHECK_EQ(find(0, "\xef\xbf\xbd"
                     "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"),
             PARTITION_FOUND);
}

TEST(a_label_of_36_units_of_three_bytes_fits)
{
    u16 units[36];

    make_gpt();
    for (u32 i = 0; i < 36; i++)
        units[i] = 0xffff;
    set_name(units, 36);
    CHECK_EQ(find(1, NULL), PARTITION_FOUND);
    CHECK_EQ(strlen(found.label), PARTITION_LABEL_MAX);
    units[35] = 0xd83d; /* half a pair at the very end */
    set_name(units, 36);
    CHECK_EQ(find(1, NULL), PARTITION_FOUND);
    CHECK_EQ(strlen(found.label), PARTITION_LABEL_MAX);
}

TEST(mbr_primary_and_logical)
{
    make_mbr();
    CHECK_EQ(find(1, NULL), PARTITION_FOUND);
    CHECK_EQ(table, PARTITION_MBR);
    CHECK_EQ(found.first, 64);
    CHECK_EQ(found.sectors, 100);
    CHECK_STR(found.label, "");
    CHECK_EQ(find(2, NULL), PARTITION_ABSENT);
    CHECK_EQ(find(3, NULL), PARTITION_FOUND);
    CHECK_EQ(found.first, 200);
    CHECK_EQ(find(4, NULL), PARTITION_USELESS);
    CHECK(found.extended && !found.outside);
    CHECK_EQ(find(5, NULL), PARTITION_FOUND);
    CHECK_EQ(found.first, 1010);
    CHECK_EQ(found.sectors, 50);
    CHECK_EQ(find(6, NULL), PARTITION_FOUND);
    CHECK_EQ(found.first, 1110);
    CHECK_EQ(find(7, NULL), PARTITION_ABSENT);
    CHECK_EQ(find(0, "root"), PARTITION_ABSENT);
    CHECK_EQ(table, PARTITION_MBR);
}

TEST(the_active_partition_may_be_marked)
{
    make_mbr();
    fake_disk.bytes[0][446] = 0x80;
    CHECK_EQ(find(1, NULL), PARTITION_FOUND);
}

TEST(chains_that_go_round_end)
{
    make_mbr();
    fake_mbr_entry(1100, 1, 0x05, 0, 100); /* back to the first */
    CHECK_EQ(find(0, "none"), PARTITION_ABSENT);
    CHECK(fake_disk.reads < 300);
    CHECK_EQ(find(6, NULL), PARTITION_FOUND);
    make_mbr();
    fake_mbr_entry(1000, 1, 0x05, 0, 1); /* to itself */
    CHECK_EQ(list(), PARTITION_MBR);
    CHECK(seen.count < 200);
}

TEST(chains_that_lead_outside_end)
{
    make_mbr();
    fake_mbr_entry(1000, 1, 0x0f, 0xffffff00, 9);
    CHECK_EQ(find(5, NULL), PARTITION_FOUND);
    CHECK_EQ(find(6, NULL), PARTITION_ABSENT);
    make_mbr();
    fake_mbr_entry(0, 3, 0x85, 0xffffffff, 0xffffffff);
    CHECK_EQ(find(5, NULL), PARTITION_ABSENT);
    CHECK_EQ(find(4, NULL), PARTITION_USELESS);
    CHECK(found.outside);
    make_mbr();
    fake_mbr_entry(1000, 0, 0x83, 0xffffffff, 0xffffffff);
    CHECK_EQ(find(5, NULL), PARTITION_USELESS);
    CHECK(found.outside);
    make_mbr();
    fake_disk.bytes[1000][511] = 0; /* not a table */
    CHECK_EQ(find(5, NULL), PARTITION_ABSENT);
}

TEST(mbr_partitions_outside_the_disk_are_useless)
{
    make_mbr();
    fake_mbr_entry(0, 0, 0x83, FAKE_SECTORS - 10, 11);
    CHECK_EQ(find(1, NULL), PARTITION_USELESS);
    fake_mbr_entry(0, 0, 0x83, FAKE_SECTORS - 10, 10);
    CHECK_EQ(find(1, NULL), PARTITION_FOUND);
    fake_mbr_entry(0, 0, 0x83, 0xffffffff, 0xffffffff);
    CHECK_EQ(find(1, NULL), PARTITION_USELESS);
}

TEST(disks_without_a_table)
{
    fake_disk_begin();
    CHECK_EQ(find(1, NULL), PARTITION_NO_TABLE);
    CHECK_EQ(table, PARTITION_NONE);
    fake_mbr_entry(0, 0, 0, 0, 0); /* only the signature */
    CHECK_EQ(find(1, NULL), PARTITION_NO_TABLE);
    CHECK_EQ(table, PARTITION_NONE);
    make_mbr();
    fake_disk.bytes[0][446 + 16] = 'F'; /* the boot sector of a file system */
    CHECK_EQ(find(1, NULL), PARTITION_NO_TABLE);
    CHECK_EQ(table, PARTITION_NONE);
    make_mbr();
    fake_disk.sectors = 1;
    CHECK_EQ(find(1, NULL), PARTITION_NO_TABLE);
    CHECK_EQ(table, PARTITION_NONE);
    fake_disk.sectors = 0;
    CHECK_EQ(find(1, NULL), PARTITION_NO_TABLE);
}

TEST(a_protected_disk_without_a_gpt_is_damaged)
{
    fake_disk_begin();
    fake_mbr_entry(0, 0, 0xee, 1, 100);
    CHECK_EQ(find(1, NULL), PARTITION_NO_TABLE);
    CHECK_EQ(table, PARTITION_DAMAGED);
    make_gpt();
    fake_mbr_entry(0, 1, 0x83, 64, 100); /* a hybrid: the GPT counts */
    CHECK_EQ(find(2, NULL), PARTITION_FOUND);
    CHECK_EQ(table, PARTITION_GPT);
    fake_disk.sectors = 2;
    CHECK_EQ(find(1, NULL), PARTITION_NO_TABLE);
    CHECK_EQ(table, PARTITION_DAMAGED);
}

TEST(sectors_that_cannot_be_read)
{
    static const u64 of_mbr[] = {0, 1000, 1090};

    for (u32 i = 0; i < ARRAY_SIZE(of_mbr); i++) {
        make_mbr();
        fake_disk.bad = of_mbr[i];
        CHECK_EQ(find(6, NULL), PARTITION_NO_TABLE);
        CHECK_EQ(table, PARTITION_UNREADABLE);
    }
    make_mbr();
    fake_disk.bad = 1000;
    CHECK_EQ(find(1, NULL), PARTITION_FOUND); /* it is not needed for that */
}

UNIT_MAIN("partition")
