/* A virtio entropy device (Virtual I/O Device specification, "Entropy Device"). */
#ifndef DEV_VIRTIO_ENTROPY_H
#define DEV_VIRTIO_ENTROPY_H

#include "hyp/dev/virtio.h"

#define VIRTIO_ENTROPY_ORDER 1 /* 4 KiB << order is what a device takes */

/* Fills `to` with random bytes; false: this machine has none. */
typedef bool entropy_source(void *to, u32 size);

/* As virtio_blk_init. */
struct virtio_device *virtio_entropy_init(void *room, entropy_source *source, bool modern,
                                          const struct virtio_host *host, struct irq_line irq);

#endif
