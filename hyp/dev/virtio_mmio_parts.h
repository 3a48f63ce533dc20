/* The parts of the virtio-mmio transport: how a driver sets up queues, in the two versions. */
#ifndef DEV_VIRTIO_MMIO_PARTS_H
#define DEV_VIRTIO_MMIO_PARTS_H

#include "hyp/dev/virtio_mmio.h"

/* All queues as after a reset of the device. What a driver sets up once stays: Linux tells its page
 * size before it resets the device. */
void mmio_queues_forget(struct virtio_mmio *slot);

/* A store to QueueNum, or to a register of that version alone that sets up the selected queue;
 * stores to others do nothing. What ends a queue is not among them. */
void mmio_set_queue_size(struct virtio_mmio *slot, u32 value);
void mmio_set_up_legacy(struct virtio_mmio *slot, u32 offset, u32 value);
void mmio_set_up_modern(struct virtio_mmio *slot, u32 offset, u32 value);

/* The selected queue; NULL: there is none of that number. */
static inline struct virtio_mmio_queue *mmio_selected(struct virtio_mmio *slot)
{
    u32 number = slot->queue_select;

    return number < slot->device->queue_count ? &slot->queues[number] : NULL;
}

#endif
