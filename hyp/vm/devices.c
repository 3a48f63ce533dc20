/* The virtio devices of a VM from life to life. */
#include "hyp/vm/devices.h"

#include "hyp/core/pages.h"
#include "hyp/dev/virtio_balloon.h"
#include "hyp/dev/virtio_blk.h"
#include "hyp/dev/virtio_console.h"
#include "hyp/dev/virtio_entropy.h"
#include "hyp/dev/virtio_net.h"
#include "hyp/vm/devices_parts.h"
#include "hyp/vm/vm.h"

/* Order of the pages that a device of each kind lives in. */
static const u32 room_orders[] = {
    [SLOT_EMPTY] = 0,
    [SLOT_DISK] = VIRTIO_BLK_ORDER,
    [SLOT_NET] = VIRTIO_NET_ORDER,
    [SLOT_ENTROPY] = VIRTIO_ENTROPY_ORDER,
    [SLOT_CONSOLE] = VIRTIO_CONSOLE_ORDER,
    [SLOT_BALLOON] = VIRTIO_BALLOON_ORDER,
};

u32 devices_pages(const struct vm *vm)
{
    u32 pages = devices_kept_pages(vm);

    for (u32 i = 0; vm->devices && i < VIRTIO_SLOTS; i++)
        if (vm->devices->slots[i].room)
            pages += BIT(room_orders[vm->devices->slots[i].kind]);
    return pages;
}

struct virtio_slot *devices_find_slot(const struct vm *vm, enum slot_kind kind, u32 nth)
{
    for (u32 i = 0; vm->devices && i < VIRTIO_SLOTS; i++) {
        struct virtio_slot *slot = &vm->devices->slots[i];

        if (slot->kind == kind && slot->nth == nth)
            return slot;
    }
    return NULL;
}

struct virtio_device *devices_find(const struct vm *vm, enum slot_kind kind, u32 nth)
{
    const struct virtio_slot *slot = devices_find_slot(vm, kind, nth);

    return slot ? slot->registers.device : NULL;
}

static bool allocate_slot(struct vm *vm, u32 index)
{
    struct virtio_slot *slot = &vm->devices->slots[index];

    if (slot->kind == SLOT_EMPTY)
        return true;
    slot->room = page_alloc_ptr(room_orders[slot->kind]);
    if (!slot->room)
        return false;
    if (slot->kind == SLOT_NET && !switch_connect(&vm->devices->ports[slot->nth]))
        return false;
    virtio_mmio_init(&slot->registers, devices_make(slot, index));
    return true;
}

bool devices_allocate(struct vm *vm)
{
    for (u32 i = 0; vm->devices && i < VIRTIO_SLOTS; i++)
        if (!allocate_slot(vm, i))
            return false;
    return true;
}

static void free_slot(struct vm *vm, struct virtio_slot *slot)
{
    if (!slot->room)
        return;
    virtio_mmio_init(&slot->registers, NULL);
    if (slot->kind == SLOT_NET)
        switch_disconnect(&vm->devices->ports[slot->nth]);
    page_free_ptr(slot->room, room_orders[slot->kind]);
    slot->room = NULL;
}

void devices_free(struct vm *vm)
{
    for (u32 i = 0; vm->devices && i < VIRTIO_SLOTS; i++)
        free_slot(vm, &vm->devices->slots[i]);
}

bool devices_forget_step(struct vm *vm)
{
    for (u32 i = 0; i < string_list_count(vm->config.disks); i++)
        if (!disk_forget_step(&vm->devices->disks[i]))
            return false;
    return true;
}

void devices_reset(struct vm *vm)
{
    for (u32 i = 0; vm->devices && i < VIRTIO_SLOTS; i++)
        virtio_mmio_reset(&vm->devices->slots[i].registers);
    if (vm->devices)
        devices_start_worker(vm);
}

/* The worker first: it is the one that begins new work. */
bool devices_stop(struct vm *vm)
{
    bool idle = true;

    if (!vm->devices)
        return true;
    if (!sched_retire(&vm->devices->worker))
        return false;
    for (u32 i = 0; i < VIRTIO_SLOTS; i++) {
        struct virtio_slot *slot = &vm->devices->slots[i];

        if (!slot->registers.device)
            continue;
        virtio_mmio_reset(&slot->registers);
        idle &= virtio_is_idle(slot->registers.device);
    }
    return idle;
}
