/*
 * A virtio network card of the host (Virtual I/O Device specification, "Network Device"): one pair
 * of queues, frames of at most FRAME_MAX bytes, checksums left to the card where it does them.
 */
#ifndef DRV_VIRTIO_NIC_H
#define DRV_VIRTIO_NIC_H

#include "hyp/core/lock.h"
#include "hyp/core/sched.h"
#include "hyp/drv/nics.h"
#include "hyp/drv/virtio.h"

/*
 * A slot of a queue has a buffer of this size. The frame begins 2 bytes past a multiple of 4, as
 * guests have theirs, so that copies go by words and what is behind the Ethernet header is aligned;
 * the header of virtio ends where the frame begins.
 */
#define NIC_BUFFER_SIZE 2048u
#define NIC_FRAME_AT    14u

/* Private to virtio_nic*.c, but for what nics.c shows of it. Lives in a page of its own. */
struct virtio_nic {
    struct virtio_drv *drv;
    const char *name;
    u8 mac[MAC_SIZE];
    u32 header_size;
    bool split_header; /* the header has a descriptor of its own */
    u32 gone;          /* 1: for good; exchanged */
    bool link_down;    /* written on the boot hart, read by any */
    struct nic_counts counts;

    /* The task's: what comes in. */
    struct task task;
    struct virtio_ring in;
    u8 *in_buffers;
    bool link_told_down;
    void (*receive)(void *ctx, const struct frame *frame);
    void *ctx;

    struct spinlock lock; /* of what goes out, and of its counts */
    struct virtio_ring out;
    u8 *out_buffers;
};

/* Starts the card; its task is in `group`. `name` stays: "network card 0". NULL, and told why: it
 * cannot be driven. Boot hart. */
struct virtio_nic *virtio_nic_start(struct virtio_drv *drv, const char *name,
                                    struct sched_group *group);

/* As nics_listen and nics_send. */
void virtio_nic_listen(struct virtio_nic *nic,
                       void (*receive)(void *ctx, const struct frame *frame), void *ctx);
bool virtio_nic_send(struct virtio_nic *nic, const struct frame *frame);

/* What a person should know of it: ", no link", or "". */
const char *virtio_nic_state(const struct virtio_nic *nic);

#endif
