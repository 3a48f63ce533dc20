/* Requests to a block device (Virtual I/O Device specification, "Block Device"). */
#ifndef GUEST_VIRTIO_BLK_H
#define GUEST_VIRTIO_BLK_H

#include "guest/lib/virtio.h"

#define SECTOR_SIZE    512u
#define BLK_ID_SIZE    20
#define BLK_MAX_PIECES 128 /* buffers with data of one request */

#define BLK_F_SEG_MAX      (1ull << 2)
#define BLK_F_RO           (1ull << 5)
#define BLK_F_BLK_SIZE     (1ull << 6)
#define BLK_F_FLUSH        (1ull << 9)
#define BLK_F_CONFIG_WCE   (1ull << 11)
#define BLK_F_MQ           (1ull << 12)
#define BLK_F_DISCARD      (1ull << 13)
#define BLK_F_WRITE_ZEROES (1ull << 14)

enum blk_type {
    BLK_IN = 0,
    BLK_OUT = 1,
    BLK_FLUSH = 4,
    BLK_GET_ID = 8,
    BLK_DISCARD = 11,
    BLK_WRITE_ZEROES = 13,
    BLK_UNKNOWN = 0x7fff, /* no type of any version */
};

enum blk_status {
    BLK_OK = 0,
    BLK_IOERR = 1,
    BLK_UNSUPP = 2,
    BLK_UNTOUCHED = 0xee, /* what the driver leaves there before */
    BLK_LOST = 0xef,      /* the request never came back         */
};

/* Offsets in the configuration space. */
enum {
    BLK_CAPACITY = 0,
    BLK_SEG_MAX = 12,
    BLK_BLK_SIZE = 20,
    BLK_WRITEBACK = 32,
    BLK_NUM_QUEUES = 34,
    BLK_MAX_DISCARD = 36,
    BLK_MAX_ZEROES = 48,
};

struct blk_header {
    u32 type, priority;
    u64 sector;
};

/* What discard and write zeroes have in the place of data. */
struct blk_range {
    u64 sector;
    u32 sectors, flags; /* flags: 1 unmap */
};

/* A request that is under way: its parts that are not the caller's data. */
struct blk_request {
    struct blk_header header;
    volatile u8 status;
};

/*
 * Adds a request; with BLK_IN and BLK_GET_ID the device writes the data, else it reads them.
 * Returns as virtq_add().
 */
s32 blk_add(struct virtq *queue, struct blk_request *request, enum blk_type type, u64 sector,
            const struct virtq_buffer *data, u32 pieces);

/* Makes a request of queue `index` and waits until it is done. */
enum blk_status blk_do(struct virtio *device, u32 index, struct virtq *queue, enum blk_type type,
                       u64 sector, const struct virtq_buffer *data, u32 pieces);

/* The same with data in one piece, of queue 0. */
enum blk_status blk_simple(struct virtio *device, struct virtq *queue, enum blk_type type,
                           u64 sector, const volatile void *data, u32 size);

#endif
