/* The CSRs and FP registers of a vCPU, into a hart and out of it. */
#include "arch/csr.h"
#include "arch/features.h"
#include "hyp/core/hart.h"
#include "hyp/vm/guest_fp.h"
#include "hyp/vm/vcpu.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/vtimer.h"

/* Exceptions that a guest's own handler takes without us. */
#define DELEGATED                                                                                  \
    (BIT(CAUSE_FETCH_MISALIGNED) | BIT(CAUSE_FETCH_ACCESS) | BIT(CAUSE_BREAKPOINT) |               \
     BIT(CAUSE_LOAD_MISALIGNED) | BIT(CAUSE_LOAD_ACCESS) | BIT(CAUSE_STORE_MISALIGNED) |           \
     BIT(CAUSE_STORE_ACCESS) | BIT(CAUSE_ECALL_U) | BIT(CAUSE_FETCH_PAGE) | BIT(CAUSE_LOAD_PAGE) | \
     BIT(CAUSE_STORE_PAGE))

/*
 * Illegal instructions stay with us where stimecmp must be emulated: without Sstc. Elsewhere
 * firmware, which sees them first, hands them straight to the guest; and so it must where those
 * that it hands to us arrive in the guest's world.
 */
static u32 delegated(void)
{
    return features.sstc || features.mpv_defect ? DELEGATED | BIT(CAUSE_ILLEGAL) : DELEGATED;
}

#define VS_INTERRUPTS (BIT(IRQ_VSSI) | BIT(IRQ_VSTI) | BIT(IRQ_VSEI))

/*
 * What is the same for a VM's whole life. henvcfg: the low word first, since some QEMUs clear the
 * high one then.
 */
static void load_controls(const struct vm *vm)
{
    csr_write(CSR_HEDELEG, delegated());
    csr_write(CSR_HIDELEG, VS_INTERRUPTS);
    csr_write(CSR_HCOUNTEREN, vm->config.counters_direct
                                  ? COUNTEREN_TM | COUNTEREN_CY | COUNTEREN_IR
                                  : COUNTEREN_TM);
    csr_write(CSR_HTIMEDELTA, u64_low(vm->time_offset));
    csr_write(CSR_HTIMEDELTAH, u64_high(vm->time_offset));
    if (features.envcfg) {
        /* cbo.inval flushes: thrown-away lines could bring back what the last owner left in a page.
         */
        csr_write(CSR_HENVCFG, HENVCFG_FIOM | HENVCFG_CBIE_FLUSH | HENVCFG_CBCFE | HENVCFG_CBZE);
        csr_write(CSR_HENVCFGH,
                  (features.sstc ? HENVCFGH_STCE : 0) | (vm_hardware_ad(vm) ? HENVCFGH_ADUE : 0));
    }
    if (features.stateen) {
        csr_write(CSR_HSTATEEN0, 0);
        csr_write(CSR_HSTATEEN0H, HSTATEEN0H_SE0 | HSTATEEN0H_ENVCFG);
    }
}

static void load_vs_csrs(const struct vcpu_csrs *csrs)
{
    csr_write(CSR_VSSTATUS, csrs->vsstatus);
    csr_write(CSR_VSIE, csrs->vsie);
    csr_write(CSR_VSTVEC, csrs->vstvec);
    csr_write(CSR_VSSCRATCH, csrs->vsscratch);
    csr_write(CSR_VSEPC, csrs->vsepc);
    csr_write(CSR_VSCAUSE, csrs->vscause);
    csr_write(CSR_VSTVAL, csrs->vstval);
    csr_write(CSR_HVIP, csrs->hvip);
    csr_write(CSR_SCOUNTEREN, csrs->scounteren);
    if (features.envcfg)
        csr_write(CSR_SENVCFG, csrs->senvcfg);
    if (features.stateen)
        csr_write(CSR_SSTATEEN0, csrs->sstateen0);
    else if (features.aia)
        csr_write(CSR_VSISELECT, csrs->vsiselect); /* which Smstateen would keep from guests */
}

