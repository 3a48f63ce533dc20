/*
 * The monitor's prompt: shows the line that a person types and edits, with history and completion.
 * The monitor's task only.
 */
#ifndef MONITOR_PROMPT_H
#define MONITOR_PROMPT_H

#include "arch/types.h"

#define PROMPT "twofold> "

void prompt_init(void);

/* Takes what was typed. Returns a line to run, which is valid until the next call; NULL: none yet.
 */
const char *prompt_type(u8 byte);

/* Shows the prompt with the line as it is now, or takes it away. */
void prompt_show(bool shown);

/* Prints a line as if it had been typed. */
void prompt_echo(const char *line);

#endif
