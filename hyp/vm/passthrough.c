/* Who gets which device of the host. */
#include "hyp/vm/passthrough.h"

#include "hyp/core/claim.h"
#include "hyp/core/machine.h"
#include "hyp/core/paging.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/plic.h"
#include "hyp/vm/bundle.h"
#include "hyp/vm/config_value.h"
#include "hyp/vm/host_device.h"
#include "hyp/vm/passthrough_parts.h"
#include "hyp/vm/vm.h"

#define GPA_LIMIT ((u64)1 << SV32X4_GPA_BITS)

/* What a VM cannot do without. */
static const struct {
    u64 base, size;
    const char *name;
} indispensable[] = {
    {PLATFORM_PLIC_BASE, PLIC_SIZE, "interrupt controller"},
    {PLATFORM_UART_BASE, PAGE_SIZE, "console"},
    {PLATFORM_FINISHER_BASE, PAGE_SIZE, "test finisher"},
    {PLATFORM_DOORBELL_BASE, PLATFORM_SHARED_BASE - PLATFORM_DOORBELL_BASE, "doorbells"},
    {PLATFORM_SHARED_BASE, PLATFORM_SHARED_STRIDE *SHARED_REGIONS_PER_VM, "shared memory"},
};

u32 passthrough_count(const struct vm *vm)
{
    u32 count = 0;

    while (count < PASSTHROUGH_MAX && vm->passthrough[count].vm)
        count++;
    return count;
}

static bool overlaps(fdt_node node, u64 base, u64 size)
{
    u64 start, end;

    for (u32 i = 0; host_device_pages(&machine.fdt, node, i, &start, &end); i++)
        if (start <= base + (size - 1) && base < end)
            return true;
    return false;
}

bool passthrough_covers(const struct vm *vm, u32 base, u32 size)
{
    for (u32 i = 0; i < passthrough_count(vm); i++)
        if (overlaps(vm->passthrough[i].node, base, size))
            return true;
    return false;
}

static void reserve(const struct fdt *bundle, fdt_node vm)
{
    struct fdt_prop list;
    const char *path;

    if (!fdt_prop(bundle, vm, "passthrough", &list))
        return;
    for (u32 i = 0; (path = fdt_string_at(&list, i)); i++)
        claim_node(fdt_path(&machine.fdt, path), fdt_name(bundle, vm));
}

void passthrough_reserve(const struct fdt *bundle)
{
    for (fdt_node n = bundle_first_vm(bundle); n != FDT_NONE; n = bundle_next_vm(bundle, n))
        reserve(bundle, n);
}

/* `"/soc/rtc@101000": ` and the reason. */
static bool refuse(const struct vm *vm, const char *path, const char *why, const char *whose)
{
    return complain(config_place(&vm->config, "passthrough"), "\"%s\": %s%s", path, why, whose);
}

static bool is_ours(const struct vm *vm, fdt_node node)
{
    const char *owner = claim_owner(node);

    return owner && !strcmp(owner, vm->config.name);
}

static bool claim(const struct vm *vm, const char *path, fdt_node node)
{
    for (u32 i = 0; i < passthrough_count(vm); i++)
        if (vm->passthrough[i].node == node)
            return refuse(vm, path, "it is named twice", "");
    if (is_ours(vm, node) || claim_node(node, vm->config.name))
        return true;
    if (claim_owner(node))
        return refuse(vm, path, "it is taken already, for ", claim_owner(node));
    return refuse(vm, path, "too many devices have an owner", "");
}

/* The node, if it can be handed to a VM at all; told. */
static bool find_device(const struct vm *vm, const char *path, fdt_node *node,
                        struct host_device *device)
{
    enum host_device_status status;

    *node = fdt_path(&machine.fdt, path);
    status = host_device_check(&machine.fdt, *node, device);
    if (status == HOST_DEVICE_SHARES_PAGE)
        return complain(config_place(&vm->config, "passthrough"), "\"%s\": %s \"%s\"", path,
                        host_device_text(status), fdt_name(&machine.fdt, device->other));
    if (status != HOST_DEVICE_FINE)
        return refuse(vm, path, host_device_text(status), "");
    if (device->may_dma && !vm->config.dma_trusted)
        return refuse(vm, path, "it may do DMA, to any address, since no IOMMU is in its way; ",
                      "dma = \"trusted\" lets it");
    return true;
}

