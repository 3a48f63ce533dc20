/* Between the files that make up passthrough.h. */
#ifndef VM_PASSTHROUGH_PARTS_H
#define VM_PASSTHROUGH_PARTS_H

#include "hyp/vm/host_device.h"
#include "hyp/vm/passthrough.h"

/* How many devices a VM has. */
u32 passthrough_count(const struct vm *vm);

/* Says why the VM cannot have the device of `path`: the two texts, one after the other. False. */
bool passthrough_refuse(const struct vm *vm, const char *path, const char *why, const char *whose);

/* The device of `path`, if it can be handed to a VM at all, and to this one; told. */
bool passthrough_find(const struct vm *vm, const char *path, fdt_node *node,
                      struct host_device *device);

/* Is there nothing else at its addresses that the VM cannot do without? Told. */
bool passthrough_fits(const struct vm *vm, const char *path, fdt_node node);

/* Does an emulated device of the VM, whose place is not taken, have the interrupt? Or is there none
 * of that number? */
bool passthrough_has_interrupt(const struct vm *vm, u32 source);

/* The host's interrupt of a device, on the boot hart. */
void passthrough_interrupt(void *device);

#endif
