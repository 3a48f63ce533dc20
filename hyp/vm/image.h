/* Kernels: what of a blob of the bundle goes where in guest RAM. */
#ifndef VM_IMAGE_H
#define VM_IMAGE_H

#include "arch/types.h"
#include "hyp/vm/memory_piece.h"

struct vm;

#define IMAGE_SEGMENTS 64

struct image_plan {
    gpa_t entry;
    gpa_t start, end; /* of all that the kernel occupies, its bss included      */
    struct piece pieces[IMAGE_SEGMENTS];
    u32 piece_count;
};

/*
 * Plans the loading of the VM's kernel: ELF by the physical addresses of its segments; a Linux
 * Image or a raw binary at PLATFORM_KERNEL_OFFSET of its RAM. Pieces do not overlap, and all is RAM
 * of the VM. False: the image is no good for this VM, and a sentence about it has been printed.
 */
bool image_plan(const struct vm *vm, struct image_plan *plan);

#endif
