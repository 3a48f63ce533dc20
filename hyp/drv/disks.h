/*
 * The host's disks: virtio block devices that the device tree has, numbered by address from 0.
 * Interrupt driven; requests of many VMs wait for one another in the order of their coming.
 */
#ifndef DRV_DISKS_H
#define DRV_DISKS_H

#include "hyp/core/block.h"

/* Finds and starts them, except those that others claimed (claim.h). Tells of one that it cannot
 * drive. Boot hart, after plic_drv_init. */
void disks_init(void);

u32 disks_count(void);

/* The disk of that number; NULL: there is none. */
struct block_device *disks_find(u32 number);

/* What it is, for a person: "virtio 2 at 0x10001000, 65536 sectors". Valid until the next call. */
const char *disks_describe(u32 number);

/*
 * Reads at once, for who has to know something of a disk: waits, at most a few seconds, while this
 * hart handles its interrupts. `to` is directly mapped. False: the disk does not answer or says no.
 * At boot, or the monitor, with no lock held.
 */
bool disks_read(struct block_device *device, u64 sector, u32 sectors, void *to);

#endif
