/*
 * trace: what the rings hold, as lines for a person or as JSON for a trace viewer. It is read from
 * one copy, so that what is counted is what is printed, in portions, between which the hart does
 * other work.
 */
#include "hyp/monitor/cmd.h"

#include "arch/csr.h"
#include "hyp/core/hart.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/look.h"
#include "hyp/monitor/show.h"
#include "hyp/monitor/trace_filter.h"
#include "hyp/monitor/trace_json.h"
#include "hyp/monitor/trace_text.h"
#include "hyp/vm/vm.h"

#define PORTION        64 /* events looked at between pauses */
#define NEWEST_DEFAULT 20 /* lines for a person              */
#define NEWEST_ALL     (~(u64)0)

static struct {
    struct trace_filter filter;
    bool json;
    u64 skip;    /* older ones that pass, but are too many */
    u64 cleared; /* what happened before is not shown      */
} trace_view;

static bool passes(const struct trace_entry *entry)
{
    return entry->time >= trace_view.cleared && trace_filter_passes(&trace_view.filter, entry);
}

static u64 count_passing(void)
{
    struct trace_entry entry;
    u64 count = 0;

    trace_read_begin();
    while (trace_read_next(&entry))
        count += passes(&entry);
    return count;
}

static void show_event(const struct trace_entry *entry)
{
    char text[TRACE_WORDS_MAX], whom[VM_NAME_MAX + 8];

    trace_words(entry, text);
    format_text(whom, sizeof(whom), "%s/%u",
                trace_vm(entry) < vm_count ? vms[trace_vm(entry)]->config.name : "?",
                trace_vcpu(entry));
    show("%14s  %4u  %-12s %08x  %-9s %s\n", micros_text(entry->time).text, harts[entry->hart].id,
         whom, entry->pc, trace_kind_name(entry->kind), text);
}

static void show_json(const struct trace_entry *entry)
{
    char line[TRACE_JSON_LINE];

    if (trace_json_event(entry, line))
        show("%s\n", line);
}

/* Lines of JSON begin with a brace or a bracket, and only they: what others print meanwhile can be
 * told apart. Every event ends with a comma; the names of the harts end the list. */
static void begin_json(void)
{
    look_quiet();
    trace_json_begin();
    show("--- trace json\n");
    show("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
}

static void end_json(void)
{
    for (u32 i = hart_count; i-- > 0;)
        show("{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":%u,\"tid\":0,"
             "\"args\":{\"name\":\"hart %u\"}}%s\n",
             i, harts[i].id, i ? "," : "");
    show("]}\n");
    show("--- end\n");
    look_loud();
}

static enum command_result end(void)
{
    if (trace_view.json)
        end_json();
    trace_resume();
    return COMMAND_DONE;
}

static enum command_result show_some(bool cancelled)
{
    struct trace_entry entry;

    for (u32 i = 0; i < PORTION; i++) {
        if (cancelled || !trace_read_next(&entry))
            return end();
        if (!passes(&entry))
            continue;
        if (trace_view.skip)
            trace_view.skip--;
        else if (trace_view.json)
            show_json(&entry);
        else
            show_event(&entry);
    }
    return COMMAND_WAITS;
}

static enum command_result begin(void)
{
    u64 count;

    trace_stop();
    count = count_passing();
    trace_view.skip = count > trace_view.filter.newest ? count - trace_view.filter.newest : 0;
    if (trace_view.json)
        begin_json();
    else
        show("%14s  %4s  %-12s %-8s  %-9s\n", "time us", "hart", "VM/vCPU", "pc", "what");
    trace_read_begin();
    command_wait(show_some, 0);
    return COMMAND_WAITS;
}

static enum command_result command_trace(const struct arguments *arguments)
{
    const char *first = arguments->count > 1 ? arguments->word[1] : "";
    enum command_result result;

    if (!strcmp(first, "clear")) {
        if (arguments->count > 2)
            return command_failed("expected: trace clear");
        trace_view.cleared = time_now();
        return COMMAND_DONE;
    }
    trace_view.json = !strcmp(first, "json");
    if (trace_view.json)
        result = trace_filter_parse(arguments, 2, NEWEST_ALL, &trace_view.filter);
    else
        result = trace_filter_parse(arguments, 1, NEWEST_DEFAULT, &trace_view.filter);
    return result == COMMAND_DONE ? begin() : result;
}

static const char *const words[] = {"json", "clear", "vm", "cause", "device", "hart", NULL};

const struct command commands_trace[] = {
    {
        .name = "trace",
        .arguments = "[json|clear] [N] [vm VM] [cause WORD] [device NAME] [hart N]",
        .summary = "the newest events: exits, injections, switches",
        .example = "trace 50 vm web cause sbi : its newest 50 SBI calls",
        .max_words = 11,
        .complete = {COMPLETE_WORDS, COMPLETE_WORDS, COMPLETE_VM},
        .words = words,
        .run = command_trace,
    },
    {.name = NULL},
};
