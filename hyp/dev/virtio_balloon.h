/*
 * A virtio balloon (Virtual I/O Device specification, "Traditional Memory Balloon Device"): gives
 * pages of the guest's RAM back to the host, as many as the host asks for, and those that the guest
 * reports free (VIRTIO_BALLOON_F_REPORTING). A page that is touched again is backed with zeros.
 */
#ifndef DEV_VIRTIO_BALLOON_H
#define DEV_VIRTIO_BALLOON_H

#include "hyp/dev/virtio.h"

#define VIRTIO_BALLOON_ORDER 1 /* 4 KiB << order is what a device takes */

struct balloon_host {
    /* Gives [gpa, gpa + size), whole pages, back. Returns false when that cannot be now because
     * devices use RAM of the guest's: the device tries again at the next service, for which the
     * host calls wake. What is no RAM is left alone. */
    bool (*give_back)(void *ctx, gpa_t gpa, u64 size);
    void *ctx;
};

/* As virtio_blk_init. */
struct virtio_device *virtio_balloon_init(void *room, const struct balloon_host *balloon,
                                          bool modern, const struct virtio_host *host,
                                          struct irq_line irq);

/* Asks the guest for a balloon of so many 4 KiB pages. */
void virtio_balloon_ask(struct virtio_device *device, u32 pages);

/* What it was asked for, what it says that it has given, and how many pages it has reported free.
 */
struct balloon_state {
    u32 wanted, actual, reported;
};
struct balloon_state virtio_balloon_state(const struct virtio_device *device);

#endif
