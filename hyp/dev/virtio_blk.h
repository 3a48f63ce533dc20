/*
 * A virtio block device (Virtual I/O Device specification, "Block Device"): read, write, flush,
 * discard, write zeroes, get id, read-only disks, several queues.
 */
#ifndef DEV_VIRTIO_BLK_H
#define DEV_VIRTIO_BLK_H

#include "hyp/core/block.h"
#include "hyp/core/virtio_abi.h"
#include "hyp/dev/virtio.h"

#define VIRTIO_BLK_ID_SIZE 20

/* Sectors of one range of a discard or of write zeroes, at most: what drivers are told. */
#define VIRTIO_BLK_RANGE_MAX (1u << 21)

/* What a disk has done for its guest: written under the device's lock, read by any. */
struct virtio_blk_counts {
    u32 reads, writes, flushes, others, errors;
    u64 bytes_read, bytes_written;
};

/* Private to virtio_blk.c: see there. Large: takes VIRTIO_BLK_ORDER pages. */
struct virtio_blk;

/* Order of the pages (4 KiB << order, zeroed) that a device lives in. */
#define VIRTIO_BLK_ORDER 4

/*
 * Makes a device in its power-on state in `room`, 4 KiB << VIRTIO_BLK_ORDER bytes, directly mapped.
 * `disk` stays; `id` is what the guest reads as the disk's name; `queues` is how many queues it
 * has: as many as the guest has vCPUs is best, at most VIRTIO_QUEUES. Returns the device.
 */
struct virtio_device *virtio_blk_init(void *room, struct block_device *disk, const char *id,
                                      u32 queues, bool modern, const struct virtio_host *host,
                                      struct irq_line irq);

const struct virtio_blk_counts *virtio_blk_counts(const struct virtio_device *device);

#endif
