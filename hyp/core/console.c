#include "hyp/core/console.h"

#include "arch/firmware.h"
#include "arch/own_trap.h"
#include "hyp/core/lock.h"
#include "hyp/core/paging.h"
#include "hyp/core/string.h"

static struct spinlock console_lock;
static const void *holder; /* the hart, by its tp, that has the lock; NULL: none */
static u32 hold_depth;     /* how often it has asked for it                      */

/* For what follows the lock is held. */
static struct console_sink sink;
static const void *line_owner; /* who has begun a line and not ended it; NULL: nobody */
static struct {
    char text[CONSOLE_PROMPT_MAX];
    u32 length; /* 0: none */
    bool shown;
} prompt;

/* The firmware takes physical addresses: bytes go through this page of our own image. */
static void firmware_write(const char *text, u32 size)
{
    static char bounce[128] __attribute__((aligned(128)));

    while (size) {
        u32 count = size < sizeof(bounce) ? size : (u32)sizeof(bounce);

        memcpy(bounce, text, count);
        firmware_console_write(bounce, image_address(bounce), count);
        text += count;
        size -= count;
    }
}

static void write_raw(const char *text, u32 size)
{
    if (sink.write)
        sink.write(sink.device, text, size);
    else
        firmware_write(text, size);
}

static void end_line(void)
{
    if (line_owner)
        write_raw("\r\n", 2);
    line_owner = NULL;
}

static void erase_prompt(void)
{
    if (prompt.shown)
        write_raw("\r\033[K", 4);
    prompt.shown = false;
}

static void show_prompt(void)
{
    if (!prompt.length || prompt.shown || line_owner)
        return;
    write_raw(prompt.text, prompt.length);
    prompt.shown = true;
}

/* Begins or goes on with a line of `owner`. */
static void take_line(const void *owner, const char *prefix)
{
    if (line_owner == owner)
        return;
    end_line();
    erase_prompt();
    if (prefix)
        write_raw(prefix, (u32)strlen(prefix));
    line_owner = owner;
}

void console_hold(void)
{
    const void *self = own_trap_area();

    if (__atomic_load_n(&holder, __ATOMIC_RELAXED) != self) {
        spin_lock(&console_lock);
        __atomic_store_n(&holder, self, __ATOMIC_RELAXED);
    }
    hold_depth++;
}

void console_release(void)
{
    if (--hold_depth)
        return;
    show_prompt();
    __atomic_store_n(&holder, NULL, __ATOMIC_RELAXED);
    spin_unlock(&console_lock);
}

void console_seize(void)
{
    __atomic_store_n(&holder, own_trap_area(), __ATOMIC_RELAXED);
    hold_depth = 1;
}

void console_set_sink(const struct console_sink *new_sink)
{
    console_hold();
    sink = *new_sink;
    console_release();
}

void console_write_as(const void *owner, const char *prefix, const char *text, u32 size)
{
    console_hold();
    take_line(owner, prefix);
    write_raw(text, size);
    if (text[size - 1] == '\n')
        line_owner = NULL;
    console_release();
}

void console_end_line(void)
{
    console_hold();
    end_line();
    console_release();
}

/* Is `text` what is on the screen, with more after it? */
static bool extends_prompt(const char *text, u32 length)
{
    return prompt.shown && length >= prompt.length && !memcmp(text, prompt.text, prompt.length);
}

void console_set_prompt(const char *text, u32 length)
{
    u32 size = length < CONSOLE_PROMPT_MAX ? length : CONSOLE_PROMPT_MAX;

    console_hold();
    if (text && extends_prompt(text, size)) {
        write_raw(text + prompt.length, size - prompt.length);
    } else {
        erase_prompt();
        if (text)
            end_line();
    }
    prompt.length = text ? size : 0;
    if (text)
        memcpy(prompt.text, text, size);
    console_release();
}

void console_leave_prompt(void)
{
    console_hold();
    if (prompt.shown)
        write_raw("\r\n", 2);
    prompt.shown = false;
    prompt.length = 0;
    console_release();
}
