#include "hyp/vm/bus.h"

#include "hyp/core/printk.h"

const struct mmio_region bus_nowhere = {.size = 0};

void bus_add(struct bus *bus, const char *name, u32 base, u32 size, const struct mmio_ops *ops,
             void *device)
{
    ASSERT(bus->count < BUS_REGIONS && IS_ALIGNED(base, 4) && IS_ALIGNED(size, 4));
    bus->regions[bus->count++] = (struct mmio_region){base, size, ops, device, name};
}

const struct mmio_region *bus_find(const struct bus *bus, u32 address)
{
    for (u32 i = 0; i < bus->count; i++)
        if (region_has(&bus->regions[i], address))
            return &bus->regions[i];
    return NULL;
}
