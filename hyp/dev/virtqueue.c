#include "hyp/dev/virtqueue.h"
#include "hyp/dev/virtqueue_parts.h"

#define NOTHING_SAID 0x10000u /* about notifications: no index of a split ring */

static bool is_size(const struct virtqueue_setup *setup)
{
    return setup->size && setup->size <= VIRTQUEUE_MAX &&
           (setup->packed || !(setup->size & (setup->size - 1)));
}

/* The driver has cleared what the ring says about notifications, but not the index of the one that
 * is wanted in a split ring. */
bool virtqueue_start(struct virtqueue *queue, const struct virtqueue_setup *setup)
{
    *queue = (struct virtqueue){
        .setup = *setup,
        .ready = is_size(setup),
        .available_wrap = true,
        .used_wrap = true,
        .usual = 1,
        .suppression = setup->event_idx && !setup->packed ? NOTHING_SAID : 0,
    };
    return queue->ready;
}

void virtqueue_change(struct virtqueue *queue, bool event_idx, bool indirect)
{
    queue->setup.event_idx = event_idx;
    queue->setup.indirect = indirect;
    queue->suppression = NOTHING_SAID;
}

void virtqueue_stop(struct virtqueue *queue)
{
    *queue = (struct virtqueue){.ready = false};
}

enum virtqueue_result virtqueue_pop(struct virtqueue *queue, const struct virtio_host *host,
                                    struct virtio_chain *chain)
{
    if (!queue->ready)
        return VIRTQUEUE_EMPTY;
    return queue->setup.packed ? packed_pop(queue, host, chain) : split_pop(queue, host, chain);
}

void virtqueue_unpop(struct virtqueue *queue, const struct virtio_chain *chain)
{
    if (queue->setup.packed)
        packed_unpop(queue, chain->slots);
    else
        queue->next_available--;
}

bool virtqueue_push(struct virtqueue *queue, const struct virtio_host *host, u16 id, u16 slots,
                    u32 written)
{
    bool pushed;

    if (!queue->ready)
        return true;
    pushed = queue->setup.packed ? packed_push(queue, host, id, slots, written)
                                 : split_push(queue, host, id, written);
    queue->unpublished = (u16)(queue->unpublished + slots);
    return pushed;
}

bool virtqueue_publish(struct virtqueue *queue, const struct virtio_host *host)
{
    if (!queue->unpublished)
        return true;
    queue->unsignalled = (u16)(queue->unsignalled + queue->unpublished);
    queue->unpublished = 0;
    return queue->setup.packed ? packed_publish(queue, host) : split_publish(queue, host);
}

bool virtqueue_interrupts(struct virtqueue *queue, const struct virtio_host *host)
{
    bool due;

    if (!queue->unsignalled)
        return false;
    /* The driver asks for the interrupt and then looks once more whether there is something. */
    ring_fence();
    due = queue->setup.packed ? packed_interrupts(queue, host) : split_interrupts(queue, host);
    queue->unsignalled = 0;
    return due;
}

enum virtqueue_result virtqueue_notify(struct virtqueue *queue, const struct virtio_host *host,
                                       bool wanted)
{
    bool packed = queue->setup.packed;

    if (!queue->ready)
        return VIRTQUEUE_EMPTY;
    if (!(packed ? packed_suppress(queue, host, wanted) : split_suppress(queue, host, wanted)))
        return VIRTQUEUE_BROKEN;
    /* The driver makes a chain available and then looks whether to notify. */
    ring_fence();
    return packed ? packed_look(queue, host) : split_look(queue, host);
}
