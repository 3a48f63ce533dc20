#include "hyp/vm/exit.h"

#include "arch/csr.h"
#include "hyp/core/hart.h"
#include "hyp/core/printk.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/vtimer.h"

enum run_next exit_wait(struct vcpu *vcpu)
{
    if (vcpu_interrupt_pending(vcpu))
        return RUN_GUEST;
    vtimer_wake_later(vcpu);
    return RUN_BLOCK;
}

static enum run_next exit_interrupt(void)
{
    interrupts_handle();
    return sched_should_yield() ? RUN_YIELD : RUN_GUEST;
}

/* The error tail: what no case expects ends that VM, with all that is known. */
static enum run_next exit_unexpected(struct vcpu *vcpu, u32 cause)
{
    printk("Twofold: VM \"%s\" vCPU %u stopped: unexpected exit, scause %x\n",
           vcpu->vm->config.name, vcpu->id, cause);
    printk("  pc %08x stval %08x htval %08x htinst %08x\n", vcpu->context.pc, csr_read(CSR_STVAL),
           csr_read(CSR_HTVAL), csr_read(CSR_HTINST));
    printk("  sstatus %08x hstatus %08x vsstatus %08x vsatp %08x\n", csr_read(CSR_SSTATUS),
           csr_read(CSR_HSTATUS), csr_read(CSR_VSSTATUS), csr_read(CSR_VSATP));
    vm_request_end(vcpu->vm, VM_FAULTS);
    return RUN_BLOCK;
}

enum run_next exit_handle(struct vcpu *vcpu, u32 cause)
{
    switch (cause) {
    case CAUSE_ECALL_VS:
        return exit_sbi(vcpu);
    case CAUSE_LOAD_GUEST_PAGE:
    case CAUSE_STORE_GUEST_PAGE:
    case CAUSE_FETCH_GUEST_PAGE:
        return exit_guest_page_fault(vcpu, cause);
    case CAUSE_VIRTUAL_INSTRUCTION:
    case CAUSE_ILLEGAL:
        return exit_instruction(vcpu);
    case CAUSE_INTERRUPT | IRQ_SSI:
    case CAUSE_INTERRUPT | IRQ_STI:
    case CAUSE_INTERRUPT | IRQ_SEI:
        return exit_interrupt();
    default:
        return exit_unexpected(vcpu, cause);
    }
}
