/*
 * What the files of the block device share: virtio_blk.c, the device and its queues;
 * virtio_blk_request.c, a request from its chain to its status; virtio_blk_type.c, what each type
 * of request means; virtio_blk_data.c, the guest's RAM as lists of segments that a disk takes.
 */
#ifndef DEV_VIRTIO_BLK_PARTS_H
#define DEV_VIRTIO_BLK_PARTS_H

#include "hyp/core/lock.h"
#include "hyp/dev/virtio_blk.h"

#define BLK_REQUESTS 16 /* under way at a time                               */
#define BLK_BUFFERS  96 /* of data, of an ordinary request: seg_max          */
#define BLK_SEGMENTS 96 /* of what is submitted at once                      */
#define BLK_RANGES   16 /* of a discard or of write zeroes                   */

/* The rest of a request's data, in guest RAM. */
struct blk_data {
    const struct virtio_buffer *buffers; /* the one that is next...              */
    u32 offset;                          /* ...from this byte of it on           */
    u32 left;                            /* bytes, over this and the next ones   */
};

/*
 * A request of the guest's. It is carried out step by step, each a request to the disk: its data in
 * as many parts as it takes, or its ranges; then a flush, if one is due.
 */
struct blk_request {
    struct block_request io; /* the step under way                                  */
    struct virtio_blk *blk;
    struct blk_request *next; /* of those that are free, or done                    */
    bool orphan;              /* its driver has reset the device                    */

    u16 id, slots; /* by which its chain is given back                             */
    u8 queue;
    u32 written;    /* bytes, for the used ring                                     */
    gpa_t status;   /* where its status goes                                        */
    u32 *counter;   /* of its kind                                                  */
    bool flush_due; /* after the last part or range                                 */

    u64 sector; /* of the next part                                                */
    struct blk_data data;
    bool bounced;           /* the part is one sector in `bounce`                  */
    u32 range, range_count; /* the one that is next, and how many there are        */
    union {
        struct segment segments[BLK_SEGMENTS];
        struct virtio_blk_range ranges[BLK_RANGES];
    };
    struct virtio_buffer buffers[BLK_BUFFERS];
    u8 bounce[SECTOR_SIZE];
};

struct virtio_blk {
    struct virtio_device device;
    struct block_device *disk;
    char id[VIRTIO_BLK_ID_SIZE]; /* filled up with NULs                           */
    struct virtio_blk_config config;
    struct virtio_blk_counts counts;
    struct blk_request *free;
    struct blk_request *chain_user; /* has its buffers in `chain`; NULL: none     */
    u32 turn;                       /* the queue that is looked at first          */
    u32 touched;                    /* queues that this service used; a bit each  */

    /* What `done` changes, on any hart. Order: the device's lock -> this one -> run queue. */
    struct spinlock lock;
    struct blk_request *done, **done_end; /* in the order in which they were done */
    u32 under_way;                        /* steps that the disk has              */
    bool serving;                         /* service will look at `done` again    */

    struct virtio_chain chain;
    struct blk_request requests[BLK_REQUESTS];
};

_Static_assert(sizeof(struct virtio_blk) <= PAGE_SIZE << VIRTIO_BLK_ORDER, "VIRTIO_BLK_ORDER");

/* All of it with the device's lock held. */

/* virtio_blk.c: a request to begin with, and back; and one whose step was filled in: to the disk.
 */
struct blk_request *blk_take_request(struct virtio_blk *blk);
void blk_free_request(struct blk_request *request);
void blk_submit(struct blk_request *request);

/* virtio_blk_request.c: begins the request that is in blk->chain, of `queue`; goes on with one of
 * which a step is done. When it is at its end, its chain is given back. Both return what it took,
 * in bytes of data, at least a small number. */
u32 blk_begin(struct virtio_blk *blk, u32 queue);
u32 blk_go_on(struct blk_request *request);

/* virtio_blk_type.c: notes what the steps of the request in blk->chain are, the header of which was
 * read. Returns its status (VIRTIO_BLK_S_...): anything but OK ends it; the device is broken when
 * the guest's RAM is none. */
u8 blk_prepare(struct blk_request *request, u32 type);

/*
 * virtio_blk_data.c. Notes where the data of a request is: `size` bytes from byte `skip` on of
 * `count` buffers of blk->chain, which have that many. They are copied if they fit, else the chain
 * is kept (blk->chain_user).
 */
void blk_data_set(struct blk_request *request, const struct virtio_buffer *buffers, u32 count,
                  u32 skip, u32 size);

/* Fills in the next part of a read or write (request->io.op), as much as is possible at once of
 * what is left, which is a multiple of a sector. False: it is not RAM. */
bool blk_data_part(struct blk_request *request);

/* After a part was read: brings it where it belongs if it was bounced. False: that is not RAM. */
bool blk_data_read(struct blk_request *request);

#endif
