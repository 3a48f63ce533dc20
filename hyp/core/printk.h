/*
 * Text for a person, on the machine's console. A line printed by one hart is not mixed with
 * another's. Any hart, any time, except with the console lock held.
 */
#ifndef CORE_PRINTK_H
#define CORE_PRINTK_H

#include <stdarg.h>

#include "arch/types.h"

/*
 * %d %u %x %c %s %p %%, with width, '0' and '-' flags, precision for %s; `ll` for 64 bits. A '\n'
 * goes out as "\r\n".
 */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Formats into `buffer`, always terminated; returns the length without the end, at most size - 1.
 */
u32 format_text(char *buffer, u32 size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
u32 format_text_list(char *buffer, u32 size, const char *format, va_list list);

/* Between the two, what this hart prints is not mixed with anything of another's. Not nested. */
void console_hold(void);
void console_release(void);

/*
 * Says that something a person gave us is wrong: "Twofold: WHAT: " and the rest, on a line of its
 * own. Always returns false, so that a check can end with it.
 */
bool complain(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Writes raw bytes, at least one, whole, with no other hart's between: a line of `owner` or a part
 * of one, so that a '\n' can only be the last byte. A line begins with "[prefix] ", unless prefix
 * is NULL; one that another owner has left open is ended first.
 */
void console_write_as(const void *owner, const char *prefix, const char *text, u32 size);

/* Where the bytes go: called under the console lock. Until one is set, to the firmware. */
struct console_sink {
    void (*write)(void *device, const char *text, u32 size);
    void *device;
};
void console_set_sink(const struct console_sink *sink);

/* A bug of ours: prints PANIC, the reason and where, and stops the machine with a failure. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* What panic does at the end: powers off as failed. Set at boot. */
extern void (*panic_stop)(void);

#define ASSERT(condition)                                                         \
    do {                                                                          \
        if (unlikely(!(condition)))                                               \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition); \
    } while (0)

#endif
