/* The commands about the machine and about the console. */
#include "hyp/monitor/cmd.h"

#include "arch/csr.h"
#include "hyp/core/hart.h"
#include "hyp/core/log.h"
#include "hyp/core/pages.h"
#include "hyp/core/string.h"
#include "hyp/monitor/keyboard.h"
#include "hyp/monitor/report.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

static enum command_result command_machine(const struct arguments *arguments)
{
    u64 now = time_now();

    (void)arguments;
    report_machine(NULL);
    report_harts();
    show("  %-18s %s s\n", "up", seconds_text(now).text);
    show("  %-18s %s of %s\n", "memory free", size_text((u64)pages_free() * PAGE_SIZE).text,
         size_text((u64)pages_total() * PAGE_SIZE).text);
    for (u32 i = 0; i < hart_count; i++)
        if (harts[i].online)
            show("  hart %-13u %s %% idle since power-on\n", harts[i].id,
                 percent_text(sched_idle_time(i), now).text);
    return COMMAND_DONE;
}

#define LOG_PORTION 32 /* entries between pauses */

static struct {
    u64 at, end; /* positions in the log */
    u64 skip;
} reading;

/* An entry may be a part of a line: only the first of each has its time. */
static void show_entry(u64 time, const char *text, u32 length)
{
    static bool goes_on;

    if (!goes_on)
        show("%12s  ", seconds_text(time).text);
    show("%s", text);
    goes_on = text[length - 1] != '\n';
}

static enum command_result log_some(bool cancelled)
{
    char text[LOG_TEXT_MAX + 1];
    u32 length;
    u64 time;

    for (u32 i = 0; i < LOG_PORTION; i++) {
        if (cancelled || reading.at >= reading.end)
            return COMMAND_DONE;
        length = log_read(&reading.at, &time, text, sizeof(text));
        if (!length)
            return COMMAND_DONE;
        if (reading.skip)
            reading.skip--;
        else
            show_entry(time, text, length);
    }
    return COMMAND_WAITS;
}

static u64 count_entries(void)
{
    char text[LOG_TEXT_MAX + 1];
    u64 at = 0, time, count = 0;

    while (at < reading.end && log_read(&at, &time, text, sizeof(text)))
        count++;
    return count;
}

static enum command_result command_log(const struct arguments *arguments)
{
    u64 newest = ~(u64)0, count;

    if (arguments->count > 1 && !argument_number(arguments->word[1], &newest))
        return COMMAND_FAILED;
    reading.at = 0;
    reading.end = log_end();
    count = count_entries();
    reading.skip = count > newest ? count - newest : 0;
    command_wait(log_some, 0);
    return COMMAND_WAITS;
}

/* `all` and `none` keep the keyboard where it is, at the monitor. */
static enum command_result command_console(const struct arguments *arguments)
{
    struct vm *vm;

    if (!strcmp(arguments->word[1], "all") || !strcmp(arguments->word[1], "none")) {
        keyboard_show_all(!strcmp(arguments->word[1], "all"));
        return COMMAND_DONE;
    }
    vm = argument_vm(arguments->word[1]);
    if (!vm)
        return COMMAND_FAILED;
    keyboard_focus(vm);
    return COMMAND_DONE;
}

const struct command commands_system[] = {
    {
        .name = "machine",
        .arguments = "",
        .summary = "the machine below: memory, harts, what they can do",
        .example = "machine : as at boot, and how busy it is",
        .run = command_machine,
    },
    {
        .name = "log",
        .arguments = "[N]",
        .summary = "what the hypervisor itself has said, with the time",
        .example = "log 10 : the last ten entries",
        .max_words = 1,
        .run = command_log,
    },
    {
        .name = "set",
        .arguments = "[escape ^X | colour on|off | view all|one | VM PROPERTY VALUE]",
        .summary = "the settings, and how to change them",
        .example = "set web cap 50 : half a hart, from now on; cap none: no limit",
        .max_words = 3,
        .complete = {COMPLETE_SETTING},
        .run = command_set,
    },
    {
        .name = "console",
        .arguments = "VM | all | none",
        .summary = "gives the keyboard to a VM, or shows all of them",
        .example = "console web : Ctrl-] m comes back",
        .min_words = 1,
        .max_words = 1,
        .complete = {COMPLETE_VM},
        .run = command_console,
    },
    {.name = NULL},
};
