/*
 * How a driver sets up a queue. Modern: size and three addresses, then QueueReady. Legacy
 * ("Legacy Interfaces: A Note on Virtqueue Layout"): one run of pages from QueuePFN on,
 *
 *     descriptor table | available ring | padding to QueueAlign | used ring
 *
 * in which everything else follows from size and alignment, told in any order.
 */
#include "arch/u64.h"
#include "hyp/dev/virtio_mmio_parts.h"

void mmio_queues_forget(struct virtio_mmio *slot)
{
    for (u32 i = 0; i < VIRTIO_QUEUES; i++) {
        struct virtio_mmio_queue *queue = &slot->queues[i];

        *queue = (struct virtio_mmio_queue){.size = VIRTQUEUE_MAX, .align = queue->align};
    }
}

/* Starts the selected queue, with what is negotiated. A size that no queue has breaks the device.
 */
static void start_queue(struct virtio_mmio *slot, gpa_t descriptors, gpa_t driver, gpa_t device)
{
    struct virtio_device *owner = slot->device;
    u32 size = slot->queues[slot->queue_select].size;
    const struct virtqueue_setup setup = {
        .size = size <= VIRTQUEUE_MAX ? (u16)size : 0,
        .packed = virtio_has(owner, VIRTIO_F_RING_PACKED),
        .event_idx = virtio_has(owner, VIRTIO_F_EVENT_IDX),
        .indirect = virtio_has(owner, VIRTIO_F_INDIRECT_DESC),
        .descriptors = descriptors,
        .driver = driver,
        .device = device,
    };

    if (!virtqueue_start(&owner->queues[slot->queue_select], &setup))
        virtio_break(owner);
}

/* The available ring ends with the used event, whether there is one or not. */
static void start_legacy(struct virtio_mmio *slot, const struct virtio_mmio_queue *queue)
{
    gpa_t base = (u64)queue->page * slot->guest_page_size;
    gpa_t available = base + 16ull * queue->size;
    gpa_t used = ALIGN_UP(available + 6 + 2ull * queue->size, (u64)queue->align);

    if (queue->page)
        start_queue(slot, base, available, used);
}

void mmio_set_queue_size(struct virtio_mmio *slot, u32 value)
{
    struct virtio_mmio_queue *queue = mmio_selected(slot);

    if (!queue)
        return;
    queue->size = value;
    start_legacy(slot, queue); /* of a modern queue no page is ever set */
}

void mmio_set_up_legacy(struct virtio_mmio *slot, u32 offset, u32 value)
{
    struct virtio_mmio_queue *queue = mmio_selected(slot);

    if (!queue)
        return;
    if (offset == VIRTIO_MMIO_QUEUE_PFN)
        queue->page = value;
    else if (offset == VIRTIO_MMIO_QUEUE_ALIGN && value && !(value & (value - 1)))
        queue->align = value;
    else
        return;
    start_legacy(slot, queue);
}

static u64 *area_at(struct virtio_mmio_queue *queue, u32 offset)
{
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
        return &queue->descriptors;
    case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
    case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
        return &queue->driver;
    case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
    case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
        return &queue->device;
    default:
        return NULL;
    }
}

void mmio_set_up_modern(struct virtio_mmio *slot, u32 offset, u32 value)
{
    struct virtio_mmio_queue *queue = mmio_selected(slot);
    u64 *area;

    if (!queue)
        return;
    if (offset == VIRTIO_MMIO_QUEUE_READY) {
        if (!slot->device->queues[slot->queue_select].ready)
            start_queue(slot, queue->descriptors, queue->driver, queue->device);
        return;
    }
    area = area_at(queue, offset);
    if (!area)
        return;
    if (offset & 4)
        *area = u64_join(u64_low(*area), value);
    else
        *area = u64_join(value, u64_high(*area));
}
