#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"

#define LINE_SIZE 256

struct output {
    char *next, *end; /* *end is kept for the closing zero */
};

/* One conversion: %[-][0][width][ll]letter */
struct conversion {
    bool left, zeros, wide;
    u32 width;
    char letter;
};

static void put(struct output *out, char c)
{
    if (out->next < out->end)
        *out->next++ = c;
}

static const char *parse(const char *format, struct conversion *conversion)
{
    *conversion = (struct conversion){0};
    for (; *format == '-' || *format == '0'; format++) {
        conversion->left |= *format == '-';
        conversion->zeros |= *format == '0';
    }
    for (; *format >= '0' && *format <= '9'; format++)
        conversion->width = conversion->width * 10 + (u32)(*format - '0');
    for (; *format == 'l'; format++)
        conversion->wide = format[1] == 'l' || conversion->wide;
    conversion->letter = *format;
    return format + (*format != 0);
}

static void put_padded(struct output *out, const struct conversion *how, const char *text,
                       u32 length)
{
    u32 padding = how->width > length ? how->width - length : 0;
    char fill = how->zeros && !how->left ? '0' : ' ';

    if (fill == '0' && *text == '-') {
        put(out, *text++);
        length--;
    }
    if (!how->left)
        for (; padding > 0; padding--)
            put(out, fill);
    for (; length > 0; length--)
        put(out, *text++);
    for (; padding > 0; padding--)
        put(out, ' ');
}

static void put_number(struct output *out, const struct conversion *how, u64 value, bool negative)
{
    char digits[24];
    char *first = digits + sizeof(digits);
    u32 base = how->letter == 'x' || how->letter == 'p' ? 16 : 10;

    do {
        *--first = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    if (negative)
        *--first = '-';
    put_padded(out, how, first, (u32)(digits + sizeof(digits) - first));
}

static void put_text(struct output *out, const struct conversion *how, const char *text)
{
    put_padded(out, how, text, (u32)strlen(text));
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list args)
{
    struct output out = {buffer, buffer + size - 1};
    struct conversion how;
    s64 number;

    while (*format) {
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        format = parse(format + 1, &how);
        switch (how.letter) {
        case 'd':
            number = how.wide ? va_arg(args, s64) : va_arg(args, s32);
            put_number(&out, &how, number < 0 ? 0 - (u64)number : (u64)number, number < 0);
            break;
        case 'u':
        case 'x':
            put_number(&out, &how, how.wide ? va_arg(args, u64) : va_arg(args, u32), false);
            break;
        case 'p':
            put_number(&out, &how, (u32)va_arg(args, void *), false);
            break;
        case 's':
            put_text(&out, &how, va_arg(args, const char *));
            break;
        case 'c':
            put_text(&out, &how, (char[]){(char)va_arg(args, int), 0});
            break;
        default:
            put(&out, how.letter);
        }
    }
    *out.next = 0;
    return (int)(out.next - buffer);
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int length = vsnprintf(buffer, size, format, args);
    va_end(args);
    return length;
}

int printf(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    console_write(line, (u32)length);
    return length;
}
