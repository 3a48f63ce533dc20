#include "hyp/monitor/command.h"

#include <stdarg.h>

#include "hyp/core/nearest.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/words.h"

#define REASON_MAX 192

const struct command_table command_tables[] = {
    {"VMs", commands_vm},
    {"Looking into a VM", commands_look},
    {"Counting", commands_stat},
    {"Tracing", commands_trace},
    {"Disks", commands_disks},
    {"The network", commands_net},
    {"The machine", commands_system},
    {"The monitor", commands_monitor},
    {"Scripts", commands_script},
    {NULL, NULL},
};

static const struct command *running;
static char reason[REASON_MAX]; /* "": none */

const struct command *command_at(u32 index)
{
    for (const struct command_table *table = command_tables; table->title; table++)
        for (const struct command *row = table->rows; row->name; row++)
            if (!index--)
                return row;
    return NULL;
}

const char *command_name(u32 index)
{
    const struct command *row = command_at(index);

    return row ? row->name : NULL;
}

const struct command *command_find(const char *name)
{
    const struct command *row;

    for (u32 i = 0; (row = command_at(i)); i++)
        if (!strcmp(row->name, name))
            return row;
    return NULL;
}

const struct command *command_running(void)
{
    return running;
}

const char *command_reason(void)
{
    return *reason ? reason : NULL;
}

enum command_result command_failed(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    format_text_list(reason, sizeof(reason), format, list);
    va_end(list);
    return COMMAND_FAILED;
}

enum command_result command_unknown(const char *name)
{
    const char *meant = nearest_name(name, command_name);

    if (meant)
        return command_failed("there is no command \"%s\"; did you mean \"%s\"?", name, meant);
    return command_failed("there is no command \"%s\"; `help` lists them", name);
}

static enum command_result run_words(const struct arguments *words)
{
    u32 given = words->count - 1;

    running = command_find(words->word[0]);
    if (!running)
        return command_unknown(words->word[0]);
    if (given < running->min_words || given > running->max_words)
        return command_failed("expected: %s%s%s", running->name, *running->arguments ? " " : "",
                              running->arguments);
    return running->run(words);
}

enum command_result command_run(const char *line)
{
    static char copy[COMMAND_LINE];
    static struct arguments words;
    const char *wrong;

    running = NULL;
    reason[0] = '\0';
    memcpy(copy, line, strlen(line) + 1);
    wrong = words_split(copy, &words);
    if (wrong)
        return command_failed("%s", wrong);
    return words.count ? run_words(&words) : COMMAND_DONE;
}
