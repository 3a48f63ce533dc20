/*
 * Memory that VMs share, by name: `shared-memory = "mailbox 64K", "log 4K ro"` in the descriptions
 * of two or more. Every VM that names a region has it mapped at an address of its own choice of
 * slot, sees it in its device tree, and has a doorbell for it (hyp/dev/doorbell.h).
 *
 * A region has its RAM, zeroed, from when the first VM that names it starts until the last of them
 * is off.
 */
#ifndef VM_SHARED_REGION_H
#define VM_SHARED_REGION_H

#include "arch/types.h"
#include "hyp/dev/doorbell.h"

#define SHARED_REGIONS_PER_VM 4
#define SHARED_REGIONS_MAX    32 /* of all VMs          */
#define SHARED_MEMBERS_MAX    32 /* VMs that name one   */

struct fdt_writer;
struct shared_region;
struct vm;

/* Of a VM, one for each region that it names, in the order of its description. */
struct shared_attachment {
    struct shared_region *region; /* NULL: none, and none behind it */
    struct vm *vm;
    bool read_only;
    u32 pages; /* of the region's RAM that it has mapped: none or all */
    struct doorbell doorbell;
};

/* Joins the regions that the VM's description names, and puts their doorbells on its bus. False,
 * told: a name, size or right that is none, a region named twice, a size that another VM says
 * otherwise (both are named), or too many. At boot, or the monitor. */
bool shared_regions_create(struct vm *vm);

/* Maps them into stage 2, which exists and is not in use. False: no memory, and nothing is mapped.
 * Their RAM is clear when clear_step, by the keeper of each of the VMs, has returned true. */
bool shared_regions_map(struct vm *vm);
bool shared_regions_clear_step(struct vm *vm);

/* Forgets them, if they are mapped: nothing of the VM runs, stage 2 is not yet destroyed. Then the
 * RAM of those that nobody has any more goes, in steps; true: done. */
void shared_regions_unmap(struct vm *vm);
bool shared_regions_free_step(struct vm *vm);

/* Has the VM one that it may not write? Then its hardware may not set A and D (vm_hardware_ad). */
bool shared_regions_read_only(const struct vm *vm);

/* Between stop and reset no doorbell rings at this VM: its vCPUs may come and go. Stop when they
 * have retired; reset, the power-on state of the doorbells, after that of the PLIC. */
void shared_regions_stop(struct vm *vm);
void shared_regions_reset(struct vm *vm);

/* Their nodes, inside /soc of the guest's device tree. */
void shared_regions_write_fdt(const struct vm *vm, struct fdt_writer *w, u32 plic_phandle);

#endif
