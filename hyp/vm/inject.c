#include "arch/csr.h"
#include "arch/own_trap.h"
#include "hyp/core/trace.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/vcpu.h"

/*
 * vsstatus as a trap into VS-mode leaves it: the mode it came from in SPP, SIE moved to SPIE.
 * `sstatus` has the mode of the guest's exit in SPP.
 */
static u32 trapped_vsstatus(u32 vsstatus, u32 sstatus)
{
    u32 result = vsstatus & ~(SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE);

    result |= sstatus & SSTATUS_SPP;
    if (vsstatus & SSTATUS_SIE)
        result |= SSTATUS_SPIE;
    return result;
}

void inject(struct vcpu *vcpu, u32 cause, u32 tval)
{
    stats_count(&vcpu->stats, STAT_INJECT_EXCEPTION);
    trace(vcpu->trace_tag, TRACE_INJECT, vcpu->context.pc, cause);
    csr_write(CSR_VSSTATUS, trapped_vsstatus(csr_read(CSR_VSSTATUS), csr_read(CSR_SSTATUS)));
    csr_write(CSR_VSEPC, vcpu->context.pc);
    csr_write(CSR_VSCAUSE, cause);
    csr_write(CSR_VSTVAL, tval);
    /* Exceptions go to BASE in both modes of vstvec. */
    vcpu->context.pc = csr_read(CSR_VSTVEC) & ~3u;
    csr_set(CSR_SSTATUS, SSTATUS_SPP);
}

static enum stat interrupt_stat(u32 irq)
{
    switch (irq) {
    case IRQ_VSSI:
        return STAT_INJECT_SOFTWARE;
    case IRQ_VSTI:
        return STAT_INJECT_TIMER;
    default:
        return STAT_INJECT_EXTERNAL;
    }
}

void inject_interrupt(struct vcpu *vcpu, u32 irq)
{
    if (csr_read(CSR_HVIP) & BIT(irq))
        return;
    csr_set(CSR_HVIP, BIT(irq));
    stats_count(&vcpu->stats, interrupt_stat(irq));
    trace(vcpu->trace_tag, TRACE_INTERRUPT, vcpu->context.pc, irq);
}

u32 access_fault_of(u32 guest_page_fault)
{
    switch (guest_page_fault) {
    case CAUSE_FETCH_GUEST_PAGE:
        return CAUSE_FETCH_ACCESS;
    case CAUSE_LOAD_GUEST_PAGE:
        return CAUSE_LOAD_ACCESS;
    case CAUSE_STORE_GUEST_PAGE:
        return CAUSE_STORE_ACCESS;
    default:
        return guest_page_fault;
    }
}

void inject_trap(struct vcpu *vcpu, const struct guarded_trap *trap)
{
    inject(vcpu, access_fault_of(trap->cause), trap->tval);
}
