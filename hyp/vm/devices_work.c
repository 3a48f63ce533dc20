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

/* The worker is to look at all slots of a kind. */
static void wake_kind(struct vm *vm, enum slot_kind kind)
{
    for (u32 i = 0; i < VIRTIO_SLOTS; i++)
        if (vm->devices->slots[i].kind == kind)
            devices_wake(&vm->devices->slots[i]);
}

/* And after it: disks, which may have been held up, go on, and so does the balloon, of which one
 * queue may have waited and another not. */
static void end_balloon(struct virtio_slot *slot)
{
    if (slot->kind != SLOT_BALLOON || quiesce_of(slot) != QUIESCE_TRIES)
        return;
    set_quiesce(slot, QUIESCE_NO);
    devices_wake(slot);
    wake_kind(slot->vm, SLOT_DISK);
}

/* A disk that begins nothing now. With its lock, under which the balloon looks whether it is idle.
 * What it was to be served for, or its driver has just done, may be what the balloon waits for. */
static bool is_held_up(const struct virtio_slot *slot)
{
    return slot->kind == SLOT_DISK && quiesce_of(slot) != QUIESCE_NO;
}

/* ---------------------------------------------------------------- on the bus */

/* One piece of the work of a device. True: there is more. With its lock. */
static bool service(struct virtio_slot *slot)
{
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
    if (is_held_up(slot))
        more = true;
    else if (notified)
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

/* Serves a slot that wants it; false: it does not. */
static bool serve(struct virtio_slot *slot)
{
    bool held_up, more;

    if (!__atomic_exchange_n(&slot->wanted, false, __ATOMIC_SEQ_CST))
        return false;
    devices_lock(slot);
    held_up = is_held_up(slot);
    begin_balloon(slot);
    more = !held_up && service(slot);
    end_balloon(slot);
    devices_unlock(slot);
    if (held_up)
        wake_kind(slot->vm, SLOT_BALLOON);
    else if (more)
        __atomic_store_n(&slot->wanted, true, __ATOMIC_SEQ_CST);
    interrupts_handle();
    return true;
}

static enum task_result work(struct task *task)
{
    struct vm_devices *devices = container_of(task, struct vm_devices, worker);
    bool any;

    do {
        any = false;
        for (u32 i = 0; i < VIRTIO_SLOTS; i++)
            any |= serve(&devices->slots[i]);
        if (!any)
            return TASK_BLOCK;
    } while (!sched_should_yield());
    return TASK_YIELD;
}

void devices_make_worker(struct vm *vm)
{
    sched_init_task(&vm->devices->worker, &vm->group, work);
    sched_retire(&vm->devices->worker);
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
