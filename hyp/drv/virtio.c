/* From a device that was found to one that runs, and its end. */
#include "hyp/drv/virtio.h"

#include "arch/csr.h"
#include "arch/u64.h"
#include "hyp/core/claim.h"
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"

#define RESET_WAIT_MS 100
#define RING_MAX      256 /* descriptors */

static u32 get(const struct virtio_drv *drv, u32 offset)
{
    return virtio_register_read(drv->registers, offset);
}

static void set(const struct virtio_drv *drv, u32 offset, u32 value)
{
    virtio_register_write(drv->registers, offset, value);
}

static void add_status(const struct virtio_drv *drv, u32 bits)
{
    set(drv, VIRTIO_MMIO_STATUS, get(drv, VIRTIO_MMIO_STATUS) | bits);
}

/* The device is done with the reset, and with our memory, once Status is 0. */
static bool reset(const struct virtio_drv *drv)
{
    u64 end = timer_after(RESET_WAIT_MS);

    set(drv, VIRTIO_MMIO_STATUS, 0);
    while (get(drv, VIRTIO_MMIO_STATUS))
        if (time_now() > end)
            return false;
    return true;
}

static u64 offered_features(const struct virtio_drv *drv)
{
    u32 low;

    set(drv, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    low = get(drv, VIRTIO_MMIO_DEVICE_FEATURES);
    if (!drv->modern)
        return low;
    set(drv, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    return u64_join(low, get(drv, VIRTIO_MMIO_DEVICE_FEATURES));
}

static const char *negotiate(struct virtio_drv *drv, u64 wanted)
{
    u64 offered = offered_features(drv);

    wanted |= VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC |
              (drv->modern ? VIRTIO_F_VERSION_1 : VIRTIO_F_ANY_LAYOUT);
    drv->features = offered & wanted;
    if (drv->modern && !virtio_drv_has(drv, VIRTIO_F_VERSION_1))
        return "it offers no VERSION_1";
    set(drv, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    set(drv, VIRTIO_MMIO_DRIVER_FEATURES, u64_low(drv->features));
    if (!drv->modern)
        return NULL;
    set(drv, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    set(drv, VIRTIO_MMIO_DRIVER_FEATURES, u64_high(drv->features));
    add_status(drv, VIRTIO_FEATURES_OK);
    return get(drv, VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK ? NULL : "it refuses its features";
}

const char *virtio_drv_open(struct virtio_drv *drv, u64 wanted, const char *name)
{
    drv->name = name;
    if (!claim_node(drv->node, name))
        return "it is another's";
    if (!reset(drv))
        return "it cannot be reset";
    add_status(drv, VIRTIO_ACKNOWLEDGE);
    add_status(drv, VIRTIO_DRIVER);
    return negotiate(drv, wanted);
}

static void set_address(const struct virtio_drv *drv, u32 low_register, const void *memory)
{
    hpa_t address = phys_of(memory);

    set(drv, low_register, u64_low(address));
    set(drv, low_register + 4, u64_high(address));
}

/* Tells the selected queue where its ring is. */
static void place_ring(const struct virtio_drv *drv, const struct virtio_ring *ring)
{
    set(drv, VIRTIO_MMIO_QUEUE_NUM, ring->size);
    if (!drv->modern) {
        set(drv, VIRTIO_MMIO_GUEST_PAGE_SIZE, PAGE_SIZE);
        set(drv, VIRTIO_MMIO_QUEUE_ALIGN, VIRTIO_RING_ALIGN);
        set(drv, VIRTIO_MMIO_QUEUE_PFN, (u32)(phys_of(ring->descriptors) >> PAGE_SHIFT));
        return;
    }
    set_address(drv, VIRTIO_MMIO_QUEUE_DESC_LOW, ring->descriptors);
    set_address(drv, VIRTIO_MMIO_QUEUE_DRIVER_LOW, ring->available);
    set_address(drv, VIRTIO_MMIO_QUEUE_DEVICE_LOW, ring->used);
    set(drv, VIRTIO_MMIO_QUEUE_READY, 1);
}

static u32 order_of(u32 bytes)
{
    u32 order = 0;

    while (PAGE_SIZE << order < bytes)
        order++;
    return order;
}

const char *virtio_drv_queue(struct virtio_drv *drv, u32 index, struct virtio_ring *ring,
                             u32 per_slot)
{
    u32 max,
        size = VIRTIO_RING_SLOTS * per_slot < RING_MAX ? VIRTIO_RING_SLOTS * per_slot : RING_MAX;
    void *memory;

    set(drv, VIRTIO_MMIO_QUEUE_SEL, index);
    max = get(drv, VIRTIO_MMIO_QUEUE_NUM_MAX);
    while (size > max)
        size /= 2;
    if (size < per_slot)
        return max ? "its queues are too short" : "it lacks a queue";
    memory = page_alloc_ptr(order_of(virtio_ring_bytes(size)));
    if (!memory)
        return "there is no memory for it";
    virtio_ring_init(ring, memory, size, per_slot, virtio_drv_has(drv, VIRTIO_F_EVENT_IDX));
    place_ring(drv, ring);
    return NULL;
}

void virtio_drv_run(struct virtio_drv *drv, void (*handler)(void *ctx, u32 causes), void *ctx)
{
    drv->handler = handler;
    drv->ctx = ctx;
    add_status(drv, VIRTIO_DRIVER_OK);
    virtio_interrupts_begin(drv);
}

const char *virtio_drv_trouble(const struct virtio_drv *drv)
{
    u32 status = get(drv, VIRTIO_MMIO_STATUS);

    if (get(drv, VIRTIO_MMIO_MAGIC_VALUE) != VIRTIO_MMIO_MAGIC ||
        get(drv, VIRTIO_MMIO_DEVICE_ID) != drv->id)
        return "it is gone";
    if (status & VIRTIO_NEEDS_RESET)
        return "it needs a reset";
    return status & VIRTIO_DRIVER_OK ? NULL : "it was reset";
}

bool virtio_drv_stop(struct virtio_drv *drv)
{
    virtio_interrupts_end(drv);
    return reset(drv);
}

void virtio_drv_close(struct virtio_drv *drv)
{
    if (claim_owner(drv->node) != drv->name)
        return;
    add_status(drv, VIRTIO_FAILED);
    reset(drv);
    claim_release(drv->node);
}

void virtio_drv_free_queue(struct virtio_ring *ring)
{
    if (ring->descriptors)
        page_free_ptr(ring->descriptors, order_of(virtio_ring_bytes(ring->size)));
}
