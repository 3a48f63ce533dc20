/*
 * Fuzzes partition tables: whatever a disk has, the search for a partition ends, reads only sectors
 * that the disk has, and finds only what lies within it. The first byte says which partition is
 * looked for and whether the CRCs of a GPT are put right first, so that more than the CRCs is
 * tried; the rest are the first sectors of the disk, and its last ones.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_partition.c
 */
#include "hyp/drv/partition.c"
#include "hyp/drv/partition_gpt.c"
#include "hyp/drv/partition_mbr.c"
#include "tests/unit/fake_partitions.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define FRONT 64u /* sectors from the front; the rest of the input is the end of the disk */

enum { WITH_CRC = 0x80, BY_LABEL = 0x40 };

static void check(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static void fill_disk(const u8 *data, size_t size)
{
    size_t front = size < FRONT * 512 ? size : FRONT * 512, rest = size - front;

    fake_disk_begin();
    if (rest > sizeof(fake_disk.bytes) - front)
        rest = FAKE_SECTORS * 512 - front;
    memcpy(fake_disk.bytes, data, front);
    memcpy((u8 *)fake_disk.bytes + sizeof(fake_disk.bytes) - rest, data + front, rest);
}

/* Puts right the CRCs of the header at `at`, as far as it tells what they are of. */
static void put_crcs(u64 at)
{
    u8 *header = fake_disk.bytes[at];
    u64 table = le64_at(header + 72), room = (u64)FAKE_SECTORS * 512;
    u64 bytes = (u64)le32_at(header + 80) * le32_at(header + 84);
    u32 own = le32_at(header + 12);

    memcpy(header, "EFI PART", 8);
    put64(header + 24, at);
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

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct partition_disk disk;
    enum partition_table table;
    struct partition found;
    u32 last = 0;

    if (!size)
        return 0;
    fill_disk(data + 1, size - 1);
    if (*data & WITH_CRC) {
        put_crcs(1);
        put_crcs(FAKE_SECTORS - 1);
    }
    disk = fake_disk_of();
    partition_each(&disk, check_one, &last);
    check(fake_disk.reads <= 3 * 8192 + 3);
    if (partition_find(&disk, *data & BY_LABEL ? 0 : *data & 0x3f, "a", &found, &table) ==
        PARTITION_FOUND)
        check(found.sectors && !found.outside && !found.extended);
    return 0;
}
