/*
 * Addresses in a device tree: "reg" and its translation through "ranges" (Devicetree
 * Specification, "Standard Properties").
 */
#include "hyp/core/fdt.h"

/* How many cells the addresses and the sizes of a bus's children have. */
struct cells {
    u32 address, size;
};

/* The value of a #...-cells property; false when it is malformed. */
static bool cell_count(const struct fdt *fdt, fdt_node bus, const char *name, u32 *count)
{
    struct fdt_prop prop;

    return !fdt_prop(fdt, bus, name, &prop) || fdt_u32(fdt, bus, name, count);
}

/* False when values of `bus` do not fit in 64 bits, or there is nothing to read. */
static bool bus_cells(const struct fdt *fdt, fdt_node bus, struct cells *cells)
{
    *cells = (struct cells){.address = 2, .size = 1}; /* what the specification says for none */
    return cell_count(fdt, bus, "#address-cells", &cells->address) &&
           cell_count(fdt, bus, "#size-cells", &cells->size) && cells->address >= 1 &&
           cells->address <= 2 && cells->size <= 2;
}

/* Reads `count` cells (0 to 2) from number *index on and moves *index past them. */
static u64 read_cells(const struct fdt_prop *prop, u32 *index, u32 count)
{
    u64 value = 0;

    while (count-- > 0)
        value = value << 32 | fdt_cell(prop, (*index)++);
    return value;
}

/* Takes the `size` bytes at *address from an address of the children of `bus` to one of `bus`. */
static bool translate(const struct fdt *fdt, fdt_node bus, fdt_node parent, u64 *address, u64 size)
{
    struct fdt_prop ranges;
    struct cells child, own;

    if (!fdt_prop(fdt, bus, "ranges", &ranges))
        return false;
    if (ranges.length == 0) /* the same addresses on both sides */
        return true;
    if (!bus_cells(fdt, bus, &child) || !bus_cells(fdt, parent, &own))
        return false;

    u32 stride = child.address + own.address + child.size;
    if (ranges.length % (stride * 4) != 0)
        return false;
    for (u32 cell = 0; cell < ranges.length / 4;) {
        u64 from = read_cells(&ranges, &cell, child.address);
        u64 to = read_cells(&ranges, &cell, own.address);
        u64 length = read_cells(&ranges, &cell, child.size);
        u64 offset = *address - from;
        if (*address < from || offset >= length || size > length - offset)
            continue;
        *address = to + offset;
        return *address >= to;
    }
    return false;
}

/* Entry `index` of "reg" as it stands there. */
static bool read_reg(const struct fdt *fdt, fdt_node node, fdt_node bus, u32 index, u64 *address,
                     u64 *size)
{
    struct fdt_prop reg;
    struct cells cells;

    if (!bus_cells(fdt, bus, &cells) || !fdt_prop(fdt, node, "reg", &reg))
        return false;
    u32 stride = cells.address + cells.size;
    if (reg.length % (stride * 4) != 0 || index >= reg.length / (stride * 4))
        return false;
    u32 cell = index * stride;
    *address = read_cells(&reg, &cell, cells.address);
    *size = read_cells(&reg, &cell, cells.size);
    return true;
}

bool fdt_reg(const struct fdt *fdt, fdt_node node, u32 index, u64 *address, u64 *size)
{
    fdt_node bus = fdt_parent(fdt, node);
    u64 base, length;

    if (bus == FDT_NONE || !read_reg(fdt, node, bus, index, &base, &length))
        return false;
    for (;;) {
        fdt_node parent = fdt_parent(fdt, bus);
        if (parent == FDT_NONE)
            break;
        if (!translate(fdt, bus, parent, &base, length))
            return false;
        bus = parent;
    }
    /* The last byte must have an address too. */
    if (length > 0 && base + (length - 1) < base)
        return false;
    *address = base;
    *size = length;
    return true;
}
