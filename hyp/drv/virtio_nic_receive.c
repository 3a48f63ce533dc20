/* What comes in: a task takes the frames, hands them on where they are, and gives the buffers back.
 */
#include "hyp/core/checksum.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/virtio_nic_parts.h"

#define FRAMES_AT_ONCE 32 /* before others have their turn */

static bool copy(const struct frame *frame, u32 offset, void *to, u32 size)
{
    memcpy(to, (const u8 *)frame->source + offset, size);
    return true;
}

/* What the card says of the checksum ("Processing of Incoming Packets"); false: it cannot be. */
static bool read_checksum(const struct virtio_nic *nic, const struct virtio_net_header *header,
                          struct frame *frame)
{
    if (!virtio_drv_has(nic->drv, VIRTIO_NET_F_GUEST_CSUM))
        return true;
    frame->checksum = (struct frame_checksum){
        .wanted = (header->flags & VIRTIO_NET_HDR_NEEDS_CSUM) != 0,
        .checked = (header->flags & VIRTIO_NET_HDR_DATA_VALID) != 0,
        .start = header->checksum_start,
        .offset = header->checksum_offset,
    };
    return !frame->checksum.wanted ||
           checksum_fits(frame->length, frame->checksum.start, frame->checksum.offset);
}

static void hand_on(struct virtio_nic *nic, u8 *buffer, u32 length)
{
    struct frame frame = {.length = length, .copy = copy, .source = buffer + NIC_FRAME_AT};
    const struct virtio_net_header *header = nic_header(nic, buffer);
    void (*receive)(void *ctx, const struct frame *frame);

    if (length < FRAME_MIN || header->gso_type || !read_checksum(nic, header, &frame)) {
        nic->counts.bad++;
        return;
    }
    nic->counts.received++;
    receive = __atomic_load_n(&nic->receive, __ATOMIC_ACQUIRE);
    if (receive)
        receive(nic->ctx, &frame);
}

/* One frame. False: there is none. */
static bool take(struct virtio_nic *nic)
{
    u32 slot, written;
    u8 *buffer;
    enum virtio_ring_result result = virtio_ring_used(&nic->in, &slot, &written);

    if (result == VIRTIO_RING_EMPTY)
        return false;
    if (result == VIRTIO_RING_NONSENSE) {
        nic_fail(nic, "it gives back what it was not given");
        return false;
    }
    if (written < nic->header_size || written > nic->header_size + FRAME_MAX) {
        nic_fail(nic, "it tells of a frame that does not fit");
        return false;
    }
    buffer = nic_buffer(nic->in_buffers, slot);
    hand_on(nic, buffer, written - nic->header_size);
    nic_offer(nic, &nic->in, slot, buffer, FRAME_MAX, VIRTIO_DESC_WRITE);
    return true;
}

static void tell_link(struct virtio_nic *nic)
{
    bool down = __atomic_load_n(&nic->link_down, __ATOMIC_RELAXED);

    if (down == nic->link_told_down)
        return;
    nic->link_told_down = down;
    complain(nic->name, down ? "it has lost its link" : "it has its link again");
}

void nic_offer_all(struct virtio_nic *nic)
{
    u32 slot;

    while ((slot = virtio_ring_take(&nic->in)) != VIRTIO_RING_NO_SLOT)
        nic_offer(nic, &nic->in, slot, nic_buffer(nic->in_buffers, slot), FRAME_MAX,
                  VIRTIO_DESC_WRITE);
    virtio_ring_publish(&nic->in);
}

void virtio_nic_listen(struct virtio_nic *nic,
                       void (*receive)(void *ctx, const struct frame *frame), void *ctx)
{
    nic->ctx = ctx;
    __atomic_store_n(&nic->receive, receive, __ATOMIC_RELEASE);
}

/* While there are frames it comes back by itself, without interrupts. */
enum task_result nic_run(struct task *task)
{
    struct virtio_nic *nic = container_of(task, struct virtio_nic, task);
    u32 frames = 0;

    if (nic_is_gone(nic))
        return TASK_BLOCK;
    tell_link(nic);
    virtio_ring_ignore(&nic->in);
    while (frames < FRAMES_AT_ONCE && take(nic))
        frames++;
    if (nic_is_gone(nic))
        return TASK_BLOCK;
    if (virtio_ring_publish(&nic->in))
        virtio_drv_notify(nic->drv, NIC_QUEUE_IN);
    if (frames == FRAMES_AT_ONCE || virtio_ring_await(&nic->in))
        return TASK_YIELD;
    return TASK_BLOCK;
}
