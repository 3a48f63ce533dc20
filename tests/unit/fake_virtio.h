/*
 * The driver side of a virtio device for unit tests and fuzzers: features, and rings, split and
 * packed, in the RAM of fake_virtio_host.h, used as a well-behaved driver does. A test that wants a
 * hostile one changes the ring afterwards: queue->setup tells where it is.
 *
 *     fake_host_reset();
 *     device = virtio_..._init(room, ..., &fake_virtio_host, fake_irq);
 *     fake_driver_start(device, VIRTIO_F_VERSION_1 | ...);
 *     fake_queue_open(&queue, device, 0, 8);
 *     id = fake_queue_add(&queue, (struct fake_buffer[]){{gpa, 16, false}, {gpa2, 512, true}}, 2);
 *     virtio_service(device);
 *     CHECK(fake_queue_take(&queue, &id, &written));
 */
#ifndef UNIT_FAKE_VIRTIO_H
#define UNIT_FAKE_VIRTIO_H

#include "tests/unit/fake_virtio_host.h"
#include "hyp/dev/virtio.c"
#include "hyp/dev/virtqueue.c"
#include "hyp/dev/virtqueue_chain.c"
#include "hyp/dev/virtqueue_packed.c"
#include "hyp/dev/virtqueue_split.c"
#include "hyp/dev/virtqueue_table.c"

enum { FAKE_NEXT = 1, FAKE_WRITE = 2, FAKE_INDIRECT = 4, FAKE_AVAIL = 1 << 7, FAKE_USED = 1 << 15 };

struct fake_buffer {
    gpa_t address;
    u32 size;
    bool writable; /* by the device */
};

struct fake_queue {
    struct virtqueue_setup setup;
    u16 next, used;           /* split: free-running indices; packed: slots           */
    bool wrap, used_wrap;     /* packed                                               */
    u16 slots[VIRTQUEUE_MAX]; /* of the chain with this id: how many it has; 0: free  */
    u16 owner[VIRTQUEUE_MAX]; /* split: 1 + head of the chain that a descriptor is in */
    u16 added;                /* slots made available since fake_queue_notifies   */
    u32 room;                 /* slots that are free                                  */
};

static inline void fake_put16(gpa_t gpa, u32 value)
{
    u16 half = (u16)value;

    memcpy(fake_ram(gpa, 2), &half, 2);
}

static inline u16 fake_get16(gpa_t gpa)
{
    u16 half;

    memcpy(&half, fake_ram(gpa, 2), 2);
    return half;
}

static inline u32 fake_get32(gpa_t gpa)
{
    u32 word;

    memcpy(&word, fake_ram(gpa, 4), 4);
    return word;
}

/* A descriptor: `a` and `b` are its last two halves, flags and next if split, id and flags if
 * packed. */
static inline void fake_put_descriptor(gpa_t gpa, u64 address, u32 size, u32 a, u32 b)
{
    u8 *at = fake_ram(gpa, 16);

    memcpy(at, &address, 8);
    memcpy(at + 8, &size, 4);
    fake_put16(gpa + 12, a);
    fake_put16(gpa + 14, b);
}

/* The driver accepts `features`, all of which the device offers, and says DRIVER_OK. */
static inline void fake_driver_start(struct virtio_device *device, u64 features)
{
    CHECK((features & ~device->offered) == 0);
    device->features = features;
    device->status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK;
    if (features & VIRTIO_F_VERSION_1)
        device->status |= VIRTIO_FEATURES_OK;
}

/* Makes a ring in RAM, as empty as it is before its first use. */
static inline void fake_queue_make(struct fake_queue *queue, const struct virtqueue_setup *kind)
{
    u32 size = kind->size;
    u32 driver_size = kind->packed ? 4 : 6 + 2 * size,
        device_size = kind->packed ? 4 : 6 + 8 * size;

    *queue = (struct fake_queue){.setup = *kind, .wrap = true, .used_wrap = true, .room = size};
    queue->setup.descriptors = fake_alloc(16 * size, 16);
    queue->setup.driver = fake_alloc(driver_size, 4);
    queue->setup.device = fake_alloc(device_size, 4);
    memset(fake_ram(queue->setup.descriptors, 16 * size), 0, 16 * size);
    memset(fake_ram(queue->setup.driver, driver_size), 0, driver_size);
    memset(fake_ram(queue->setup.device, device_size), 0, device_size);
}

