/* Frames that come in for the guest. */
#include "hyp/core/checksum.h"
#include "hyp/core/string.h"
#include "hyp/dev/virtio_net_parts.h"

/* What becomes of a frame that has come in. */
enum fate {
    FRAME_PLACED,
    FRAME_WAITS,     /* the driver has given too few buffers yet            */
    FRAME_TOO_LARGE, /* it has given some that will not do, however many */
};

/* The header for a frame that is in `count` buffers. */
static struct virtio_net_header header_for(const struct virtio_device *device,
                                           const struct packet *packet, u32 count)
{
    struct virtio_net_header header = {.buffers = (u16)count};
    const struct frame_checksum *checksum = &packet->checksum;

    if (!virtio_has(device, VIRTIO_NET_F_GUEST_CSUM))
        return header;
    if (checksum->wanted) {
        header.flags = VIRTIO_NET_HDR_NEEDS_CSUM;
        header.checksum_start = checksum->start;
        header.checksum_offset = checksum->offset;
    } else if (checksum->checked) {
        header.flags = VIRTIO_NET_HDR_DATA_VALID;
    }
    return header;
}

/* The frame as the driver can take it: without GUEST_CSUM, its checksum is summed up. */
static const struct packet *as_wanted(struct virtio_net *net, const struct packet *packet)
{
    const struct frame_checksum *checksum = &packet->checksum;

    if (!checksum->wanted || virtio_has(&net->device, VIRTIO_NET_F_GUEST_CSUM))
        return packet;
    memcpy(&net->completed, packet, sizeof(*packet));
    checksum_fill(net->completed.bytes, packet->length, checksum->start, checksum->offset);
    return &net->completed;
}

/* Fills the buffer that was popped with what begins at byte `done` of header and frame, but leaves
 * out the header. Returns how many bytes it takes. */
static u32 fill_buffer(struct virtio_net *net, const struct packet *packet, u32 done)
{
    struct virtio_device *device = &net->device;
    u32 header = header_size(device), left = header + packet->length - done;
    u32 size = device->chain->writable_size < left ? device->chain->writable_size : left;

    if (done)
        virtio_copy_out(device, 0, packet->bytes + (done - header), size);
    else if (size > header)
        virtio_copy_out(device, header, packet->bytes, size - header);
    return size;
}

/*
 * Pops as many buffers as the frame takes and fills them; *count is how many were popped. The
 * header is in the first, and is written last, when it is known how many they are.
 */
static enum fate place(struct virtio_net *net, const struct packet *packet, u32 *count)
{
    struct virtio_device *device = &net->device;
    u32 max = virtio_has(device, VIRTIO_NET_F_MRG_RXBUF) ? MERGED_MAX : 1;
    u32 size = header_size(device) + packet->length, done = 0;
    struct virtio_net_header header;

    for (*count = 0; done < size; ++*count) {
        if (*count == max || (*count && done < header_size(device)))
            return FRAME_TOO_LARGE;
        device->chain = *count ? &net->rest : &net->first;
        if (!virtio_pop(device, QUEUE_RECEIVE))
            return FRAME_WAITS;
        net->used[*count] = (struct virtio_used){
            .id = device->chain->id,
            .slots = device->chain->slots,
            .written = fill_buffer(net, packet, done),
        };
        done += net->used[*count].written;
    }
    header = header_for(device, packet, *count);
    device->chain = &net->first;
    virtio_copy_out(device, 0, &header, header_size(device));
    return FRAME_PLACED;
}

/* Puts buffers that were popped back, the last first. */
static void put_back(struct virtio_net *net, u32 count)
{
    struct virtio_device *device = &net->device;

    device->chain = &net->rest;
    while (count--) {
        device->chain->id = net->used[count].id;
        device->chain->slots = net->used[count].slots;
        virtio_unpop(device, QUEUE_RECEIVE);
    }
}

/* The driver is asked to notify while no buffer is left: what is put back is there already. */
static bool wait_for_buffers(struct virtio_net *net, u32 count)
{
    bool more = virtio_finish(&net->device, QUEUE_RECEIVE);

    net->asks_for_buffers = true;
    put_back(net, count);
    return more;
}

/* Nothing has come in: buffers that the driver adds meanwhile are not worth a notification. */
static void stop_asking_for_buffers(struct virtio_net *net)
{
    struct virtio_device *device = &net->device;

    virtio_interrupt(device, QUEUE_RECEIVE);
    if (net->asks_for_buffers &&
        virtqueue_notify(&device->queues[QUEUE_RECEIVE], &device->host, false) == VIRTQUEUE_BROKEN)
        virtio_break(device);
    net->asks_for_buffers = false;
}

bool net_receive_frames(struct virtio_net *net)
{
    const struct packet *packet;
    u32 count;

    for (u32 popped = 0; popped < CHAINS_A_SERVICE; popped += count) {
        packet = net->net.receive(net->net.ctx);
        if (!packet) {
            stop_asking_for_buffers(net);
            return false;
        }
        switch (place(net, as_wanted(net, packet), &count)) {
        case FRAME_WAITS:
            return wait_for_buffers(net, count);
        case FRAME_TOO_LARGE:
            put_back(net, count);
            net->counts.no_room++;
            break;
        case FRAME_PLACED:
            virtio_push_all(&net->device, QUEUE_RECEIVE, net->used, count);
            net->counts.received++;
            break;
        }
        net->net.received(net->net.ctx);
    }
    virtio_interrupt(&net->device, QUEUE_RECEIVE);
    return true;
}
