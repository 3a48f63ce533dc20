/*
 * The keeper of a VM: a task in the VM's own group that builds it, waits, and takes it apart, in
 * steps that yield, so that a VM pays for its own beginnings and ends and nobody waits for them.
 * life.c says what is to become of the VM; the keeper does it.
 */
#ifndef VM_KEEPER_H
#define VM_KEEPER_H

#include "arch/types.h"

struct vm;

/* Where the keeper goes on when it next runs. */
enum keeper_phase {
    PHASE_REST,   /* nothing to do until the life's end                         */
    PHASE_RETURN, /* the back-off is over: memory and vCPUs again               */
    PHASE_BEGIN,  /* it has memory and vCPUs: a life begins                     */
    PHASE_CLEAR,  /* its memory                                                 */
    PHASE_LOAD,   /* its images; then the first vCPU starts                     */
    PHASE_RETIRE, /* until no vCPU runs; then decides what follows              */
    PHASE_FREE,   /* gives memory and vCPUs back; then off, or back-off         */
};

void keeper_init(struct vm *vm);

/* Sends the keeper to work at `phase`. Only while it blocks: the VM is off or has just been made.
 */
void keeper_begin(struct vm *vm, enum keeper_phase phase);

#endif
