/* Frames that the guest sends. */
#include "hyp/core/checksum.h"
#include "hyp/core/string.h"
#include "hyp/dev/virtio_net_parts.h"

/* A frame that the guest sends, in the chain that was popped. How it begins is read once: with what
 * goes before it, and what whoever passes it on looks at first. */
struct sent {
    struct frame frame;
    struct virtio_device *device;
    u8 header[FRAME_HEADER];
};

static bool copy_sent(const struct frame *frame, u32 offset, void *to, u32 size)
{
    const struct sent *sent = frame->source;

    if (offset + size > FRAME_HEADER)
        return virtio_copy_in(sent->device, header_size(sent->device) + offset, to, size);
    memcpy(to, sent->header + offset, size);
    return true;
}

/* Takes over what the driver says of the checksum. False: that is nothing that was negotiated. */
static bool take_checksum(const struct virtio_device *device,
                          const struct virtio_net_header *header, struct frame *frame)
{
    if (!(header->flags & VIRTIO_NET_HDR_NEEDS_CSUM))
        return true;
    frame->checksum = (struct frame_checksum){
        .wanted = true,
        .start = header->checksum_start,
        .offset = header->checksum_offset,
    };
    return virtio_has(device, VIRTIO_NET_F_CSUM) &&
           checksum_fits(frame->length, header->checksum_start, header->checksum_offset);
}

/* Reads how the frame begins, and what goes before it. False: it is none that can be sent. */
static bool look_at(struct virtio_device *device, struct sent *sent)
{
    u32 size = header_size(device), length = device->chain->readable_size - size;
    struct {
        struct virtio_net_header header;
        u8 frame[FRAME_HEADER];
    } start;

    /* A chain that is too short has a length past FRAME_MAX. */
    if (length < FRAME_MIN || length > FRAME_MAX ||
        !virtio_copy_in(device, 0, &start, size + FRAME_HEADER))
        return false;
    sent->device = device;
    sent->frame = (struct frame){.length = length, .copy = copy_sent, .source = sent};
    memcpy(sent->header, (const u8 *)&start + size, FRAME_HEADER);
    return !start.header.gso_type && take_checksum(device, &start.header, &sent->frame);
}

static void send_frame(struct virtio_net *net)
{
    struct sent sent;

    if (!look_at(&net->device, &sent)) {
        net->counts.refused++;
        return;
    }
    net->counts.sent++;
    net->net.send(net->net.ctx, &sent.frame);
}

/* With EVENT_IDX the driver notifies again when all was taken, and not before. */
bool net_send_frames(struct virtio_net *net)
{
    struct virtio_device *device = &net->device;

    for (u32 i = 0; i < CHAINS_A_SERVICE; i++) {
        if (!virtio_pop(device, QUEUE_SEND))
            return virtio_finish(device, QUEUE_SEND);
        send_frame(net);
        virtio_push(device, QUEUE_SEND, device->chain->id, device->chain->slots, 0);
    }
    virtio_interrupt(device, QUEUE_SEND);
    return true;
}
