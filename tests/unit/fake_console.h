/*
 * The hypervisor's own console for unit tests and fuzzers: the real printk and formatter, into a
 * buffer instead of to a machine. Lines end in '\n' alone here. What would be a panic ends the
 * program.
 */
#ifndef UNIT_FAKE_CONSOLE_H
#define UNIT_FAKE_CONSOLE_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/fake_hart.h"
#include "tests/unit/fake_time.h"
#include "hyp/core/console.c"
#include "hyp/core/format.c"
#include "hyp/core/log.c"
#include "hyp/core/printk.c"

static struct {
    char text[8192]; /* what was printed since console_forget, terminated */
    u32 size;
} fake_console;

static inline void fake_console_write(void *device, const char *text, u32 size)
{
    (void)device;
    for (u32 i = 0; i < size; i++)
        if (text[i] != '\r' && fake_console.size + 1 < sizeof(fake_console.text))
            fake_console.text[fake_console.size++] = text[i];
    fake_console.text[fake_console.size] = '\0';
}

static inline void fake_console_panic(void)
{
    fprintf(stderr, "%s", fake_console.text);
    abort();
}

/* Forgets what was printed; a line that was left open counts as ended. */
static inline void console_forget(void)
{
    console_set_sink(&(struct console_sink){.write = fake_console_write});
    panic_stop = fake_console_panic;
    line_owner = NULL;
    fake_console.size = 0;
    fake_console.text[0] = '\0';
}

/* Whether the last line has its end, so that what comes next begins a line. */
static inline bool console_line_ended(void)
{
    return !fake_console.size || fake_console.text[fake_console.size - 1] == '\n';
}

/* The ways to the firmware, which has no console here. */
void firmware_console_write(const char *text, hpa_t pa, u32 size)
{
    (void)text, (void)pa, (void)size;
    abort();
}

hpa_t image_address(const void *ptr)
{
    (void)ptr;
    abort();
}

#endif
