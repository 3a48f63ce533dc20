/* The last lines that a person has typed. Pure. */
#ifndef MONITOR_HISTORY_H
#define MONITOR_HISTORY_H

#include "arch/types.h"
#include "hyp/monitor/command.h"

#define HISTORY_LINES 32

struct history {
    char lines[HISTORY_LINES][COMMAND_LINE]; /* a ring                */
    u32 next;                                /* where the next one goes */
    u32 count;
};

/* Remembers a line, shorter than COMMAND_LINE; not an empty one, nor the last one again. */
void history_add(struct history *history, const char *line);

/* The line that was typed `back` lines ago, 1 being the last; NULL: none is remembered. */
const char *history_at(const struct history *history, u32 back);

#endif
