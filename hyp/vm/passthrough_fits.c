/* What can be handed to a VM, and what of it can be in the VM's machine. */
#include "hyp/core/machine.h"
#include "hyp/core/printk.h"
#include "hyp/vm/config_value.h"
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

bool passthrough_refuse(const struct vm *vm, const char *path, const char *why, const char *whose)
{
    return complain(config_place(&vm->config, "passthrough"), "\"%s\": %s%s", path, why, whose);
}

bool passthrough_find(const struct vm *vm, const char *path, fdt_node *node,
                      struct host_device *device)
{
    enum host_device_status status;

    *node = fdt_path(&machine.fdt, path);
    status = host_device_check(&machine.fdt, *node, device);
    if (status == HOST_DEVICE_SHARES_PAGE)
        return complain(config_place(&vm->config, "passthrough"), "\"%s\": %s \"%s\"", path,
                        host_device_text(status), fdt_name(&machine.fdt, device->other));
    if (status != HOST_DEVICE_FINE)
        return passthrough_refuse(vm, path, host_device_text(status), "");
    if (device->may_dma && !vm->config.dma_trusted)
        return passthrough_refuse(vm, path,
                                  "it may do DMA, to any address, since no IOMMU is in its way; ",
                                  "dma = \"trusted\" lets it");
    return true;
}

bool passthrough_fits(const struct vm *vm, const char *path, fdt_node node)
{
    for (u32 i = 0; i < ARRAY_SIZE(indispensable); i++)
        if (overlaps(node, indispensable[i].base, indispensable[i].size))
            return passthrough_refuse(vm, path, "at its address the VM has its own ",
                                      indispensable[i].name);
    if (overlaps(node, GPA_LIMIT, 0 - GPA_LIMIT))
        return passthrough_refuse(vm, path, "its address has more than 34 bits", "");
    /* With trusted DMA the RAM is where the host's is, and no device. */
    if (!vm->config.dma_trusted && overlaps(node, PLATFORM_RAM_BASE, vm->config.memory))
        return passthrough_refuse(vm, path, "at its address the VM has its RAM", "");
    return true;
}

bool passthrough_has_interrupt(const struct vm *vm, u32 source)
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
