/*
 * virtio devices of the host behind the MMIO transport (Virtual I/O Device specification, "Virtio
 * Over MMIO"), versions 1, legacy, and 2: finding them in the device tree, starting them, their
 * interrupts. What kind of device it is, its driver knows.
 */
#ifndef DRV_VIRTIO_H
#define DRV_VIRTIO_H

#include "hyp/core/fdt.h"
#include "hyp/core/timer.h"
#include "hyp/drv/virtio_register.h"
#include "hyp/drv/virtio_ring.h"

#define VIRTIO_DRV_MAX 32 /* devices of a machine */

struct virtio_drv {
    fdt_node node;
    hpa_t address;
    volatile void *registers;
    u32 id;        /* VIRTIO_BLOCK, ... */
    bool modern;   /* version 2         */
    u64 features;  /* those negotiated  */
    u32 interrupt; /* source; 0: none   */
    bool polled;   /* it has no interrupt, or one that is of no use */

    /* Private to virtio.c and virtio_interrupt.c. */
    const char *name;
    u32 causeless; /* interrupts in a row without a reason */
    void (*handler)(void *ctx, u32 causes);
    void *ctx;
    struct timer poll;
};

/*
 * The next device of kind `id`, in the order of their addresses, after `after` (NULL: the first of
 * them); NULL: there is none. Devices that have another owner are among them, so that the number of
 * a device does not depend on it. Boot hart.
 */
struct virtio_drv *virtio_drv_next(u32 id, const struct virtio_drv *after);

/*
 * Claims the device, resets it and negotiates features: those of `wanted`, and of the ring, that it
 * offers. `name` stays: what it is called, for a person. Returns NULL, or why it cannot be driven:
 * then it is to be closed. Boot hart.
 */
const char *virtio_drv_open(struct virtio_drv *drv, u64 wanted, const char *name);

/* Sets up a queue, of `per_slot` (1, 2 or 4) descriptors a slot, in memory of its own. Between open
 * and run. Returns as open does. */
const char *virtio_drv_queue(struct virtio_drv *drv, u32 index, struct virtio_ring *ring,
                             u32 per_slot);

/*
 * Starts the device. From now on `handler` is called on the boot hart, with no lock held, when it
 * interrupts, with the bits of InterruptStatus; or, where that cannot be, from a timer, every
 * millisecond.
 */
void virtio_drv_run(struct virtio_drv *drv, void (*handler)(void *ctx, u32 causes), void *ctx);

/* virtio_interrupt.c, for virtio.c: calls the handler from now on, and does not any more. */
void virtio_interrupts_begin(struct virtio_drv *drv);
void virtio_interrupts_end(struct virtio_drv *drv);

/* Tells the device that there is something in a queue. Any hart. */
static inline void virtio_drv_notify(const struct virtio_drv *drv, u32 queue)
{
    virtio_register_write(drv->registers, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

/* What is wrong with a device that runs: a phrase; NULL: nothing. Any hart. */
const char *virtio_drv_trouble(const struct virtio_drv *drv);

/*
 * Gives a device up, for good: it is reset, so that it lets go of memory, and does not interrupt
 * any more; its claim stays. Waits for it, a tenth of a second at most; false: it has not told that
 * it is reset. Any hart, once.
 */
bool virtio_drv_stop(struct virtio_drv *drv);

/* The same for one that could not be started: the claim is given back; its queues can be freed
 * then, those that were not set up, all zero, too. Boot hart. */
void virtio_drv_close(struct virtio_drv *drv);
void virtio_drv_free_queue(struct virtio_ring *ring);

static inline bool virtio_drv_has(const struct virtio_drv *drv, u64 feature)
{
    return (drv->features & feature) != 0;
}

/* Fields of the configuration, by their offsets. */
static inline u32 virtio_drv_config32(const struct virtio_drv *drv, u32 offset)
{
    return virtio_register_read(drv->registers, VIRTIO_MMIO_CONFIG + offset);
}

static inline u16 virtio_drv_config16(const struct virtio_drv *drv, u32 offset)
{
    return virtio_register_read16(drv->registers, VIRTIO_MMIO_CONFIG + offset);
}

static inline u8 virtio_drv_config8(const struct virtio_drv *drv, u32 offset)
{
    return virtio_register_read8(drv->registers, VIRTIO_MMIO_CONFIG + offset);
}

#endif
