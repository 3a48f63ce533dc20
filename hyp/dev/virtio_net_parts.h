/* What the files of the network card share: it, and the two directions of its frames. */
#ifndef DEV_VIRTIO_NET_PARTS_H
#define DEV_VIRTIO_NET_PARTS_H

#include "hyp/dev/virtio_net.h"

enum { QUEUE_RECEIVE, QUEUE_SEND, QUEUES };

/* Chains that one service takes in each direction, and what belongs to the last frame: small
 * buffers are as much work as large ones. */
#define CHAINS_A_SERVICE 64

/* Buffers that one frame is spread over at most: a driver gives each at least the size of a header
 * ("Setting Up Receive Buffers"). */
#define MERGED_MAX 128

struct virtio_net {
    struct virtio_device device; /* the first: who has this has the card */
    struct net_host net;
    struct virtio_net_config config;
    struct virtio_net_counts counts;
    struct virtio_chain first, rest;     /* the first of the buffers that are merged, and another */
    struct packet completed;             /* a received frame whose checksum was summed up here    */
    struct virtio_used used[MERGED_MAX]; /* the buffers that have one received frame          */
    bool asks_for_buffers;               /* the driver is to notify when it gives some        */
};

_Static_assert(sizeof(struct virtio_net) <= PAGE_SIZE << VIRTIO_NET_ORDER, "it needs more pages");

/* Bytes of the header that goes before each frame: the legacy interface has a shorter one. */
static inline u32 header_size(const struct virtio_device *device)
{
    return virtio_has(device, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MRG_RXBUF)
               ? sizeof(struct virtio_net_header)
               : VIRTIO_NET_HEADER_LEGACY;
}

/* Bounded pieces of work in each direction; true: there is more. */
bool net_send_frames(struct virtio_net *net);
bool net_receive_frames(struct virtio_net *net);

#endif
