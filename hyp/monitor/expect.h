/*
 * Looks for text in what was printed. Each text is looked for behind the one that was found before
 * it, so that a script meets them in the order in which they come.
 */
#ifndef MONITOR_EXPECT_H
#define MONITOR_EXPECT_H

#include "arch/types.h"
#include "hyp/monitor/command.h"

struct vm;

/* Before the calls of expect_console for another text: it will be looked for from the place that
 * the last one that was found has. The monitor's task, as all of these. */
void expect_begin(const struct vm *vm);

/* Has the VM printed `text`, not empty and shorter than COMMAND_LINE, as far as its scroll-back
 * reaches? */
bool expect_console(struct vm *vm, const char *text);

/* Has the hypervisor, within one line, as far as its log reaches? */
bool expect_log(const char *text);

#endif
