#include "hyp/vm/vcpu.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "arch/fence.h"
#include "hyp/core/hart.h"
#include "hyp/core/string.h"
#include "hyp/core/trace.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/vtimer.h"

void vcpu_init(struct vcpu *vcpu, struct vm *vm, u32 id)
{
    *vcpu = (struct vcpu){
        .vm = vm,
        .id = id,
        .hsm = HSM_STOPPED,
        .last_region = &bus_nowhere,
        .trace_tag = trace_tag(vm->index, id),
    };
    exit_sbi_init(vcpu);
    sched_init_task(&vcpu->task, &vm->group, vcpu_run);
    vtimer_init(vcpu);
    stats_begin(vcpu);
}

void vcpu_reset(struct vcpu *vcpu, u32 entry, u32 opaque)
{
    memset(vcpu->context.x, 0, sizeof(vcpu->context.x));
    vcpu->context.pc = entry;
    vcpu->context.x[REG_A0] = vcpu->id;
    vcpu->context.x[REG_A1] = opaque;
    vcpu->csrs = (struct vcpu_csrs){
        .sstatus = SSTATUS_SPP | SSTATUS_FS_CLEAN,
        .hstatus = HSTATUS_SPV | HSTATUS_SPVP | HSTATUS_VTW,
        /* As OpenSBI leaves it: kernels that know no scounteren let programs read the time. */
        .scounteren = COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR,
        .vstimecmp = TIMER_NEVER,
    };
    memset(&vcpu->fp, 0, sizeof(vcpu->fp));
    vcpu->fp_hart = NULL;
    tlb_forget(vcpu);
}

/* Fences can wait until a vCPU that waits for an interrupt has got one. */
#define REQUESTS_THAT_WAKE (REQUEST_SOFTWARE | REQUEST_EXTERNAL | REQUEST_TIMER | REQUEST_LEAVE)

void vcpu_request(struct vcpu *vcpu, u32 request)
{
    __atomic_or_fetch(&vcpu->requests, request, __ATOMIC_SEQ_CST);
    if (this_hart()->task == &vcpu->task)
        return; /* it looks before it enters the guest again */
    if (request & REQUESTS_THAT_WAKE)
        sched_wake(&vcpu->task);
    if (__atomic_load_n(&vcpu->in_guest, __ATOMIC_SEQ_CST))
        hart_kick(vcpu->hart);
}

/* The vCPU that runs on this hart; NULL: none. */
static struct vcpu *vcpu_here(void)
{
    struct task *task = this_hart()->task;

    return task && task->run == vcpu_run ? container_of(task, struct vcpu, task) : NULL;
}

struct vcpu *vcpu_begin_wait(void)
{
    struct vcpu *vcpu = vcpu_here();

    if (!vcpu || !vcpu->in_guest)
        return NULL;
    __atomic_store_n(&vcpu->in_guest, false, __ATOMIC_RELEASE);
    return vcpu;
}

void vcpu_end_wait(struct vcpu *waited)
{
    if (!waited)
        return;
    __atomic_store_n(&waited->in_guest, true, __ATOMIC_RELAXED);
    fence_full(); /* before the run loop looks at `requests` */
}

void vcpu_wait_outside(const struct vcpu *vcpu, u32 request)
{
    struct vcpu *self = vcpu_begin_wait(); /* two may wait for each other */

    while (__atomic_load_n(&vcpu->in_guest, __ATOMIC_ACQUIRE) &&
           (__atomic_load_n(&vcpu->requests, __ATOMIC_ACQUIRE) & request))
        ;
    vcpu_end_wait(self);
}

/* No IPI is left over from before; the external interrupt is as the PLIC drives it. */
static void start_at_entry(struct vcpu *vcpu)
{
    vcpu_reset(vcpu, vcpu->start_entry, vcpu->start_opaque);
    __atomic_and_fetch(&vcpu->requests, ~(u32)REQUEST_SOFTWARE, __ATOMIC_SEQ_CST);
    __atomic_or_fetch(&vcpu->requests, REQUEST_EXTERNAL, __ATOMIC_SEQ_CST);
}

