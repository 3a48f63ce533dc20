/*
 * Devices behind virtio-mmio, driver side (Virtual I/O Device specification, "Virtio Over MMIO"):
 * transports of version 1, legacy, and of version 2. The numbers are stated here once more, and not
 * taken from the hypervisor's tree, so that a wrong one there does not agree with itself.
 */
#ifndef GUEST_VIRTIO_H
#define GUEST_VIRTIO_H

#include "guest/lib/io.h"
#include "guest/lib/virtq.h"

#define VIRTIO_SLOTS  8
#define VIRTIO_STRIDE 0x1000u
#define VIRTIO_IRQ    1 /* of slot 0 */
#define VIRTIO_QUEUES 8

#define VIRTIO_MAGIC  0x74726976u
#define VIRTIO_VENDOR 0x554d4551u

enum virtio_register {
    VIRTIO_MAGIC_VALUE = 0x00,
    VIRTIO_VERSION = 0x04,
    VIRTIO_DEVICE_ID = 0x08,
    VIRTIO_VENDOR_ID = 0x0c,
    VIRTIO_DEVICE_FEATURES = 0x10,
    VIRTIO_DEVICE_FEATURES_SEL = 0x14,
    VIRTIO_DRIVER_FEATURES = 0x20,
    VIRTIO_DRIVER_FEATURES_SEL = 0x24,
    VIRTIO_GUEST_PAGE_SIZE = 0x28, /* legacy */
    VIRTIO_QUEUE_SEL = 0x30,
    VIRTIO_QUEUE_NUM_MAX = 0x34,
    VIRTIO_QUEUE_NUM = 0x38,
    VIRTIO_QUEUE_ALIGN = 0x3c, /* legacy */
    VIRTIO_QUEUE_PFN = 0x40,   /* legacy */
    VIRTIO_QUEUE_READY = 0x44,
    VIRTIO_QUEUE_NOTIFY = 0x50,
    VIRTIO_INTERRUPT_STATUS = 0x60,
    VIRTIO_INTERRUPT_ACK = 0x64,
    VIRTIO_STATUS = 0x70,
    VIRTIO_QUEUE_DESC = 0x80, /* low word; the high one follows, also of the next two */
    VIRTIO_QUEUE_DRIVER = 0x90,
    VIRTIO_QUEUE_DEVICE = 0xa0,
    VIRTIO_CONFIG_GENERATION = 0xfc,
    VIRTIO_CONFIG = 0x100,
    VIRTIO_WINDOW = 0x200, /* its size */
};

enum virtio_kind {
    VIRTIO_NONE = 0,
    VIRTIO_NET = 1,
    VIRTIO_BLOCK = 2,
    VIRTIO_CONSOLE = 3,
    VIRTIO_ENTROPY = 4,
    VIRTIO_BALLOON = 5,
};

enum virtio_status {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

enum { VIRTIO_INTERRUPT_USED = 1, VIRTIO_INTERRUPT_CONFIG = 2 };

#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_EVENT_IDX     (1ull << 29)
#define VIRTIO_F_VERSION_1     (1ull << 32)
#define VIRTIO_F_RING_PACKED   (1ull << 34)

struct virtio {
    u32 base, irq;
    enum virtio_kind kind;
    bool modern;
    u64 offered, features;      /* features: those that were agreed on                  */
    struct virtq_way way;       /* of its queues                                        */
    u32 notifications;          /* stores to QueueNotify                                */
    volatile u32 interrupts;    /* taken since virtio_take_interrupts()                  */
    volatile u32 config_events; /* those of them that told of a change of configuration */
};

static inline u32 virtio_read(const struct virtio *device, u32 offset)
{
    return read32(device->base + offset);
}

static inline void virtio_write(const struct virtio *device, u32 offset, u32 value)
{
    write32(device->base + offset, value);
}

/* The device in `slot`, untouched. False: the slot is empty. */
bool virtio_in_slot(u32 slot, struct virtio *device);

/* Device number `nth` of a kind, from 0 up; false: there is none. */
bool virtio_find(enum virtio_kind kind, u32 nth, struct virtio *device);

/*
 * Resets the device and agrees on the features that are offered, in `wanted`, and needed for `way`:
 * the driver is then known, and queues can be set. False: the device lacks what `way` needs, or
 * does not agree.
 */
bool virtio_begin(struct virtio *device, u64 wanted, struct virtq_way way);

/* Makes `queue` the device's queue `index`, with `size` entries or as many as it can have. False:
 * it has no such queue. */
bool virtio_set_queue(struct virtio *device, u32 index, struct virtq *queue, u16 size);

/* Makes it the queue as it is: after virtq_init(), and after whatever was done to its addresses. */
void virtio_connect(struct virtio *device, u32 index, struct virtq *queue);

/* The driver is ready: the device may begin. */
void virtio_go(struct virtio *device);

/* Resets the device: it knows no driver, and nothing of the queues. */
void virtio_reset(struct virtio *device);

/* Shows what was added to the queue, and notifies the device if it wants that. */
void virtio_kick(struct virtio *device, u32 index, struct virtq *queue);

/* Notifies in any case. */
void virtio_notify(struct virtio *device, u32 index);

/* Waits until there is something to take from the queue; false: for some seconds there was not. */
bool virtio_wait(const struct virtq *queue);

/*
 * Interrupts of the device go to the hart that calls this, from now on, and are acknowledged and
 * counted there. What `wait` does, asleep.
 */
void virtio_take_interrupts(struct virtio *device);
void virtio_leave_interrupts(struct virtio *device);
bool virtio_sleep(const struct virtq *queue);

/* 64 bits of the configuration space, low word first. */
u64 virtio_config64(const struct virtio *device, u32 offset);

#endif
