/*
 * Devices of the host that are handed to a VM, by their node in the host's device tree:
 * `passthrough = "/soc/rtc@101000"`. Their registers are mapped at the host's own addresses, where
 * they take the place of an emulated device; their interrupts come by the same number at the VM's
 * PLIC; their node is copied into the guest's device tree.
 *
 * A device that may do DMA could reach all of the host's RAM, for no IOMMU stands in its way. It is
 * refused unless the description has `dma = "trusted"`; the VM's RAM is then where it is on the
 * host (gPA = hPA), so that the addresses which the guest gives the device are right.
 */
#ifndef VM_PASSTHROUGH_H
#define VM_PASSTHROUGH_H

#include "arch/types.h"
#include "hyp/core/fdt.h"
#include "hyp/core/lock.h"

#define PASSTHROUGH_MAX 4 /* devices of a VM */

struct fdt_writer;
struct vm;

/* A device that a VM has. */
struct passthrough {
    struct vm *vm;        /* NULL: none, and none behind it */
    fdt_node node;        /* of the host's tree             */
    u32 source;           /* of its interrupt, 0: it has none */
    volatile u8 *virtio;  /* its registers, if it is a virtio-mmio slot */
    struct spinlock lock; /* outermost: this -> virtual PLIC */
    bool live;            /* interrupts go to the guest      */
    u32 waits; /* the host's source is masked until the guest completes its interrupt; atomic */
};

/* Claims the devices that the bundle's VMs name, so that no driver of ours takes them. Boot hart,
 * before the drivers start, but after console and PLIC have claimed theirs. */
void passthrough_reserve(const struct fdt *bundle);

/*
 * Takes the devices of the VM's description. False, told with the reason: see host_device.h; it is
 * named twice, or somebody else has it; the VM has something at its address that it cannot do
 * without, or another device with its interrupt; it may do DMA. At boot, or the monitor.
 */
bool passthrough_create(struct vm *vm);
void passthrough_remove(struct vm *vm);

/* Has a device of it this address? Then the VM has no emulated one there. */
bool passthrough_covers(const struct vm *vm, u32 base, u32 size);

/* Maps registers into stage 2, which exists and is not in use. False: no memory, and nothing is
 * mapped. And the opposite, when nothing of the VM runs. */
bool passthrough_map(struct vm *vm);
void passthrough_unmap(struct vm *vm);

/*
 * Between stop and reset no interrupt of theirs reaches the VM, whose vCPUs may come and go. Stop
 * when they have retired: a virtio device is reset, and uses no memory any more; others are as
 * their owner left them. Reset after the PLIC's: what a device still asks for, it asks for anew.
 */
void passthrough_stop(struct vm *vm);
void passthrough_reset(struct vm *vm);

/* The guest has completed the interrupt `source` at its PLIC: called with the PLIC's lock held. */
void passthrough_completed(struct vm *vm, u32 source);

/* Copies of their nodes, inside /soc of the guest's device tree. */
void passthrough_write_fdt(const struct vm *vm, struct fdt_writer *w, u32 plic_phandle);

#endif
