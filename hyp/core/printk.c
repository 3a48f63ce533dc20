#include "hyp/core/printk.h"

#include "arch/firmware.h"
#include "arch/own_trap.h"
#include "hyp/core/lock.h"
#include "hyp/core/paging.h"
#include "hyp/core/string.h"

#define LINE_MAX 256

static struct spinlock console_lock;
static struct console_sink sink;
void (*panic_stop)(void);

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

/* Who has a line on the console that has begun and not ended; printk's own owner is its lock. */
static const void *line_owner;

/* Begins or goes on with a line of `owner`. */
static void take_line(const void *owner, const char *prefix)
{
    if (line_owner == owner)
        return;
    if (line_owner)
        write_raw("\r\n", 2);
    if (prefix) {
        write_raw("[", 1);
        write_raw(prefix, (u32)strlen(prefix));
        write_raw("] ", 2);
    }
    line_owner = owner;
}

/* Bytes up to and including the first '\n', or all. */
static u32 line_length(const char *text, u32 size)
{
    for (u32 i = 0; i < size; i++)
        if (text[i] == '\n')
            return i + 1;
    return size;
}

/* The hart, by its tp, that console_hold is in force for; it has the lock. */
static const void *holder;

static bool is_holder(void)
{
    return __atomic_load_n(&holder, __ATOMIC_RELAXED) == own_trap_area();
}

static void lock_console(void)
{
    if (!is_holder())
        spin_lock(&console_lock);
}

static void unlock_console(void)
{
    if (!is_holder())
        spin_unlock(&console_lock);
}

void console_hold(void)
{
    spin_lock(&console_lock);
    __atomic_store_n(&holder, own_trap_area(), __ATOMIC_RELAXED);
}

void console_release(void)
{
    __atomic_store_n(&holder, NULL, __ATOMIC_RELAXED);
    spin_unlock(&console_lock);
}

void console_set_sink(const struct console_sink *new_sink)
{
    lock_console();
    sink = *new_sink;
    unlock_console();
}

void console_write_as(const void *owner, const char *prefix, const char *text, u32 size)
{
    lock_console();
    take_line(owner, prefix);
    write_raw(text, size);
    if (text[size - 1] == '\n')
        line_owner = NULL;
    unlock_console();
}

/* Our own text: '\n' becomes "\r\n". */
static void write_text(const char *text, u32 size)
{
    for (u32 length; size; size -= length, text += length) {
        bool ends;

        length = line_length(text, size);
        ends = text[length - 1] == '\n';
        take_line(&console_lock, NULL);
        write_raw(text, ends ? length - 1 : length);
        if (ends) {
            write_raw("\r\n", 2);
            line_owner = NULL;
        }
    }
}

/* Formats into a buffer of LINE_MAX. Text that is too long loses its rest, but not its '\n'. */
static u32 format_line(char *line, const char *format, va_list list)
{
    u32 size = format_text_list(line, LINE_MAX, format, list);
    u32 length = (u32)strlen(format);

    if (size == LINE_MAX - 1 && format[length - 1] == '\n')
        line[size - 1] = '\n';
    return size;
}

void printk(const char *format, ...)
{
    char line[LINE_MAX];
    va_list list;
    u32 size;

    va_start(list, format);
    size = format_line(line, format, list);
    va_end(list);
    lock_console();
    write_text(line, size);
    unlock_console();
}

bool complain(const char *what, const char *format, ...)
{
    char line[LINE_MAX];
    va_list list;

    va_start(list, format);
    format_text_list(line, sizeof(line), format, list);
    va_end(list);
    printk("Twofold: %s: %s\n", what, line);
    return false;
}

void panic(const char *format, ...)
{
    char line[LINE_MAX];
    va_list list;
    u32 size;

    /* No lock: the hart that holds it may be this one, and a mixed line beats silence. */
    write_text("PANIC: ", 7);
    va_start(list, format);
    size = format_text_list(line, sizeof(line), format, list);
    va_end(list);
    write_text(line, size);
    size = format_text(line, sizeof(line), "\nThis is a bug in Twofold, called from %p.\n",
                       __builtin_return_address(0));
    write_text(line, size);
    if (panic_stop)
        panic_stop();
    for (;;)
        ;
}
