/* Frames that the guest sends. */
#include "hyp/dev/virtio_net_parts.h"

/* A frame that the guest sends: its bytes are behind the header in the chain that was popped. */
static bool copy_sent(const struct frame *frame, u32 offset, void *to, u32 size)
{
    struct virtio_device *device = frame->source;

    return virtio_copy_in(device, header_size(device) + offset, to, size);
}

/* Reads what the header says of the frame. False: that is nothing that was negotiated. */
static bool read_header(struct virtio_device *device, struct frame *frame)
{
    struct virtio_net_header header;
    struct frame_checksum *checksum = &frame->checksum;

    if (!virtio_copy_in(device, 0, &header, VIRTIO_NET_HEADER_LEGACY) || header.gso_type)
        return false;
    *checksum = (struct frame_checksum){.wanted = false};
    if (!(header.flags & VIRTIO_NET_HDR_NEEDS_CSUM))
        return true;
    checksum->wanted = true;
    checksum->start = header.checksum_start;
    checksum->offset = header.checksum_offset;
    return virtio_has(device, VIRTIO_NET_F_CSUM) &&
           (u32)checksum->start + checksum->offset + 2 <= frame->length;
}

/* Sends the frame of the chain that was popped. */
static void send_frame(struct virtio_net *net)
{
    struct virtio_device *device = &net->device;
    u32 length = device->chain->readable_size - header_size(device);
    struct frame frame = {.length = length, .copy = copy_sent, .source = device};

    /* A chain that is too short has a length past FRAME_MAX. */
    if (length < FRAME_MIN || length > FRAME_MAX || !read_header(device, &frame)) {
        net->counts.refused++;
        return;
    }
    net->counts.sent++;
    net->net.send(net->net.ctx, &frame);
}

/* With EVENT_IDX the driver notifies again when all was taken, and not before. */
bool net_send_frames(struct virtio_net *net)
{
    struct virtio_device *device = &net->device;

    for (u32 i = 0; i < FRAMES_A_SERVICE; i++) {
        if (!virtio_pop(device, QUEUE_SEND))
            return virtio_finish(device, QUEUE_SEND);
        send_frame(net);
        virtio_push(device, QUEUE_SEND, device->chain->id, device->chain->slots, 0);
    }
    virtio_interrupt(device, QUEUE_SEND);
    return true;
}
