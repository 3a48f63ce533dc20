/*
 * The register window of a virtio-mmio slot, in both versions (Virtual I/O Device specification,
 * "MMIO Device Register Layout" and "Legacy interface"): 1, legacy, is what QEMU's virt shows. A
 * slot without a device is a legacy transport whose DeviceID is 0, which tells a driver to leave
 * it alone. Called with the device's lock held (virtio.h).
 */
#ifndef DEV_VIRTIO_MMIO_H
#define DEV_VIRTIO_MMIO_H

#include "arch/types.h"
#include "hyp/dev/virtio.h"

#define VIRTIO_MMIO_SIZE 0x200 /* bytes of registers and configuration; past them: a fault */

struct virtio_mmio {
    struct virtio_device *device; /* NULL: the slot is empty */
    /* Private to virtio_mmio*.c: what the driver is setting up. */
    u32 device_features_select, driver_features_select, queue_select;
    u64 driver_features; /* modern: not yet taken          */
    u32 guest_page_size; /* legacy: bytes                  */
    struct virtio_mmio_queue {
        u32 size;                        /* entries                                 */
        u32 align, page;                 /* legacy; page 0: not set up              */
        u64 descriptors, driver, device; /* modern                                  */
    } queues[VIRTIO_QUEUES];
    bool settling; /* a reset, or the end of a queue, waits for the device to be idle */
};

/* A slot in its power-on state, of `device` or empty (NULL). */
void virtio_mmio_init(struct virtio_mmio *slot, struct virtio_device *device);

/* The power-on state, the device's included. */
void virtio_mmio_reset(struct virtio_mmio *slot);

/*
 * A load or store as of struct mmio_ops (mmio.h). A store that resets the device, or ends a queue,
 * takes effect at once; but while the device still uses the guest's RAM, this and all other stores
 * are answered with MMIO_AGAIN, and are to be made again. When *notified is set after a store, the
 * device has something to do: the caller calls virtio_service.
 */
enum mmio_result virtio_mmio_read(struct virtio_mmio *slot, u32 offset, u32 width, u32 *value);
enum mmio_result virtio_mmio_write(struct virtio_mmio *slot, u32 offset, u32 width, u32 value,
                                   bool *notified);

#endif
