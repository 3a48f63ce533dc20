/* The MMIO bus of a VM: which device answers at a guest physical address. */
#ifndef VM_BUS_H
#define VM_BUS_H

#include "arch/types.h"
#include "hyp/dev/mmio.h"

#define BUS_REGIONS 16

/* One device's window. All devices of `virt` lie below 4 GiB. */
struct mmio_region {
    u32 base, size; /* bytes, guest physical */
    const struct mmio_ops *ops;
    void *device;
};

struct bus {
    struct mmio_region regions[BUS_REGIONS];
    u32 count;
};

/* Adds a window; panics when the bus is full (the machine is ours to lay out). */
void bus_add(struct bus *bus, u32 base, u32 size, const struct mmio_ops *ops, void *device);

/* The region that has `width` bytes at `gpa` wholly inside, tried first at *last, which is updated;
 * NULL when nothing answers there. */
const struct mmio_region *bus_find(const struct bus *bus, const struct mmio_region **last,
                                   gpa_t gpa, u32 width);

#endif
