#include "hyp/core/printk.h"

#include "arch/csr.h"
#include "hyp/core/log.h"
#include "hyp/core/string.h"

#define LINE_MAX (PRINTK_MAX + 1)

void (*panic_stop)(void);

/* Bytes up to and including the first '\n', or all. */
static u32 line_length(const char *text, u32 size)
{
    for (u32 i = 0; i < size; i++)
        if (text[i] == '\n')
            return i + 1;
    return size;
}

/* A line of ours or a part of one: '\n' becomes "\r\n". */
static void write_line(const char *text, u32 size)
{
    static const char owner[] = "Twofold";
    bool ends = text[size - 1] == '\n';

    if (size > ends)
        console_write_as(owner, NULL, text, size - ends);
    if (ends)
        console_write_as(owner, NULL, "\r\n", 2);
}

static void write_text(const char *text, u32 size)
{
    console_hold();
    for (u32 length; size; size -= length, text += length) {
        length = line_length(text, size);
        write_line(text, length);
    }
    console_release();
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
    log_append(time_now(), line, size);
    write_text(line, size);
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

    console_seize();
    console_end_line();
    va_start(list, format);
    size = format_text_list(line, sizeof(line), format, list);
    va_end(list);
    write_text("PANIC: ", 7);
    write_text(line, size);
    size = format_text(line, sizeof(line), "\nThis is a bug in Twofold, called from %p.\n",
                       __builtin_return_address(0));
    write_text(line, size);
    if (panic_stop)
        panic_stop();
    for (;;)
        ;
}
