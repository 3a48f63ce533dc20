/*
 * Devices that are handed through, while their VM is not off: registers in stage 2, and interrupts.
 *
 * An interrupt comes to the host, which does not know how to quiet the device: it masks the source
 * and raises the wire at the VM's PLIC. The guest quiets the device and completes the interrupt;
 * then the wire goes low (plic_relay) and the source is unmasked: what the device asks for since
 * then, or still, comes again.
 */
#include "arch/csr.h"
#include "hyp/core/machine.h"
#include "hyp/core/virtio_abi.h"
#include "hyp/drv/plic.h"
#include "hyp/vm/host_device.h"
#include "hyp/vm/passthrough_parts.h"
#include "hyp/vm/vm.h"

void passthrough_interrupt(void *ctx)
{
    struct passthrough *device = ctx;

    plic_drv_mask(device->source, true);
    spin_lock(&device->lock);
    if (device->live) {
        /* First: the guest may complete it at once. */
        __atomic_store_n(&device->waits, 1, __ATOMIC_SEQ_CST);
        plic_set_level(&device->vm->platform.plic, device->source, true);
    }
    spin_unlock(&device->lock);
}

static struct passthrough *find(struct vm *vm, u32 source)
{
    for (u32 i = 0; i < passthrough_count(vm); i++)
        if (vm->passthrough[i].source == source)
            return &vm->passthrough[i];
    return NULL;
}

/* Without the device's lock, which the boot hart may hold while it waits for the PLIC's. */
void passthrough_completed(struct vm *vm, u32 source)
{
    struct passthrough *device = find(vm, source);

    if (device && __atomic_exchange_n(&device->waits, 0, __ATOMIC_SEQ_CST))
        plic_drv_mask(source, false);
}

static void set_live(struct passthrough *device, bool live)
{
    spin_lock(&device->lock);
    device->live = live;
    device->waits = 0;
    if (device->source) {
        plic_set_level(&device->vm->platform.plic, device->source, false);
        plic_drv_mask(device->source, !live);
    }
    spin_unlock(&device->lock);
}

/* Ends the DMA of a virtio device, which is reset when its status, set to 0, reads 0; of others we
 * do not know how. */
static void quiet(const struct passthrough *device)
{
    u64 deadline = time_now() + machine.timebase;
    volatile u32 *status;

    if (!device->virtio)
        return;
    status = (volatile u32 *)(device->virtio + VIRTIO_MMIO_STATUS);
    *status = 0;
    while (*status && time_now() < deadline)
        ;
}

void passthrough_stop(struct vm *vm)
{
    for (u32 i = 0; i < passthrough_count(vm); i++) {
        quiet(&vm->passthrough[i]);
        set_live(&vm->passthrough[i], false);
    }
}

void passthrough_reset(struct vm *vm)
{
    for (u32 i = 0; i < passthrough_count(vm); i++) {
        quiet(&vm->passthrough[i]); /* before its first life: firmware may have used it */
        if (vm->passthrough[i].source)
            plic_relay(&vm->platform.plic, vm->passthrough[i].source);
        set_live(&vm->passthrough[i], true);
    }
}

/* passthrough_create has made sure that nothing else is there. */
static bool map(struct vm *vm, const struct passthrough *device)
{
    u64 start, end;

    for (u32 i = 0; host_device_pages(&machine.fdt, device->node, i, &start, &end); i++)
        if (stage2_map(&vm->stage2, start, start, end - start, PTE_R | PTE_W) != STAGE2_OK)
            return false;
    return true;
}

bool passthrough_map(struct vm *vm)
{
    for (u32 i = 0; i < passthrough_count(vm); i++)
        if (!map(vm, &vm->passthrough[i])) {
            passthrough_unmap(vm);
            return false;
        }
    return true;
}

static void unmap(struct vm *vm, const struct passthrough *device)
{
    u64 start, end;

    for (u32 i = 0; host_device_pages(&machine.fdt, device->node, i, &start, &end); i++)
        stage2_unmap(&vm->stage2, start, end - start);
}

void passthrough_unmap(struct vm *vm)
{
    for (u32 i = 0; i < passthrough_count(vm); i++)
        unmap(vm, &vm->passthrough[i]);
}