/* Makes a ring of the kind that was negotiated and gives it to the device as queue `number`. */
static inline void fake_queue_open(struct fake_queue *queue, struct virtio_device *device,
                                   u32 number, u16 size)
{
    struct virtqueue_setup kind = {
        .size = size,
        .packed = virtio_has(device, VIRTIO_F_RING_PACKED),
        .event_idx = virtio_has(device, VIRTIO_F_EVENT_IDX),
        .indirect = virtio_has(device, VIRTIO_F_INDIRECT_DESC),
    };

    CHECK(number < device->queue_count);
    fake_queue_make(queue, &kind);
    virtqueue_start(&device->queues[number], &queue->setup);
}

static inline u16 fake_free_descriptor(const struct fake_queue *queue)
{
    u16 slot = 0;

    while (slot < queue->setup.size && queue->owner[slot])
        slot++;
    CHECK(slot < queue->setup.size);
    return slot;
}

/* One descriptor more of the chain that begins at `head`; returns its slot. */
static inline u16 fake_split_link(struct fake_queue *queue, u16 head, u16 last, u64 address,
                                  u32 size, u32 flags)
{
    u16 slot = head == last && !queue->owner[head] ? head : fake_free_descriptor(queue);
    gpa_t previous = queue->setup.descriptors + 16u * last;

    if (slot != head) {
        fake_put16(previous + 12, fake_get16(previous + 12) | FAKE_NEXT);
        fake_put16(previous + 14, slot);
    }
    queue->owner[slot] = (u16)(head + 1);
    fake_put_descriptor(queue->setup.descriptors + 16u * slot, address, size, flags, 0);
    return slot;
}

static inline void fake_split_offer(struct fake_queue *queue, u16 head)
{
    u32 at = queue->next++ % queue->setup.size;

    queue->added++;
    fake_put16(queue->setup.driver + 4 + 2 * at, head);
    fake_put16(queue->setup.driver + 2, queue->next);
}

/* Writes the next slot of a packed ring. The flags of a chain's first are for later. */
static inline void fake_packed_slot(struct fake_queue *queue, u64 address, u32 size, u16 id,
                                    u32 flags)
{
    flags |= queue->wrap ? FAKE_AVAIL : FAKE_USED;
    queue->added++;
    fake_put_descriptor(queue->setup.descriptors + 16u * queue->next, address, size, id, flags);
    if (++queue->next == queue->setup.size) {
        queue->next = 0;
        queue->wrap = !queue->wrap;
    }
}

static inline u16 fake_free_id(const struct fake_queue *queue)
{
    u16 id = 0;

    while (queue->slots[id])
        id++;
    return id;
}

static inline u32 fake_flags(const struct fake_buffer *buffer)
{
    return buffer->writable ? FAKE_WRITE : 0;
}

/* Makes a chain available, its readable buffers first; returns its id. There is room for it. */
static inline u16 fake_queue_add(struct fake_queue *queue, const struct fake_buffer *buffers,
                                 u32 count)
{
    u16 id = queue->setup.packed ? fake_free_id(queue) : fake_free_descriptor(queue), last = id;

    CHECK(count && count <= queue->room);
    queue->slots[id] = (u16)count;
    queue->room -= count;
    for (u32 i = 0; i < count; i++) {
        const struct fake_buffer *buffer = &buffers[i];
        u32 flags = fake_flags(buffer);

        if (queue->setup.packed)
            fake_packed_slot(queue, buffer->address, buffer->size, id,
                             flags | (i + 1 < count ? FAKE_NEXT : 0));
        else
            last = fake_split_link(queue, id, last, buffer->address, buffer->size, flags);
    }
    if (!queue->setup.packed)
        fake_split_offer(queue, id);
    return id;
}

/* The same by a table of indirect descriptors, which takes one slot of the ring. */
static inline u16 fake_queue_add_indirect(struct fake_queue *queue,
                                          const struct fake_buffer *buffers, u32 count)
{
    u16 id = queue->setup.packed ? fake_free_id(queue) : fake_free_descriptor(queue);
    gpa_t table = fake_alloc(16 * count, 16);

    CHECK(queue->room);
    queue->slots[id] = 1;
    queue->room--;
    for (u32 i = 0; i < count; i++) {
        bool linked = !queue->setup.packed && i + 1 < count;
        u32 flags = fake_flags(&buffers[i]) | (linked ? FAKE_NEXT : 0);

        fake_put_descriptor(table + 16 * i, buffers[i].address, buffers[i].size,
                            queue->setup.packed ? 0 : flags, queue->setup.packed ? flags : i + 1);
    }
    if (queue->setup.packed) {
        fake_packed_slot(queue, table, 16 * count, id, FAKE_INDIRECT);
        return id;
    }
    fake_split_link(queue, id, id, table, 16 * count, FAKE_INDIRECT);
    fake_split_offer(queue, id);
    return id;
}

