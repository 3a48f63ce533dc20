/* The events of the trace in words. Pure, but for the names of the VMs. */
#ifndef MONITOR_TRACE_TEXT_H
#define MONITOR_TRACE_TEXT_H

#include "arch/types.h"
#include "hyp/core/trace.h"

#define TRACE_WORDS_MAX 64

/* What happened: "sbi"; for 0, 1, ... until NULL. */
const char *trace_kind_name(u32 kind);

/* More about it, in words with blanks between: "TIME set_timer"; may be empty. */
void trace_words(const struct trace_entry *entry, char text[TRACE_WORDS_MAX]);

/* Whom it is about. */
static inline u32 trace_vm(const struct trace_entry *entry)
{
    return entry->whom >> 8;
}

static inline u32 trace_vcpu(const struct trace_entry *entry)
{
    return entry->whom & 0xff;
}

#endif
