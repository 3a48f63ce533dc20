/* Why a guest left, and what comes of it. All on the vCPU's hart, with the vCPU loaded. */
#ifndef VM_EXIT_H
#define VM_EXIT_H

#include "arch/types.h"

struct guarded_trap;
struct vcpu;

enum run_next {
    RUN_GUEST, /* enter it again                                           */
    RUN_YIELD, /* its slice is over                                        */
    RUN_BLOCK, /* it waits for an interrupt, or for SBI HSM to start it    */
};

/* Handles one exit with this scause; the other trap CSRs are as the exit left them. */
enum run_next exit_handle(struct vcpu *vcpu, u32 cause);

/* What exit_handle hands over to: guest-page faults, trapped instructions, SBI calls. */
enum run_next exit_guest_page_fault(struct vcpu *vcpu);
enum run_next exit_instruction(struct vcpu *vcpu);
enum run_next exit_sbi(struct vcpu *vcpu);

/* The guest waits for an interrupt, with pc where it will go on. */
enum run_next exit_wait(struct vcpu *vcpu);

/*
 * Delivers an exception to the guest's own handler, as hardware would have ("Trap Entry" of
 * VS-mode): pc is where it happened, `tval` what vstval gets.
 */
void inject(struct vcpu *vcpu, u32 cause, u32 tval);

/* Delivers what a guarded access to guest memory ran into; guest-page faults as access faults. */
void inject_trap(struct vcpu *vcpu, const struct guarded_trap *trap);

/* The access fault that stands for a guest-page fault: 1, 5 or 7. */
u32 access_fault_of(u32 guest_page_fault);

#endif
