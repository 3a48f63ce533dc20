/*
 * A virtio console with one port (Virtual I/O Device specification, "Console Device"). What the
 * guest prints on it goes where its UART's output goes, and it gets what is typed.
 */
#ifndef DEV_VIRTIO_CONSOLE_H
#define DEV_VIRTIO_CONSOLE_H

#include "hyp/dev/virtio.h"

#define VIRTIO_CONSOLE_ORDER 1 /* 4 KiB << order is what a device takes */

/* Both are called with the device's lock held. */
struct virtio_console_host {
    void (*put)(void *ctx, u8 byte); /* the guest prints                        */
    /* Takes up to `size` typed bytes; returns how many. When bytes come and there were none, the
     * host calls virtio_host.wake. */
    u32 (*take)(void *ctx, u8 *to, u32 size);
    void *ctx;
};

/* As virtio_blk_init. */
struct virtio_device *virtio_console_init(void *room, const struct virtio_console_host *console,
                                          bool modern, const struct virtio_host *host,
                                          struct irq_line irq);

/* Does the guest read from it? Then what is typed is for this console and not for the UART. */
bool virtio_console_reads(const struct virtio_device *device);

#endif
