/* What the virtio devices of a VM ask of the host. */
#include "hyp/core/random.h"
#include "hyp/dev/virtio_balloon.h"
#include "hyp/dev/virtio_blk.h"
#include "hyp/dev/virtio_console.h"
#include "hyp/dev/virtio_entropy.h"
#include "hyp/dev/virtio_net.h"
#include "hyp/vm/devices_parts.h"
#include "hyp/vm/vm.h"

static struct vm *vm_of(void *slot)
{
    return ((struct virtio_slot *)slot)->vm;
}

/* ---------------------------------------------------------------- RAM, for all */

static bool ram_read(void *slot, gpa_t from, void *to, u32 size)
{
    return memory_read(vm_of(slot), from, to, size);
}

static bool ram_write(void *slot, gpa_t to, const void *from, u32 size)
{
    return memory_write(vm_of(slot), to, from, size);
}

static u32 ram_locate(void *slot, gpa_t gpa, u32 size, bool write, hpa_t *at)
{
    return memory_locate(vm_of(slot), gpa, size, write, at);
}

static void wake(void *slot)
{
    devices_wake(slot);
}

/* ---------------------------------------------------------------- network cards */

void devices_frame_came(void *slot)
{
    devices_wake(slot);
}

static void net_send(void *port, const struct frame *frame)
{
    switch_send(port, frame);
}

static const struct packet *net_receive(void *port)
{
    return switch_receive(port);
}

static void net_received(void *port)
{
    switch_received(port);
}

static struct virtio_device *make_net(struct virtio_slot *slot, const struct virtio_host *host,
                                      struct irq_line irq)
{
    struct switch_port *port = &slot->vm->devices->ports[slot->nth];
    const struct net_host net = {
        .send = net_send, .receive = net_receive, .received = net_received, .ctx = port};

    return virtio_net_init(slot->room, port->mac, &net, slot->vm->config.virtio_modern, host, irq);
}

/* ---------------------------------------------------------------- disks */

_Static_assert(VM_MAX_VCPUS <= VIRTIO_QUEUES, "a queue for each vCPU");

static struct virtio_device *make_disk(struct virtio_slot *slot, const struct virtio_host *host,
                                       struct irq_line irq)
{
    struct disk *disk = &slot->vm->devices->disks[slot->nth];

    return virtio_blk_init(slot->room, &disk->device, disk->name, slot->vm->config.cpus,
                           slot->vm->config.virtio_modern, host, irq);
}

/* ---------------------------------------------------------------- console */

static void console_put(void *vm, u8 byte)
{
    vm_console_put(vm, byte);
}

static u32 console_take(void *vm, u8 *to, u32 size)
{
    return vm_console_take(vm, to, size);
}

bool devices_take_typed(const struct vm *vm)
{
    struct virtio_slot *slot = devices_find_slot(vm, SLOT_CONSOLE, 0);

    if (!slot || !slot->registers.device || !virtio_console_reads(slot->registers.device))
        return false;
    devices_wake(slot);
    return true;
}

static struct virtio_device *make_console(struct virtio_slot *slot, const struct virtio_host *host,
                                          struct irq_line irq)
{
    const struct virtio_console_host console = {
        .put = console_put, .take = console_take, .ctx = slot->vm};

    return virtio_console_init(slot->room, &console, slot->vm->config.virtio_modern, host, irq);
}

/* ---------------------------------------------------------------- balloon */

/* No disk's request has RAM of the guest's. The devices' locks come after the balloon's. */
static bool disks_are_idle(struct vm *vm)
{
    bool idle = true;

    for (u32 i = 0; i < VIRTIO_SLOTS; i++) {
        struct virtio_slot *slot = &vm->devices->slots[i];

        if (slot->kind != SLOT_DISK)
            continue;
        devices_lock(slot);
        idle &= virtio_is_idle(slot->registers.device);
        devices_unlock(slot);
    }
    return idle;
}

/* From here on no disk begins a request, so those that are under way are the last. */
static bool balloon_give_back(void *slot, gpa_t gpa, u64 size)
{
    struct vm *vm = vm_of(slot);

    __atomic_store_n(&vm->devices->quiesce, QUIESCE_TRIES, __ATOMIC_SEQ_CST);
    if (!disks_are_idle(vm)) {
        __atomic_store_n(&vm->devices->quiesce, QUIESCE_WAITS, __ATOMIC_SEQ_CST);
        return false;
    }
    if (memory_is_ram(vm, gpa, size))
        memory_give_back(vm, gpa, size);
    return true;
}

static struct virtio_device *make_balloon(struct virtio_slot *slot, const struct virtio_host *host,
                                          struct irq_line irq)
{
    const struct balloon_host balloon = {.give_back = balloon_give_back, .ctx = slot};

    return virtio_balloon_init(slot->room, &balloon, slot->vm->config.virtio_modern, host, irq);
}

/* ---------------------------------------------------------------- entropy */

static struct virtio_device *make_entropy(struct virtio_slot *slot, const struct virtio_host *host,
                                          struct irq_line irq)
{
    return virtio_entropy_init(slot->room, random_bytes, slot->vm->config.virtio_modern, host, irq);
}

struct virtio_device *devices_make(struct virtio_slot *slot, u32 index)
{
    static struct virtio_device *(*const makers[])(
        struct virtio_slot * slot, const struct virtio_host *host, struct irq_line irq) = {
        [SLOT_DISK] = make_disk,       [SLOT_NET] = make_net,         [SLOT_ENTROPY] = make_entropy,
        [SLOT_CONSOLE] = make_console, [SLOT_BALLOON] = make_balloon,
    };
    const struct virtio_host host = {
        .read = ram_read, .write = ram_write, .locate = ram_locate, .wake = wake, .ctx = slot};

    return makers[slot->kind](slot, &host,
                              plic_line(&slot->vm->platform.plic, PLATFORM_VIRTIO_IRQ + index));
}