static inline bool fake_split_take(struct fake_queue *queue, u16 *id, u32 *written)
{
    gpa_t element = queue->setup.device + 4 + 8u * (queue->used % queue->setup.size);

    if (fake_get16(queue->setup.device + 2) == queue->used)
        return false;
    CHECK(fake_get32(element) < queue->setup.size);
    *id = (u16)fake_get32(element);
    *written = fake_get32(element + 4);
    queue->used++;
    for (u32 slot = 0; slot < queue->setup.size; slot++)
        if (queue->owner[slot] == *id + 1)
            queue->owner[slot] = 0;
    return true;
}

static inline bool fake_packed_take(struct fake_queue *queue, u16 *id, u32 *written)
{
    gpa_t slot = queue->setup.descriptors + 16u * queue->used;
    u16 flags = fake_get16(slot + 14);

    if (!(flags & FAKE_AVAIL) == queue->used_wrap || !(flags & FAKE_USED) == queue->used_wrap)
        return false;
    *id = fake_get16(slot + 12);
    CHECK(*id < queue->setup.size);
    *written = flags & FAKE_WRITE ? fake_get32(slot + 8) : 0;
    queue->used = (u16)(queue->used + queue->slots[*id]);
    if (queue->used >= queue->setup.size) {
        queue->used = (u16)(queue->used - queue->setup.size);
        queue->used_wrap = !queue->used_wrap;
    }
    return true;
}

/* Takes the next chain that the device has used; false: there is none. */
static inline bool fake_queue_take(struct fake_queue *queue, u16 *id, u32 *written)
{
    bool taken = queue->setup.packed ? fake_packed_take(queue, id, written)
                                     : fake_split_take(queue, id, written);

    if (!taken)
        return false;
    CHECK(queue->slots[*id]); /* it was available, and is given back once */
    queue->room += queue->slots[*id];
    queue->slots[*id] = 0;
    return true;
}

/* Must the driver notify of what it has made available since the last time it asked? */
static inline bool fake_split_notifies(struct fake_queue *queue, u16 added)
{
    u16 event = fake_get16(queue->setup.device + 4 + 8u * queue->setup.size);

    if (!queue->setup.event_idx)
        return !(fake_get16(queue->setup.device) & 1);
    return (u16)(queue->next - event - 1) < added;
}

static inline bool fake_packed_notifies(struct fake_queue *queue, u16 added)
{
    u16 event = fake_get16(queue->setup.device), flags = fake_get16(queue->setup.device + 2);
    s32 slot = event & 0x7fff;

    CHECK(flags < 2 || (flags == 2 && queue->setup.event_idx));
    if (flags < 2)
        return !flags;
    if (!(event & 0x8000) == queue->wrap)
        slot -= queue->setup.size;
    return slot < queue->next && slot >= queue->next - added;
}

static inline bool fake_queue_notifies(struct fake_queue *queue)
{
    u16 added = queue->added;

    queue->added = 0;
    return queue->setup.packed ? fake_packed_notifies(queue, added)
                               : fake_split_notifies(queue, added);
}

/* Asks for interrupts at used chains, or for none; without EVENT_IDX, or if packed. */
static inline void fake_queue_interrupts(struct fake_queue *queue, bool wanted)
{
    fake_put16(queue->setup.driver + (queue->setup.packed ? 2 : 0), !wanted);
}

/* With EVENT_IDX: asks for an interrupt when the `ahead`-th chain from now on is used; 0: the next.
 * Packed: the chains have one slot each. */
static inline void fake_queue_interrupt_at(struct fake_queue *queue, u16 ahead)
{
    u32 at = queue->used + ahead;
    bool wraps = at >= queue->setup.size;

    if (!queue->setup.packed) {
        fake_put16(queue->setup.driver + 4 + 2u * queue->setup.size, at);
        return;
    }
    at = wraps ? at - queue->setup.size : at;
    fake_put16(queue->setup.driver, at | (u32)(queue->used_wrap != wraps) << 15);
    fake_put16(queue->setup.driver + 2, 2);
}

#endif
