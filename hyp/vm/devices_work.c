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

/* ---------------------------------------------------------------- while RAM is given back */

static u32 quiesce_of(const struct virtio_slot *slot)
{
    return __atomic_load_n(&slot->vm->devices->quiesce, __ATOMIC_SEQ_CST);
}

static void set_quiesce(struct virtio_slot *slot, enum quiesce quiesce)
{
    __atomic_store_n(&slot->vm->devices->quiesce, quiesce, __ATOMIC_SEQ_CST);
}

/* Before the balloon's driver or the worker has the device do something: whether it still waits for
 * the disks shows in that. With its lock. */
static void begin_balloon(struct virtio_slot *slot)
{
    if (slot->kind == SLOT_BALLOON && quiesce_of(slot) == QUIESCE_WAITS)
        set_quiesce(slot, QUIESCE_TRIES);
}

/* And after it: disks, which may have been held up, go on. */
static void end_balloon(struct virtio_slot *slot)
{
    if (slot->kind != SLOT_BALLOON || quiesce_of(slot) != QUIESCE_TRIES)
        return;
    set_quiesce(slot, QUIESCE_NO);
    devices_wake(slot);
}

static void want_balloon(struct vm_devices *devices)
{
    for (u32 i = 0; i < VIRTIO_SLOTS; i++)
        if (devices->slots[i].kind == SLOT_BALLOON)
            __atomic_store_n(&devices->slots[i].wanted, true, __ATOMIC_SEQ_CST);
}

/* ---------------------------------------------------------------- on the bus */

/* One piece of the work of a device. True: there is more. With its lock. */
static bool service(struct virtio_slot *slot)
{
    if (slot->kind == SLOT_DISK && quiesce_of(slot) != QUIESCE_NO)
        return true;
    return slot->registers.device && virtio_service(slot->registers.device);
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

/* A notification is served at once, as far as one piece goes. */
static enum mmio_result slot_write(void *device, u32 offset, u32 width, u32 value)
{
    struct virtio_slot *slot = device;
    bool notified = false, more = false;
    enum mmio_result result;

    devices_lock(slot);
    begin_balloon(slot);
    result = virtio_mmio_write(&slot->registers, offset, width, value, &notified);
    if (notified)
        more = service(slot);
    end_balloon(slot);
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

/* ---------------------------------------------------------------- the worker */

/* Serves a slot that wants it. False: it does not, or cannot be served now. */
static bool serve(struct virtio_slot *slot)
{
    bool more;

    if (!__atomic_exchange_n(&slot->wanted, false, __ATOMIC_SEQ_CST))
        return false;
    devices_lock(slot);
    begin_balloon(slot);
    more = service(slot);
    end_balloon(slot);
    devices_unlock(slot);
    if (more)
        __atomic_store_n(&slot->wanted, true, __ATOMIC_SEQ_CST);
    return !more || slot->kind != SLOT_DISK || quiesce_of(slot) == QUIESCE_NO;
}

static enum task_result work(struct task *task)
{
    struct vm_devices *devices = container_of(task, struct vm_devices, worker);
    bool any;

    if (__atomic_load_n(&devices->quiesce, __ATOMIC_SEQ_CST) != QUIESCE_NO)
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
    vm->devices->quiesce = QUIESCE_NO;
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