/* Non-retentive suspension ends as a start does, except that what interrupts wait stays. */
static void resume_at_entry(struct vcpu *vcpu)
{
    struct vcpu_csrs csrs = vcpu->csrs;

    vcpu_reset(vcpu, vcpu->start_entry, vcpu->start_opaque);
    vcpu->csrs.hvip = csrs.hvip;
    vcpu->csrs.vsie = csrs.vsie;
    vcpu->csrs.vstimecmp = csrs.vstimecmp;
    vcpu->restart = false;
}

bool vcpu_prepare(struct vcpu *vcpu)
{
    if (vm_is_ending(vcpu->vm))
        return false;
    spin_lock(&vcpu->lock);
    if (vcpu->hsm == HSM_START_PENDING)
        start_at_entry(vcpu);
    else if (vcpu->restart)
        resume_at_entry(vcpu);
    if (vcpu->hsm != HSM_STOPPED)
        vcpu->hsm = HSM_STARTED;
    spin_unlock(&vcpu->lock);
    return vcpu->hsm == HSM_STARTED;
}

bool vcpu_interrupt_pending(const struct vcpu *vcpu)
{
    return (csr_read(CSR_VSIP) & csr_read(CSR_VSIE)) != 0 || vcpu->requests != 0;
}

u64 vcpu_cycle(const struct vcpu *vcpu)
{
    const struct vcpu_counters *c = &vcpu->counters;

    return c->cycle + csr_read64(CSR_CYCLE, CSR_CYCLEH) - c->cycle_loaded;
}

u64 vcpu_instret(const struct vcpu *vcpu)
{
    const struct vcpu_counters *c = &vcpu->counters;

    return c->instret + csr_read64(CSR_INSTRET, CSR_INSTRETH) - c->instret_loaded;
}

static void show_external(struct vcpu *vcpu)
{
    if (__atomic_load_n(&vcpu->external, __ATOMIC_RELAXED))
        inject_interrupt(vcpu, IRQ_VSEI);
    else
        csr_clear(CSR_HVIP, BIT(IRQ_VSEI));
}

static void do_fences(struct vcpu *vcpu)
{
    spin_lock(&vcpu->lock);
    trace(vcpu->trace_tag, TRACE_FENCE, vcpu->context.pc, vcpu->fence_count);
    if (vcpu->fence_count > VCPU_FENCES) {
        hfence_vvma_all();
        fence_i();
    } else {
        for (u32 i = 0; i < vcpu->fence_count; i++)
            tlb_fence(&vcpu->fences[i]);
    }
    vcpu->fence_count = 0;
    spin_unlock(&vcpu->lock);
}

/* New VMID: vsatp is zero while hgatp changes (tlb.h). */
static void renew_tag(struct vcpu *vcpu)
{
    u32 vsatp = csr_swap(CSR_VSATP, 0);

    tlb_forget(vcpu);
    tlb_enter(vcpu);
    csr_write(CSR_VSATP, vsatp);
}

bool vcpu_handle_requests(struct vcpu *vcpu)
{
    u32 requests = __atomic_exchange_n(&vcpu->requests, 0, __ATOMIC_SEQ_CST);

    if (requests & REQUEST_SOFTWARE) {
        stats_count(&vcpu->stats, STAT_IPI_RECEIVED);
        inject_interrupt(vcpu, IRQ_VSSI);
    }
    if (requests & REQUEST_EXTERNAL)
        show_external(vcpu);
    if (requests & REQUEST_TIMER)
        vtimer_check(vcpu);
    if (requests & REQUEST_TLB)
        renew_tag(vcpu);
    if (requests & REQUEST_FENCE)
        do_fences(vcpu);
    return !vm_is_ending(vcpu->vm);
}
