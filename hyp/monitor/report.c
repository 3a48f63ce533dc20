#include "hyp/monitor/report.h"

#include "arch/features.h"
#include "arch/firmware.h"
#include "arch/own_trap.h"
#include "hyp/core/hart.h"
#include "hyp/core/machine.h"
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/drv/disks.h"
#include "hyp/drv/nics.h"

static void dump_own_trap(const struct own_trap_frame *frame)
{
    printk("Twofold: unexpected trap in the hypervisor: scause %08x sepc %08x stval %08x\n",
           frame->scause, frame->sepc, frame->stval);
    for (u32 i = 0; i < 32; i += 4)
        printk("  x%-2u %08x  x%-2u %08x  x%-2u %08x  x%-2u %08x\n", i, frame->x[i], i + 1,
               frame->x[i + 1], i + 2, frame->x[i + 2], i + 3, frame->x[i + 3]);
    panic("trap %x at %x, on hart %u", frame->scause, frame->sepc, this_hart()->id);
}

void report_own_traps(void)
{
    own_trap_panic = dump_own_trap;
}

void report_banner(hpa_t load)
{
    printk("\nTwofold: an RV32 hypervisor, loaded at 0x%llx\n", load);
}

static void row(const char *name, const char *value)
{
    printk("  %-18s %s\n", name, value);
}

static void row_bool(const char *name, bool value, const char *yes, const char *no)
{
    row(name, value ? yes : no);
}

static void report_memory(void)
{
    for (u32 i = 0; i < machine.ram_count; i++)
        printk("  %-18s 0x%09llx - 0x%09llx  (%llu MiB)\n", i ? "" : "RAM", machine.ram[i].start,
               machine.ram[i].end, (machine.ram[i].end - machine.ram[i].start) >> 20);
    printk("  %-18s %u MiB free\n", "", pages_free() / 256);
}

void report_machine(const char *console)
{
    static const char *last_console;
    static const char *const htinst[] = {
        [HTINST_ZERO] = "zero: instructions are fetched again",
        [HTINST_PSEUDO] = "pseudoinstructions only",
        [HTINST_TRANSFORMED] = "transformed instructions",
    };

    if (console)
        last_console = console;
    row("console", last_console);
    report_memory();
    printk("  %-18s %u, timebase %u Hz\n", "harts", machine.hart_count, machine.timebase);
    row_bool("H, Sv32x4", features.h && features.sv32x4, "yes", "NO");
    if (!features.h)
        return;
    printk("  %-18s %u bits\n", "VMID", features.vmid_bits);
    row_bool("Sstc", features.sstc, "yes: guests' timers cost no exit", "no: timers by firmware");
    row("htinst", htinst[features.htinst]);
    row_bool("Svadu for guests", features.guest_adue, "yes", "no: guests set A and D themselves");
    row(features.fp_double ? "F, D" : "F", features.fp_single ? "yes" : "no");
    row_bool("Smstateen", features.stateen, "yes", "no");
    row_bool("AIA", features.aia, "yes (not used)", "no");
    printk("  %-18s %u\n", "GEILEN", features.geilen);
    row_bool("redirected traps", !features.mpv_defect, "arrive in HS-mode", "arrive with V = 1");
}

static void explain_mpv_defect(void)
{
    printk(
        "Twofold: WARNING: this machine does not clear mstatush.MPV: a guest's trap that firmware\n"
        "hands on to us arrives in the guest's own world. So all of them go to the guest "
        "instead.\n");
    printk("With Sstc nothing is lost by that; on a hart without, stimecmp is not emulated.\n"
           "Known of QEMU 10.0.13, 11.1.2 and 11.1.3; QEMU 10.0.2 does it right.\n");
}

bool report_can_run(void)
{
    if (!features.h || !features.sv32x4) {
        printk("Twofold: cannot run: the hart has no %s. Expected RV32 with the H extension and\n"
               "Sv32x4 (QEMU: -cpu rv32 has both; it must not say h=false).\n",
               features.h ? "Sv32x4 (hgatp stays Bare)" : "H extension (reading hstatus trapped)");
        return false;
    }
    if (!firmware_has_hsm() && machine.hart_count > 1)
        printk("Twofold: firmware has no SBI HSM: only the boot hart runs\n");
    if (features.mpv_defect)
        explain_mpv_defect();
    return true;
}

void report_harts(void)
{
    u32 online = 0;

    for (u32 i = 0; i < machine.hart_count; i++)
        online += harts[i].online;
    printk("  %-18s %u of %u\n", "harts online", online, machine.hart_count);
}

void report_devices(void)
{
    for (u32 i = 0; i < disks_count(); i++)
        printk("  virtio%-12u %s\n", i, disks_describe(i));
    for (u32 i = 0; i < nics_count(); i++)
        printk("  uplink%-12u %s\n", i, nics_describe(i));
}
