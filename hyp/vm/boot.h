/* The state in which a VM's first vCPU begins: kernel, initrd and FDT in RAM, a0 and a1. */
#ifndef VM_BOOT_H
#define VM_BOOT_H

#include "arch/types.h"

struct vm;

/* Loads everything into RAM, which is clear, and makes vCPU 0 ready to start. False: told. */
bool boot_vm(struct vm *vm);

#endif
