/* Between the files that make up passthrough.h. */
#ifndef VM_PASSTHROUGH_PARTS_H
#define VM_PASSTHROUGH_PARTS_H

#include "hyp/vm/passthrough.h"

/* How many devices a VM has. */
u32 passthrough_count(const struct vm *vm);

/* The host's interrupt of a device, on the boot hart. */
void passthrough_interrupt(void *device);

#endif
