/*
 * A virtqueue, device side: split rings and packed ones (Virtual I/O Device specification, "Split
 * Virtqueues", "Packed Virtqueues"), EVENT_IDX, indirect descriptors. Whatever lies in the ring is
 * the guest's: it is read once, checked whole, and then used. The caller has the device's lock.
 */
#ifndef DEV_VIRTQUEUE_H
#define DEV_VIRTQUEUE_H

#include "arch/types.h"

#define VIRTQUEUE_MAX 256 /* entries of a queue, and buffers of a chain */

/* What a device asks of the host that has it. */
struct virtio_host {
    /* The guest's RAM. False: it is not RAM, or cannot be backed (and the VM ends). Two or four
     * bytes, aligned, are one load or store: rings are shared with a guest that runs. */
    bool (*read)(void *ctx, gpa_t from, void *to, u32 size);
    bool (*write)(void *ctx, gpa_t to, const void *from, u32 size);
    /* Where guest RAM is: returns how many bytes from `gpa` on, at most `size`, are one run at *at;
     * 0: `gpa` is not RAM. For `write`, they may be stored to. They stay there until the device
     * tells that it uses none any more (virtio_ops.is_idle). */
    u32 (*locate)(void *ctx, gpa_t gpa, u32 size, bool write, hpa_t *at);
    /* Asks that the device's service be called soon. Any hart, any lock held but the run queue's.
     */
    void (*wake)(void *ctx);
    void *ctx;
};

/* Where the driver has put a queue, and how it is used; set by the transport. */
struct virtqueue_setup {
    u16 size; /* entries: 1 to VIRTQUEUE_MAX, a power of two if split */
    bool packed, event_idx, indirect;
    gpa_t descriptors, driver, device; /* split: table, available ring, used ring */
};

/* Private to virtqueue*.c. */
struct virtqueue {
    struct virtqueue_setup setup;
    bool ready;                     /* the driver has set it up                            */
    bool available_wrap, used_wrap; /* packed: the wrap counters of the two places         */
    u16 next_available;             /* split: free-running index; packed: slot             */
    u16 next_used;                  /* the same, where the next used chain goes            */
    u16 available;                  /* split: the driver's index as last read              */
    u16 taken;                      /* packed: slots of chains popped and not pushed       */
    u16 unpublished, unsignalled;   /* slots pushed that the driver has not been shown, or
                                       that no interrupt was considered for                */
    u16 held_slot, held_flags;      /* packed: of the first that is unpublished            */
    u16 usual;                      /* descriptors that the last chain had in the ring     */
    u32 suppression;                /* what the ring tells the driver about notifications  */
};

/* A run of bytes in a chain, one at least, that does not wrap round the end of the address space;
 * not yet looked at whether it is RAM. */
struct virtio_buffer {
    gpa_t address;
    u32 size; /* bytes */
};

/* A chain of buffers that the driver made available: one at least. The buffers that the device
 * reads come first. */
struct virtio_chain {
    u16 id;                           /* by which it is given back; packed: any number         */
    u16 slots;                        /* of the ring that it takes; the same                   */
    u32 readable, writable;           /* buffers       */
    u32 readable_size, writable_size; /* bytes in them */
    struct virtio_buffer buffers[VIRTQUEUE_MAX];
};

enum virtqueue_result {
    VIRTQUEUE_CHAIN,
    VIRTQUEUE_EMPTY,
    VIRTQUEUE_BROKEN, /* no ring that a driver may make: the device must stop using it */
};

/* Begins to use a queue as it is after a reset. False: no size that a queue may have; it is not
 * used then. */
bool virtqueue_start(struct virtqueue *queue, const struct virtqueue_setup *setup);

/* Another choice of features by a legacy driver, which may come late; what the ring holds stays. */
void virtqueue_change(struct virtqueue *queue, bool event_idx, bool indirect);

/* Ends the use of a queue: there is nothing in it, and what is pushed goes nowhere. */
void virtqueue_stop(struct virtqueue *queue);

/*
 * Takes the next chain. No more chains than the queue has entries are taken and not yet given
 * back, whatever the driver does, from one start of the queue to the next.
 */
enum virtqueue_result virtqueue_pop(struct virtqueue *queue, const struct virtio_host *host,
                                    struct virtio_chain *chain);

/* Puts back the chain that pop took last of those not put back, as if it had not been taken. None
 * has been pushed since. */
void virtqueue_unpop(struct virtqueue *queue, const struct virtio_chain *chain);

/* Gives a chain back, `written` bytes of its writable part being filled. The driver sees it at the
 * next publish: all that were pushed by then, or none. False: broken, or none was taken. */
bool virtqueue_push(struct virtqueue *queue, const struct virtio_host *host, u16 id, u16 slots,
                    u32 written);

/* Shows the driver what was pushed. False: broken. */
bool virtqueue_publish(struct virtqueue *queue, const struct virtio_host *host);

/* Is an interrupt due for what was published since the last call? Broken is no. */
bool virtqueue_interrupts(struct virtqueue *queue, const struct virtio_host *host);

/*
 * Asks for a notification at the next chain that comes, or says that none is needed. Returns
 * VIRTQUEUE_CHAIN when there is one already (asked for or not), so that nothing is missed.
 */
enum virtqueue_result virtqueue_notify(struct virtqueue *queue, const struct virtio_host *host,
                                       bool wanted);

/* Copies from the readable part of a chain, or to the writable one, from its byte `offset` on. The
 * range lies within it. False: a buffer is not RAM. */
bool virtio_chain_read(const struct virtio_chain *chain, const struct virtio_host *host, u32 offset,
                       void *to, u32 size);
bool virtio_chain_write(const struct virtio_chain *chain, const struct virtio_host *host,
                        u32 offset, const void *from, u32 size);

#endif
