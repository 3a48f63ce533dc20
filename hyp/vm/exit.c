#include "hyp/vm/exit.h"

#include "arch/csr.h"
#include "hyp/core/interrupts.h"
#include "hyp/core/printk.h"
#include "hyp/core/trace.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/vtimer.h"

enum run_next exit_wait(struct vcpu *vcpu)
{
    if (vcpu_interrupt_pending(vcpu))
        return RUN_GUEST;
    vtimer_wake_later(vcpu);
    return RUN_BLOCK;
}

/* The error tail: what is delegated to the guest, or is no cause at all of traps from a guest, ends
 * that VM, with all that is known. */
static enum run_next exit_unexpected(struct vcpu *vcpu)
{
    stats_count(&vcpu->stats, STAT_EXIT_OTHER);
    printk("Twofold: VM \"%s\" vCPU %u stopped: unexpected exit, scause %x\n",
           vcpu->vm->config.name, vcpu->id, csr_read(CSR_SCAUSE));
    printk("  pc %08x stval %08x htval %08x htinst %08x\n", vcpu->context.pc, csr_read(CSR_STVAL),
           csr_read(CSR_HTVAL), csr_read(CSR_HTINST));
    printk("  sstatus %08x hstatus %08x vsstatus %08x vsatp %08x\n", csr_read(CSR_SSTATUS),
           csr_read(CSR_HSTATUS), csr_read(CSR_VSSTATUS), csr_read(CSR_VSATP));
    vm_request_end(vcpu->vm, VM_FAULTS);
    return RUN_BLOCK;
}

/* The hypervisor's own: it looks itself at what is pending. */
static enum run_next exit_interrupt(struct vcpu *vcpu)
{
    stats_count(&vcpu->stats, STAT_EXIT_INTERRUPT);
    interrupts_handle();
    return sched_should_yield() ? RUN_YIELD : RUN_GUEST;
}

enum run_next exit_uncommon(struct vcpu *vcpu, u32 cause)
{
    switch (cause) {
    case CAUSE_FETCH_GUEST_PAGE:
        return exit_guest_page_fault(vcpu);
    case CAUSE_ILLEGAL:
    case CAUSE_VIRTUAL_INSTRUCTION:
        return exit_instruction(vcpu);
    default:
        trace(vcpu->trace_tag, TRACE_EXIT, vcpu->context.pc, cause);
        return cause & CAUSE_INTERRUPT ? exit_interrupt(vcpu) : exit_unexpected(vcpu);
    }
}
