/*
 * A virtio block device of the host (Virtual I/O Device specification, "Block Device") as a struct
 * block_device. The device reads and writes the segments of a request where they are.
 */
#ifndef DRV_VIRTIO_DISK_H
#define DRV_VIRTIO_DISK_H

#include "hyp/core/block.h"
#include "hyp/drv/virtio.h"

/* Private to virtio_disk.c. Lives in a block of pages of its own. */
struct virtio_disk;

/* Starts the disk; `name` stays, and is what it is called: "disk virtio0". NULL, and told why: it
 * cannot be driven. Boot hart. */
struct block_device *virtio_disk_start(struct virtio_drv *drv, const char *name);

#endif
