#include "hyp/vm/vtimer.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/vm.h"

/* On whatever hart armed it, perhaps not the vCPU's any more. */
static void due(struct timer *timer)
{
    vcpu_request(container_of(timer, struct vcpu, timer), REQUEST_TIMER);
}

void vtimer_init(struct vcpu *vcpu)
{
    vcpu->timer.fire = due;
}

/* When in host time the guest's `deadline` comes; now or earlier when it is past. */
static u64 host_deadline(const struct vcpu *vcpu, u64 deadline)
{
    u64 now = time_now();
    u64 guest_now = now + vcpu->vm->time_offset;

    if (deadline <= guest_now)
        return now;
    return deadline - guest_now < TIMER_NEVER - now ? now + (deadline - guest_now) : TIMER_NEVER;
}

void vtimer_set(struct vcpu *vcpu, u64 deadline)
{
    if (features.sstc) {
        csr_write_compare(CSR_VSTIMECMP, CSR_VSTIMECMPH, deadline);
        return;
    }
    vcpu->csrs.vstimecmp = deadline;
    vtimer_check(vcpu);
}

u64 vtimer_deadline(const struct vcpu *vcpu)
{
    if (features.sstc)
        return u64_join(csr_read(CSR_VSTIMECMP), csr_read(CSR_VSTIMECMPH));
    return vcpu->csrs.vstimecmp;
}

void vtimer_check(struct vcpu *vcpu)
{
    if (features.sstc)
        return; /* hardware compares */
    if (vcpu->csrs.vstimecmp <= vm_time(vcpu->vm)) {
        inject_interrupt(vcpu, IRQ_VSTI);
        timer_cancel(&vcpu->timer);
    } else {
        csr_clear(CSR_HVIP, BIT(IRQ_VSTI));
        timer_arm(&vcpu->timer, host_deadline(vcpu, vcpu->csrs.vstimecmp));
    }
}

void vtimer_wake_later(struct vcpu *vcpu)
{
    if (csr_read(CSR_VSIE) & BIT(IRQ_STI))
        timer_arm(&vcpu->timer, host_deadline(vcpu, vtimer_deadline(vcpu)));
}

void vtimer_load(struct vcpu *vcpu)
{
    if (features.sstc) {
        if (vcpu->timer.hart)
            timer_cancel(&vcpu->timer);
        csr_write_compare(CSR_VSTIMECMP, CSR_VSTIMECMPH, vcpu->csrs.vstimecmp);
    } else {
        vtimer_check(vcpu);
    }
}

void vtimer_put(struct vcpu *vcpu)
{
    if (features.sstc)
        vcpu->csrs.vstimecmp = vtimer_deadline(vcpu);
}
