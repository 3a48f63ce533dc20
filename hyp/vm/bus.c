#include "hyp/vm/bus.h"

#include "arch/u64.h"
#include "hyp/core/printk.h"

void bus_add(struct bus *bus, u32 base, u32 size, const struct mmio_ops *ops, void *device)
{
    ASSERT(bus->count < BUS_REGIONS);
    bus->regions[bus->count++] = (struct mmio_region){base, size, ops, device};
}

static bool covers(const struct mmio_region *region, u32 address, u32 width)
{
    u32 offset = address - region->base;

    return offset < region->size && width <= region->size - offset;
}

const struct mmio_region *bus_find(const struct bus *bus, const struct mmio_region **last,
                                   gpa_t gpa, u32 width)
{
    u32 address = u64_low(gpa);

    if (unlikely(u64_high(gpa)))
        return NULL;
    if (likely(*last && covers(*last, address, width)))
        return *last;
    for (u32 i = 0; i < bus->count; i++)
        if (covers(&bus->regions[i], address, width))
            return *last = &bus->regions[i];
    return NULL;
}
