/*
 * Text for a person: on the machine's console (console.h says how it is shared) and in the log.
 * Any hart, any time, except with the console lock held.
 */
#ifndef CORE_PRINTK_H
#define CORE_PRINTK_H

#include <stdarg.h>

#include "arch/types.h"
#include "hyp/core/console.h"

/*
 * %d %u %x %c %s %p %%, with width, '0' and '-' flags, precision for %s; `ll` for 64 bits. A '\n'
 * goes out as "\r\n". At most PRINTK_MAX bytes; what is longer loses its rest.
 */
#define PRINTK_MAX 255
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Formats into `buffer`, always terminated; returns the length without the end, at most size - 1.
 */
u32 format_text(char *buffer, u32 size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
u32 format_text_list(char *buffer, u32 size, const char *format, va_list list);

/*
 * Says that something a person gave us is wrong: "Twofold: WHAT: " and the rest, on a line of its
 * own. Always returns false, so that a check can end with it.
 */
bool complain(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

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
