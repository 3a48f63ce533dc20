/* The commands of the monitor itself. */
#include "hyp/core/string.h"
#include "hyp/monitor/command.h"
#include "hyp/monitor/monitor.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

#define QUIT_POLL_MS 10

static const char *space_before(const char *text)
{
    return *text ? " " : "";
}

static void list_commands(void)
{
    for (const struct command_table *table = command_tables; table->title; table++) {
        show("%s:\n", table->title);
        for (const struct command *row = table->rows; row->name; row++)
            show("  %-10s %s\n", row->name, row->summary);
    }
    show("help NAME tells how a command is used. Tab completes.\n");
}

/* The row's example: a line to type, then what it does. */
static void show_example(const char *example)
{
    u32 typed = 0;

    while (example[typed] && strncmp(example + typed, " : ", 3))
        typed++;
    show("    Example: %.*s\n", typed, example);
    if (example[typed])
        show("             %s\n", example + typed + 3);
}

static enum command_result command_help(const struct arguments *arguments)
{
    const char *name = arguments->word[1];
    const struct command *row;

    if (arguments->count == 1) {
        list_commands();
        return COMMAND_DONE;
    }
    row = command_find(name);
    if (row) {
        show("%s%s%s\n", row->name, space_before(row->arguments), row->arguments);
        show("    %s\n", row->summary);
        show_example(row->example);
        return COMMAND_DONE;
    }
    return command_unknown(name);
}

/* A VM that has just ended may want to come back. */
static void kill_those_left(void)
{
    for (u32 i = 0; i < vm_count; i++)
        switch (vm_state(vms[i])) {
        case VM_OFF:
        case VM_ENDING:
            break;
        default:
            life_kill(vms[i]);
        }
}

static enum command_result wait_for_ends(bool cancelled)
{
    if (!vms_alive())
        monitor_end();
    if (cancelled)
        return COMMAND_DONE;
    kill_those_left();
    return COMMAND_WAITS;
}

static enum command_result command_quit(const struct arguments *arguments)
{
    if (!vms_alive())
        monitor_end();
    if (arguments->count == 1)
        return command_failed("%u of %u VMs are not off; `quit now` kills them", vms_alive(),
                              vm_count);
    if (strcmp(arguments->word[1], "now"))
        return command_failed("expected: quit [now]");
    kill_those_left();
    command_wait(wait_for_ends, QUIT_POLL_MS);
    return COMMAND_WAITS;
}

static const char *const quit_words[] = {"now", NULL};

const struct command commands_monitor[] = {
    {.name = "help",
     .arguments = "[COMMAND]",
     .summary = "lists the commands, or tells how one is used",
     .example = "help pause : what pause does and how it is typed",
     .max_words = 1,
     .complete = {COMPLETE_COMMAND},
     .run = command_help},
    {.name = "quit",
     .arguments = "[now]",
     .summary = "ends the machine, when all VMs are off; now: kills those that are not",
     .example = "quit now : kills all VMs and ends the machine",
     .max_words = 1,
     .complete = {COMPLETE_WORDS},
     .words = quit_words,
     .run = command_quit},
    {.name = NULL},
};
