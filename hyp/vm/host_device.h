/*
 * A device of the host as its node in the device tree tells it: can it be handed to a VM? Pure.
 */
#ifndef VM_HOST_DEVICE_H
#define VM_HOST_DEVICE_H

#include "arch/types.h"
#include "hyp/core/fdt.h"

struct fdt_writer;

#define HOST_DEVICE_REGS 8 /* ranges of registers */

enum host_device_status {
    HOST_DEVICE_FINE,
    HOST_DEVICE_NO_NODE,
    HOST_DEVICE_DISABLED,
    HOST_DEVICE_NO_REGISTERS, /* or more ranges than HOST_DEVICE_REGS              */
    HOST_DEVICE_SHARES_PAGE,  /* with `other`, which would be handed over with it  */
    HOST_DEVICE_INTERRUPTS,   /* several, or not at the PLIC                       */
};

struct host_device {
    u32 source;     /* of its interrupt at the PLIC; 0: it has none                  */
    bool may_dma;   /* all but what is known to do none                              */
    fdt_node other; /* HOST_DEVICE_SHARES_PAGE: whose registers are in the same page */
};

/* Fills `device` when it is fine. */
enum host_device_status host_device_check(const struct fdt *fdt, fdt_node node,
                                          struct host_device *device);

/* A phrase for a person: what is wrong. */
const char *host_device_text(enum host_device_status status);

/* The pages of range `index` of its registers, [*start, *end). False: there is none. */
bool host_device_pages(const struct fdt *fdt, fdt_node node, u32 index, u64 *start, u64 *end);

/* Copies the node as far as a guest can follow it: with `source` (0: none) of the interrupt
 * controller `plic_phandle`. */
void host_device_write(const struct fdt *fdt, fdt_node node, struct fdt_writer *w, u32 source,
                       u32 plic_phandle);

#endif
