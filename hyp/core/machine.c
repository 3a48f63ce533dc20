#include "hyp/core/machine.h"

#include "hyp/core/paging.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"

struct machine machine;

static void reserve(hpa_t start, hpa_t end)
{
    if (start >= end)
        return;
    if (machine.reserved_count == MAX_RESERVED)
        panic("the device tree reserves more than %u ranges of memory", MAX_RESERVED);
    /* Whole pages: nobody gets the rest of a page that is partly taken. */
    machine.reserved[machine.reserved_count++] =
        (struct range){ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE)};
}

static void add_ram(hpa_t start, u64 size)
{
    if (size && machine.ram_count == MAX_RAM_BANKS)
        printk("RAM at 0x%llx left out: this build takes %u banks\n", start, MAX_RAM_BANKS);
    else if (size)
        machine.ram[machine.ram_count++] = (struct range){start, start + size};
}

static void read_ram(void)
{
    const struct fdt *fdt = &machine.fdt;
    u64 start, size;

    for (fdt_node n = fdt_first_child(fdt, fdt_root(fdt)); n != FDT_NONE;
         n = fdt_next_sibling(fdt, n)) {
        const char *type;

        if (!fdt_string(fdt, n, "device_type", &type) || strcmp(type, "memory"))
            continue;
        for (u32 i = 0; fdt_reg(fdt, n, i, &start, &size); i++)
            add_ram(start, size);
    }
    if (!machine.ram_count)
        panic("the device tree has no /memory node with a \"reg\": where is the RAM?");
}

static void read_reserved(hpa_t fdt_address)
{
    const struct fdt *fdt = &machine.fdt;
    fdt_node parent = fdt_path(fdt, "/reserved-memory");
    u64 start, size;

    for (u32 i = 0; fdt_reservation(fdt, i, &start, &size); i++)
        reserve(start, start + size);
    for (fdt_node n = fdt_first_child(fdt, parent); n != FDT_NONE; n = fdt_next_sibling(fdt, n))
        for (u32 i = 0; fdt_reg(fdt, n, i, &start, &size); i++)
            reserve(start, start + size);
    reserve(image_start_address(), image_end_address());
    reserve(fdt_address, fdt_address + machine.fdt_size);
    reserve(machine.bundle.start, machine.bundle.end);
}

/* The boot hart comes first: it is index 0. */
static void add_hart(u32 id, fdt_node node, u32 boot_hart_id)
{
    u32 at = machine.hart_count;

    if (at == MAX_HARTS) {
        printk("hart %u: left out: this build takes %u harts\n", id, MAX_HARTS);
        return;
    }
    if (id == boot_hart_id && at) {
        machine.hart_ids[at] = machine.hart_ids[0];
        machine.hart_nodes[at] = machine.hart_nodes[0];
        at = 0;
    }
    machine.hart_ids[at] = id;
    machine.hart_nodes[at] = node;
    machine.hart_count++;
}

static void read_harts(u32 boot_hart_id)
{
    const struct fdt *fdt = &machine.fdt;
    fdt_node cpus = fdt_path(fdt, "/cpus");
    u32 id;

    if (!fdt_u32(fdt, cpus, "timebase-frequency", &machine.timebase) || !machine.timebase)
        panic("the device tree has no /cpus/timebase-frequency: how fast does time run?");
    for (fdt_node n = fdt_first_child(fdt, cpus); n != FDT_NONE; n = fdt_next_sibling(fdt, n)) {
        const char *type;

        if (!fdt_string(fdt, n, "device_type", &type) || strcmp(type, "cpu") ||
            !fdt_is_available(fdt, n) || !fdt_u32(fdt, n, "reg", &id))
            continue;
        add_hart(id, n, boot_hart_id);
    }
    if (!machine.hart_count || machine.hart_ids[0] != boot_hart_id)
        panic("the device tree's /cpus has no hart %u, on which we run", boot_hart_id);
}

static void read_chosen(void)
{
    const struct fdt *fdt = &machine.fdt;
    fdt_node chosen = fdt_path(fdt, "/chosen");

    machine.bootargs = "";
    fdt_string(fdt, chosen, "bootargs", &machine.bootargs);
    if (!fdt_number(fdt, chosen, "linux,initrd-start", &machine.bundle.start) ||
        !fdt_number(fdt, chosen, "linux,initrd-end", &machine.bundle.end))
        machine.bundle = (struct range){0, 0};
}

void machine_init(u32 boot_hart_id, hpa_t fdt_address)
{
    u32 limit;
    const void *blob = paging_fdt(&limit);
    enum fdt_status status = fdt_open(&machine.fdt, blob, limit);

    if (status != FDT_OK)
        panic("no usable device tree at 0x%llx (a1 at start): %s", fdt_address,
              fdt_status_text(status));
    machine.fdt_size = machine.fdt.size;
    read_chosen();
    read_ram();
    read_reserved(fdt_address);
    read_harts(boot_hart_id);
}

fdt_node machine_find_device(const char *compatible, u64 *address, u64 *size)
{
    const struct fdt *fdt = &machine.fdt;

    for (fdt_node n = fdt_next_compatible(fdt, FDT_NONE, compatible); n != FDT_NONE;
         n = fdt_next_compatible(fdt, n, compatible))
        if (fdt_is_available(fdt, n) && fdt_reg(fdt, n, 0, address, size))
            return n;
    return FDT_NONE;
}
