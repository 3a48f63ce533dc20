/* The way of a frame through the switch. */
#include "hyp/drv/switch.h"

#include "arch/csr.h"
#include "hyp/core/machine.h"
#include "hyp/core/string.h"
#include "hyp/drv/switch_parts.h"

struct spinlock switch_lock;
struct switch_port *switch_ports;

/* A frame whose header was read once: its sender may change what is in its memory meanwhile. */
struct passing {
    struct frame frame; /* the header that was looked at, and then the rest of `from` */
    const struct frame *from;
    u8 header[FRAME_HEADER];
};

static bool copy_passing(const struct frame *frame, u32 offset, void *to, u32 size)
{
    const struct passing *passing = frame->source;
    u32 head = 0;

    if (offset < FRAME_HEADER) {
        head = size < FRAME_HEADER - offset ? size : FRAME_HEADER - offset;
        memcpy(to, passing->header + offset, head);
    }
    return head == size ||
           passing->from->copy(passing->from, offset + head, (u8 *)to + head, size - head);
}

static bool look_at(struct passing *passing, const struct frame *frame)
{
    passing->frame = (struct frame){
        .length = frame->length,
        .checksum = frame->checksum,
        .copy = copy_passing,
        .source = passing,
    };
    passing->from = frame;
    return frame->copy(frame, 0, passing->header, FRAME_HEADER);
}

static const u8 *destination(const struct passing *passing)
{
    return passing->header;
}

static const u8 *source(const struct passing *passing)
{
    return passing->header + MAC_SIZE;
}

/* To all of a group, or to many of it. */
static bool is_group_address(const u8 mac[MAC_SIZE])
{
    return (mac[0] & 1) != 0;
}

/* It is no frame, or one whose checksum would be written into the header that is looked at here. */
static bool is_bad(const struct frame *frame)
{
    return frame->length < FRAME_MIN || frame->length > FRAME_MAX ||
           (frame->checksum.wanted && frame->checksum.start < FRAME_HEADER);
}

/* Counts a frame that has come in, learns from it, and tells whether it goes on. */
static bool admit(struct switch_port *port, const struct passing *passing, u64 now)
{
    u32 length = passing->frame.length;

    if (is_group_address(source(passing))) {
        port->counts.dropped_bad++;
        return false;
    }
    if (!token_bucket_take(&port->bucket, length, machine.timebase, now)) {
        port->counts.dropped_rate++;
        return false;
    }
    if (!address_learn(port, source(passing), now)) {
        port->counts.dropped_bad++;
        return false;
    }
    port->counts.in++;
    port->counts.bytes_in += length;
    return true;
}

/* Where a frame goes. */
struct way {
    struct packet_slot *slots;  /* in the queues of VMs' ports */
    struct switch_port *uplink; /* NULL: not to the host's card */
};

static void add_to_way(struct way *way, struct switch_port *port)
{
    struct packet_slot *slot;

    if (port->card) {
        way->uplink = port;
        return;
    }
    slot = queue_reserve(port);
    if (!slot)
        return;
    slot->next = way->slots;
    way->slots = slot;
}

static void find_way(struct way *way, const struct switch_port *from, const u8 to[MAC_SIZE],
                     u64 now)
{
    struct switch_port *port =
        is_group_address(to) ? NULL : address_find(to, from->group_number, now);

    if (port == from)
        return;
    if (port) {
        add_to_way(way, port);
        return;
    }
    for (port = switch_ports; port; port = port->next)
        if (port != from && port->group_number == from->group_number)
            add_to_way(way, port);
}

static void go(const struct way *way, const struct frame *frame)
{
    if (way->slots)
        queue_fill(way->slots, frame);
    if (way->uplink)
        uplink_send(way->uplink, frame);
}

void switch_send(struct switch_port *port, const struct frame *frame)
{
    bool bad = is_bad(frame);
    struct way way = {NULL, NULL};
    struct passing passing;
    u64 now = time_now();

    if (!bad && !look_at(&passing, frame))
        return;
    spin_lock(&switch_lock);
    if (bad)
        port->counts.dropped_bad++;
    else if (admit(port, &passing, now))
        find_way(&way, port, destination(&passing), now);
    spin_unlock(&switch_lock);
    go(&way, &passing.frame);
}
