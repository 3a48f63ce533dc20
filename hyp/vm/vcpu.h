/*
 * A virtual CPU: a task of the scheduler that runs a guest. While it is loaded on a hart, its
 * CSRs are live in the hardware and only that hart may touch them; others leave requests.
 */
#ifndef VM_VCPU_H
#define VM_VCPU_H

#include "arch/fp.h"
#include "arch/guest_context.h"
#include "arch/sbi_abi.h"
#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/core/sched.h"
#include "hyp/core/timer.h"
#include "hyp/sbi/pmu.h"
#include "hyp/sbi/sbi.h"
#include "hyp/vm/steal.h"
#include "hyp/vm/stats.h"
#include "hyp/vm/tlb.h"

struct hart;
struct mmio_region;
struct vm;

/* What others ask of a vCPU; carried out on its own hart before it enters the guest again. */
enum vcpu_request {
    REQUEST_SOFTWARE = 1 << 0, /* raise the supervisor software interrupt              */
    REQUEST_EXTERNAL = 1 << 1, /* `external` has changed: show it as VSEIP             */
    REQUEST_TIMER = 1 << 2,    /* the emulated timer may be due                        */
    REQUEST_FENCE = 1 << 3,    /* carry out the fences that were posted                */
    REQUEST_TLB = 1 << 4,      /* G-stage rights were taken away: take a new VMID      */
    REQUEST_LEAVE = 1 << 5,    /* look whether the VM is ending                        */
};

/* The CSRs of a vCPU that is not loaded. */
struct vcpu_csrs {
    u32 sstatus, hstatus; /* the mode to enter: SPP, SPV, SPVP */
    u32 hvip;
    u32 vsstatus, vsie, vstvec, vsscratch, vsepc, vscause, vstval, vsatp;
    u32 scounteren, senvcfg, sstateen0, vsiselect;
    u64 vstimecmp; /* guest time; the truth of it while there is no Sstc, loaded or not */
};

/* Cycle and instret as the guest has them: what passed while it was loaded. */
struct vcpu_counters {
    u64 cycle, instret;               /* up to the last vcpu_put      */
    u64 cycle_loaded, instret_loaded; /* the hart's at the last load  */
};

#define VCPU_FENCES 4

struct vcpu {
    struct guest_context context;

    /* Read and written by other harts, atomically. */
    u32 requests;
    u32 in_guest; /* it is loaded and may enter the guest without another look at `requests`:
                   * whoever leaves one kicks its hart                          */
    u32 external; /* level of the external interrupt                         */
    enum hsm_state hsm;

    struct task task;
    struct hart *hart; /* where it was last loaded */
    struct vm *vm;
    u32 id;                                /* the guest's hart id                             */
    const struct mmio_region *last_region; /* where its last MMIO access went                 */
    u32 *last_counts;                      /* of loads there; BUS_REGIONS further, of stores  */
    u32 trace_tag;                         /* this vCPU, as the trace knows it                */
    struct sbi_call call;                  /* the SBI call that it makes now                  */

    struct vcpu_stats stats;
    struct vcpu_csrs csrs;
    struct vcpu_counters counters;
    struct pmu pmu; /* how the guest has set the counters */
    struct steal steal;
    struct vmid_tag tag;
    struct timer timer; /* wakes it from WFI, or stands in for Sstc */
    struct fp_state fp;
    const struct hart *fp_hart; /* whose FP registers were last loaded with ours */

    struct spinlock lock; /* for what follows */
    struct sbi_fence fences[VCPU_FENCES];
    u32 fence_count;               /* more than VCPU_FENCES: everything */
    u32 start_entry, start_opaque; /* pc and a1 of the start or resumption that is pending */
    bool restart;                  /* a suspended vCPU resumes at start_entry              */
};

/* Everything as after power-on, and HSM_STOPPED. */
void vcpu_init(struct vcpu *vcpu, struct vm *vm, u32 id);

/* The state in which SBI HSM starts a hart: pc = entry, a0 = hart id, a1 = opaque, paging off. */
void vcpu_reset(struct vcpu *vcpu, u32 entry, u32 opaque);

/* Puts the vCPU's CSRs, FP registers and translation root into this hart, and takes them out. */
void vcpu_load(struct vcpu *vcpu);
void vcpu_put(struct vcpu *vcpu);

/* Leaves a request and sees to it that it is looked at soon. Any hart; with no lock held from the
 * run queue on (lock.h). */
void vcpu_request(struct vcpu *vcpu, u32 request);

/*
 * Waits until the vCPU cannot run guest code before it has looked at `request`. While it handles an
 * exit it counts as in the guest, so it comes to look: nobody waits with a lock held that it may be
 * waiting for. The exception is the lock of the VM's memory, for which vCPUs wait between the two
 * calls below.
 */
void vcpu_wait_outside(const struct vcpu *vcpu, u32 request);

/*
 * Between the two, the vCPU of which this hart handles an exit, if it does, waits for others: it
 * counts as outside, for who waits for it, and looks at its requests before it enters the guest.
 * They nest; `waited` is what the first has returned.
 */
struct vcpu *vcpu_begin_wait(void);
void vcpu_end_wait(struct vcpu *waited);

/*
 * The first thing of every run: carries out a pending start, ends a suspension. False: the vCPU has
 * nothing to run (stopped, or the VM is ending). Not loaded.
 */
bool vcpu_prepare(struct vcpu *vcpu);

/* Carries out what was requested. On the vCPU's hart, loaded. False: the VM is ending. */
bool vcpu_handle_requests(struct vcpu *vcpu);

/* True when an interrupt that the guest has enabled is pending: WFI need not wait. Loaded. */
bool vcpu_interrupt_pending(const struct vcpu *vcpu);

/* Cycle and instret of the time that it was loaded; what the guest reads: pmu.h. Loaded. */
u64 vcpu_cycle(const struct vcpu *vcpu);
u64 vcpu_instret(const struct vcpu *vcpu);

/* The run function of the task: the run loop (run.c). */
enum task_result vcpu_run(struct task *task);

#endif
