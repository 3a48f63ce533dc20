/*
 * The trace as Chrome's trace JSON, which Perfetto reads: a process for each hart, on which a
 * stretch ("X") is the time that a vCPU had it, and an instant ("i") is an event.
 */
#ifndef MONITOR_TRACE_JSON_H
#define MONITOR_TRACE_JSON_H

#include "arch/types.h"
#include "hyp/core/trace.h"

#define TRACE_JSON_LINE 240

void trace_json_begin(void);

/* The line for the next event, oldest first, with a comma and without '\n'. False: it has none. */
bool trace_json_event(const struct trace_entry *entry, char line[TRACE_JSON_LINE]);

#endif
