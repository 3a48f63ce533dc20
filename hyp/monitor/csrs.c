#include "hyp/monitor/csrs.h"

#include "arch/csr.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/names.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

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

static void show_translation(const struct vcpu *vcpu, hpa_t root)
{
    u32 vsatp = vcpu->csrs.vsatp;
    char text[64] = "Bare: gVA = gPA";

    if (vsatp & SATP_SV32)
        format_text(text, sizeof(text), "Sv32, ASID %u, root at gPA 0x%09llx",
                    (vsatp & ~SATP_SV32) >> 22, (u64)(vsatp & SATP_PPN) << PAGE_SHIFT);
    show_csr("vsatp", vsatp, text);
    format_text(text, sizeof(text), "Sv32x4, VMID %u, root at hPA 0x%09llx", vcpu->tag.vmid, root);
    show_csr("hgatp", HGATP_SV32X4 | vcpu->tag.vmid << HGATP_VMID_SHIFT | (u32)(root >> PAGE_SHIFT),
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
static void show_interrupts(const struct vcpu_csrs *csrs, u64 now)
{
    bool due = csrs->vstimecmp <= now;
    u32 pending = csrs->hvip | (due ? BIT(IRQ_VSTI) : 0);

    show_bits("vsie", csrs->vsie, interrupt_bits);
    show_bits("vsip", (pending & (BIT(IRQ_VSSI) | BIT(IRQ_VSTI) | BIT(IRQ_VSEI))) >> 1,
              interrupt_bits);
    show_bits("hvip", csrs->hvip, hvip_bits);
    if (csrs->vstimecmp == TIMER_NEVER)
        show("  %-10s never\n", "timer");
    else if (due)
        show("  %-10s due since %s s\n", "timer", seconds_text(now - csrs->vstimecmp).text);
    else
        show("  %-10s due in %s s\n", "timer", seconds_text(csrs->vstimecmp - now).text);
}

void csrs_show(const struct vcpu *vcpu, u64 now, hpa_t root)
{
    const struct vcpu_csrs *csrs = &vcpu->csrs;

    show_status(csrs->vsstatus);
    show_translation(vcpu, root);
    show_traps(csrs);
    show_interrupts(csrs, now);
    show_bits("scounteren", csrs->scounteren, counter_bits);
    show_csr("senvcfg", csrs->senvcfg, "");
}
