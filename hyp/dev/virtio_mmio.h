/*
 * The register window of one virtio-mmio slot, as QEMU's virt shows a slot with no device behind:
 * a legacy transport (version 1) whose DeviceID is 0, which tells a driver to leave it alone
 * (Virtual I/O Device specification, "MMIO Device Register Layout").
 */
#ifndef DEV_VIRTIO_MMIO_H
#define DEV_VIRTIO_MMIO_H

#include "arch/types.h"
#include "hyp/dev/mmio.h"

#define VIRTIO_MMIO_SIZE 0x200 /* bytes of registers and configuration; past them: a fault */

/* Private to virtio_mmio.c. An empty slot never changes, hence no lock. */
struct virtio_mmio {
    struct irq_line irq;
};

extern const struct mmio_ops virtio_mmio_ops; /* device: struct virtio_mmio * */

/* Wires an empty slot and puts it in its power-on state. */
void virtio_mmio_init(struct virtio_mmio *slot, struct irq_line irq);

/* The power-on state: line low. */
void virtio_mmio_reset(struct virtio_mmio *slot);

#endif
