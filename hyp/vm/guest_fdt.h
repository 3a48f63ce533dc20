/* The device tree of a VM: what QEMU's `virt` would give to an S-mode kernel. */
#ifndef VM_GUEST_FDT_H
#define VM_GUEST_FDT_H

#include "arch/types.h"

struct vm;

#define GUEST_FDT_MAX 16384u

/*
 * Writes the tree of `vm` into `buffer` (8-byte aligned, GUEST_FDT_MAX bytes). The initrd is at
 * [initrd, initrd_end), or absent when both are 0. Returns its size, or 0 when it does not fit.
 */
u32 guest_fdt_write(const struct vm *vm, void *buffer, gpa_t initrd, gpa_t initrd_end);

#endif
