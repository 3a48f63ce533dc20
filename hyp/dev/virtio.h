/*
 * What all virtio devices have in common, whatever the transport: status, features, queues, the
 * interrupt, and what becomes of a device whose driver breaks the rules: it needs a reset, and
 * nothing else happens.
 *
 * Locking: every function here, and every function of virtio_ops, is called with the device's lock
 * held, which is its host's (hyp/vm/devices.h): of one device, one runs at a time.
 */
#ifndef DEV_VIRTIO_H
#define DEV_VIRTIO_H

#include "arch/types.h"
#include "hyp/core/virtio_abi.h"
#include "hyp/dev/mmio.h"
#include "hyp/dev/virtqueue.h"

#define VIRTIO_QUEUES 8 /* of a device, at most */

struct virtio_device;

/* One kind of device. */
struct virtio_ops {
    u32 id;          /* VIRTIO_BLOCK, ... */
    u32 config_size; /* bytes of configuration space */
    /* Reads `width` bytes (1, 2 or 4) of the configuration space at `offset`, inside it; and stores
     * there: NULL: nothing is writable. */
    u32 (*config_read)(const struct virtio_device *device, u32 offset, u32 width);
    void (*config_write)(struct virtio_device *device, u32 offset, u32 width, u32 value);
    /* Forgets everything of the driver; its requests that are under way end without a trace. NULL:
     * there is nothing. Queues, features and status are reset by the caller. */
    void (*reset)(struct virtio_device *device);
    /* False: some of the guest's RAM that locate told of is still in use, by requests under way.
     * NULL: never. */
    bool (*is_idle)(const struct virtio_device *device);
    /*
     * Does what there is to do: chains of its queues, requests that are done, what has come in for
     * the guest. At most a bounded piece (about 64 KiB of data or 64 chains); true: there is more.
     * Called after every notification and after host.wake, only while the driver is ok
     * (virtio_works).
     */
    bool (*service)(struct virtio_device *device);
};

struct virtio_device {
    const struct virtio_ops *ops;
    struct virtio_host host;
    struct irq_line irq;
    bool modern;    /* transport version 2; else 1, legacy          */
    u64 offered;    /* features                                     */
    u64 features;   /* those that the driver has taken              */
    u32 status;     /* VIRTIO_ACKNOWLEDGE, ...                      */
    bool early;     /* legacy: the driver uses it before DRIVER_OK  */
    u32 interrupts; /* InterruptStatus: VIRTIO_INTERRUPT_...        */
    u32 generation; /* of the configuration                         */
    u32 queue_count;
    struct virtqueue queues[VIRTIO_QUEUES];
    struct virtio_chain *chain; /* room for the one that is looked at; the model's own */
};

/*
 * Makes a device, in its power-on state; ops.reset is not called. `features` are those of its kind;
 * what the queues can do is added here: EVENT_IDX and INDIRECT_DESC, VERSION_1 and RING_PACKED if
 * it is modern, ANY_LAYOUT if not. `host` is copied; `chain` is room that the device has for
 * itself.
 */
void virtio_init(struct virtio_device *device, const struct virtio_ops *ops, u64 features,
                 u32 queue_count, bool modern, struct virtio_chain *chain,
                 const struct virtio_host *host, struct irq_line irq);

/* The power-on state; the line is low. What the driver had begun is forgotten (ops.reset). */
void virtio_reset(struct virtio_device *device);

/* For the transport: the driver has taken these features, those of them that are offered. */
void virtio_take_features(struct virtio_device *device, u64 features);

/* For the transport: the driver has handled what these bits of InterruptStatus told it. */
void virtio_acknowledge(struct virtio_device *device, u32 interrupts);

/*
 * The driver has said DRIVER_OK, and has not broken the rules since. Legacy drivers may use a
 * device before ("Legacy Interface: Device Initialization"): from their first notification on.
 */
bool virtio_works(const struct virtio_device *device);

/* No RAM of the guest's is in use by requests under way. */
bool virtio_is_idle(const struct virtio_device *device);

/* Calls ops.service if the device works. True: there is more to do. */
bool virtio_service(struct virtio_device *device);

/* The driver broke the rules: NEEDS_RESET, and the device does nothing until then. */
void virtio_break(struct virtio_device *device);

/*
 * For the kinds of devices. Queues that are not ready are empty. Pop takes the next chain of a
 * queue into device->chain, a broken one breaks the device; false: there is none. Unpop puts
 * device->chain back: the one taken last of those not put back, and none is pushed in between.
 */
bool virtio_pop(struct virtio_device *device, u32 queue);
void virtio_unpop(struct virtio_device *device, u32 queue);

/* A chain of which the device has made use. */
struct virtio_used {
    u16 id, slots; /* of the chain                                    */
    u32 written;   /* bytes, from the start of its writable part      */
};

/* Gives chains back. The driver sees all that were pushed, at once, when the device calls interrupt
 * or finish for that queue, which it does after the last push of a service. */
void virtio_push(struct virtio_device *device, u32 queue, u16 id, u16 slots, u32 written);
void virtio_push_all(struct virtio_device *device, u32 queue, const struct virtio_used *used,
                     u32 count);

/* Shows the driver what was pushed, and interrupts it if it wants that. */
void virtio_interrupt(struct virtio_device *device, u32 queue);

/* The same, and asks for a notification at the next chain. True: there is one already, and none is
 * asked for. */
bool virtio_finish(struct virtio_device *device, u32 queue);

/* Copies from the readable part of device->chain, or to the writable one. False: out of range or
 * not RAM, and the device is broken. */
bool virtio_copy_in(struct virtio_device *device, u32 offset, void *to, u32 size);
bool virtio_copy_out(struct virtio_device *device, u32 offset, const void *from, u32 size);

/* The configuration has changed: tells the driver. */
void virtio_config_changed(struct virtio_device *device);

static inline bool virtio_has(const struct virtio_device *device, u64 feature)
{
    return (device->features & feature) != 0;
}

/* `width` bytes of a little-endian structure: what config_read of most kinds is. */
u32 virtio_bytes(const void *structure, u32 offset, u32 width);

#endif
