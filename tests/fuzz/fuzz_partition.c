/*
 * Fuzzes partition tables: whatever a disk has, the search for a partition ends, reads only sectors
 * that the disk has, and finds only what lies within it. The first byte of the input says what the
 * disk has before it is changed, which partition is looked for, and whether the CRCs of a GPT are
 * put right in the end, so that more than the CRCs is tried. The rest are changes, of three bytes
 * each: where, and what is there then.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_partition.c
 */
#define FAKE_SECTORS 128u /* a change can be anywhere */
#define FAKE_ENTRIES 8u

#include "tests/unit/fake_partitions.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { WITH_CRC = 0x80, BY_LABEL = 0x40, WITH_MBR = 0x20 };

#define READS_MAX (3 * FAKE_SECTORS + 2 * 1024 + 130) /* two tables, their entries, a chain */

static void check(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static void make_gpt(void)
{
    fake_gpt_entry(0, 40, 49, "a");
    fake_gpt_entry(1, 50, 59, "b");
    fake_gpt_entry(4, 60, 60, "c");
    fake_gpt_seal();
}

static void make_mbr(void)
{
    fake_mbr_entry(0, 0, 0x83, 8, 8);
    fake_mbr_entry(0, 1, 0x05, 32, 64);
    for (u32 i = 0; i < 3; i++) {
        fake_mbr_entry(32 + 8 * i, 0, 0x83, 1, 7);
        fake_mbr_entry(32 + 8 * i, 1, 0x05, 8 * i + 8, 8);
    }
}

/* Puts right the CRCs of the header at `at`, as far as it tells what they are of. */
static void put_crcs(u64 at)
{
    u8 *header = fake_disk.bytes[at];
    u64 table = le64_at(header + 72), room = (u64)FAKE_SECTORS * 512;
    u64 bytes = (u64)le32_at(header + 80) * le32_at(header + 84);
    u32 own = le32_at(header + 12);

    if (table < FAKE_SECTORS && bytes <= room - table * 512)
        put32(header + 88, crc32(0, fake_disk.bytes[table], (u32)bytes));
    if (own >= 20 && own <= 512)
        put32(header + 16, header_crc(header, own));
}

static bool check_one(void *ctx, const struct partition *partition)
{
    u32 *last = ctx;

    check(partition->number > *last); /* in order, none twice */
    *last = partition->number;
    check(strlen(partition->label) <= PARTITION_LABEL_MAX);
    if (!partition->outside)
        check(partition->sectors && partition->first < FAKE_SECTORS &&
              partition->sectors <= FAKE_SECTORS - partition->first);
    return true;
}

static void look(u32 number)
{
    struct partition_disk disk = fake_disk_of();
    enum partition_table table;
    struct partition found;
    u32 last = 0;

    partition_each(&disk, check_one, &last);
    check(fake_disk.reads <= READS_MAX);
    if (partition_find(&disk, number, "a", &found, &table) == PARTITION_FOUND)
        check(found.sectors && !found.outside && !found.extended);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    if (!size)
        return 0;
    fake_disk_begin();
    if (*data & WITH_MBR)
        make_mbr();
    else
        make_gpt();
    for (size_t i = 1; i + 3 <= size; i += 3)
        fake_disk.bytes[data[i] / 2][(data[i] & 1) << 8 | data[i + 1]] = data[i + 2];
    if (*data & WITH_CRC) {
        put_crcs(1);
        put_crcs(FAKE_SECTORS - 1);
    }
    look(*data & BY_LABEL ? 0 : *data & 0x1f);
    return 0;
}
