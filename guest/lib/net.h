/*
 * A network card in use (Virtual I/O Device specification, "Network Device"): frames of Ethernet,
 * without CRC, one after the other, polled.
 */
#ifndef GUEST_NET_H
#define GUEST_NET_H

#include "guest/lib/virtio.h"

#define NET_F_CSUM       (1ull << 0)
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MAC        (1ull << 5)
#define NET_F_MRG_RXBUF  (1ull << 15)
#define NET_F_STATUS     (1ull << 16)

enum { NET_RECEIVE, NET_SEND }; /* queues */

#define MAC_SIZE        6
#define FRAME_HEADER    14u
#define FRAME_MAX       1518u
#define NET_BUFFERS     32
#define NET_BUFFER_SIZE 2048u
#define NET_TYPE        0x88b5u /* "Local Experimental Ethertype 1": frames between tests */

/* In front of every frame; the last member is there with mergeable buffers and modern devices. */
struct net_header {
    u8 flags, segmentation;
    u16 header_size, segment_size, checksum_start, checksum_offset;
    u16 buffers;
};

enum { NET_NEEDS_CSUM = 1, NET_DATA_VALID = 2 };

struct net {
    struct virtio card;
    struct virtq queues[2];
    u32 header_size;
    u8 mac[MAC_SIZE];
    u8 in[NET_BUFFERS][NET_BUFFER_SIZE], out[NET_BUFFERS][NET_BUFFER_SIZE];
    u8 in_of_id[VIRTQ_MAX]; /* which buffer the chain with this id has */
    u32 sending;            /* frames that the card has not given back */
    u32 next_out;

    /* The frame that came in last. */
    struct net_header header;
    u32 length; /* bytes */
    u8 frame[NET_BUFFER_SIZE];
};

/* Opens network card `nth`, with `features` where they are offered; it begins to receive. False:
 * there is none. */
bool net_open(struct net *net, u32 nth, u64 features);

/* Writes the 14 bytes that begin a frame from this card. */
void net_address(const struct net *net, u8 *frame, const u8 to[MAC_SIZE]);

/* Adds a frame to those that net_flush then sends; with all buffers in use, waits for one. `header`
 * NULL: nothing is left to the card. */
void net_add(struct net *net, const u8 *frame, u32 length, const struct net_header *header);
void net_flush(struct net *net);

/* Both. */
void net_send(struct net *net, const u8 *frame, u32 length);

/* Takes the next frame that came in to net->frame, waiting at most `ms` milliseconds for one.
 * False: none came. */
bool net_take(struct net *net, u32 ms);

/* The same, of which only the length is looked at. */
bool net_skip(struct net *net, u32 ms);

#endif
