/* panic() for unit tests: fails the test, unless the code under test is expected to call it. */
#ifndef UNIT_FAKE_PANIC_H
#define UNIT_FAKE_PANIC_H

#include <stdarg.h>

#include "hyp/core/printk.h"
#include "tests/unit/unit.h"

static struct {
    jmp_buf exit;
    bool expected;
    char reason[256];
} fake_panic;

void panic(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(fake_panic.reason, sizeof(fake_panic.reason), format, list);
    va_end(list);
    if (!fake_panic.expected)
        UNIT_FAIL("panic: %s", fake_panic.reason);
    fake_panic.expected = false;
    longjmp(fake_panic.exit, 1);
}

/* Runs `statement`, which must panic for a reason that contains `text`. */
#define CHECK_PANIC(statement, text)                                       \
    do {                                                                   \
        if (!setjmp(fake_panic.exit)) {                                    \
            fake_panic.expected = true;                                    \
            statement;                                                     \
            fake_panic.expected = false;                                   \
            UNIT_FAIL("no panic: %s", #statement);                         \
        }                                                                  \
        if (!strstr(fake_panic.reason, text))                              \
            UNIT_FAIL("panic: %s, expected: %s", fake_panic.reason, text); \
    } while (0)

#endif
