#include "arch/u64.h"
#include "hyp/dev/virtio_mmio.h"
#include "hyp/dev/virtio_mmio_parts.h"

#define VENDOR_QEMU    0x554d4551u /* "QEMU", little-endian */
#define VERSION_LEGACY 1u
#define VERSION_MODERN 2u
#define LEGACY_ALIGN   4096u /* of used rings, until the driver says otherwise */

/* The low bytes of a value that a load of `width` bytes takes. */
static u32 narrowed(u32 value, u32 width)
{
    return value & 0xffffffffu >> (32 - 8 * width);
}

static u32 read_empty(u32 offset)
{
    switch (offset) {
    case VIRTIO_MMIO_MAGIC_VALUE:
        return VIRTIO_MMIO_MAGIC;
    case VIRTIO_MMIO_VERSION:
        return VERSION_LEGACY;
    case VIRTIO_MMIO_VENDOR_ID:
        return VENDOR_QEMU;
    default:
        return 0;
    }
}

static u32 offered_features(const struct virtio_mmio *slot)
{
    u64 offered = slot->device->offered;

    switch (slot->device_features_select) {
    case 0:
        return u64_low(offered);
    case 1:
        return u64_high(offered);
    default:
        return 0;
    }
}

/* Registers that only one version has read as zero in the other. */
static u32 read_queue(struct virtio_mmio *slot, u32 offset)
{
    const struct virtio_mmio_queue *queue = mmio_selected(slot);

    if (!queue)
        return 0;
    if (offset == VIRTIO_MMIO_QUEUE_NUM_MAX)
        return VIRTQUEUE_MAX;
    if (offset == VIRTIO_MMIO_QUEUE_PFN)
        return queue->page;
    return slot->device->modern && slot->device->queues[slot->queue_select].ready;
}

/* What is write-only reads as zero. No device has shared memory: its length is -1. */
static u32 read_register(struct virtio_mmio *slot, u32 offset)
{
    const struct virtio_device *device = slot->device;

    switch (offset) {
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return device->interrupts;
    case VIRTIO_MMIO_STATUS:
        return device->status;
    case VIRTIO_MMIO_VERSION:
        return device->modern ? VERSION_MODERN : VERSION_LEGACY;
    case VIRTIO_MMIO_DEVICE_ID:
        return device->ops->id;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return offered_features(slot);
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
    case VIRTIO_MMIO_QUEUE_PFN:
    case VIRTIO_MMIO_QUEUE_READY:
        return read_queue(slot, offset);
    case VIRTIO_MMIO_SHM_LEN_LOW:
    case VIRTIO_MMIO_SHM_LEN_HIGH:
    case VIRTIO_MMIO_SHM_BASE_LOW:
    case VIRTIO_MMIO_SHM_BASE_HIGH:
        return 0xffffffff;
    case VIRTIO_MMIO_CONFIG_GENERATION:
        return device->modern ? device->generation : 0;
    default:
        return read_empty(offset);
    }
}

/* Past the end of the configuration there are ones, as on QEMU. */
static u32 read_config(const struct virtio_device *device, u32 offset, u32 width)
{
    if (offset + width > device->ops->config_size)
        return 0xffffffff;
    return device->ops->config_read(device, offset, width);
}

/* As on QEMU, a narrow load of a register gives zero where a device is, and else its low bytes. */
enum mmio_result virtio_mmio_read(struct virtio_mmio *slot, u32 offset, u32 width, u32 *value)
{
    if (unlikely(offset >= VIRTIO_MMIO_SIZE))
        return MMIO_FAULT;
    if (!slot->device)
        *value = narrowed(read_empty(offset), width);
    else if (offset >= VIRTIO_MMIO_CONFIG)
        *value = narrowed(read_config(slot->device, offset - VIRTIO_MMIO_CONFIG, width), width);
    else
        *value = width == 4 ? read_register(slot, offset) : 0;
    return MMIO_OK;
}

/* The answer to a store after which the device must not use the guest's RAM. */
static enum mmio_result settle(struct virtio_mmio *slot)
{
    slot->settling = !virtio_is_idle(slot->device);
    return slot->settling ? MMIO_AGAIN : MMIO_OK;
}

static enum mmio_result reset_device(struct virtio_mmio *slot)
{
    virtio_reset(slot->device);
    mmio_queues_forget(slot);
    slot->queue_select = 0;
    slot->driver_features = 0;
    return settle(slot);
}

/* A legacy driver has no other way to say which it takes; a modern one says FEATURES_OK then. */
static void write_features(struct virtio_mmio *slot, u32 value)
{
    u32 low = u64_low(slot->driver_features), high = u64_high(slot->driver_features);

    if (slot->device->status & VIRTIO_FEATURES_OK || slot->driver_features_select > 1)
        return;
    if (slot->device->modern)
        slot->driver_features =
            slot->driver_features_select ? u64_join(low, value) : u64_join(value, high);
    else if (!slot->driver_features_select)
        virtio_take_features(slot->device, value);
}

