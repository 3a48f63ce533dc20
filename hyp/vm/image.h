/* Kernels: from a blob of the bundle into guest RAM. */
#ifndef VM_IMAGE_H
#define VM_IMAGE_H

#include "arch/types.h"

struct vm;

struct loaded_image {
    gpa_t entry;
    gpa_t start, end; /* of all that the kernel occupies, its bss included */
};

/*
 * Loads the VM's kernel: ELF by the physical addresses of its segments; a Linux Image or a raw
 * binary at PLATFORM_KERNEL_BASE. The RAM is clear. False: the image is no good for this VM, and a
 * sentence about it has been printed.
 */
bool image_load(struct vm *vm, struct loaded_image *loaded);

#endif
