/*
 * Formatted output: %d %u %x %c %s %p %% with a width, `0` and `-`; `ll` for 64 bits. One call is
 * one write to the console, so lines of several harts and machines do not mix.
 */
#ifndef GUEST_PRINTF_H
#define GUEST_PRINTF_H

#include "arch/types.h"
#include <stdarg.h>

int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Both write at most `size` bytes, the closing zero included, and return the length written. */
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

#endif
