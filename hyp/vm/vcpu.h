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
#include "hyp/sbi/sbi.h"
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
    u32 in_guest; /* from before the look at `requests` until after the exit */
    u32 external; /* level of the external interrupt                         */
    enum hsm_state hsm;

    struct task task;
    struct hart *hart; /* where it was last loaded */
    struct vm *vm;
    u32 id;                                /* the guest's hart id */
    const struct mmio_region *last_region; /* where its last MMIO access went */

    struct vcpu_csrs csrs;
    struct vcpu_counters counters;
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

/* Waits until the vCPU cannot run guest code before it has looked at `request`. At once for
 * the vCPU that is loaded here: it is outside. */
void vcpu_wait_outside(const struct vcpu *vcpu, u32 request);

/*
 * The first thing of every run: carries out a pending start, ends a suspension. False: the vCPU has
 * nothing to run (stopped, or the VM is ending). Not loaded.
 */
bool vcpu_prepare(struct vcpu *vcpu);

/* Carries out what was requested. On the vCPU's hart, loaded. False: the VM is ending. */
bool vcpu_handle_requests(struct vcpu *vcpu);

/* True when an interrupt that the guest has enabled is pending: WFI need not wait. Loaded. */
bool vcpu_interrupt_pending(const struct vcpu *vcpu);

/* The guest's cycle or instret. Loaded. */
u64 vcpu_cycle(const struct vcpu *vcpu);
u64 vcpu_instret(const struct vcpu *vcpu);

/* The run function of the task: the run loop (run.c). */
enum task_result vcpu_run(struct task *task);

#endif
