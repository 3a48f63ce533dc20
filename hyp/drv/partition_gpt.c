/* GUID partition tables: a header and a list of entries, both with a CRC, twice on the disk. */
#include "hyp/core/string.h"
#include "hyp/drv/partition_parts.h"

#define HEADER_MIN_SIZE 92u
#define ENTRY_SIZE      128u  /* at least, and of what we look at */
#define ENTRIES_MAX     1024u /* tables have 128                  */
#define ENTRY_SIZE_MAX  4096u

#define NAME_OFFSET 56
#define NAME_UNITS  36

#define REPLACEMENT 0xfffdu /* for half a surrogate pair */

/* What we need of a header that is right. */
struct gpt {
    u64 entries; /* sector */
    u32 count, size;
    u32 crc;
};

/* CRC-32 as of Ethernet, bit by bit: tables are short, and are read once. */
static u32 crc32(u32 crc, const u8 *bytes, u32 size)
{
    crc = ~crc;
    for (u32 i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (u32 bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* The header's CRC is of itself with zeros in its own place. */
static u32 header_crc(const u8 *header, u32 size)
{
    static const u8 zeros[4];
    u32 crc = crc32(0, header, 16);

    crc = crc32(crc, zeros, sizeof(zeros));
    return crc32(crc, header + 20, size - 20);
}

static bool is_header(const u8 *header, u64 at)
{
    u32 size = le32_at(header + 12);

    return !memcmp(header, "EFI PART", 8) && size >= HEADER_MIN_SIZE && size <= PARTITION_SECTOR &&
           le32_at(header + 16) == header_crc(header, size) && le64_at(header + 24) == at;
}

/* The entries are in sectors of the disk, and each begins in one with all that we look at. */
static bool is_table(const struct partition_disk *disk, const struct gpt *gpt)
{
    if (gpt->size < ENTRY_SIZE || gpt->size > ENTRY_SIZE_MAX || (gpt->size & (gpt->size - 1)))
        return false;
    if (!gpt->count || gpt->count > ENTRIES_MAX)
        return false;
    return partition_is_within(disk, gpt->entries,
                               ((u64)gpt->count * gpt->size + PARTITION_SECTOR - 1) /
                                   PARTITION_SECTOR);
}

/* Whether the list of entries is the one that the header was made for. */
static enum partition_table check_entries(const struct partition_disk *disk, const struct gpt *gpt)
{
    u32 left = gpt->count * gpt->size, crc = 0;

    for (u64 sector = gpt->entries; left; sector++) {
        u32 size = left < PARTITION_SECTOR ? left : PARTITION_SECTOR;
        const u8 *bytes = disk->sector(disk->ctx, sector);

        if (!bytes)
            return PARTITION_UNREADABLE;
        crc = crc32(crc, bytes, size);
        left -= size;
    }
    return crc == gpt->crc ? PARTITION_GPT : PARTITION_DAMAGED;
}

/* Reads the copy whose header is at `at`. */
static enum partition_table open_copy(const struct partition_disk *disk, u64 at, struct gpt *gpt)
{
    const u8 *header = disk->sector(disk->ctx, at);

    if (!header)
        return PARTITION_UNREADABLE;
    if (!is_header(header, at))
        return PARTITION_DAMAGED;
    *gpt = (struct gpt){
        .entries = le64_at(header + 72),
        .count = le32_at(header + 80),
        .size = le32_at(header + 84),
        .crc = le32_at(header + 88),
    };
    return is_table(disk, gpt) ? check_entries(disk, gpt) : PARTITION_DAMAGED;
}

static char *put_utf8(char *to, u32 point)
{
    if (point < 0x80) {
        *to++ = (char)point;
        return to;
    }
    if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *to++ = (char)(0xe0 | point >> 12);
        } else {
            *to++ = (char)(0xf0 | point >> 18);
            *to++ = (char)(0x80 | (point >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (point & 0x3f));
    return to;
}

static bool is_surrogate(u32 unit, u32 base)
{
    return (unit & 0xfc00) == base;
}

/* The name, in UTF-16 up to a NUL, as UTF-8: at most 3 bytes for each unit. */
static void read_label(const u8 *name, char *label)
{
    for (u32 i = 0; i < NAME_UNITS; i++) {
        u32 point = le16_at(name + 2 * i);
        u32 next = i + 1 < NAME_UNITS ? le16_at(name + 2 * i + 2) : 0;

        if (!point)
            break;
        if (is_surrogate(point, 0xd800) && is_surrogate(next, 0xdc00)) {
            point = 0x10000 + ((point & 0x3ff) << 10 | (next & 0x3ff));
            i++;
        } else if ((point & 0xf800) == 0xd800) {
            point = REPLACEMENT;
        }
        label = put_utf8(label, point);
    }
    *label = '\0';
}

/* Fills in what entry `index` says; false: it is not in use. */
static bool read_entry(const struct partition_disk *disk, const u8 *entry, u32 index,
                       struct partition *partition)
{
    static const u8 unused[16];
    u64 first = le64_at(entry + 32), last = le64_at(entry + 40);

    if (!memcmp(entry, unused, sizeof(unused)))
        return false;
    partition->number = index + 1;
    partition->first = first;
    partition->sectors = last - first + 1;
    partition->extended = false;
    partition->outside = last < first || !partition_is_within(disk, first, partition->sectors);
    read_label(entry + NAME_OFFSET, partition->label);
    return true;
}

static bool visit_entries(const struct partition_disk *disk, const struct gpt *gpt,
                          partition_visit *visit, void *ctx)
{
    struct partition partition;

    for (u32 i = 0; i < gpt->count; i++) {
        u32 offset = i * gpt->size;
        const u8 *sector = disk->sector(disk->ctx, gpt->entries + offset / PARTITION_SECTOR);

        if (!sector)
            return false;
        if (read_entry(disk, sector + offset % PARTITION_SECTOR, i, &partition) &&
            !visit(ctx, &partition))
            return true;
    }
    return true;
}

enum partition_table gpt_each(const struct partition_disk *disk, partition_visit *visit, void *ctx)
{
    struct gpt gpt;
    enum partition_table table = open_copy(disk, 1, &gpt);

    if (table != PARTITION_GPT && open_copy(disk, disk->sectors - 1, &gpt) == PARTITION_GPT)
        table = PARTITION_GPT_COPY;
    if (table != PARTITION_GPT && table != PARTITION_GPT_COPY)
        return table;
    return visit_entries(disk, &gpt, visit, ctx) ? table : PARTITION_UNREADABLE;
}
