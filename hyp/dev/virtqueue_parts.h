/*
 * The parts of a virtqueue's device side: what virtqueue.c, which knows both formats, calls in the
 * one that the driver chose, and the tables of descriptors that both have.
 */
#ifndef DEV_VIRTQUEUE_PARTS_H
#define DEV_VIRTQUEUE_PARTS_H

#include "hyp/dev/virtqueue.h"

/* Flags of a descriptor. */
enum {
    DESCRIPTOR_NEXT = 1,
    DESCRIPTOR_WRITE = 2,
    DESCRIPTOR_INDIRECT = 4,
    DESCRIPTOR_AVAILABLE = 1 << 7, /* packed */
    DESCRIPTOR_USED = 1 << 15,     /* packed */
};

#define DESCRIPTOR_SIZE 16

/* As it lies in guest RAM. */
struct descriptor {
    u64 address;
    u32 size;
    union {
        struct {
            u16 flags, next;
        } split;
        struct {
            u16 id, flags;
        } packed;
    };
};
_Static_assert(sizeof(struct descriptor) == DESCRIPTOR_SIZE, "the format of the specification");

#define TABLE_WINDOW 8

/*
 * A table of descriptors in guest RAM. They are copied some at a time: those of one chain mostly
 * lie side by side.
 */
struct descriptor_table {
    gpa_t at;
    u32 count;         /* descriptors in the table               */
    u32 ahead;         /* how many to copy when one is not there */
    u32 first, loaded; /* those in the window                    */
    struct descriptor window[TABLE_WINDOW];
};

/* Begins to read a table; `ahead` of its descriptors are expected to be needed. */
void table_open(struct descriptor_table *table, gpa_t at, u32 count, u32 ahead);

/* The descriptor with that index; it stays until the next call. NULL: there is none, or it is not
 * in RAM. */
const struct descriptor *table_entry(struct descriptor_table *table, const struct virtio_host *host,
                                     u32 index);

/* Opens the table that an indirect descriptor names. False: no driver may make such a one. */
bool table_open_indirect(struct descriptor_table *table, const struct virtqueue_setup *setup,
                         const struct descriptor *descriptor);

/* A chain without buffers. */
void chain_clear(struct virtio_chain *chain);

/* Appends a descriptor's buffer to a chain of at most `limit`. False: it cannot be in that place of
 * a chain. */
bool chain_append(struct virtio_chain *chain, const struct descriptor *descriptor, u16 flags,
                  u32 limit);

/* For queues that are ready, as their namesakes in virtqueue.h. What the ring says of notifications
 * is queue->suppression, which start sets to what it is before the device has said anything. */
enum virtqueue_result split_pop(struct virtqueue *queue, const struct virtio_host *host,
                                struct virtio_chain *chain);
bool split_push(struct virtqueue *queue, const struct virtio_host *host, u16 id, u32 written);
bool split_publish(const struct virtqueue *queue, const struct virtio_host *host);
bool split_interrupts(const struct virtqueue *queue, const struct virtio_host *host);
bool split_suppress(struct virtqueue *queue, const struct virtio_host *host, bool wanted);
enum virtqueue_result split_look(struct virtqueue *queue, const struct virtio_host *host);

enum virtqueue_result packed_pop(struct virtqueue *queue, const struct virtio_host *host,
                                 struct virtio_chain *chain);
void packed_unpop(struct virtqueue *queue, u16 slots);
bool packed_push(struct virtqueue *queue, const struct virtio_host *host, u16 id, u16 slots,
                 u32 written);
bool packed_publish(const struct virtqueue *queue, const struct virtio_host *host);
bool packed_interrupts(const struct virtqueue *queue, const struct virtio_host *host);
bool packed_suppress(struct virtqueue *queue, const struct virtio_host *host, bool wanted);
enum virtqueue_result packed_look(const struct virtqueue *queue, const struct virtio_host *host);

/* Orders what this hart does in guest RAM as other harts, on which the guest runs, see it. */
static inline void ring_acquire(void) /* loads before, everything after */
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void ring_release(void) /* everything before, stores after */
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void ring_fence(void) /* stores before, loads after, too */
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline bool ring_read(const struct virtio_host *host, gpa_t from, void *to, u32 size)
{
    return host->read(host->ctx, from, to, size);
}

static inline bool ring_write(const struct virtio_host *host, gpa_t to, const void *from, u32 size)
{
    return host->write(host->ctx, to, from, size);
}

#endif
