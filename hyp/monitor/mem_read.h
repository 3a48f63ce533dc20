/*
 * Reads memory for a person: nothing but RAM, for a device would notice, and nothing is backed by
 * it. All bytes lie in one page. False: command_failed was told what is there instead.
 */
#ifndef MONITOR_MEM_READ_H
#define MONITOR_MEM_READ_H

#include "arch/types.h"

struct vcpu;
struct vm;

/* What is reserved is not read either: the firmware's RAM would trap. */
bool mem_read_hpa(hpa_t pa, void *to, u32 size);

/* The VM is held, for both. The tables are those of the vCPU, whatever they allow. */
bool mem_read_gpa(const struct vm *vm, gpa_t gpa, void *to, u32 size);
bool mem_read_gva(const struct vcpu *vcpu, gva_t gva, void *to, u32 size);

#endif
