/*
 * The virtio devices of a VM, and the task that does their work: what their queues ask for beyond
 * what the notifying vCPU does at once, requests that are done, frames that have come. The task is
 * of the VM's own group, so that a VM pays for its own input and output.
 *
 * Each device has a lock, for which vCPUs wait as they do for the VM's memory (vcpu.h): with it
 * held guest RAM may be touched. Order: device lock -> VM memory, PLIC, a port of the switch.
 */
#ifndef VM_DEVICES_H
#define VM_DEVICES_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/core/sched.h"
#include "hyp/dev/mmio.h"
#include "hyp/dev/virtio_mmio.h"
#include "hyp/drv/disk.h"
#include "hyp/drv/switch.h"

#define VIRTIO_SLOTS 8

struct vm;

/* What is in a slot. */
enum slot_kind { SLOT_EMPTY, SLOT_DISK, SLOT_NET, SLOT_ENTROPY, SLOT_CONSOLE, SLOT_BALLOON };

struct virtio_slot {
    struct virtio_mmio registers;
    struct spinlock lock;
    struct vm *vm;
    enum slot_kind kind;
    u32 nth;    /* of its kind, from 0: disks[nth], ports[nth]                       */
    void *room; /* of the device, while the VM is not off                             */
    u32 wanted; /* its service is to be called; atomic                                */
};

/* RAM is to be given back, for which no disk's request may be under way. */
enum quiesce {
    QUIESCE_NO,
    QUIESCE_TRIES, /* disks begin nothing new, and the balloon looks whether all are idle       */
    QUIESCE_WAITS, /* they were not: it looks again when a request is done                      */
};

/* Allocated when the VM is made, if it has any virtio device. */
struct vm_devices {
    struct task worker;
    struct virtio_slot slots[VIRTIO_SLOTS];
    struct disk disks[VIRTIO_SLOTS];
    struct switch_port ports[VIRTIO_SLOTS];
    u32 quiesce; /* enum quiesce, atomic */
};

/* On the bus: device is a struct virtio_slot *. */
extern const struct mmio_ops virtio_slot_ops;

/* A slot that is empty, for VMs without virtio devices. */
extern struct virtio_slot devices_no_slot;

/* Opens disks and ports of the VM's description. False: told; nothing is open. With vm->config set,
 * before the VM is known to others. At boot, or the monitor. */
bool devices_create(struct vm *vm);

/* The opposite, for a VM that could not be made. */
void devices_remove(struct vm *vm);

/* Room for the devices of a VM that is to be started, and connects its ports. False: no memory.
 * And the opposite, when nothing of the VM runs. */
bool devices_allocate(struct vm *vm);
void devices_free(struct vm *vm);

/* Forgets, step by step, what was written to images: the VM becomes off. True: done. */
bool devices_forget_step(struct vm *vm);

/* The power-on state of all; no vCPU runs, and devices_quiet was true. */
void devices_reset(struct vm *vm);

/* For the keeper, after the vCPUs: ends the work of devices. False: some requests are under way:
 * try again. When true, nothing uses the VM's RAM any more. */
bool devices_stop(struct vm *vm);

/*
 * The slot, and the device in it, number `nth` of a kind; NULL: the VM has none, or is off. The
 * device is looked at and asked while the VM is held (life.h), and devices_wake makes it act upon
 * it.
 */
struct virtio_slot *devices_find_slot(const struct vm *vm, enum slot_kind kind, u32 nth);
struct virtio_device *devices_find(const struct vm *vm, enum slot_kind kind, u32 nth);

/* Asks the worker to serve a slot. Any hart, with any lock held but the run queue's. */
void devices_wake(struct virtio_slot *slot);

/* True when the guest reads what is typed from its virtio console: it has been woken to do so. */
bool devices_take_typed(const struct vm *vm);

/* Pages that are kept as long as the VM is known; and all that there are now, without the queues of
 * its ports. */
u32 devices_kept_pages(const struct vm *vm);
u32 devices_pages(const struct vm *vm);

#endif
