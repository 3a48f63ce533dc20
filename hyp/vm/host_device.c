#include "hyp/vm/host_device.h"

#include "hyp/core/string.h"

/*
 * Devices without a bus master of their own, by what their nodes are compatible with: all of it has
 * to be here, for a variant may do more than what it is compatible with.
 */
static const char *const no_dma[] = {
    "cfi-flash",
    "gaisler,apbuart",
    "google,goldfish-battery",
    "google,goldfish-events-keypad",
    "google,goldfish-rtc",
    "google,goldfish-tty",
    "maxim,ds1742",
    "ns16550",
    "ns16550a",
    "ns16750",
    "opencores,i2c-ocores",
    "sifive,gpio0",
    "sifive,i2c0",
    "sifive,pwm0",
    "sifive,spi0",
    "sifive,uart0",
    "snps,dw-apb-gpio",
    "snps,dw-apb-uart",
    "snps,dw-wdt",
    "xlnx,xps-gpio-1.00.a",
    "xlnx,xps-timer-1.00.a",
    "xlnx,xps-uartlite-1.00.a",
};

static const char *const texts[] = {
    [HOST_DEVICE_FINE] = "fine",
    [HOST_DEVICE_NO_NODE] = "the machine's device tree has no such node or alias",
    [HOST_DEVICE_DISABLED] = "its status in the machine's device tree is not \"okay\"",
    [HOST_DEVICE_NO_REGISTERS] = "it has no registers that can be mapped",
    [HOST_DEVICE_SHARES_PAGE] = "a 4 KiB page of its registers also has those of",
    [HOST_DEVICE_INTERRUPTS] = "it has interrupts other than one at the machine's PLIC",
};

const char *host_device_text(enum host_device_status status)
{
    return texts[status];
}

static bool does_no_dma(const char *compatible)
{
    for (u32 i = 0; i < ARRAY_SIZE(no_dma); i++)
        if (!strcmp(compatible, no_dma[i]))
            return true;
    return false;
}

static bool may_dma(const struct fdt *fdt, fdt_node node)
{
    struct fdt_prop list;
    const char *compatible;
    u32 known = 0;

    if (!fdt_prop(fdt, node, "compatible", &list))
        return true;
    while ((compatible = fdt_string_at(&list, known)) && does_no_dma(compatible))
        known++;
    return compatible || !known;
}

bool host_device_pages(const struct fdt *fdt, fdt_node node, u32 index, u64 *start, u64 *end)
{
    u64 address, size;

    if (!fdt_reg(fdt, node, index, &address, &size) || !size)
        return false;
    *start = ALIGN_DOWN(address, (u64)PAGE_SIZE);
    *end = ALIGN_DOWN(address + (size - 1), (u64)PAGE_SIZE) + PAGE_SIZE;
    return *end > *start;
}

/* RAM, which is no device's though it has a "reg". */
static bool is_memory(const struct fdt *fdt, fdt_node node)
{
    const char *type;

    return fdt_string(fdt, node, "device_type", &type) && !strcmp(type, "memory");
}

static bool has_registers(const struct fdt *fdt, fdt_node node)
{
    u64 start, end;
    u32 count = 0;

    if (is_memory(fdt, node))
        return false;
    while (host_device_pages(fdt, node, count, &start, &end))
        if (++count > HOST_DEVICE_REGS)
            return false;
    return count;
}

/* Is `node` the other one, or anywhere inside it? */
static bool is_inside(const struct fdt *fdt, fdt_node node, fdt_node other)
{
    while (node != FDT_NONE && node != other)
        node = fdt_parent(fdt, node);
    return node == other;
}

/* Has `node` a range of registers, from number `from` up, with a page of [start, end)? */
static bool has_page(const struct fdt *fdt, fdt_node node, u32 from, u64 start, u64 end)
{
    u64 own_start, own_end;

    for (u32 i = from; host_device_pages(fdt, node, i, &own_start, &own_end); i++)
        if (own_start < end && start < own_end)
            return true;
    return false;
}

/* Who else has a page of [start, end), range `index` of the registers of `node`? */
static fdt_node find_other(const struct fdt *fdt, fdt_node node, u32 index, u64 start, u64 end)
{
    fdt_node other = fdt_root(fdt);

    if (has_page(fdt, node, index + 1, start, end))
        return node;
    while (other != FDT_NONE &&
           (is_inside(fdt, other, node) || !has_page(fdt, other, 0, start, end)))
        other = fdt_next_node(fdt, other);
    return other;
}

static fdt_node shares_page(const struct fdt *fdt, fdt_node node)
{
    fdt_node other = FDT_NONE;
    u64 start, end;

    for (u32 i = 0; other == FDT_NONE && host_device_pages(fdt, node, i, &start, &end); i++)
        other = find_other(fdt, node, i, start, end);
    return other;
}

/* Whose the numbers of "interrupts" are ("interrupt-parent"). */
static fdt_node interrupt_parent(const struct fdt *fdt, fdt_node node)
{
    u32 phandle;

    for (; node != FDT_NONE; node = fdt_parent(fdt, node))
        if (fdt_u32(fdt, node, "interrupt-parent", &phandle))
            return fdt_by_phandle(fdt, phandle);
    return FDT_NONE;
}

static bool find_interrupt(const struct fdt *fdt, fdt_node node, u32 *source)
{
    fdt_node parent = interrupt_parent(fdt, node);
    struct fdt_prop prop;

    *source = 0;
    if (fdt_prop(fdt, node, "interrupts-extended", &prop))
        return false;
    if (!fdt_prop(fdt, node, "interrupts", &prop))
        return true;
    return fdt_u32(fdt, node, "interrupts", source) && *source &&
           (fdt_is_compatible(fdt, parent, "riscv,plic0") ||
            fdt_is_compatible(fdt, parent, "sifive,plic-1.0.0"));
}

enum host_device_status host_device_check(const struct fdt *fdt, fdt_node node,
                                          struct host_device *device)
{
    if (node == FDT_NONE)
        return HOST_DEVICE_NO_NODE;
    if (!fdt_is_available(fdt, node))
        return HOST_DEVICE_DISABLED;
    if (!has_registers(fdt, node))
        return HOST_DEVICE_NO_REGISTERS;
    device->other = shares_page(fdt, node);
    if (device->other != FDT_NONE)
        return HOST_DEVICE_SHARES_PAGE;
    if (!find_interrupt(fdt, node, &device->source))
        return HOST_DEVICE_INTERRUPTS;
    device->may_dma = may_dma(fdt, node);
    return HOST_DEVICE_FINE;
}
