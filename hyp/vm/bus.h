/* The MMIO bus of a VM: which device answers at a guest physical address. */
#ifndef VM_BUS_H
#define VM_BUS_H

#include "arch/types.h"
#include "hyp/dev/mmio.h"

#define BUS_REGIONS 16

/* One device's window. All devices of `virt` lie below its RAM, so in 32 bits. */
struct mmio_region {
    u32 base, size; /* bytes, guest physical */
    const struct mmio_ops *ops;
    void *device;
    const char *name; /* of the device, for a person */
};

struct bus {
    struct mmio_region regions[BUS_REGIONS];
    u32 count;
};

/*
 * Adds a window of whole words, so that an aligned access of a word or less that begins in one is
 * all inside. Panics when the bus is full: the machine is ours to lay out.
 */
void bus_add(struct bus *bus, const char *name, u32 base, u32 size, const struct mmio_ops *ops,
             void *device);

static inline bool region_has(const struct mmio_region *region, u32 address)
{
    return address - region->base < region->size;
}

/* The region that has the byte at `address`, or NULL: nothing answers there. */
const struct mmio_region *bus_find(const struct bus *bus, u32 address);

/* Its place in bus->regions. */
static inline u32 bus_index(const struct bus *bus, const struct mmio_region *region)
{
    return (u32)(region - bus->regions);
}

/* A region that has no address: for who has found none yet. */
extern const struct mmio_region bus_nowhere;

#endif
