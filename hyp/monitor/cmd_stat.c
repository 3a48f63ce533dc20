/* stat: what was counted, over all VMs, of one, or of one vCPU. */
#include "hyp/monitor/cmd.h"

#include "arch/csr.h"
#include "hyp/core/hart.h"
#include "hyp/monitor/counts.h"
#include "hyp/monitor/look.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

static struct counts counts;

static void show_memory(const struct vm *vm)
{
    struct memory_footprint used = memory_footprint(vm);

    show("memory: %s own, %s shared, %s of stage-2 tables, %s of the VM's own records\n",
         size_text((u64)used.own * PAGE_SIZE).text, size_text((u64)used.shared * PAGE_SIZE).text,
         size_text((u64)used.tables * PAGE_SIZE).text, size_text((u64)used.other * PAGE_SIZE).text);
}

/* Run and steal time are those of the vCPUs that there are; all else is of all lives. */
static enum command_result stat_of_vm(struct vm *vm)
{
    vm_hold(vm);
    counts_take_times(&counts, vm, STATS_WHOLE_VM);
    vm_release(vm);
    counts_take(&counts, vm, STATS_WHOLE_VM);
    show("VM \"%s\", %s, life %u\n", vm->config.name, vm_state_name(vm_state(vm)), vm->life.lives);
    counts_show(&counts, vm);
    show_memory(vm);
    return COMMAND_DONE;
}

static enum command_result stat_of_vcpu(struct vm *vm, const char *word)
{
    struct vcpu *vcpu = look_at_vcpu(vm, word);
    u32 id;

    if (!vcpu)
        return COMMAND_FAILED;
    id = vcpu->id;
    counts_take_times(&counts, vm, id);
    look_end(vm);
    counts_take(&counts, vm, id);
    show("VM \"%s\", vCPU %u, put on a hart %u times\n", vm->config.name, id, counts.times.runs);
    counts_show(&counts, vm);
    return COMMAND_DONE;
}

static void show_harts(void)
{
    u64 now = time_now();

    show("%-12s %10s %10s %6s\n", "hart", "busy s", "idle s", "idle %");
    for (u32 i = 0; i < hart_count; i++) {
        u64 idle = sched_idle_time(i);

        if (harts[i].online)
            show("%-12u %10s %10s %6s\n", harts[i].id, seconds_text(now - idle).text,
                 seconds_text(idle).text, percent_text(idle, now).text);
    }
}

static enum command_result stat_of_all(void)
{
    show_harts();
    show("%-12s %10s %10s %9s %9s %8s %8s\n", "VM", "run s", "exits", "SBI", "devices", "WFI",
         "faults");
    for (u32 i = 0; i < vm_count; i++) {
        counts_take(&counts, vms[i], STATS_WHOLE_VM);
        show("%-12s %10s %10llu %9llu %9llu %8llu %8llu\n", vms[i]->config.name,
             seconds_text(sched_group_run_time(&vms[i]->group)).text, counts.exits,
             counts_sbi(&counts), counts_devices(&counts), counts.events[STAT_EXIT_WAIT],
             counts_faults(&counts));
    }
    return COMMAND_DONE;
}

static enum command_result command_stat(const struct arguments *arguments)
{
    struct vm *vm;

    if (arguments->count == 1)
        return stat_of_all();
    vm = argument_vm(arguments->word[1]);
    if (!vm)
        return COMMAND_FAILED;
    return arguments->count == 2 ? stat_of_vm(vm) : stat_of_vcpu(vm, arguments->word[2]);
}

const struct command commands_stat[] = {
    {
        .name = "stat",
        .arguments = "[VM [VCPU]]",
        .summary = "what was counted: times, exits, calls, faults, fences",
        .example = "stat web 1 : of its vCPU 1",
        .max_words = 2,
        .complete = {COMPLETE_VM},
        .run = command_stat,
    },
    {
        .name = "top",
        .arguments = "[INTERVAL [TIMES]]",
        .summary = "who uses the harts now; q ends it",
        .example = "top 2s 3 : three tables, one below the other",
        .max_words = 2,
        .run = command_top,
        .live = true,
    },
    {.name = NULL},
};
