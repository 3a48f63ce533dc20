#include "hyp/core/string.h"
#include "hyp/dev/virtio.h"

static u64 transport_features(bool modern)
{
    u64 both = VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC;

    return both | (modern ? VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED : VIRTIO_F_ANY_LAYOUT);
}

void virtio_init(struct virtio_device *device, const struct virtio_ops *ops, u64 features,
                 u32 queue_count, bool modern, struct virtio_chain *chain,
                 const struct virtio_host *host, struct irq_line irq)
{
    *device = (struct virtio_device){
        .ops = ops,
        .host = *host,
        .irq = irq,
        .modern = modern,
        .offered = features | transport_features(modern),
        .queue_count = queue_count,
        .chain = chain,
    };
    irq_line_set(&device->irq, false);
}

void virtio_reset(struct virtio_device *device)
{
    device->features = 0;
    device->status = 0;
    device->early = false;
    device->interrupts = 0;
    irq_line_set(&device->irq, false);
    for (u32 i = 0; i < device->queue_count; i++)
        virtqueue_stop(&device->queues[i]);
    if (device->ops->reset)
        device->ops->reset(device);
}

void virtio_take_features(struct virtio_device *device, u64 features)
{
    device->features = features & device->offered;
    for (u32 i = 0; i < device->queue_count; i++)
        virtqueue_change(&device->queues[i], virtio_has(device, VIRTIO_F_EVENT_IDX),
                         virtio_has(device, VIRTIO_F_INDIRECT_DESC));
}

void virtio_acknowledge(struct virtio_device *device, u32 interrupts)
{
    device->interrupts &= ~interrupts;
    if (!device->interrupts)
        irq_line_set(&device->irq, false);
}

/* The line is high while a bit is set. */
static void raise_interrupt(struct virtio_device *device, u32 bit)
{
    if (!device->interrupts)
        irq_line_set(&device->irq, true);
    device->interrupts |= bit;
}

bool virtio_works(const struct virtio_device *device)
{
    if (device->status & VIRTIO_NEEDS_RESET)
        return false;
    return (device->status & VIRTIO_DRIVER_OK) || device->early;
}

bool virtio_is_idle(const struct virtio_device *device)
{
    return !device->ops->is_idle || device->ops->is_idle(device);
}

bool virtio_service(struct virtio_device *device)
{
    return virtio_works(device) && device->ops->service(device) && virtio_works(device);
}

/* "Device Status Field": the driver is told by an interrupt if it has said DRIVER_OK. */
void virtio_break(struct virtio_device *device)
{
    if (device->status & VIRTIO_NEEDS_RESET)
        return;
    device->status |= VIRTIO_NEEDS_RESET;
    if (device->status & VIRTIO_DRIVER_OK)
        raise_interrupt(device, VIRTIO_INTERRUPT_CONFIG);
}

bool virtio_pop(struct virtio_device *device, u32 queue)
{
    enum virtqueue_result result;

    if (!virtio_works(device))
        return false;
    result = virtqueue_pop(&device->queues[queue], &device->host, device->chain);
    if (unlikely(result == VIRTQUEUE_BROKEN))
        virtio_break(device);
    return result == VIRTQUEUE_CHAIN;
}

void virtio_unpop(struct virtio_device *device, u32 queue)
{
    virtqueue_unpop(&device->queues[queue], device->chain);
}

void virtio_push(struct virtio_device *device, u32 queue, u16 id, u16 slots, u32 written)
{
    if (virtio_works(device) &&
        !virtqueue_push(&device->queues[queue], &device->host, id, slots, written))
        virtio_break(device);
}

void virtio_push_all(struct virtio_device *device, u32 queue, const struct virtio_used *used,
                     u32 count)
{
    for (u32 i = 0; i < count; i++)
        virtio_push(device, queue, used[i].id, used[i].slots, used[i].written);
}

void virtio_interrupt(struct virtio_device *device, u32 queue)
{
    struct virtqueue *virtqueue = &device->queues[queue];

    if (!virtio_works(device))
        return;
    if (!virtqueue_publish(virtqueue, &device->host))
        virtio_break(device);
    else if (virtqueue_interrupts(virtqueue, &device->host))
        raise_interrupt(device, VIRTIO_INTERRUPT_USED);
}

bool virtio_finish(struct virtio_device *device, u32 queue)
{
    enum virtqueue_result result;

    virtio_interrupt(device, queue);
    if (!virtio_works(device))
        return false;
    result = virtqueue_notify(&device->queues[queue], &device->host, true);
    if (unlikely(result == VIRTQUEUE_BROKEN))
        virtio_break(device);
    return result == VIRTQUEUE_CHAIN;
}

/* Is [offset, offset + size) within `whole` bytes? */
static bool is_within(u32 offset, u32 size, u32 whole)
{
    return offset <= whole && size <= whole - offset;
}

bool virtio_copy_in(struct virtio_device *device, u32 offset, void *to, u32 size)
{
    const struct virtio_chain *chain = device->chain;
    bool copied = is_within(offset, size, chain->readable_size) &&
                  virtio_chain_read(chain, &device->host, offset, to, size);

    if (unlikely(!copied))
        virtio_break(device);
    return copied;
}

bool virtio_copy_out(struct virtio_device *device, u32 offset, const void *from, u32 size)
{
    const struct virtio_chain *chain = device->chain;
    bool copied = is_within(offset, size, chain->writable_size) &&
                  virtio_chain_write(chain, &device->host, offset, from, size);

    if (unlikely(!copied))
        virtio_break(device);
    return copied;
}

void virtio_config_changed(struct virtio_device *device)
{
    device->generation++;
    if (virtio_works(device))
        raise_interrupt(device, VIRTIO_INTERRUPT_CONFIG);
}

u32 virtio_bytes(const void *structure, u32 offset, u32 width)
{
    u32 value = 0;

    memcpy(&value, (const u8 *)structure + offset, width);
    return value;
}