/*
 * FEATURES_OK is not set if the driver takes a feature that is not offered ("Feature Bits"). That
 * it does not take VERSION_1 is allowed, as on QEMU: teaching kernels do not. NEEDS_RESET is the
 * device's to set. The device has something to do when DRIVER_OK comes: what is available by then
 * may never be notified of.
 */
static enum mmio_result write_status(struct virtio_mmio *slot, u32 value, bool *notified)
{
    struct virtio_device *device = slot->device;
    u32 risen;

    value &= 0xff;
    if (!value)
        return reset_device(slot);
    risen = value & ~device->status;
    if (device->modern && (risen & VIRTIO_FEATURES_OK)) {
        if (slot->driver_features & ~device->offered)
            value &= ~(u32)VIRTIO_FEATURES_OK;
        else
            virtio_take_features(device, slot->driver_features);
    }
    device->status = (value & ~(u32)VIRTIO_NEEDS_RESET) | (device->status & VIRTIO_NEEDS_RESET);
    *notified = risen & VIRTIO_DRIVER_OK;
    return MMIO_OK;
}

/* A page number of 0 ends the use not of this queue but of the device, as on QEMU. */
static enum mmio_result write_legacy(struct virtio_mmio *slot, u32 offset, u32 value)
{
    if (offset == VIRTIO_MMIO_QUEUE_PFN && !value)
        return reset_device(slot);
    if (offset == VIRTIO_MMIO_GUEST_PAGE_SIZE)
        slot->guest_page_size = value ? value & -value : 1;
    else
        mmio_set_up_legacy(slot, offset, value);
    return MMIO_OK;
}

static enum mmio_result write_modern(struct virtio_mmio *slot, u32 offset, u32 value)
{
    if (offset == VIRTIO_MMIO_QUEUE_READY && !(value & 1)) {
        if (mmio_selected(slot))
            virtqueue_stop(&slot->device->queues[slot->queue_select]);
        return settle(slot);
    }
    mmio_set_up_modern(slot, offset, value);
    return MMIO_OK;
}

static enum mmio_result write_register(struct virtio_mmio *slot, u32 offset, u32 value,
                                       bool *notified)
{
    struct virtio_device *device = slot->device;

    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        *notified = value < device->queue_count && device->queues[value].ready;
        device->early |= *notified && !device->modern;
        return MMIO_OK;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        virtio_acknowledge(device, value);
        return MMIO_OK;
    case VIRTIO_MMIO_STATUS:
        return write_status(slot, value, notified);
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        slot->device_features_select = value;
        return MMIO_OK;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        slot->driver_features_select = value;
        return MMIO_OK;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        write_features(slot, value);
        return MMIO_OK;
    case VIRTIO_MMIO_QUEUE_SEL:
        slot->queue_select = value;
        return MMIO_OK;
    case VIRTIO_MMIO_QUEUE_NUM:
        mmio_set_queue_size(slot, value);
        return MMIO_OK;
    default:
        return device->modern ? write_modern(slot, offset, value)
                              : write_legacy(slot, offset, value);
    }
}

static void write_config(struct virtio_device *device, u32 offset, u32 width, u32 value)
{
    if (device->ops->config_write && offset + width <= device->ops->config_size)
        device->ops->config_write(device, offset, width, value);
}

/* What nothing is behind ignores stores, and so do registers narrow ones. */
enum mmio_result virtio_mmio_write(struct virtio_mmio *slot, u32 offset, u32 width, u32 value,
                                   bool *notified)
{
    *notified = false;
    if (unlikely(offset >= VIRTIO_MMIO_SIZE))
        return MMIO_FAULT;
    if (!slot->device)
        return MMIO_OK;
    if (unlikely(slot->settling) && settle(slot) == MMIO_AGAIN)
        return MMIO_AGAIN;
    if (offset < VIRTIO_MMIO_CONFIG)
        return width == 4 ? write_register(slot, offset, value, notified) : MMIO_OK;
    write_config(slot->device, offset - VIRTIO_MMIO_CONFIG, width, value);
    return MMIO_OK;
}

void virtio_mmio_init(struct virtio_mmio *slot, struct virtio_device *device)
{
    *slot = (struct virtio_mmio){.device = device, .guest_page_size = 1};
    for (u32 i = 0; i < VIRTIO_QUEUES; i++)
        slot->queues[i].align = LEGACY_ALIGN;
    mmio_queues_forget(slot);
}

void virtio_mmio_reset(struct virtio_mmio *slot)
{
    if (slot->device)
        virtio_reset(slot->device);
    virtio_mmio_init(slot, slot->device);
}
