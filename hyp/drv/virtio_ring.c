#include "hyp/drv/virtio_ring.h"

#include "arch/fence.h"
#include "hyp/core/string.h"

/* What both rings begin with, in units of 16 bits. */
enum { FLAGS, INDEX, ENTRIES };

/* The device may write it at any time: read once, as it is. */
static u16 device_wrote(const u16 *at)
{
    return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static void tell_device(u16 *at, u16 value)
{
    __atomic_store_n(at, value, __ATOMIC_RELAXED);
}

/* Where the used ring begins: past the descriptors, the available ring and its used_event. */
static u32 used_offset(u32 size)
{
    return ALIGN_UP((u32)sizeof(struct virtio_descriptor) * size + 2 * (ENTRIES + size + 1),
                    VIRTIO_RING_ALIGN);
}

u32 virtio_ring_bytes(u32 size)
{
    return used_offset(size) + 2 * (ENTRIES + 1) + (u32)sizeof(struct virtio_used_element) * size;
}

void virtio_ring_init(struct virtio_ring *ring, void *memory, u32 size, u32 per_slot,
                      bool event_idx)
{
    memset(ring, 0, sizeof(*ring));
    ring->descriptors = memory;
    ring->available = (u16 *)(ring->descriptors + size);
    ring->used_event = ring->available + ENTRIES + size;
    ring->used = (u16 *)((u8 *)memory + used_offset(size));
    ring->elements = (struct virtio_used_element *)(ring->used + ENTRIES);
    ring->avail_event = (u16 *)(ring->elements + size);
    ring->size = size;
    ring->per_slot = per_slot;
    ring->slots = size / per_slot;
    ring->event_idx = event_idx;
    for (u32 slot = ring->slots; slot--;)
        virtio_ring_free(ring, slot);
}

u32 virtio_ring_take(struct virtio_ring *ring)
{
    return ring->free_count ? ring->free[--ring->free_count] : VIRTIO_RING_NO_SLOT;
}

void virtio_ring_free(struct virtio_ring *ring, u32 slot)
{
    ring->free[ring->free_count++] = (u8)slot;
}

void virtio_ring_offer(struct virtio_ring *ring, u32 slot)
{
    ring->available[ENTRIES + ring->offered % ring->size] = (u16)(slot * ring->per_slot);
    ring->given[slot] = true;
    ring->offered++;
}

bool virtio_ring_publish(struct virtio_ring *ring)
{
    u16 old = ring->published, new = ring->offered;

    if (old == new)
        return false;
    fence_release(); /* the chains before the index that shows them */
    tell_device(&ring->available[INDEX], new);
    ring->published = new;
    fence_full(); /* the index before we look whether the device waits for it */
    if (ring->event_idx)
        return (u16)(new - device_wrote(ring->avail_event) - 1) < (u16)(new - old);
    return !(device_wrote(&ring->used[FLAGS]) & VIRTIO_USED_NO_NOTIFY);
}

static bool any_used(const struct virtio_ring *ring)
{
    /* Acquire: the element, and what the device wrote to the buffers, is read after the index. */
    return __atomic_load_n(&ring->used[INDEX], __ATOMIC_ACQUIRE) != ring->seen;
}

enum virtio_ring_result virtio_ring_used(struct virtio_ring *ring, u32 *slot, u32 *written)
{
    const struct virtio_used_element *element = &ring->elements[ring->seen % ring->size];
    u32 id;

    if (!any_used(ring))
        return VIRTIO_RING_EMPTY;
    id = __atomic_load_n(&element->id, __ATOMIC_RELAXED);
    *written = __atomic_load_n(&element->written, __ATOMIC_RELAXED);
    *slot = id / ring->per_slot;
    if (id % ring->per_slot || *slot >= ring->slots || !ring->given[*slot])
        return VIRTIO_RING_NONSENSE;
    ring->given[*slot] = false;
    ring->seen++;
    return VIRTIO_RING_USED;
}

bool virtio_ring_await(struct virtio_ring *ring)
{
    if (ring->event_idx)
        tell_device(ring->used_event, ring->seen);
    else
        tell_device(&ring->available[FLAGS], 0);
    fence_full(); /* what is used from here on interrupts; what was used before is seen below */
    return any_used(ring);
}

void virtio_ring_ignore(struct virtio_ring *ring)
{
    /* An index just past is the farthest away that there is. */
    if (ring->event_idx)
        tell_device(ring->used_event, (u16)(ring->seen - 1));
    else
        tell_device(&ring->available[FLAGS], VIRTIO_AVAIL_NO_INTERRUPT);
}
