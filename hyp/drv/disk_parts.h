/*
 * What the files of VMs' disks share: disk.c, which opens them; disk_source.c, what their
 * description says; disk_partition.c, which finds a partition; disk_range.c and disk_image.c, which
 * carry out requests.
 */
#ifndef DRV_DISK_PARTS_H
#define DRV_DISK_PARTS_H

#include "hyp/drv/disk.h"
#include "hyp/drv/partition.h"

enum disk_source_kind { SOURCE_WHOLE, SOURCE_PARTITION, SOURCE_RANGE, SOURCE_IMAGE };

struct disk_source {
    enum disk_source_kind kind;
    bool read_only;
    u32 disk;           /* of the host                                */
    u32 partition;      /* its number; 0: it is named by...           */
    u64 first, sectors; /* of a range                                 */
    char label[PARTITION_LABEL_MAX + 1];
};

/* Takes a source apart. False: it is none, which is told. */
bool disk_source_parse(const char *place, const char *text, struct disk_source *source);

/* Where the partition is that `source` names, in sectors of the host's disk. False: told. */
bool disk_find_partition(const char *place, struct block_device *under,
                         const struct disk_source *source, u64 *first, u64 *sectors);

/* block_device.submit of the two kinds. */
void disk_range_submit(struct block_device *device, struct block_request *request);
void disk_image_submit(struct block_device *device, struct block_request *request);

/* Whether a disk lets a request be carried out; if not, it has been ended. */
bool disk_permits(const struct block_device *device, struct block_request *request);

#endif
