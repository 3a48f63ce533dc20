/* Why a guest left, and what comes of it. All on the vCPU's hart, with the vCPU loaded. */
#ifndef VM_EXIT_H
#define VM_EXIT_H

#include "arch/csr.h"
#include "arch/types.h"
#include "hyp/dev/mmio.h"

struct guarded_trap;
struct memory_insn;
struct vcpu;

enum run_next {
    RUN_GUEST, /* enter it again                                           */
    RUN_YIELD, /* its slice is over                                        */
    RUN_BLOCK, /* it waits for an interrupt, or for SBI HSM to start it    */
};

/* What exit_handle hands over to: SBI calls, guest-page faults, trapped instructions, and all that
 * is left: the hypervisor's own interrupts, and what should not happen. */
enum run_next exit_sbi(struct vcpu *vcpu);
enum run_next exit_guest_page_fault(struct vcpu *vcpu);
enum run_next exit_instruction(struct vcpu *vcpu);
enum run_next exit_uncommon(struct vcpu *vcpu, u32 cause);

/*
 * Handles one exit with this scause; the other trap CSRs are as the exit left them. Inline, for the
 * run loop, are the exits that a guest makes by the million.
 */
static inline enum run_next exit_handle(struct vcpu *vcpu, u32 cause)
{
    if (likely(cause == CAUSE_ECALL_VS))
        return exit_sbi(vcpu);
    if (likely(cause == CAUSE_LOAD_GUEST_PAGE || cause == CAUSE_STORE_GUEST_PAGE))
        return exit_guest_page_fault(vcpu);
    return exit_uncommon(vcpu, cause);
}

/* For vcpu_init: what SBI calls of this vCPU have in common. */
void exit_sbi_init(struct vcpu *vcpu);

/* The rest of exit_guest_page_fault (exit_fault.c): all that is no ordinary access to a device, and
 * an access that the device refused, or cannot carry out yet. */
enum run_next exit_uncommon_fault(struct vcpu *vcpu);
enum run_next exit_refused(struct vcpu *vcpu, enum mmio_result result);

/*
 * Carries out a load or store, of a word at most, of a device register at `gpa`, which is below
 * RAM, and steps over it. Not MMIO_OK: no device answers, or it refuses, and nothing has changed.
 */
enum mmio_result exit_access_device(struct vcpu *vcpu, const struct memory_insn *insn, u32 gpa);

/*
 * Backs what a guarded access of ours to guest memory ran into, where that is RAM which is backed
 * when it is touched: then true, and the access may be tried again.
 */
bool exit_back_memory(struct vcpu *vcpu, const struct guarded_trap *trap);

/* The guest waits for an interrupt, with pc where it will go on. */
enum run_next exit_wait(struct vcpu *vcpu);

/*
 * Delivers an exception to the guest's own handler, as hardware would have ("Trap Entry" of
 * VS-mode): pc is where it happened, `tval` what vstval gets.
 */
void inject(struct vcpu *vcpu, u32 cause, u32 tval);

/* Delivers what a guarded access to guest memory ran into; guest-page faults as access faults. */
void inject_trap(struct vcpu *vcpu, const struct guarded_trap *trap);

/* Makes an interrupt pending in the guest: IRQ_VSSI, IRQ_VSTI or IRQ_VSEI. Loaded. */
void inject_interrupt(struct vcpu *vcpu, u32 irq);

/* The access fault that stands for a guest-page fault: 1, 5 or 7. */
u32 access_fault_of(u32 guest_page_fault);

#endif
