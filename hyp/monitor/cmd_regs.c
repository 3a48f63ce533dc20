/* regs: a vCPU's registers and CSRs, taken apart. */
#include "hyp/monitor/cmd.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/look.h"
#include "hyp/monitor/names.h"
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

static void show_csr(const char *name, u32 value, const char *meaning)
{
    show("  %-10s %08x%s%s\n", name, value, meaning[0] ? "  " : "", meaning);
}

/* Bits of a CSR and what they are called. */
struct bit_name {
    u32 bit;
    const char *name;
};

static const struct bit_name status_bits[] = {
    {SSTATUS_SIE, "SIE"}, {SSTATUS_SPIE, "SPIE"}, {SSTATUS_UBE, "UBE"},
    {SSTATUS_SUM, "SUM"}, {SSTATUS_MXR, "MXR"},   {0, NULL},
};
static const struct bit_name interrupt_bits[] = {
    {BIT(IRQ_SSI), "SSI"},
    {BIT(IRQ_STI), "STI"},
    {BIT(IRQ_SEI), "SEI"},
    {0, NULL},
};
static const struct bit_name hvip_bits[] = {
    {BIT(IRQ_VSSI), "VSSI"},
    {BIT(IRQ_VSTI), "VSTI"},
    {BIT(IRQ_VSEI), "VSEI"},
    {0, NULL},
};
static const struct bit_name counter_bits[] = {
    {COUNTEREN_CY, "CY"},
    {COUNTEREN_TM, "TM"},
    {COUNTEREN_IR, "IR"},
    {0, NULL},
};

/* Appends the names of the bits that are set. */
static void append_bits(char *text, u32 size, u32 value, const struct bit_name *bits)
{
    for (; bits->name; bits++)
        if (value & bits->bit) {
            u32 used = (u32)strlen(text);

            format_text(text + used, size - used, used ? " %s" : "%s", bits->name);
        }
}

static void show_bits(const char *name, u32 value, const struct bit_name *bits)
{
    char text[48] = "";

    append_bits(text, sizeof(text), value, bits);
    show_csr(name, value, text);
}

static void show_status(u32 vsstatus)
{
    static const char *const units[] = {"Off", "Initial", "Clean", "Dirty"};
    char text[64];

    format_text(text, sizeof(text), "SPP=%s FS=%s VS=%s", vsstatus & SSTATUS_SPP ? "S" : "U",
                units[(vsstatus & SSTATUS_FS) >> 13], units[(vsstatus & SSTATUS_VS) >> 9]);
    append_bits(text, sizeof(text), vsstatus, status_bits);
    show_csr("vsstatus", vsstatus, text);
}

static void show_translation(const struct vcpu *vcpu)
{
    u32 vsatp = vcpu->csrs.vsatp;
    char text[64] = "Bare: gVA = gPA";

    if (vsatp & SATP_SV32)
        format_text(text, sizeof(text), "Sv32, ASID %u, root at gPA 0x%09llx",
                    (vsatp & ~SATP_SV32) >> 22, (u64)(vsatp & SATP_PPN) << PAGE_SHIFT);
    show_csr("vsatp", vsatp, text);
    format_text(text, sizeof(text), "Sv32x4, VMID %u, root at hPA 0x%09llx", vcpu->tag.vmid,
                seen.root);
    show_csr("hgatp",
             HGATP_SV32X4 | vcpu->tag.vmid << HGATP_VMID_SHIFT | (u32)(seen.root >> PAGE_SHIFT),
             text);
}

static void show_traps(const struct vcpu_csrs *csrs)
{
    const char *cause = cause_name(csrs->vscause);

    show_csr("vstvec", csrs->vstvec, csrs->vstvec & 1 ? "Vectored" : "Direct");
    show_csr("vsscratch", csrs->vsscratch, "");
    show_csr("vsepc", csrs->vsepc, "");
    show_csr("vscause", csrs->vscause, csrs->vscause && cause ? cause : "");
    show_csr("vstval", csrs->vstval, "");
}

/* vsip is what hvip and the timer make it. */
static void show_interrupts(const struct vcpu_csrs *csrs)
{
    bool due = csrs->vstimecmp <= seen.now;
    u32 pending = csrs->hvip | (due ? BIT(IRQ_VSTI) : 0);

    show_bits("vsie", csrs->vsie, interrupt_bits);
    show_bits("vsip", (pending & (BIT(IRQ_VSSI) | BIT(IRQ_VSTI) | BIT(IRQ_VSEI))) >> 1,
              interrupt_bits);
    show_bits("hvip", csrs->hvip, hvip_bits);
    if (csrs->vstimecmp == TIMER_NEVER)
        show("  %-10s never\n", "timer");
    else if (due)
        show("  %-10s due since %s s\n", "timer", seconds_text(seen.now - csrs->vstimecmp).text);
    else
        show("  %-10s due in %s s\n", "timer", seconds_text(csrs->vstimecmp - seen.now).text);
}

static void show_fp(const struct fp_state *fp)
{
    if (!features.fp_single) {
        show("  the harts have no FP registers\n");
        return;
    }
    for (u32 i = 0; i < 32; i += 2)
        show("  f%-3u %016llx  f%-3u %016llx\n", i, fp->f[i], i + 1, fp->f[i + 1]);
    show("  %-10s %08x\n", "fcsr", fp->fcsr);
}

static void show_vcpu(const struct vcpu *vcpu, enum task_state state, bool fp)
{
    const struct vcpu_csrs *csrs = &vcpu->csrs;

    show("VM \"%s\", vCPU %u: %s; last on hart %u, in %s-mode\n", vcpu->vm->config.name, vcpu->id,
         occupation(vcpu, state), vcpu->task.last_hart, csrs->sstatus & SSTATUS_SPP ? "VS" : "VU");
    show("  %-4s %08x\n", "pc", vcpu->context.pc);
    show_gprs(&vcpu->context);
    show_status(csrs->vsstatus);
    show_translation(vcpu);
    show_traps(csrs);
    show_interrupts(csrs);
    show_bits("scounteren", csrs->scounteren, counter_bits);
    show_csr("senvcfg", csrs->senvcfg, "");
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
    show_vcpu(&seen.vcpu, states[seen.vcpu.id], fp);
    return COMMAND_DONE;
}
