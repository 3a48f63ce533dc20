/*
 * A split virtqueue, driver side (Virtual I/O Device specification, "Split Virtqueues"), for a
 * device of the host. Its descriptors are dealt out for good: slot n has the `per_slot` descriptors
 * from n * per_slot on, and a chain begins with the first of them; what is longer is an indirect
 * one. So nothing is ever searched or joined, and what a device says that it has used is checked
 * with one look.
 *
 * The caller sees to it that one function at a time runs of a ring.
 */
#ifndef DRV_VIRTIO_RING_H
#define DRV_VIRTIO_RING_H

#include "arch/types.h"
#include "hyp/core/virtio_abi.h"

#define VIRTIO_RING_SLOTS   64 /* of a ring, at most */
#define VIRTIO_RING_NO_SLOT VIRTIO_RING_SLOTS

/* Where the used ring begins: a multiple of this, as the legacy interface has it. */
#define VIRTIO_RING_ALIGN PAGE_SIZE

struct virtio_ring {
    struct virtio_descriptor *descriptors;
    u16 *available, *used; /* flags, index, entries */
    struct virtio_used_element *elements;
    u16 *used_event, *avail_event;
    u32 size, slots, per_slot;
    bool event_idx;
    u16 offered, published; /* chains that were made available; those that the device can see */
    u16 seen;               /* chains that were taken back                                    */
    u32 free_count;
    u8 free[VIRTIO_RING_SLOTS];
    bool given[VIRTIO_RING_SLOTS]; /* the device has it */
};

/* Bytes of memory that a ring of `size` descriptors (a power of two) takes. */
u32 virtio_ring_bytes(u32 size);

/* Makes an empty ring in zeroed memory that is aligned to VIRTIO_RING_ALIGN; all slots are free. It
 * has size / per_slot slots, at most VIRTIO_RING_SLOTS, and asks for interrupts. */
void virtio_ring_init(struct virtio_ring *ring, void *memory, u32 size, u32 per_slot,
                      bool event_idx);

/* Takes a free slot; VIRTIO_RING_NO_SLOT: none is. And gives one back that the device has not. */
u32 virtio_ring_take(struct virtio_ring *ring);
void virtio_ring_free(struct virtio_ring *ring, u32 slot);

/* The first descriptor of a slot. */
static inline struct virtio_descriptor *virtio_ring_chain(struct virtio_ring *ring, u32 slot)
{
    return &ring->descriptors[slot * ring->per_slot];
}

/* Fills in a descriptor. `next` is the index of the one behind it, if flags has VIRTIO_DESC_NEXT.
 */
static inline void virtio_describe(struct virtio_descriptor *descriptor, hpa_t address, u32 size,
                                   u32 flags, u32 next)
{
    *descriptor = (struct virtio_descriptor){
        .address = address, .size = size, .flags = (u16)flags, .next = (u16)next};
}

/* Makes the chain of a slot available, once it is published. */
void virtio_ring_offer(struct virtio_ring *ring, u32 slot);

/* Shows the device what was offered. True: it wants to be notified of that. */
bool virtio_ring_publish(struct virtio_ring *ring);

enum virtio_ring_result {
    VIRTIO_RING_USED,
    VIRTIO_RING_EMPTY,
    VIRTIO_RING_NONSENSE, /* the device says to have used what it has not got */
};

/* Takes back the next chain that the device has used: its slot, and the bytes that it wrote. The
 * slot is the caller's, who offers it again or frees it. */
enum virtio_ring_result virtio_ring_used(struct virtio_ring *ring, u32 *slot, u32 *written);

/* Asks for an interrupt at the next used chain. True: there is one already, perhaps without. */
bool virtio_ring_await(struct virtio_ring *ring);

/* Asks for none; some may come all the same. */
void virtio_ring_ignore(struct virtio_ring *ring);

#endif
