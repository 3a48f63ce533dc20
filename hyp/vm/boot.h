/* The state in which a VM's first vCPU begins: kernel, initrd and FDT in RAM, a0 and a1. */
#ifndef VM_BOOT_H
#define VM_BOOT_H

#include "arch/types.h"

struct vm;

/*
 * Begins each life of a VM that has its memory: checks its images, chooses their places and, unless
 * an earlier life did, adds them to its memory as pieces. No vCPU runs. False: the images are no
 * good for this VM; told.
 */
bool boot_plan(struct vm *vm);

/* After MEMORY_LOADED: writes the device tree and makes vCPU 0, which was initialised, ready to
 * start. False: told. */
bool boot_finish(struct vm *vm);

#endif
