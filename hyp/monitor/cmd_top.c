/* top: what VMs and harts did in the last interval; on one screen again and again, or as tables. */
#include "hyp/monitor/cmd.h"

#include "arch/csr.h"
#include "hyp/core/hart.h"
#include "hyp/core/pages.h"
#include "hyp/core/string.h"
#include "hyp/core/timer.h"
#include "hyp/monitor/look.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

#define CLEAR_SCREEN "\033[H\033[2J"
#define HOME         "\033[H"
#define CLEAR_REST   "\033[J"
#define INTERVAL_MIN 100 /* ms */

/* What has been counted up to a time. */
struct sample {
    u64 time;
    u64 idle[MAX_HARTS];
    u64 run[VM_MAX], exits[VM_MAX], faults[VM_MAX], injected[VM_MAX];
};

static struct {
    struct sample samples[2]; /* `now` and the one before, by turns */
    u32 turn;
    u32 interval_ms;
    u64 next; /* when the next table is due */
    u64 left; /* tables to come              */
    bool live;
} top;

/* The counters from `first` to `last`. */
static u64 events(struct vm *vm, enum stat first, enum stat last)
{
    u64 total = 0;

    for (u32 i = first; i <= last; i++)
        total += stats_event(vm, STATS_WHOLE_VM, (enum stat)i);
    return total;
}

static void take(struct sample *sample)
{
    sample->time = time_now();
    for (u32 i = 0; i < hart_count; i++)
        sample->idle[i] = sched_idle_time(i);
    for (u32 i = 0; i < vm_count; i++) {
        sample->run[i] = sched_group_run_time(&vms[i]->group);
        sample->exits[i] = stats_exits(vms[i], STATS_WHOLE_VM);
        sample->faults[i] = events(vms[i], STAT_EXIT_RAM_FAULT, STAT_EXIT_BAD_STORE);
        sample->injected[i] = events(vms[i], STAT_INJECT_EXCEPTION, STAT_INJECT_EXTERNAL);
    }
}

/* On one screen each line takes the place of an older one, which may be longer. */
static const char *line_end(void)
{
    return top.live ? "\033[K\n" : "\n";
}

static void show_harts(const struct sample *old, const struct sample *new)
{
    u64 passed = new->time - old->time;

    show("busy %%");
    for (u32 i = 0; i < hart_count; i++) {
        u64 idle = new->idle[i] - old->idle[i];

        if (harts[i].online)
            show("   hart %u %5s", harts[i].id,
                 percent_text(idle < passed ? passed - idle : 0, passed).text);
    }
    show("%s", line_end());
}

static void show_vm(struct vm *vm, const struct sample *old, const struct sample *new)
{
    u64 passed = new->time - old->time;
    struct memory_footprint used = memory_footprint(vm);
    u32 i = vm->index;

    show("%-12s %-8s %6s %8s %8s %9s %7s %7s%s", vm->config.name, vm_state_name(vm_state(vm)),
         percent_text(new->run[i] - old->run[i], passed).text,
         rate_text(new->exits[i] - old->exits[i], passed).text,
         rate_text(new->faults[i] - old->faults[i], passed).text,
         rate_text(new->injected[i] - old->injected[i], passed).text,
         size_text((u64)used.own * PAGE_SIZE).text, size_text((u64)used.shared * PAGE_SIZE).text,
         line_end());
}

static void show_table(void)
{
    const struct sample *new = &top.samples[top.turn], *old = &top.samples[!top.turn];

    show("%sup %s s, %u of %u VMs are not off, %s of %s free%s", top.live ? HOME : "",
         seconds_text(new->time).text, vms_alive(), vm_count,
         size_text((u64)pages_free() * PAGE_SIZE).text,
         size_text((u64)pages_total() * PAGE_SIZE).text, line_end());
    show_harts(old, new);
    show("%-12s %-8s %6s %8s %8s %9s %7s %7s%s", "VM", "state", "CPU %", "exits/s", "faults/s",
         "injects/s", "own", "shared", line_end());
    /* One that was created meanwhile has been counted from 0. */
    for (u32 i = 0; i < vm_count; i++)
        if (vm_state(vms[i]) != VM_OFF)
            show_vm(vms[i], old, new);
    show("%s", top.live ? CLEAR_REST : "\n");
}

static enum command_result end(void)
{
    if (top.live) {
        show("\n");
        look_loud();
    }
    return COMMAND_DONE;
}

static enum command_result redraw(bool cancelled)
{
    if (cancelled)
        return end();
    if (time_now() < top.next)
        return COMMAND_WAITS;
    top.next = timer_after(top.interval_ms);
    top.turn = !top.turn;
    take(&top.samples[top.turn]);
    show_table();
    return !top.live && !--top.left ? end() : COMMAND_WAITS;
}

/* A count makes tables for a script, which come one below the other. */
enum command_result command_top(const struct arguments *arguments)
{
    top.interval_ms = 1000;
    top.live = arguments->count < 3;
    if (arguments->count > 1 && !argument_time(arguments->word[1], &top.interval_ms))
        return COMMAND_FAILED;
    if (top.interval_ms < INTERVAL_MIN)
        return command_failed("the interval is %u ms at least", INTERVAL_MIN);
    if (!top.live && !argument_number(arguments->word[2], &top.left))
        return COMMAND_FAILED;
    if (!top.live && !top.left)
        return command_failed("no table at all was asked for");
    memset(&top.samples, 0, sizeof(top.samples));
    take(&top.samples[top.turn]);
    top.next = timer_after(top.interval_ms);
    if (top.live) {
        look_quiet();
        show(CLEAR_SCREEN "counting...\n");
    }
    command_wait(redraw, top.interval_ms);
    return COMMAND_WAITS;
}
