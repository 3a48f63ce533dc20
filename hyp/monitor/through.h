/*
 * Through whose tables gVAs are looked at: a vCPU of a VM, with the tables that it had when the
 * command began, so that what is printed bit by bit is of one address space.
 */
#ifndef MONITOR_THROUGH_H
#define MONITOR_THROUGH_H

#include "arch/types.h"
#include "hyp/vm/walk.h"

struct vm;

struct through {
    struct vm *vm;
    u32 vcpu;
    u32 vsatp;
};

/* `vcpu` is a number, or NULL: the first. False: command_failed was told. */
bool through_choose(struct through *through, const char *vm, const char *vcpu);

/* Holds the VM, and tells what governs walks. False: it has no memory now; command_failed was told.
 */
bool through_begin(const struct through *through, struct walk_context *context);
void through_end(const struct through *through);

#endif
