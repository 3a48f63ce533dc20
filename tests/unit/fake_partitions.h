/*
 * Disks with partition tables, for unit tests and the fuzzer of hyp/drv/partition*.c: tables are
 * written as other systems write them, by the layout in the UEFI specification. Includes those .c
 * files, one of which has the CRC.
 */
#ifndef UNIT_FAKE_PARTITIONS_H
#define UNIT_FAKE_PARTITIONS_H

#include <stdlib.h>
#include <string.h>

#include "hyp/drv/partition.c"
#include "hyp/drv/partition_gpt.c"
#include "hyp/drv/partition_mbr.c"

#ifndef FAKE_SECTORS
#define FAKE_SECTORS 2048u
#endif
#ifndef FAKE_ENTRIES
#define FAKE_ENTRIES 128u
#endif
#define FAKE_TABLE (FAKE_ENTRIES * 128 / 512) /* sectors of a GPT's entries */

static struct {
    u8 bytes[FAKE_SECTORS][512];
    u64 sectors; /* that the disk has, the rest is not there */
    u64 bad;     /* a sector that cannot be read             */
    u32 reads;
} fake_disk;

static inline const u8 *fake_disk_sector(void *ctx, u64 sector)
{
    static u8 copy[512];

    if (ctx != &fake_disk || sector >= fake_disk.sectors)
        abort();
    fake_disk.reads++;
    if (sector == fake_disk.bad)
        return NULL;
    memcpy(copy, fake_disk.bytes[sector], sizeof(copy));
    return copy;
}

static inline struct partition_disk fake_disk_of(void)
{
    return (struct partition_disk){
        .sector = fake_disk_sector, .ctx = &fake_disk, .sectors = fake_disk.sectors};
}

static inline void fake_disk_begin(void)
{
    memset(&fake_disk, 0, sizeof(fake_disk));
    fake_disk.sectors = FAKE_SECTORS;
    fake_disk.bad = ~0ull;
}

static inline void put32(u8 *at, u32 value)
{
    for (u32 i = 0; i < 4; i++)
        at[i] = (u8)(value >> (8 * i));
}

static inline void put64(u8 *at, u64 value)
{
    put32(at, u64_low(value));
    put32(at + 4, u64_high(value));
}

/* An entry of an MBR, or of a link of the chain of logical partitions. */
static inline void fake_mbr_entry(u64 sector, u32 index, u8 type, u32 first, u32 sectors)
{
    u8 *table = fake_disk.bytes[sector], *entry = table + 446 + 16 * index;

    table[510] = 0x55;
    table[511] = 0xaa;
    entry[4] = type;
    put32(entry + 8, first);
    put32(entry + 12, sectors);
}

/* An entry of the GPT; `name` is ASCII. Not in use until fake_gpt_seal. */
static inline void fake_gpt_entry(u32 index, u64 first, u64 last, const char *name)
{
    u8 *entry = fake_disk.bytes[2] + 128 * index;

    memset(entry, 0, 128);
    memset(entry, 0xd1, 32);
    put64(entry + 32, first);
    put64(entry + 40, last);
    for (u32 i = 0; i < 36 && name[i]; i++)
        entry[56 + 2 * i] = (u8)name[i];
}

/* A header at `at` for entries at `table`, with its CRCs. */
static inline void fake_gpt_header(u64 at, u64 other, u64 table, u32 count, u32 size)
{
    u8 *header = fake_disk.bytes[at];

    memset(header, 0, 512);
    memcpy(header, "EFI PART", 8);
    put32(header + 8, 0x10000);
    put32(header + 12, 92);
    put64(header + 24, at);
    put64(header + 32, other);
    put64(header + 40, 2 + FAKE_TABLE);
    put64(header + 48, fake_disk.sectors - 2 - FAKE_TABLE);
    put64(header + 72, table);
    put32(header + 80, count);
    put32(header + 84, size);
    put32(header + 88, crc32(0, fake_disk.bytes[table], count * size));
    put32(header + 16, crc32(0, header, 92));
}

/* Both copies of the GPT, of the entries that are there, and the MBR that protects it. */
static inline void fake_gpt_seal(void)
{
    u64 end = fake_disk.sectors - 1, copy = end - FAKE_TABLE;

    fake_mbr_entry(0, 0, 0xee, 1, (u32)end);
    memcpy(fake_disk.bytes[copy], fake_disk.bytes[2], FAKE_ENTRIES * 128);
    fake_gpt_header(1, end, 2, FAKE_ENTRIES, 128);
    fake_gpt_header(end, 1, copy, FAKE_ENTRIES, 128);
}

#endif
