/*
 * A virtual machine: memory, vCPUs and the devices of QEMU's `virt`, from creation to end.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/core/sched.h"
#include "hyp/vm/bus.h"
#include "hyp/vm/config.h"
#include "hyp/vm/console.h"
#include "hyp/vm/platform.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/vcpu.h"

#define VM_MAX 64

/* Orders of the blocks of pages that hold the two structs. */
#define VM_ORDER   2
#define VCPU_ORDER 0

/* What the VM is asked to become; its reaper carries it out once no vCPU runs. */
enum vm_ending {
    VM_STAYS,
    VM_POWERS_OFF, /* its own wish                                            */
    VM_RESETS,     /* its own wish: starts again from its images              */
    VM_FAILS,      /* it reported a failure, by SRST or by the test finisher  */
    VM_FAULTS,     /* we stop it: it did what no machine could go on after    */
    VM_UNBOOTABLE, /* its images cannot be loaded                             */
};

struct vm {
    struct vm_config config;
    struct vcpu *vcpus[VM_MAX_VCPUS];
    struct stage2 stage2;
    struct platform platform;
    struct bus bus;
    struct vm_console console;

    struct spinlock memory_lock; /* for changes of stage2                                     */
    u32 *chunks;                 /* page frame of each 4 MiB of RAM; NULL when lazy or ended  */
    u64 time_offset;             /* guest time - host time: htimedelta                        */
    u32 ending;                  /* enum vm_ending, atomic; written once a life               */
    struct task reaper;          /* ends the life                                             */
};

_Static_assert(sizeof(struct vm) <= PAGE_SIZE << VM_ORDER, "VM_ORDER");
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE << VCPU_ORDER, "VCPU_ORDER");

/* All VMs, in the order of the description. */
extern struct vm *vms[VM_MAX];
extern u32 vm_count;

/*
 * Makes every VM of the bundle and starts them. One that cannot be made, or started, is told of and
 * counts as failed; the others run. False: there is none.
 */
bool vms_create(void);

/*
 * Asks for the end of this life of the VM; the first wish counts. Returns at once: the vCPUs leave
 * by themselves. Any hart; no lock of the VM's held.
 */
void vm_request_end(struct vm *vm, enum vm_ending ending);

/* True once a VM's end was asked for. */
static inline bool vm_is_ending(const struct vm *vm)
{
    return __atomic_load_n(&vm->ending, __ATOMIC_ACQUIRE) != VM_STAYS;
}

/* True once its end is complete: it has no memory and no vCPU any more. */
static inline bool vm_has_ended(const struct vm *vm)
{
    return __atomic_load_n(&vm->vcpus[0], __ATOMIC_ACQUIRE) == NULL;
}

/* The guest's time now, in ticks. */
u64 vm_time(const struct vm *vm);

#endif
