/*
 * A virtual machine: memory, vCPUs and the devices of QEMU's `virt`, from creation to end, and
 * perhaps from there to the next life.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/core/sched.h"
#include "hyp/vm/bus.h"
#include "hyp/vm/config.h"
#include "hyp/vm/console.h"
#include "hyp/vm/devices.h"
#include "hyp/vm/life.h"
#include "hyp/vm/memory.h"
#include "hyp/vm/passthrough.h"
#include "hyp/vm/platform.h"
#include "hyp/vm/shared_region.h"
#include "hyp/vm/stage2.h"
#include "hyp/vm/stats.h"
#include "hyp/vm/vcpu.h"
#include "hyp/vm/watchdog.h"

#define VM_MAX 64

/* Orders of the blocks of pages that hold the two structs. */
#define VM_ORDER   2
#define VCPU_ORDER 0

struct vm {
    struct vm_config config;
    u32 index;                        /* in vms[]                                    */
    struct vcpu *vcpus[VM_MAX_VCPUS]; /* NULL while it is off                        */
    struct sched_group group;         /* its share of the harts: vCPUs and keeper    */
    struct stage2 stage2;
    struct vm_memory memory;
    struct platform platform;
    struct vm_devices *devices; /* its virtio devices; NULL: none            */
    struct shared_attachment shared[SHARED_REGIONS_PER_VM];
    struct passthrough passthrough[PASSTHROUGH_MAX];
    struct bus bus;
    struct vm_console console;
    struct vm_life life;
    struct watchdog watchdog;
    struct vm_stats stats;
    u64 time_offset; /* guest time - host time: htimedelta */
};

_Static_assert(sizeof(struct vm) <= PAGE_SIZE << VM_ORDER, "VM_ORDER");
_Static_assert(sizeof(struct vcpu) <= PAGE_SIZE << VCPU_ORDER, "VCPU_ORDER");

/* All VMs, in the order of the description, then those that were created later. Only ever grows;
 * they keep their struct when they end. */
extern struct vm *vms[VM_MAX];
extern u32 vm_count;

/*
 * Makes every VM of the bundle and starts those that are to start. One that cannot be made, or
 * started, is told of and counts as failed; the others run. False: there is none.
 */
bool vms_create(const struct fdt *bundle);

/* Adds a VM that is off. NULL: no memory for it, too many, or the name is taken; told. Not by two
 * at a time: the boot hart, later the monitor. */
struct vm *vm_add(const struct vm_config *config);

/* The VM of that name; NULL: none. */
struct vm *vm_find(const char *name);

/* Ends the machine: as failed if `failed`, or if a VM was refused or did not end well. Any hart. */
void vms_power_off(bool failed) __attribute__((noreturn));

/*
 * Does hardware set A and D in the guest's tables? Not where images are shared, or memory that the
 * VM may only read: some machines (QEMU up to 10.0 at least) do so even where the G-stage allows no
 * store, in what may be a page that other VMs see.
 */
bool vm_hardware_ad(const struct vm *vm);

/* The guest's time now, in ticks; it stands still while the VM is paused. */
u64 vm_time(const struct vm *vm);

#endif