static bool fits_memory_map(const struct vm *vm, const char *path, fdt_node node)
{
    for (u32 i = 0; i < ARRAY_SIZE(indispensable); i++)
        if (overlaps(node, indispensable[i].base, indispensable[i].size))
            return refuse(vm, path, "at its address the VM has its own ", indispensable[i].name);
    if (overlaps(node, GPA_LIMIT, 0 - GPA_LIMIT))
        return refuse(vm, path, "its address has more than 34 bits", "");
    /* With trusted DMA the RAM is where the host's is, and no device. */
    if (!vm->config.dma_trusted && overlaps(node, PLATFORM_RAM_BASE, vm->config.memory))
        return refuse(vm, path, "at its address the VM has its RAM", "");
    return true;
}

/* Does an emulated device of the VM, whose place is not taken, have the interrupt? */
static bool has_interrupt(const struct vm *vm, u32 source)
{
    static const struct {
        u32 base, stride, source, count;
    } emulated[] = {
        {PLATFORM_UART_BASE, 0, PLATFORM_UART_IRQ, 1},
        {PLATFORM_RTC_BASE, 0, PLATFORM_RTC_IRQ, 1},
        {PLATFORM_BUTTON_BASE, 0, PLATFORM_BUTTON_IRQ, 1},
        {PLATFORM_VIRTIO_BASE, PLATFORM_VIRTIO_STRIDE, PLATFORM_VIRTIO_IRQ, PLATFORM_VIRTIO_SLOTS},
        {PLATFORM_DOORBELL_BASE, DOORBELL_SIZE, PLATFORM_DOORBELL_IRQ, SHARED_REGIONS_PER_VM},
    };

    for (u32 i = 0; i < ARRAY_SIZE(emulated); i++) {
        u32 nth = source - emulated[i].source;

        if (nth < emulated[i].count &&
            !passthrough_covers(vm, emulated[i].base + nth * emulated[i].stride, PAGE_SIZE))
            return true;
    }
    return source >= PLIC_SOURCES;
}

/* The device is the VM's last, so far. */
static bool attach_interrupt(struct passthrough *device, const char *path)
{
    const struct vm *vm = device->vm;
    u32 source = device->source;

    if (!source)
        return true;
    if (has_interrupt(vm, source))
        return refuse(vm, path, "its interrupt is that of another device of the VM, or above 95",
                      "");
    if (!plic_drv_attach(source, passthrough_interrupt, device))
        return refuse(vm, path, "its interrupt is another device's, too, or the machine's PLIC ",
                      "has none of that number");
    return true;
}

/* So that DMA can be ended. Other devices with DMA are the owner's to quieten. */
static bool map_virtio(struct passthrough *device)
{
    u64 address, size;

    if (!fdt_is_compatible(&machine.fdt, device->node, "virtio,mmio"))
        return true;
    fdt_reg(&machine.fdt, device->node, 0, &address, &size);
    device->virtio = paging_map_device(address, PAGE_SIZE);
    return device->virtio;
}

static bool take(struct vm *vm, u32 slot, const char *path)
{
    struct passthrough *device = &vm->passthrough[slot];
    struct host_device found;
    fdt_node node;

    if (!find_device(vm, path, &node, &found) || !fits_memory_map(vm, path, node) ||
        !claim(vm, path, node))
        return false;
    *device = (struct passthrough){.vm = vm, .node = node, .source = found.source};
    if (!map_virtio(device) || !attach_interrupt(device, path)) {
        claim_release(node);
        device->vm = NULL;
        return false;
    }
    return true;
}

bool passthrough_create(struct vm *vm)
{
    const char *path;

    for (u32 i = 0; (path = string_list_at(vm->config.passthrough, i)); i++)
        if (!take(vm, i, path)) {
            passthrough_remove(vm);
            return false;
        }
    return true;
}

void passthrough_remove(struct vm *vm)
{
    for (u32 i = 0; i < PASSTHROUGH_MAX && vm->passthrough[i].vm; i++) {
        struct passthrough *device = &vm->passthrough[i];

        if (device->source)
            plic_drv_detach(device->source);
        claim_release(device->node);
        device->vm = NULL;
    }
}

void passthrough_write_fdt(const struct vm *vm, struct fdt_writer *w, u32 plic_phandle)
{
    for (u32 i = 0; i < passthrough_count(vm); i++)
        host_device_write(&machine.fdt, vm->passthrough[i].node, w, vm->passthrough[i].source,
                          plic_phandle);
}
