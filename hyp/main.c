/* The boot hart's way from firmware to running guests: a table of contents. */
#include "arch/features.h"
#include "arch/firmware.h"
#include "hyp/core/hart.h"
#include "hyp/core/machine.h"
#include "hyp/core/options.h"
#include "hyp/core/paging.h"
#include "hyp/core/printk.h"
#include "hyp/core/random.h"
#include "hyp/core/sched.h"
#include "hyp/core/trace.h"
#include "hyp/core/wallclock.h"
#include "hyp/drv/disks.h"
#include "hyp/drv/nics.h"
#include "hyp/drv/plic.h"
#include "hyp/drv/power.h"
#include "hyp/drv/switch.h"
#include "hyp/drv/uart.h"
#include "hyp/monitor/monitor.h"
#include "hyp/monitor/report.h"
#include "hyp/vm/bundle.h"
#include "hyp/vm/passthrough.h"
#include "hyp/vm/stats.h"
#include "hyp/vm/vm.h"

/* Called by arch/entry.S, with physical addresses: 32 bits, as firmware runs with paging off. */
void main(u32 hart_id, u32 fdt, u32 load);

static void give_up(void)
{
    power_off(POWER_OFF_FAILED);
}

static void require(bool fine)
{
    if (!fine)
        give_up(); /* whoever says no has said why */
}

/* The life of every other hart. */
static void secondary(void)
{
    hart_init_local();
    sched_run();
}

/* Drivers for what the VMs share; what is handed to one of them is its own. */
static void start_devices(const struct fdt *bundle)
{
    passthrough_reserve(bundle);
    disks_init();
    nics_init();
    switch_init();
    report_devices();
}

static void prepare_monitor(const struct fdt *bundle)
{
    const char *script = NULL;
    u32 size = 0;

    bundle_text(bundle, "monitor-script", &script, &size);
    keyboard_escape = (u8)options.escape;
    vm_console_colour(options.colour);
    monitor_init(script, size, options.monitor);
}

/* The second half, on the boot hart's own stack, with a guard page below. */
static void main_on_stack(void)
{
    const struct fdt *bundle;

    plic_drv_init(); /* before the console: it wants an interrupt */
    report_machine(console_init(monitor_typed));
    require(report_can_run());
    wallclock_init();
    random_init();
    hart_init_local();
    harts_start(secondary);
    report_harts();
    require(trace_init());
    stats_init();
    bundle = bundle_open();
    require(bundle != NULL);
    start_devices(bundle);
    prepare_monitor(bundle);
    require(vms_create(bundle)); /* the guests run from here on */
    monitor_start();
    sched_run();
}

void main(u32 hart_id, u32 fdt, u32 load)
{
    paging_init(load, fdt); /* W^X from here on */
    panic_stop = give_up;
    report_own_traps(); /* our own bugs panic with a dump */
    firmware_probe();
    report_banner(load);
    machine_init(hart_id, fdt); /* RAM, harts, timebase, VM description */
    power_init();
    require(options_parse(machine.bootargs));
    features_probe(load);
    options_apply(); /* takes features away, so after the probe */
    machine_init_memory();
    hart_init_boot(hart_id, main_on_stack);
}
