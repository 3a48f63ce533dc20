/* A network card as a whole: its interrupt, its end, and what goes out. */
#include "hyp/core/checksum.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/virtio_nic_parts.h"

void nic_offer(const struct virtio_nic *nic, struct virtio_ring *ring, u32 slot, u8 *buffer,
               u32 length, u32 flags)
{
    struct virtio_descriptor *chain = virtio_ring_chain(ring, slot);
    hpa_t header = phys_of(nic_header(nic, buffer));

    if (nic->split_header) {
        virtio_describe(&chain[0], header, nic->header_size, flags | VIRTIO_DESC_NEXT,
                        slot * NIC_CHAIN + 1);
        virtio_describe(&chain[1], header + nic->header_size, length, flags, 0);
    } else {
        virtio_describe(&chain[0], header, nic->header_size + length, flags, 0);
    }
    virtio_ring_offer(ring, slot);
}

void nic_fail(struct virtio_nic *nic, const char *why)
{
    if (__atomic_exchange_n(&nic->gone, 1, __ATOMIC_RELAXED))
        return;
    complain(nic->name, "%s%s: from now on, nothing goes out and nothing comes in", why,
             virtio_drv_stop(nic->drv) ? "" : ", and does not stop");
}

static void look_at_link(struct virtio_nic *nic)
{
    bool down = virtio_drv_has(nic->drv, VIRTIO_NET_F_STATUS) &&
                !(virtio_drv_config16(nic->drv, offsetof(struct virtio_net_config, status)) &
                  VIRTIO_NET_S_LINK_UP);

    __atomic_store_n(&nic->link_down, down, __ATOMIC_RELAXED);
}

void nic_interrupted(void *ctx, u32 causes)
{
    struct virtio_nic *nic = ctx;

    if (causes & VIRTIO_INTERRUPT_CONFIG) {
        const char *trouble = virtio_drv_trouble(nic->drv);

        if (trouble)
            nic_fail(nic, trouble);
        else
            look_at_link(nic);
    }
    sched_wake(&nic->task);
}

const char *virtio_nic_state(const struct virtio_nic *nic)
{
    if (nic_is_gone(nic))
        return ", given up";
    return __atomic_load_n(&nic->link_down, __ATOMIC_RELAXED) ? ", no link" : "";
}

/* Takes back what has gone out, a ring of it at most. The lock is held. False: nonsense. */
static bool reclaim(struct virtio_nic *nic)
{
    u32 slot, written;

    for (u32 i = 0; i < nic->out.slots; i++)
        switch (virtio_ring_used(&nic->out, &slot, &written)) {
        case VIRTIO_RING_USED:
            virtio_ring_free(&nic->out, slot);
            break;
        case VIRTIO_RING_EMPTY:
            return true;
        case VIRTIO_RING_NONSENSE:
            return false;
        }
    return true;
}

/* A slot for a frame. Nobody waits for room, so no interrupt tells of it: it is looked for here. */
static u32 reserve(struct virtio_nic *nic)
{
    u32 slot = VIRTIO_RING_NO_SLOT;
    bool fine = true;

    spin_lock(&nic->lock);
    if (!nic_is_gone(nic)) {
        fine = reclaim(nic);
        virtio_ring_ignore(&nic->out);
        if (fine && !__atomic_load_n(&nic->link_down, __ATOMIC_RELAXED))
            slot = virtio_ring_take(&nic->out);
    }
    if (slot == VIRTIO_RING_NO_SLOT)
        nic->counts.no_room++;
    spin_unlock(&nic->lock);
    if (!fine)
        nic_fail(nic, "it gives back what it was not given");
    return slot;
}

/* Copies the frame out, and sees to its checksum. */
static bool fill(struct virtio_nic *nic, u8 *buffer, const struct frame *frame)
{
    const struct frame_checksum *checksum = &frame->checksum;
    struct virtio_net_header *header = nic_header(nic, buffer);
    u8 *bytes = buffer + NIC_FRAME_AT;

    memset(header, 0, nic->header_size);
    if (!frame->copy(frame, 0, bytes, frame->length))
        return false;
    if (!checksum->wanted)
        return true;
    if (!virtio_drv_has(nic->drv, VIRTIO_NET_F_CSUM))
        return checksum_fill(bytes, frame->length, checksum->start, checksum->offset);
    header->flags = VIRTIO_NET_HDR_NEEDS_CSUM;
    header->checksum_start = checksum->start;
    header->checksum_offset = checksum->offset;
    return checksum_fits(frame->length, checksum->start, checksum->offset);
}

bool virtio_nic_send(struct virtio_nic *nic, const struct frame *frame)
{
    bool notify = false, filled;
    u8 *buffer;
    u32 slot;

    if (frame->length < FRAME_MIN || frame->length > FRAME_MAX)
        return false;
    slot = reserve(nic);
    if (slot == VIRTIO_RING_NO_SLOT)
        return false;
    buffer = nic_buffer(nic->out_buffers, slot);
    filled = fill(nic, buffer, frame); /* without the lock: it may have to wait for the memory */
    spin_lock(&nic->lock);
    if (filled) {
        nic_offer(nic, &nic->out, slot, buffer, frame->length, 0);
        notify = virtio_ring_publish(&nic->out);
        nic->counts.sent++;
    } else {
        virtio_ring_free(&nic->out, slot);
    }
    spin_unlock(&nic->lock);
    if (notify)
        virtio_drv_notify(nic->drv, NIC_QUEUE_OUT);
    return filled;
}
