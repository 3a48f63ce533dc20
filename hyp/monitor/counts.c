#include "hyp/monitor/counts.h"

#include "hyp/core/printk.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

void counts_take(struct counts *counts, struct vm *vm, u32 vcpu)
{
    counts->exits = stats_exits(vm, vcpu);
    for (u32 i = 0; i < STAT_COUNT; i++)
        counts->events[i] = stats_event(vm, vcpu, (enum stat)i);
    for (u32 i = 0; i < SBI_EXTENSIONS; i++)
        counts->sbi[i] = stats_sbi(vm, vcpu, i);
    for (u32 i = 0; i < BUS_REGIONS; i++) {
        counts->loads[i] = stats_loads(vm, vcpu, i);
        counts->stores[i] = stats_stores(vm, vcpu, i);
    }
}

void counts_take_times(struct counts *counts, struct vm *vm, u32 vcpu)
{
    counts->times = (struct task_times){0};
    for (u32 i = 0; i < vm->config.cpus; i++) {
        struct task_times times;

        if (!vm->vcpus[i] || (vcpu != STATS_WHOLE_VM && vcpu != i))
            continue;
        times = sched_task_times(&vm->vcpus[i]->task);
        counts->times.run += times.run;
        counts->times.steal += times.steal;
        counts->times.runs += times.runs;
    }
}

static u64 sum(const u64 *counts, u32 count)
{
    u64 total = 0;

    for (u32 i = 0; i < count; i++)
        total += counts[i];
    return total;
}

u64 counts_sbi(const struct counts *counts)
{
    return sum(counts->sbi, SBI_EXTENSIONS);
}

u64 counts_devices(const struct counts *counts)
{
    return sum(counts->loads, BUS_REGIONS) + sum(counts->stores, BUS_REGIONS);
}

u64 counts_faults(const struct counts *counts)
{
    return sum(counts->events + STAT_EXIT_RAM_FAULT, STAT_EXIT_BAD_STORE - STAT_EXIT_RAM_FAULT + 1);
}

/* Two counts a line; those that are 0 are left out, and so is a title with nothing below it. */
static struct {
    const char *title;
    bool second;
} table;

static void end_table(void)
{
    if (table.second)
        show("\n");
    table.second = false;
}

static void begin_table(const char *title)
{
    end_table();
    table.title = title;
}

static void show_count(const char *name, u64 count)
{
    if (!count)
        return;
    if (table.title)
        show("%s\n", table.title);
    table.title = NULL;
    show("  %-21s %12llu%s", name, count, table.second ? "\n" : "");
    table.second = !table.second;
}

static void show_events(const struct counts *counts, u32 from, u32 to)
{
    for (u32 i = from; i < to; i++)
        show_count(stats_name((enum stat)i), counts->events[i]);
}

static void show_devices(const struct counts *counts, const struct bus *bus)
{
    char text[24];

    for (u32 i = 0; i < bus->count; i++) {
        format_text(text, sizeof(text), "%s loads", bus->regions[i].name);
        show_count(text, counts->loads[i]);
        format_text(text, sizeof(text), "%s stores", bus->regions[i].name);
        show_count(text, counts->stores[i]);
    }
}

void counts_show(const struct counts *counts, const struct vm *vm)
{
    show("  %-21s %12s  %-21s %12s\n", "run s", seconds_text(counts->times.run).text, "steal s",
         seconds_text(counts->times.steal).text);
    show("  %-21s %12llu\n", "exits", counts->exits);
    begin_table("exits by cause");
    show_events(counts, 0, STAT_EXIT_OTHER + 1);
    show_count("SBI calls", counts_sbi(counts));
    show_count("device accesses", counts_devices(counts));
    begin_table("SBI by extension");
    for (u32 i = 0; i < SBI_EXTENSIONS; i++)
        show_count(sbi_extensions[i].name, counts->sbi[i]);
    begin_table("devices");
    show_devices(counts, &vm->bus);
    begin_table("done for the guest");
    show_events(counts, STAT_EXIT_OTHER + 1, STAT_COUNT);
    end_table();
}
