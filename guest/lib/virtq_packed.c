/* Packed queues: one ring, in which driver and device take turns by the wrap counter. */
#include "guest/lib/virtq.h"

static u16 turn_flags(bool wrap)
{
    return wrap ? VIRTQ_AVAIL : VIRTQ_USED;
}

/* Puts an entry into the next slot; the flags of a batch's very first one are held back. */
static void put(struct virtq *queue, u64 address, u32 size, u16 id, u16 flags)
{
    volatile struct virtq_entry *entry = &queue->entries[queue->added];
    u16 all = flags | turn_flags(queue->added_wrap);

    entry->address = address;
    entry->size = size;
    entry->id = id;
    if (queue->added_since++ == 0) {
        queue->held_slot = queue->added;
        queue->held_flags = all;
    } else {
        entry->packed_flags = all;
    }
    if (++queue->added == queue->size) {
        queue->added = 0;
        queue->added_wrap = !queue->added_wrap;
    }
}

s32 virtq_packed_add(struct virtq *queue, const struct virtq_buffer *buffers, u32 out, u32 in)
{
    bool indirect = queue->way.indirect && out + in <= VIRTQ_TABLE;
    u16 slots = indirect ? 1 : (u16)(out + in);

    if (queue->free_slots < slots || queue->free_ids == 0)
        return -1;
    u16 id = queue->ids[--queue->free_ids];
    queue->free_slots -= slots;
    queue->slots[id] = slots;
    if (indirect) {
        struct virtq_entry entry = virtq_table(queue, id, buffers, out, in);
        put(queue, entry.address, entry.size, id, VIRTQ_INDIRECT);
        return id;
    }
    for (u32 i = 0; i < out + in; i++)
        put(queue, (u32)buffers[i].at, buffers[i].size, id,
            (i >= out ? VIRTQ_WRITE : 0) | (i + 1 < out + in ? VIRTQ_NEXT : 0));
    return id;
}

/* Does the batch contain the slot at which the device wants to be told? */
static bool is_event_in_batch(const struct virtq *queue, u16 slots)
{
    u16 at = queue->device_event->at, event = at & 0x7fff;

    if ((at >> 15) != queue->added_wrap)
        event -= queue->size;
    return virtq_passed(event, queue->added, (u16)(queue->added - slots));
}

bool virtq_packed_show(struct virtq *queue)
{
    u16 slots = queue->added_since;

    if (slots == 0)
        return false;
    queue->added_since = 0;
    virtq_fence();
    queue->entries[queue->held_slot].packed_flags = queue->held_flags;
    virtq_fence();
    switch (queue->device_event->flags & 3) {
    case VIRTQ_EVENT_ALWAYS:
        return true;
    case VIRTQ_EVENT_AT:
        return is_event_in_batch(queue, slots);
    default:
        return false;
    }
}

bool virtq_packed_has_used(const struct virtq *queue)
{
    u16 flags = queue->entries[queue->taken].packed_flags;
    bool available = flags & VIRTQ_AVAIL, used = flags & VIRTQ_USED;

    return available == used && used == queue->used_wrap;
}

bool virtq_packed_take(struct virtq *queue, u16 *id, u32 *written)
{
    if (!virtq_packed_has_used(queue))
        return false;
    virtq_fence();
    u16 used = queue->entries[queue->taken].id % VIRTQ_MAX, slots = queue->slots[used];
    if (id)
        *id = used;
    if (written)
        *written = queue->entries[queue->taken].size;
    queue->taken += slots;
    if (queue->taken >= queue->size) {
        queue->taken -= queue->size;
        queue->used_wrap = !queue->used_wrap;
    }
    queue->free_slots += slots;
    queue->ids[queue->free_ids++] = used;
    return true;
}

/* The last slot that was added, or the next one to be used, and its wrap counter. */
static u16 event_slot(const struct virtq *queue, bool last)
{
    u16 slot = last ? queue->added : queue->taken;
    bool wrap = last ? queue->added_wrap : queue->used_wrap;

    if (last && slot-- == 0) {
        slot = queue->size - 1;
        wrap = !wrap;
    }
    return (u16)(slot | (wrap ? BIT(15) : 0));
}

void virtq_packed_interrupt(struct virtq *queue, enum virtq_when when)
{
    u16 flags = when == VIRTQ_AT_NONE ? VIRTQ_EVENT_NEVER : VIRTQ_EVENT_ALWAYS;

    if (when != VIRTQ_AT_NONE && queue->way.event_index) {
        queue->driver_event->at = event_slot(queue, when == VIRTQ_AT_LAST);
        flags = VIRTQ_EVENT_AT;
    }
    virtq_fence();
    queue->driver_event->flags = flags;
    virtq_fence();
}
