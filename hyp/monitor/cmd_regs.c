/* regs: a vCPU's registers and CSRs, and what it does. */
#include "hyp/monitor/cmd.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "hyp/core/hart.h"
#include "hyp/core/string.h"
#include "hyp/monitor/csrs.h"
#include "hyp/monitor/look.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

static const char *const abi_names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

/* A vCPU as it was when its VM was held. */
static struct {
    struct vcpu vcpu;
    u64 now; /* the guest's time */
    hpa_t root;
} seen;

/* What a vCPU does, as the scheduler and SBI HSM have it. */
static const char *occupation(const struct vcpu *vcpu, enum task_state state)
{
    static const char *const hsm[] = {
        [HSM_STARTED] = "waits for an interrupt (WFI)",
        [HSM_STOPPED] = "stopped",
        [HSM_START_PENDING] = "is about to start",
        [HSM_STOP_PENDING] = "is about to stop",
        [HSM_SUSPENDED] = "suspended",
        [HSM_SUSPEND_PENDING] = "is about to be suspended",
        [HSM_RESUME_PENDING] = "is about to resume",
    };

    if (vm_state(vcpu->vm) == VM_PAUSED)
        return "paused";
    if (state == TASK_RUNNING)
        return "runs";
    if (state == TASK_READY)
        return "waits for a hart";
    return hsm[vcpu->hsm];
}

static void show_gprs(const struct guest_context *context)
{
    for (u32 i = 0; i < 32; i += 4)
        show("  %-4s %08x  %-4s %08x  %-4s %08x  %-4s %08x\n", abi_names[i], context->x[i],
             abi_names[i + 1], context->x[i + 1], abi_names[i + 2], context->x[i + 2],
             abi_names[i + 3], context->x[i + 3]);
}

static void show_fp(const struct fp_state *fp)
{
    if (!features.fp_single) {
        show("  the harts have no FP registers\n");
        return;
    }
    for (u32 i = 0; i < 32; i += 2)
        show("  f%-3u %016llx  f%-3u %016llx\n", i, fp->f[i], i + 1, fp->f[i + 1]);
    show("  fcsr %08x\n", fp->fcsr);
}

static void show_seen(enum task_state state, bool fp)
{
    const struct vcpu *vcpu = &seen.vcpu;

    show("VM \"%s\", vCPU %u: %s; last on hart %u, in %s-mode\n", vcpu->vm->config.name, vcpu->id,
         occupation(vcpu, state), harts[vcpu->task.last_hart].id,
         vcpu->csrs.sstatus & SSTATUS_SPP ? "VS" : "VU");
    show("  %-4s %08x\n", "pc", vcpu->context.pc);
    show_gprs(&vcpu->context);
    csrs_show(vcpu, seen.now, seen.root);
    if (fp)
        show_fp(&vcpu->fp);
}

/* What the vCPU did before it was held. */
static enum task_state state_before(const struct vm *vm, u32 id)
{
    const struct vcpu *vcpu = __atomic_load_n(&vm->vcpus[id], __ATOMIC_ACQUIRE);

    return vcpu ? *(const volatile enum task_state *)&vcpu->task.state : TASK_RETIRED;
}

enum command_result command_regs(const struct arguments *arguments)
{
    bool fp = !strcmp(arguments->word[arguments->count - 1], "fp");
    u32 words = arguments->count - fp;
    struct vm *vm = argument_vm(arguments->word[1]);
    enum task_state states[VM_MAX_VCPUS];
    struct vcpu *vcpu;

    if (!vm)
        return COMMAND_FAILED;
    if (words > 3)
        return command_failed("expected: regs VM [VCPU] [fp], not \"%s\"", arguments->word[3]);
    for (u32 i = 0; i < vm->config.cpus; i++)
        states[i] = state_before(vm, i);
    vcpu = look_at_vcpu(vm, words == 3 ? arguments->word[2] : NULL);
    if (!vcpu)
        return COMMAND_FAILED;
    seen.vcpu = *vcpu;
    seen.now = vm_time(vm);
    seen.root = vm->stage2.root;
    look_end(vm);
    show_seen(states[seen.vcpu.id], fp);
    return COMMAND_DONE;
}
