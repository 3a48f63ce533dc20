/* What the files of the disk driver share: the disk, and the requests that its device has. */
#ifndef DRV_VIRTIO_DISK_PARTS_H
#define DRV_VIRTIO_DISK_PARTS_H

#include "hyp/core/lock.h"
#include "hyp/drv/virtio_disk.h"

/* A chain is a header, segments, and a status. */
#define DISK_CHAIN_MAX   64u
#define DISK_CHAIN_ENDS  2u
#define DISK_CHAIN_SHORT 4u /* descriptors of a slot: what is longer is indirect */

/* What the device reads and writes of a request besides its segments. */
struct disk_cell {
    struct virtio_blk_header header;
    struct virtio_blk_range range;
    u8 status;
    u8 unused[31];
};
_Static_assert(sizeof(struct disk_cell) * VIRTIO_RING_SLOTS == PAGE_SIZE, "cells fill a page");

/* A request that the device has: the whole of it, or a piece of one that is done in pieces. */
struct disk_slot {
    struct block_request *request;
    u64 sector;   /* where the next piece begins */
    u32 left;     /* sectors that follow it      */
    u32 writable; /* bytes that the device may write */
};

struct virtio_disk {
    struct block_device device;
    struct virtio_drv *drv;
    const char *name;
    u32 max_discard, max_zeroes; /* sectors of a piece */
    struct disk_cell *cells;
    struct virtio_descriptor (*tables)[DISK_CHAIN_MAX]; /* NULL: no indirect chains */
    struct timer watch;

    struct spinlock lock; /* of all that follows; nothing is called with it held but timer_arm */
    bool gone, error_told;
    bool watching;    /* the timer is armed                                                 */
    u32 silent_looks; /* of the timer, in a row: there were requests, and none was answered */
    struct virtio_ring ring;
    struct disk_slot slots[VIRTIO_RING_SLOTS];
    struct block_request *waiting, **tail; /* for a slot, in the order of their coming */
};

/* virtio_disk.c: what the device, the timer and whoever has a request call. */
void disk_submit(struct block_device *device, struct block_request *request);
void disk_interrupted(void *ctx, u32 causes);
void disk_watch(struct timer *timer);

/* Gives the device what waits for it. The lock is held. True: it is to be notified. */
bool disk_start_waiting(struct virtio_disk *disk);

/* virtio_disk_done.c; with no lock held: takes what the device has done, in bounded time; and gives
 * the disk up, for good: all its requests fail, and one sentence says `why`. */
void disk_take_done(struct virtio_disk *disk);
void disk_fail(struct virtio_disk *disk, const char *why);

/* virtio_disk_request.c; the lock is held. */

/* Makes a request the device's, as far as one chain goes, in a slot that is free. */
void disk_request_start(struct virtio_disk *disk, u32 slot, struct block_request *request);

/*
 * The device has given a slot back, having written `written` bytes. Returns its request with the
 * result, the slot being free; or NULL: the next piece of it is on its way. *nonsense is set when
 * the device wrote more than there is room for.
 */
struct block_request *disk_request_end(struct virtio_disk *disk, u32 slot, u32 written,
                                       bool *nonsense);

#endif
