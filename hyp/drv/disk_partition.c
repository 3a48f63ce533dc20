/* Finds the partition that a VM's description names, and says why if there is none. */
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/drv/disk_parts.h"
#include "hyp/drv/disks.h"

#define PAGE_SECTORS (PAGE_SIZE / SECTOR_SIZE)

/* Reads a page at a time, for tables are read from the front to the back. */
struct table_reader {
    struct block_device *disk;
    u8 *page;
    u64 first; /* sector */
    u32 count; /* of sectors that the page has */
};

static const u8 *read_sector(void *ctx, u64 sector)
{
    struct table_reader *reader = ctx;
    u64 left;

    if (sector >= reader->disk->sectors)
        return NULL;
    if (sector < reader->first || sector - reader->first >= reader->count) {
        reader->first = ALIGN_DOWN(sector, PAGE_SECTORS);
        left = reader->disk->sectors - reader->first;
        reader->count = left < PAGE_SECTORS ? (u32)left : PAGE_SECTORS;
        if (!disks_read(reader->disk, reader->first, reader->count, reader->page)) {
            reader->count = 0;
            return NULL;
        }
    }
    return reader->page + (u32)(sector - reader->first) * SECTOR_SIZE;
}

static bool no_table(const char *place, const struct disk_source *source, enum partition_table why)
{
    static const char *const reasons[] = {
        [PARTITION_NONE] = "has no partition table (GPT or MBR)",
        [PARTITION_DAMAGED] = "has a GPT of which both copies are damaged",
        [PARTITION_UNREADABLE] = "cannot be read",
    };

    return complain(place, "virtio%u %s", source->disk, reasons[why]);
}

static bool absent(const char *place, const struct disk_source *source, enum partition_table table)
{
    if (source->partition)
        return complain(place, "virtio%u has no partition %u", source->disk, source->partition);
    if (table == PARTITION_MBR)
        return complain(place,
                        "virtio%u has an MBR, whose partitions have no labels: name \"%s\" by its "
                        "number",
                        source->disk, source->label);
    return complain(place, "virtio%u has no partition with the label \"%s\"", source->disk,
                    source->label);
}

static bool useless(const char *place, const struct disk_source *source,
                    const struct partition *found)
{
    if (found->outside)
        return complain(place, "partition %u of virtio%u reaches past the end of the disk",
                        found->number, source->disk);
    return complain(place, "partition %u of virtio%u is an extended one: it only holds others",
                    found->number, source->disk);
}

static bool judge(const char *place, const struct disk_source *source, enum partition_result result,
                  enum partition_table table, const struct partition *found)
{
    switch (result) {
    case PARTITION_FOUND:
        if (table == PARTITION_GPT_COPY)
            printk("virtio%u: the first GPT is damaged, the copy at the end is used\n",
                   source->disk);
        return true;
    case PARTITION_ABSENT:
        return absent(place, source, table);
    case PARTITION_AMBIGUOUS:
        return complain(place,
                        "virtio%u has several partitions with the label \"%s\": name it by its "
                        "number",
                        source->disk, source->label);
    case PARTITION_USELESS:
        return useless(place, source, found);
    default:
        return no_table(place, source, table);
    }
}

bool disk_find_partition(const char *place, struct block_device *under,
                         const struct disk_source *source, u64 *first, u64 *sectors)
{
    struct table_reader reader = {.disk = under, .page = page_alloc_ptr(0)};
    struct partition_disk disk = {.sector = read_sector, .ctx = &reader, .sectors = under->sectors};
    enum partition_result result;
    enum partition_table table;
    struct partition found;

    if (!reader.page)
        return complain(place, "no memory to read the partition table of virtio%u", source->disk);
    result = partition_find(&disk, source->partition, source->label, &found, &table);
    page_free_ptr(reader.page, 0);
    if (!judge(place, source, result, table, &found))
        return false;
    *first = found.first;
    *sectors = found.sectors;
    return true;
}
