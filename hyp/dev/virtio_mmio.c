#include "hyp/dev/virtio_mmio.h"

enum {
    VIRTIO_MAGIC_VALUE = 0x00,
    VIRTIO_VERSION = 0x04,
    VIRTIO_DEVICE_ID = 0x08,
    VIRTIO_VENDOR_ID = 0x0c,
};

#define MAGIC_VIRT     0x74726976u /* "virt", little-endian */
#define VERSION_LEGACY 1u
#define DEVICE_ID_NONE 0u
#define VENDOR_QEMU    0x554d4551u /* "QEMU", little-endian */

static u32 identity(u32 offset)
{
    switch (offset) {
    case VIRTIO_MAGIC_VALUE:
        return MAGIC_VIRT;
    case VIRTIO_VERSION:
        return VERSION_LEGACY;
    case VIRTIO_DEVICE_ID:
        return DEVICE_ID_NONE;
    case VIRTIO_VENDOR_ID:
        return VENDOR_QEMU;
    default:
        return 0;
    }
}

/* A narrow load at a register's offset gives its low bytes; between registers it gives zero. */
static enum mmio_result virtio_mmio_read(void *device, u32 offset, u32 width, u32 *value)
{
    (void)device;
    if (offset >= VIRTIO_MMIO_SIZE)
        return MMIO_FAULT;
    *value = identity(offset) & 0xffffffffu >> (32 - 8 * width);
    return MMIO_OK;
}

static enum mmio_result virtio_mmio_write(void *device, u32 offset, u32 width, u32 value)
{
    (void)device;
    (void)width;
    (void)value;
    return offset < VIRTIO_MMIO_SIZE ? MMIO_OK : MMIO_FAULT;
}

const struct mmio_ops virtio_mmio_ops = {
    .read = virtio_mmio_read,
    .write = virtio_mmio_write,
};

void virtio_mmio_reset(struct virtio_mmio *slot)
{
    irq_line_set(&slot->irq, false);
}

void virtio_mmio_init(struct virtio_mmio *slot, struct irq_line irq)
{
    slot->irq = irq;
    virtio_mmio_reset(slot);
}
