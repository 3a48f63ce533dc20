/* What the files of partition tables share: partition.c, partition_gpt.c and partition_mbr.c. */
#ifndef DRV_PARTITION_PARTS_H
#define DRV_PARTITION_PARTS_H

#include "arch/u64.h"
#include "hyp/drv/partition.h"

#define PARTITION_SECTOR 512u

/* Little-endian numbers anywhere in a sector. */
static inline u32 le16_at(const u8 *bytes)
{
    return (u32)bytes[0] | (u32)bytes[1] << 8;
}

static inline u32 le32_at(const u8 *bytes)
{
    return le16_at(bytes) | le16_at(bytes + 2) << 16;
}

static inline u64 le64_at(const u8 *bytes)
{
    return u64_join(le32_at(bytes), le32_at(bytes + 4));
}

/* Is [first, first + sectors) within the disk, and not empty? */
static inline bool partition_is_within(const struct partition_disk *disk, u64 first, u64 sectors)
{
    return sectors && first < disk->sectors && sectors <= disk->sectors - first;
}

/* partition_mbr.c: what sector 0 says. */
enum mbr_kind { MBR_NONE, MBR_PARTITIONS, MBR_PROTECTS_GPT };
enum mbr_kind mbr_kind(const u8 *sector);

/* Visits the partitions of an MBR. False: a sector cannot be read. */
bool mbr_each(const struct partition_disk *disk, partition_visit *visit, void *ctx);

/* partition_gpt.c: the same of a GPT, and which copy it was: GPT, GPT_COPY, DAMAGED, UNREADABLE. */
enum partition_table gpt_each(const struct partition_disk *disk, partition_visit *visit, void *ctx);

#endif
