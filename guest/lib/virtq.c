#include "guest/lib/virtq.h"
#include "guest/lib/string.h"

/* Where the parts of a queue lie in its memory: legacy transports leave no choice. */
static void place(struct virtq *queue)
{
    u8 *memory = queue->memory.bytes;
    u8 *after = memory + queue->size * sizeof(struct virtq_entry);
    u32 available_size = 6 + 2u * queue->size;

    queue->entries = (volatile struct virtq_entry *)memory;
    queue->available = (volatile struct virtq_available *)after;
    queue->used = (volatile struct virtq_used *)ALIGN_UP((u32)after + available_size, PAGE_SIZE);
    queue->available_event = (volatile u16 *)((u32)queue->used + 4 + 8u * queue->size);
    queue->driver_event = (volatile struct virtq_event *)queue->available;
    queue->device_event = (volatile struct virtq_event *)queue->used;
}

void virtq_init(struct virtq *queue, u16 size, struct virtq_way way)
{
    memset(&queue->memory, 0, sizeof(queue->memory));
    queue->size = size;
    queue->way = way;
    place(queue);
    for (u32 i = 0; i < size; i++)
        queue->ids[i] = (u16)(size - 1 - i);
    queue->free_ids = queue->free_slots = size;
    queue->added = queue->shown = queue->taken = queue->added_since = 0;
    queue->added_wrap = queue->used_wrap = true;
}

struct virtq_entry virtq_table(struct virtq *queue, u16 id, const struct virtq_buffer *buffers,
                               u32 out, u32 in)
{
    struct virtq_entry *table = queue->tables[id];

    for (u32 i = 0; i < out + in; i++) {
        u16 flags = i >= out ? VIRTQ_WRITE : 0;
        table[i] = (struct virtq_entry){.address = (u32)buffers[i].at, .size = buffers[i].size};
        if (queue->way.packed) {
            table[i].packed_flags = flags;
            continue;
        }
        table[i].flags = flags | (i + 1 < out + in ? VIRTQ_NEXT : 0);
        table[i].next = (u16)(i + 1);
    }
    return (struct virtq_entry){
        .address = (u32)table, .size = (out + in) * sizeof(struct virtq_entry), .id = 0};
}

/* A split chain of entries of the ring; the last one that is taken is its head. */
static u16 link_entries(struct virtq *queue, const struct virtq_buffer *buffers, u32 out, u32 in)
{
    u16 head = 0;

    for (u32 i = out + in; i-- > 0;) {
        u16 id = queue->ids[--queue->free_ids];
        volatile struct virtq_entry *entry = &queue->entries[id];
        entry->address = (u32)buffers[i].at;
        entry->size = buffers[i].size;
        entry->flags = (i >= out ? VIRTQ_WRITE : 0) | (i + 1 < out + in ? VIRTQ_NEXT : 0);
        entry->next = head;
        head = id;
    }
    return head;
}

static u16 link_table(struct virtq *queue, const struct virtq_buffer *buffers, u32 out, u32 in)
{
    u16 id = queue->ids[--queue->free_ids];
    struct virtq_entry entry = virtq_table(queue, id, buffers, out, in);

    entry.flags = VIRTQ_INDIRECT;
    entry.next = 0;
    queue->entries[id] = entry;
    return id;
}

s32 virtq_add(struct virtq *queue, const struct virtq_buffer *buffers, u32 out, u32 in)
{
    bool indirect = queue->way.indirect && out + in <= VIRTQ_TABLE;
    u16 head;

    if (queue->way.packed)
        return virtq_packed_add(queue, buffers, out, in);
    if (queue->free_ids < (indirect ? 1 : out + in))
        return -1;
    head = indirect ? link_table(queue, buffers, out, in) : link_entries(queue, buffers, out, in);
    queue->available->heads[queue->added++ % queue->size] = head;
    return head;
}

bool virtq_show(struct virtq *queue)
{
    u16 before = queue->shown;

    if (queue->way.packed)
        return virtq_packed_show(queue);
    virtq_fence();
    queue->available->index = queue->shown = queue->added;
    virtq_fence();
    if (queue->way.event_index)
        return virtq_passed(*queue->available_event, queue->added, before);
    return !(queue->used->flags & VIRTQ_NO_NOTIFY);
}

bool virtq_has_used(const struct virtq *queue)
{
    if (queue->way.packed)
        return virtq_packed_has_used(queue);
    return queue->used->index != queue->taken;
}

/* Gives the entries of a split chain back. */
static void free_chain(struct virtq *queue, u16 id)
{
    while (queue->entries[id].flags & VIRTQ_NEXT) {
        queue->ids[queue->free_ids++] = id;
        id = queue->entries[id].next;
    }
    queue->ids[queue->free_ids++] = id;
}

bool virtq_take(struct virtq *queue, u16 *id, u32 *written)
{
    u32 slot = queue->taken % queue->size;

    if (queue->way.packed)
        return virtq_packed_take(queue, id, written);
    if (!virtq_has_used(queue))
        return false;
    virtq_fence();
    u16 head = (u16)queue->used->chains[slot].id;
    if (id)
        *id = head;
    if (written)
        *written = queue->used->chains[slot].written;
    queue->taken++;
    free_chain(queue, head);
    return true;
}

void virtq_interrupt(struct virtq *queue, enum virtq_when when)
{
    if (queue->way.packed) {
        virtq_packed_interrupt(queue, when);
        return;
    }
    /* An event that has passed long ago stands for none: there is no flag beside events. */
    static const s16 back[] = {[VIRTQ_AT_NEXT] = 0, [VIRTQ_AT_LAST] = -1, [VIRTQ_AT_NONE] = -1};
    queue->available->flags = when == VIRTQ_AT_NONE ? VIRTQ_NO_INTERRUPT : 0;
    if (queue->way.event_index)
        *virtq_used_event(queue) =
            (u16)((when == VIRTQ_AT_LAST ? queue->added : queue->taken) + back[when]);
    virtq_fence();
}
