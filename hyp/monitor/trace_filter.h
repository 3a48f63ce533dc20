/* Which events of the trace a person wants to see. */
#ifndef MONITOR_TRACE_FILTER_H
#define MONITOR_TRACE_FILTER_H

#include "arch/types.h"
#include "hyp/core/trace.h"
#include "hyp/monitor/command.h"

#define TRACE_ANY 0xffffffffu

struct trace_filter {
    u32 vm, hart;       /* by index; TRACE_ANY                                            */
    const char *cause;  /* a kind ("sbi"), or a word about it ("TIME"); NULL: any         */
    const char *device; /* of reads and writes; NULL: any                                 */
    u64 newest;         /* of those that pass, only so many                               */
};

/* Reads [N] [vm VM] [cause WORD] [device NAME] [hart N] from word `at` on; N is `newest` when it is
 * not there. */
enum command_result trace_filter_parse(const struct arguments *arguments, u32 at, u64 newest,
                                       struct trace_filter *filter);

/* Does the event pass? `newest` is the caller's. */
bool trace_filter_passes(const struct trace_filter *filter, const struct trace_entry *entry);

#endif
