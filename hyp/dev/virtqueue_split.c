/*
 * Split rings. Where things are, `size` being the entries of the queue:
 *
 *     driver area: flags, index, ring[size], used event        halves of 2 bytes each
 *     device area: flags, index, ring[size], available event   ring: {u32 id, u32 written}
 */
#include "hyp/dev/virtqueue_parts.h"

enum { RING_FLAGS = 0, RING_INDEX = 2, RING_ENTRIES = 4 };

#define NO_INTERRUPT 1 /* in the flags of the driver area */
#define NO_NOTIFY    1 /* in those of the device area     */

/* How an element of the used ring lies in guest RAM. */
struct used_element {
    u32 id, written;
};

static gpa_t used_event(const struct virtqueue *queue)
{
    return queue->setup.driver + RING_ENTRIES + 2u * queue->setup.size;
}

static gpa_t available_event(const struct virtqueue *queue)
{
    return queue->setup.device + RING_ENTRIES + 8u * queue->setup.size;
}

/*
 * Reads the driver's index. What is available, and what is taken and not yet used, has an entry of
 * the descriptor table each at least: more of it than the table has, or an index that goes back,
 * is no driver's.
 */
static bool read_index(struct virtqueue *queue, const struct virtio_host *host)
{
    u16 index, taken = (u16)(queue->next_available - queue->next_used);

    if (!ring_read(host, queue->setup.driver + RING_INDEX, &index, sizeof(index)))
        return false;
    if ((u16)(index - queue->next_available) + taken > queue->setup.size)
        return false;
    queue->available = index;
    ring_acquire();
    return true;
}

enum virtqueue_result split_look(struct virtqueue *queue, const struct virtio_host *host)
{
    if (queue->available != queue->next_available)
        return VIRTQUEUE_CHAIN;
    if (!read_index(queue, host))
        return VIRTQUEUE_BROKEN;
    return queue->available != queue->next_available ? VIRTQUEUE_CHAIN : VIRTQUEUE_EMPTY;
}

/*
 * Follows the chain that begins at chain->id, into an indirect table at most once. It ends: every
 * turn appends a buffer.
 */
static bool follow_chain(struct virtqueue *queue, const struct virtio_host *host,
                         struct virtio_chain *chain)
{
    const struct virtqueue_setup *setup = &queue->setup;
    const struct descriptor *entry;
    struct descriptor_table table;
    u32 index = chain->id, in_ring = 0;
    bool indirect = false;

    chain_clear(chain);
    table_open(&table, setup->descriptors, setup->size, queue->usual);
    do {
        entry = table_entry(&table, host, index);
        in_ring += !indirect;
        if (entry && (entry->split.flags & DESCRIPTOR_INDIRECT) && !indirect) {
            indirect = true;
            if ((entry->split.flags & DESCRIPTOR_NEXT) ||
                !table_open_indirect(&table, setup, entry))
                return false;
            entry = table_entry(&table, host, 0);
        }
        if (!entry || (entry->split.flags & DESCRIPTOR_INDIRECT) ||
            !chain_append(chain, entry, entry->split.flags, setup->size))
            return false;
        index = entry->split.next;
    } while (entry->split.flags & DESCRIPTOR_NEXT);
    queue->usual = (u16)in_ring;
    return true;
}

enum virtqueue_result split_pop(struct virtqueue *queue, const struct virtio_host *host,
                                struct virtio_chain *chain)
{
    enum virtqueue_result result = split_look(queue, host);
    u32 at = queue->next_available & (queue->setup.size - 1u);

    if (result != VIRTQUEUE_CHAIN)
        return result;
    if (!ring_read(host, queue->setup.driver + RING_ENTRIES + 2 * at, &chain->id,
                   sizeof(chain->id)) ||
        !follow_chain(queue, host, chain))
        return VIRTQUEUE_BROKEN;
    chain->slots = 1;
    queue->next_available++;
    return VIRTQUEUE_CHAIN;
}

bool split_push(struct virtqueue *queue, const struct virtio_host *host, u16 id, u32 written)
{
    struct used_element element = {id, written};
    u32 at = queue->next_used & (queue->setup.size - 1u);

    if (queue->next_used == queue->next_available)
        return false;
    queue->next_used++;
    return ring_write(host, queue->setup.device + RING_ENTRIES + at * sizeof(element), &element,
                      sizeof(element));
}

bool split_publish(const struct virtqueue *queue, const struct virtio_host *host)
{
    ring_release();
    return ring_write(host, queue->setup.device + RING_INDEX, &queue->next_used,
                      sizeof(queue->next_used));
}

/* "Used Buffer Notification Suppression": with EVENT_IDX, is the element of index `event` among
 * those written since the last time? */
bool split_interrupts(const struct virtqueue *queue, const struct virtio_host *host)
{
    u16 flags, event;

    if (!queue->setup.event_idx)
        return ring_read(host, queue->setup.driver + RING_FLAGS, &flags, sizeof(flags)) &&
               !(flags & NO_INTERRUPT);
    return ring_read(host, used_event(queue), &event, sizeof(event)) &&
           (u16)(queue->next_used - event - 1) < queue->unsignalled;
}

/* With EVENT_IDX there is no need to say that none is wanted: an index that has passed says it. And
 * none is needed while chains are there. */
bool split_suppress(struct virtqueue *queue, const struct virtio_host *host, bool wanted)
{
    bool event_idx = queue->setup.event_idx;
    u16 half = event_idx ? queue->next_available : wanted ? 0 : NO_NOTIFY;

    if ((event_idx && !wanted) || queue->suppression == half ||
        (wanted && queue->available != queue->next_available))
        return true;
    queue->suppression = half;
    return ring_write(host, event_idx ? available_event(queue) : queue->setup.device + RING_FLAGS,
                      &half, sizeof(half));
}
