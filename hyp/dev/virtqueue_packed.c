/*
 * Packed rings: one ring of descriptors for both directions, and two small structures, the driver's
 * and the device's, words of {u16 offset and wrap counter, u16 flags}, that say which notifications
 * are wanted ("Event Suppression Structure Format").
 */
#include "hyp/dev/virtqueue_parts.h"

enum { EVENT_ENABLE = 0, EVENT_DISABLE = 1, EVENT_DESCRIPTOR = 2, EVENT_MASK = 3 };

#define EVENT_WRAP  (1u << 15) /* beside the offset */
#define EVENT_SHIFT 16         /* of the flags      */

/* The second half of a used descriptor, as it lies in guest RAM. */
struct used_half {
    u32 written;
    u16 id, flags;
};

static gpa_t slot_at(const struct virtqueue *queue, u32 slot)
{
    return queue->setup.descriptors + slot * DESCRIPTOR_SIZE;
}

/* Goes `slots` slots on; they are at most as many as the ring has. */
static void advance_slot(const struct virtqueue *queue, u16 *slot, bool *wrap, u16 slots)
{
    u32 next = (u32)*slot + slots;

    if (next >= queue->setup.size) {
        next -= queue->setup.size;
        *wrap = !*wrap;
    }
    *slot = (u16)next;
}

/* "Driver and Device Ring Wrap Counters": available has the flags differ, AVAIL as the counter. */
enum virtqueue_result packed_look(const struct virtqueue *queue, const struct virtio_host *host)
{
    u16 available = queue->available_wrap ? DESCRIPTOR_AVAILABLE : DESCRIPTOR_USED, flags;

    if (!ring_read(
            host, slot_at(queue, queue->next_available) + offsetof(struct descriptor, packed.flags),
            &flags, sizeof(flags)))
        return VIRTQUEUE_BROKEN;
    if ((flags & (DESCRIPTOR_AVAILABLE | DESCRIPTOR_USED)) != available)
        return VIRTQUEUE_EMPTY;
    ring_acquire();
    return VIRTQUEUE_CHAIN;
}

/* Takes all of an indirect table, of whose flags only the one for writing counts. */
static bool follow_indirect(const struct virtqueue *queue, const struct virtio_host *host,
                            struct descriptor_table *table, struct virtio_chain *chain)
{
    for (u32 i = 0; i < table->count; i++) {
        const struct descriptor *entry = table_entry(table, host, i);

        if (!entry || !chain_append(chain, entry, entry->packed.flags, queue->setup.size))
            return false;
    }
    return true;
}

/*
 * Takes the list of descriptors at the next slots. It is no longer than what the ring has beside
 * the chains that are taken: they keep their slots until they are pushed.
 */
static bool follow_list(struct virtqueue *queue, const struct virtio_host *host,
                        struct virtio_chain *chain)
{
    u32 slot = queue->next_available, room = (u32)queue->setup.size - queue->taken;
    const struct descriptor *entry;
    struct descriptor_table table;

    chain_clear(chain);
    chain->slots = 0;
    table_open(&table, queue->setup.descriptors, queue->setup.size, queue->usual);
    do {
        entry = table_entry(&table, host, slot);
        if (!entry || chain->slots++ == room)
            return false;
        chain->id = entry->packed.id;
        if (entry->packed.flags & DESCRIPTOR_INDIRECT)
            return chain->slots == 1 && !(entry->packed.flags & DESCRIPTOR_NEXT) &&
                   table_open_indirect(&table, &queue->setup, entry) &&
                   follow_indirect(queue, host, &table, chain);
        if (!chain_append(chain, entry, entry->packed.flags, room))
            return false;
        slot = slot + 1 < queue->setup.size ? slot + 1 : 0;
    } while (entry->packed.flags & DESCRIPTOR_NEXT);
    return true;
}

enum virtqueue_result packed_pop(struct virtqueue *queue, const struct virtio_host *host,
                                 struct virtio_chain *chain)
{
    enum virtqueue_result result = packed_look(queue, host);

    if (result != VIRTQUEUE_CHAIN)
        return result;
    if (!follow_list(queue, host, chain))
        return VIRTQUEUE_BROKEN;
    queue->usual = chain->slots;
    queue->taken = (u16)(queue->taken + chain->slots);
    advance_slot(queue, &queue->next_available, &queue->available_wrap, chain->slots);
    return VIRTQUEUE_CHAIN;
}

void packed_unpop(struct virtqueue *queue, u16 slots)
{
    u32 slot = queue->next_available;

    if (slot < slots) {
        slot += queue->setup.size;
        queue->available_wrap = !queue->available_wrap;
    }
    queue->next_available = (u16)(slot - slots);
    queue->taken = (u16)(queue->taken - slots);
}

/*
 * The driver looks at the slot where the next used chain is to be. So of all that is pushed between
 * two publications only the first chain's flags have to come last; they are held back.
 */
bool packed_push(struct virtqueue *queue, const struct virtio_host *host, u16 id, u16 slots,
                 u32 written)
{
    u16 flags = queue->used_wrap ? DESCRIPTOR_AVAILABLE | DESCRIPTOR_USED : 0;
    struct used_half half = {written, id, (u16)(flags | (written ? DESCRIPTOR_WRITE : 0))};
    gpa_t at = slot_at(queue, queue->next_used) + offsetof(struct descriptor, size);
    u32 size = sizeof(half);

    if (slots > queue->taken)
        return false;
    if (!queue->unpublished) {
        queue->held_slot = queue->next_used;
        queue->held_flags = half.flags;
        size = offsetof(struct used_half, flags);
    }
    queue->taken = (u16)(queue->taken - slots);
    advance_slot(queue, &queue->next_used, &queue->used_wrap, slots);
    return ring_write(host, at, &half, size);
}

bool packed_publish(const struct virtqueue *queue, const struct virtio_host *host)
{
    ring_release();
    return ring_write(host,
                      slot_at(queue, queue->held_slot) + offsetof(struct descriptor, packed.flags),
                      &queue->held_flags, sizeof(queue->held_flags));
}

/* Is the slot that the driver names among those used since the last time? One with the other wrap
 * counter is a round before. */
static bool has_passed(const struct virtqueue *queue, u16 event)
{
    s32 slot = (s32)(event & ~EVENT_WRAP);

    if (!(event & EVENT_WRAP) == queue->used_wrap)
        slot -= queue->setup.size;
    return slot < queue->next_used && slot >= queue->next_used - queue->unsignalled;
}

bool packed_interrupts(const struct virtqueue *queue, const struct virtio_host *host)
{
    u32 word, flags;

    if (!ring_read(host, queue->setup.driver, &word, sizeof(word)))
        return false;
    flags = word >> EVENT_SHIFT & EVENT_MASK;
    if (flags == EVENT_DESCRIPTOR && queue->setup.event_idx)
        return has_passed(queue, (u16)word);
    return flags != EVENT_DISABLE;
}

bool packed_suppress(struct virtqueue *queue, const struct virtio_host *host, bool wanted)
{
    u32 word = (wanted ? (u32)EVENT_ENABLE : (u32)EVENT_DISABLE) << EVENT_SHIFT;

    if (wanted && queue->setup.event_idx)
        word = EVENT_DESCRIPTOR << EVENT_SHIFT | queue->next_available |
               (queue->available_wrap ? EVENT_WRAP : 0);
    if (queue->suppression == word)
        return true;
    queue->suppression = word;
    return ring_write(host, queue->setup.device, &word, sizeof(word));
}