static void save_vs_csrs(struct vcpu_csrs *csrs)
{
    csrs->vsstatus = csr_read(CSR_VSSTATUS);
    csrs->vsie = csr_swap(CSR_VSIE, 0); /* nothing of a guest's may wake an idle hart */
    csrs->vstvec = csr_read(CSR_VSTVEC);
    csrs->vsscratch = csr_read(CSR_VSSCRATCH);
    csrs->vsepc = csr_read(CSR_VSEPC);
    csrs->vscause = csr_read(CSR_VSCAUSE);
    csrs->vstval = csr_read(CSR_VSTVAL);
    csrs->hvip = csr_swap(CSR_HVIP, 0);
    csrs->scounteren = csr_read(CSR_SCOUNTEREN);
    if (features.envcfg)
        csrs->senvcfg = csr_read(CSR_SENVCFG);
    if (features.stateen)
        csrs->sstateen0 = csr_read(CSR_SSTATEEN0);
    else if (features.aia)
        csrs->vsiselect = csr_read(CSR_VSISELECT);
}

/* FP registers are loaded when another's are in the hart, and saved when the guest changed them. */
static void load_fp(struct vcpu *vcpu)
{
    struct hart *hart = this_hart();

    csr_write(CSR_SSTATUS, vcpu->csrs.sstatus);
    if (!features.fp_single || (hart->fp_owner == vcpu && vcpu->fp_hart == hart))
        return;
    guest_fp_load(vcpu);
    hart->fp_owner = vcpu;
    vcpu->fp_hart = hart;
    csr_write(CSR_SSTATUS, vcpu->csrs.sstatus); /* the loads made it Dirty */
}

static void save_fp(struct vcpu *vcpu)
{
    u32 sstatus = csr_read(CSR_SSTATUS);

    if (features.fp_single && (sstatus & SSTATUS_FS) == SSTATUS_FS_DIRTY)
        guest_fp_save(vcpu);
    vcpu->csrs.sstatus = (sstatus & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
    csr_clear(CSR_SSTATUS, SSTATUS_FS);
}

static void load_counters(struct vcpu_counters *counters)
{
    if (!features.counters)
        return;
    counters->cycle_loaded = csr_read64(CSR_CYCLE, CSR_CYCLEH);
    counters->instret_loaded = csr_read64(CSR_INSTRET, CSR_INSTRETH);
}

static void save_counters(struct vcpu *vcpu)
{
    if (!features.counters)
        return;
    vcpu->counters.cycle = vcpu_cycle(vcpu);
    vcpu->counters.instret = vcpu_instret(vcpu);
}

/* Without a store by us, an SC of this guest could succeed on an LR of the last one. */
static void break_reservation(void)
{
    u32 word;

    __asm__ volatile("sc.w zero, zero, (%0)" ::"r"(&word) : "memory");
}

void vcpu_load(struct vcpu *vcpu)
{
    vcpu->hart = this_hart();
    guest_bind(&vcpu->context);
    break_reservation();
    load_controls(vcpu->vm);
    load_vs_csrs(&vcpu->csrs);
    vtimer_load(vcpu);
    csr_write(CSR_HSTATUS, vcpu->csrs.hstatus);
    load_fp(vcpu);
    /* vsatp is 0 here; see tlb_enter for why it comes last. */
    tlb_enter(vcpu);
    csr_write(CSR_VSATP, vcpu->csrs.vsatp);
    load_counters(&vcpu->counters);
}

void vcpu_put(struct vcpu *vcpu)
{
    save_counters(vcpu);
    vcpu->csrs.vsatp = csr_swap(CSR_VSATP, 0);
    csr_write(CSR_HGATP, 0); /* its tables may be gone when this hart next looks */
    save_fp(vcpu);
    vcpu->csrs.hstatus = csr_swap(CSR_HSTATUS, 0);
    vtimer_put(vcpu);
    save_vs_csrs(&vcpu->csrs);
    csr_write(CSR_SSTATUS, 0);
}
