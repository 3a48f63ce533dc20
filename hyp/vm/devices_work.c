/* The virtio devices of a VM at work: on the bus, and in the worker. */
#include "hyp/core/interrupts.h"
#include "hyp/vm/devices_parts.h"
#include "hyp/vm/vm.h"

/* The VM of a vCPU that waits here may be waiting for that vCPU to be outside (devices.h). */
void devices_lock(struct virtio_slot *slot)
{
    struct vcpu *waited;

    if (likely(spin_try_lock(&slot->lock)))
        return;
    waited = vcpu_begin_wait();
    spin_lock(&slot->lock);
    vcpu_end_wait(waited);
}

void devices_unlock(struct virtio_slot *slot)
{
    spin_unlock(&slot->lock);
}

static enum mmio_result slot_read(void *device, u32 offset, u32 width, u32 *value)
{
    struct virtio_slot *slot = device;
    enum mmio_result result;

    devices_lock(slot);
    result = virtio_mmio_read(&slot->registers, offset, width, value);
    devices_unlock(slot);
    return result;
}

/* RAM is to be given back: disks begin nothing new until then. */
static bool must_wait(const struct virtio_slot *slot)
{
    return slot->kind == SLOT_DISK &&
           __atomic_load_n(&slot->vm->devices->quiesce, __ATOMIC_SEQ_CST);
}

/* A notification is served at once, as far as one piece goes. */
static enum mmio_result slot_write(void *device, u32 offset, u32 width, u32 value)
{
    struct virtio_slot *slot = device;
    bool notified = false, more = false;
    enum mmio_result result;

    devices_lock(slot);
    result = virtio_mmio_write(&slot->registers, offset, width, value, &notified);
    if (notified)
        more = must_wait(slot) || virtio_service(slot->registers.device);
    devices_unlock(slot);
    if (more)
        devices_wake(slot);
    return result;
}

struct virtio_slot devices_no_slot;

const struct mmio_ops virtio_slot_ops = {
    .read = slot_read,
    .write = slot_write,
};

/* One piece of the work of a slot that wants it. False: it does not. */
static bool serve(struct virtio_slot *slot)
{
    if (must_wait(slot) || !__atomic_exchange_n(&slot->wanted, false, __ATOMIC_SEQ_CST))
        return false;
    devices_lock(slot);
    if (slot->registers.device && virtio_service(slot->registers.device))
        __atomic_store_n(&slot->wanted, true, __ATOMIC_SEQ_CST);
    devices_unlock(slot);
    return true;
}

static void want_balloon(struct vm_devices *devices)
{
    for (u32 i = 0; i < VIRTIO_SLOTS; i++)
        if (devices->slots[i].kind == SLOT_BALLOON)
            __atomic_store_n(&devices->slots[i].wanted, true, __ATOMIC_SEQ_CST);
}

static enum task_result work(struct task *task)
{
    struct vm_devices *devices = container_of(task, struct vm_devices, worker);
    bool any;

    if (__atomic_load_n(&devices->quiesce, __ATOMIC_SEQ_CST))
        want_balloon(devices); /* perhaps what it waits for is done */
    do {
        any = false;
        for (u32 i = 0; i < VIRTIO_SLOTS; i++)
            any |= serve(&devices->slots[i]);
        if (!any)
            return TASK_BLOCK;
        interrupts_handle();
    } while (!sched_should_yield());
    return TASK_YIELD;
}

void devices_start_worker(struct vm *vm)
{
    vm->devices->quiesce = false;
    for (u32 i = 0; i < VIRTIO_SLOTS; i++)
        vm->devices->slots[i].wanted = false;
    sched_init_task(&vm->devices->worker, &vm->group, work);
    vm->devices->worker.prompt = true;
}

void devices_wake(struct virtio_slot *slot)
{
    __atomic_store_n(&slot->wanted, true, __ATOMIC_SEQ_CST);
    sched_wake(&slot->vm->devices->worker);
}
