/* Who gets which device of the host. */
#include "hyp/vm/passthrough.h"

#include "hyp/core/claim.h"
#include "hyp/core/machine.h"
#include "hyp/core/paging.h"
#include "hyp/core/string.h"
#include "hyp/drv/plic.h"
#include "hyp/vm/bundle.h"
#include "hyp/vm/passthrough_parts.h"
#include "hyp/vm/vm.h"

u32 passthrough_count(const struct vm *vm)
{
    u32 count = 0;

    while (count < PASSTHROUGH_MAX && vm->passthrough[count].vm)
        count++;
    return count;
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

static bool is_ours(const struct vm *vm, fdt_node node)
{
    const char *owner = claim_owner(node);

    return owner && !strcmp(owner, vm->config.name);
}

static bool claim(const struct vm *vm, const char *path, fdt_node node)
{
    for (u32 i = 0; i < passthrough_count(vm); i++)
        if (vm->passthrough[i].node == node)
            return passthrough_refuse(vm, path, "it is named twice", "");
    if (is_ours(vm, node) || claim_node(node, vm->config.name))
        return true;
    if (claim_owner(node))
        return passthrough_refuse(vm, path, "it is taken already, for ", claim_owner(node));
    return passthrough_refuse(vm, path, "too many devices have an owner", "");
}

/* The device is the VM's last, so far. */
static bool attach_interrupt(struct passthrough *device, const char *path)
{
    const struct vm *vm = device->vm;
    u32 source = device->source;

    if (!source)
        return true;
    if (passthrough_has_interrupt(vm, source))
        return passthrough_refuse(
            vm, path, "its interrupt is that of another device of the VM, or above 95", "");
    if (!plic_drv_attach(source, passthrough_interrupt, device))
        return passthrough_refuse(vm, path,
                                  "its interrupt is another device's, too, or the machine's PLIC ",
                                  "has none of that number");
    return true;
}

/* So that its DMA can be ended. Other devices with DMA are the owner's to quieten. */
static bool map_virtio(struct passthrough *device, const char *path)
{
    u64 address, size;

    if (!fdt_is_compatible(&machine.fdt, device->node, "virtio,mmio"))
        return true;
    fdt_reg(&machine.fdt, device->node, 0, &address, &size);
    device->virtio = paging_map_device(address, PAGE_SIZE);
    return device->virtio ||
           passthrough_refuse(device->vm, path, "no room to map its registers is left", "");
}

static bool take(struct vm *vm, u32 slot, const char *path)
{
    struct passthrough *device = &vm->passthrough[slot];
    struct host_device found;
    fdt_node node;

    if (!passthrough_find(vm, path, &node, &found) || !passthrough_fits(vm, path, node) ||
        !claim(vm, path, node))
        return false;
    *device = (struct passthrough){.vm = vm, .node = node, .source = found.source};
    if (!map_virtio(device, path) || !attach_interrupt(device, path)) {
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
