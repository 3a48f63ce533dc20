/*
 * A virtio network card (Virtual I/O Device specification, "Network Device"): one pair of queues,
 * mergeable receive buffers, checksums passed through, a control queue that it does without.
 */
#ifndef DEV_VIRTIO_NET_H
#define DEV_VIRTIO_NET_H

#include "hyp/core/frame.h"
#include "hyp/dev/virtio.h"

/* What it is connected to. All are called with the device's lock held. */
struct net_host {
    /* Sends a frame of FRAME_MIN to FRAME_MAX bytes; whether it arrives is not told. */
    void (*send)(void *ctx, const struct frame *frame);
    /* The frame that has come in first; it stays until `received`. NULL: none. When one comes and
     * there was none, the host calls virtio_host.wake. */
    const struct packet *(*receive)(void *ctx);
    void (*received)(void *ctx);
    void *ctx;
};

struct virtio_net_counts {
    u32 sent, received; /* frames                                               */
    u32 refused;        /* from the guest: no Ethernet frame, or too long        */
    u32 no_room;        /* for the guest: it has given no buffer that is as large */
};

struct virtio_net;

#define VIRTIO_NET_ORDER 2 /* 4 KiB << order is what a device takes */

/* As virtio_blk_init. */
struct virtio_device *virtio_net_init(void *room, const u8 mac[MAC_SIZE],
                                      const struct net_host *net, bool modern,
                                      const struct virtio_host *host, struct irq_line irq);

const struct virtio_net_counts *virtio_net_counts(const struct virtio_device *device);

#endif
