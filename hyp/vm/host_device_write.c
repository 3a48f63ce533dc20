/*
 * The node of a device that is handed through, for the guest's device tree. What refers to other
 * nodes, by phandle, is left out, for they are not there: clocks, resets, DMA channels, pins. They
 * stay as the host has them. (A vendor's own property may be such a reference, too, and no reader
 * can know.) Of a clock of fixed frequency, as UARTs need it, the frequency is told instead.
 */
#include "hyp/core/fdt_write.h"
#include "hyp/core/string.h"
#include "hyp/vm/host_device.h"

#define NAME_MAX 32

/* References, what belongs to them, and what is written anew. */
static const char *const left_out[] = {
    "#address-cells",
    "#size-cells",
    "assigned-clock-parents",
    "assigned-clock-rates",
    "assigned-clocks",
    "clock-names",
    "clocks",
    "dma-names",
    "dma-ranges",
    "dmas",
    "hwlocks",
    "interconnect-names",
    "interconnects",
    "interrupt-map",
    "interrupt-map-mask",
    "interrupt-parent",
    "interrupts",
    "interrupts-extended",
    "io-channels",
    "iommu-map",
    "iommus",
    "linux,phandle",
    "mbox-names",
    "mboxes",
    "memory-region",
    "msi-map",
    "msi-parent",
    "nvmem-cell-names",
    "nvmem-cells",
    "phandle",
    "phy-handle",
    "phy-names",
    "phys",
    "power-domain-names",
    "power-domains",
    "pwms",
    "ranges",
    "reg",
    "regmap",
    "reset-names",
    "resets",
    "status",
    "syscon",
};

static const char *const left_out_endings[] = {"-gpio", "-gpios", "-supply"};

static bool ends_with(const char *text, const char *ending)
{
    u32 length = (u32)strlen(text), end = (u32)strlen(ending);

    return length >= end && !strcmp(text + length - end, ending);
}

static bool is_plain(const char *name)
{
    for (u32 i = 0; i < ARRAY_SIZE(left_out); i++)
        if (!strcmp(name, left_out[i]))
            return false;
    for (u32 i = 0; i < ARRAY_SIZE(left_out_endings); i++)
        if (ends_with(name, left_out_endings[i]))
            return false;
    return strcmp(name, "gpios") && strncmp(name, "pinctrl-", 8);
}

static void begin_node(const struct fdt *fdt, fdt_node node, struct fdt_writer *w)
{
    const char *full = fdt_name(fdt, node);
    char name[NAME_MAX];
    u64 address = 0, size;
    u32 length = 0;

    for (; full[length] && full[length] != '@' && length < NAME_MAX - 1; length++)
        name[length] = full[length];
    name[length] = 0;
    fdt_reg(fdt, node, 0, &address, &size);
    fdt_begin_unit(w, name, address);
}

static void write_reg(const struct fdt *fdt, fdt_node node, struct fdt_writer *w)
{
    u32 cells[4 * HOST_DEVICE_REGS], count = 0;
    u64 address, size;

    for (; count < ARRAY_SIZE(cells) && fdt_reg(fdt, node, count / 4, &address, &size);
         count += 4) {
        cells[count] = (u32)(address >> 32);
        cells[count + 1] = (u32)address;
        cells[count + 2] = (u32)(size >> 32);
        cells[count + 3] = (u32)size;
    }
    fdt_put_cells(w, "reg", cells, count);
}

static void write_plain(const struct fdt *fdt, fdt_node node, struct fdt_writer *w)
{
    struct fdt_prop prop;

    for (u32 i = 0; fdt_prop_at(fdt, node, i, &prop); i++)
        if (is_plain(prop.name))
            fdt_put(w, prop.name, prop.data, prop.length);
}

static void write_clock(const struct fdt *fdt, fdt_node node, struct fdt_writer *w)
{
    struct fdt_prop clocks, own;
    fdt_node clock;
    u32 frequency;

    if (fdt_prop(fdt, node, "clock-frequency", &own) || !fdt_prop(fdt, node, "clocks", &clocks) ||
        clocks.length < 4)
        return;
    clock = fdt_by_phandle(fdt, fdt_cell(&clocks, 0));
    if (fdt_is_compatible(fdt, clock, "fixed-clock") &&
        fdt_u32(fdt, clock, "clock-frequency", &frequency))
        fdt_put_u32(w, "clock-frequency", frequency);
}

void host_device_write(const struct fdt *fdt, fdt_node node, struct fdt_writer *w, u32 source,
                       u32 plic_phandle)
{
    begin_node(fdt, node, w);
    write_plain(fdt, node, w);
    write_clock(fdt, node, w);
    write_reg(fdt, node, w);
    if (source) {
        fdt_put_u32(w, "interrupt-parent", plic_phandle);
        fdt_put_u32(w, "interrupts", source);
    }
    fdt_end_node(w);
}
