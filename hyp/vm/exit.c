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

/* The error tail: what no case expects ends that VM, with all that is known. */
static enum run_next exit_unexpected(struct vcpu *vcpu)
{
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
static enum run_next exit_interrupt(void)
{
    interrupts_handle();
    return sched_should_yield() ? RUN_YIELD : RUN_GUEST;
}

/* Every exception, by cause. Those that are not ours to handle are delegated to the guest. */
static enum run_next (*const exceptions[])(struct vcpu *vcpu) = {
    [CAUSE_FETCH_MISALIGNED] = exit_unexpected,
    [CAUSE_FETCH_ACCESS] = exit_unexpected,
    [CAUSE_ILLEGAL] = exit_instruction,
    [CAUSE_BREAKPOINT] = exit_unexpected,
    [CAUSE_LOAD_MISALIGNED] = exit_unexpected,
    [CAUSE_LOAD_ACCESS] = exit_unexpected,
    [CAUSE_STORE_MISALIGNED] = exit_unexpected,
    [CAUSE_STORE_ACCESS] = exit_unexpected,
    [CAUSE_ECALL_U] = exit_unexpected,
    [CAUSE_ECALL_S] = exit_unexpected,
    [CAUSE_ECALL_VS] = exit_sbi,
    [11] = exit_unexpected,
    [CAUSE_FETCH_PAGE] = exit_unexpected,
    [CAUSE_LOAD_PAGE] = exit_unexpected,
    [14] = exit_unexpected,
    [CAUSE_STORE_PAGE] = exit_unexpected,
    [16] = exit_unexpected,
    [17] = exit_unexpected,
    [18] = exit_unexpected,
    [19] = exit_unexpected,
    [CAUSE_FETCH_GUEST_PAGE] = exit_guest_page_fault,
    [CAUSE_LOAD_GUEST_PAGE] = exit_guest_page_fault,
    [CAUSE_VIRTUAL_INSTRUCTION] = exit_instruction,
    [CAUSE_STORE_GUEST_PAGE] = exit_guest_page_fault,
};

enum run_next exit_handle(struct vcpu *vcpu, u32 cause)
{
    if (likely(cause < ARRAY_SIZE(exceptions)))
        return exceptions[cause](vcpu);
    return cause & CAUSE_INTERRUPT ? exit_interrupt() : exit_unexpected(vcpu);
}
