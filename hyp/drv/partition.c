#include "hyp/drv/partition.h"

#include "hyp/core/string.h"
#include "hyp/drv/partition_parts.h"

enum partition_table partition_each(const struct partition_disk *disk, partition_visit *visit,
                                    void *ctx)
{
    const u8 *sector;

    if (disk->sectors < 2)
        return PARTITION_NONE;
    sector = disk->sector(disk->ctx, 0);
    if (!sector)
        return PARTITION_UNREADABLE;
    switch (mbr_kind(sector)) {
    case MBR_PROTECTS_GPT:
        return gpt_each(disk, visit, ctx);
    case MBR_PARTITIONS:
        return mbr_each(disk, visit, ctx) ? PARTITION_MBR : PARTITION_UNREADABLE;
    default:
        return PARTITION_NONE;
    }
}

struct search {
    u32 number;
    const char *label;
    struct partition *found;
    u32 count; /* of those that fit */
};

/* A number is there once, a label perhaps again. */
static bool look_at(void *ctx, const struct partition *partition)
{
    struct search *search = ctx;
    bool fits = search->number ? partition->number == search->number
                               : !strcmp(partition->label, search->label);

    if (fits && !search->count++)
        *search->found = *partition;
    return search->number ? !fits : search->count < 2;
}

enum partition_result partition_find(const struct partition_disk *disk, u32 number,
                                     const char *label, struct partition *found,
                                     enum partition_table *table)
{
    struct search search = {.number = number, .label = label, .found = found};

    *table = partition_each(disk, look_at, &search);
    if (*table != PARTITION_GPT && *table != PARTITION_GPT_COPY && *table != PARTITION_MBR)
        return PARTITION_NO_TABLE;
    if (!search.count)
        return PARTITION_ABSENT;
    if (search.count > 1)
        return PARTITION_AMBIGUOUS;
    return found->outside || found->extended ? PARTITION_USELESS : PARTITION_FOUND;
}
