/*
 * Looking into a VM: it is held meanwhile, so that nothing in it changes, and for as short as can
 * be, for it stands still while its time goes on. What is found is formatted or copied, the VM is
 * released, and only then is anything printed: consoles are slow.
 */
#ifndef MONITOR_LOOK_H
#define MONITOR_LOOK_H

#include "arch/types.h"
#include "hyp/monitor/command.h"

/* Holds the VM. False: it has no vCPUs and memory now, is not held, and command_failed was told. */
bool look_begin(struct vm *vm);
void look_end(struct vm *vm);

/* Holds the VM and finds its vCPU; `word` NULL: the first. NULL: there is none, and as above. */
struct vcpu *look_at_vcpu(struct vm *vm, const char *word);

/* The same, if the vCPU has been started: a stopped one has no state that means anything. */
struct vcpu *look_at_started_vcpu(struct vm *vm, const char *word);

/* For commands that redraw the screen, or whose text is for programs: the VMs' own text is not
 * shown from now on until look_loud, when it is as the keyboard has it. */
void look_quiet(void);
void look_loud(void);

#endif
