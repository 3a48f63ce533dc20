/* The host's network cards: virtio ones that the device tree has, numbered by address from 0. */
#ifndef DRV_NICS_H
#define DRV_NICS_H

#include "hyp/core/frame.h"

/* Finds and starts them, except those that others claimed (claim.h). Tells of one that it cannot
 * drive. Boot hart, after plic_drv_init. */
void nics_init(void);

u32 nics_count(void);

/* From now on `receive` gets every frame that comes in, in a task of the hypervisor's, with no lock
 * held. Once for each card. */
void nics_listen(u32 number, void (*receive)(void *ctx, const struct frame *frame), void *ctx);

/* Sends a frame; a checksum that is still wanted is summed up on the way. Any hart, with no lock
 * held that is needed to copy the frame. False: no room in the card's queue, or it is gone. */
bool nics_send(u32 number, const struct frame *frame);

/* What it is, for a person. Valid until the next call. */
const char *nics_describe(u32 number);

struct nic_counts {
    u32 sent, received, no_room, bad; /* frames; bad: the card said so */
};
struct nic_counts nics_counts(u32 number);

#endif
