/* Text of the monitor's commands: lines, and numbers as a person reads them. */
#ifndef MONITOR_SHOW_H
#define MONITOR_SHOW_H

#include "arch/types.h"

/*
 * Prints a line of a command's answer, or a part of one: at most 254 bytes, '\n' only at the end.
 * Unlike what printk prints it is not kept in the log.
 */
void show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Room for one number as text. */
struct number_text {
    char text[24];
};

/* Bytes, in the largest unit of which there are at least ten or that divides them: "128M", "1536K".
 */
struct number_text size_text(u64 bytes);

/* Ticks of the timebase as seconds with three digits after the point: "12.345". */
struct number_text seconds_text(u64 ticks);

/* Ticks as microseconds with one digit after the point, or, for programs, with three. */
struct number_text micros_text(u64 ticks);
struct number_text micros_text_fine(u64 ticks);

/* `part` of `whole` in percent, with one digit: "97.3"; "0.0" of nothing. */
struct number_text percent_text(u64 part, u64 whole);

/* `count` things in `ticks`, per second; in thousands or millions where it is long: "12345",
 * "123K". */
struct number_text rate_text(u64 count, u64 ticks);

/* Room for the ids of all harts. */
struct harts_text {
    char text[128];
};

/* The harts of an affinity (sched.h), by id: "0,1"; "all". */
struct harts_text harts_text(u32 affinity);

#endif
