/* The formatter behind printk. Pure. */
#include "hyp/core/printk.h"
#include "hyp/core/string.h"

struct output {
    char *buffer;
    u32 size, used; /* used counts what was kept */
};

struct spec {
    bool left, zero, is_long_long, has_precision;
    u32 width, precision;
};

static void put(struct output *out, char c)
{
    if (out->used + 1 < out->size)
        out->buffer[out->used++] = c;
}

/* `text`, filled up to the width; zeros go between a sign and the digits. */
static void put_padded(struct output *out, const struct spec *spec, const char *text, u32 length)
{
    u32 padding = spec->width > length ? spec->width - length : 0;
    bool zero = spec->zero && !spec->left;

    if (zero && length && *text == '-') {
        put(out, *text++);
        length--;
    }
    if (!spec->left)
        for (u32 i = 0; i < padding; i++)
            put(out, zero ? '0' : ' ');
    for (u32 i = 0; i < length; i++)
        put(out, text[i]);
    if (spec->left)
        for (u32 i = 0; i < padding; i++)
            put(out, ' ');
}

/* Divides in place by 10 and returns the remainder, 16 bits at a time: no 64-bit division. */
static u32 divide_by_10(u64 *value)
{
    u32 remainder = 0;
    u64 quotient = 0;

    for (int shift = 48; shift >= 0; shift -= 16) {
        u32 part = remainder << 16 | (u32)(*value >> shift & 0xffff);

        quotient |= (u64)(part / 10) << shift;
        remainder = part % 10;
    }
    *value = quotient;
    return remainder;
}

static void put_number(struct output *out, const struct spec *spec, u64 value, bool hex,
                       bool negative)
{
    char digits[24];
    u32 at = sizeof(digits);

    do {
        u32 digit = hex ? (u32)(value & 15) : divide_by_10(&value);

        digits[--at] = "0123456789abcdef"[digit];
        if (hex)
            value >>= 4;
    } while (value);
    if (negative)
        digits[--at] = '-';
    put_padded(out, spec, digits + at, (u32)sizeof(digits) - at);
}

static void put_string(struct output *out, struct spec *spec, const char *text)
{
    u32 length = 0;

    while ((!spec->has_precision || length < spec->precision) && text[length])
        length++;
    spec->zero = false;
    put_padded(out, spec, text, length);
}

static const char *parse_digits(const char *p, u32 *number)
{
    for (*number = 0; *p >= '0' && *p <= '9'; p++)
        *number = *number * 10 + (u32)(*p - '0');
    return p;
}

static const char *parse_spec(const char *p, struct spec *spec, va_list *list)
{
    *spec = (struct spec){0};
    for (; *p == '-' || *p == '0'; p++) {
        spec->left |= *p == '-';
        spec->zero |= *p == '0';
    }
    p = parse_digits(p, &spec->width);
    if (*p == '.') {
        spec->has_precision = true;
        if (p[1] == '*') {
            spec->precision = va_arg(*list, u32);
            p += 2;
        } else {
            p = parse_digits(p + 1, &spec->precision);
        }
    }
    for (; *p == 'l' || *p == 'z'; p++)
        spec->is_long_long |= *p == 'l' && p[1] == 'l';
    return p;
}

static void put_signed(struct output *out, const struct spec *spec, s64 value)
{
    put_number(out, spec, value < 0 ? 0 - (u64)value : (u64)value, false, value < 0);
}

static void put_conversion(struct output *out, char conversion, struct spec *spec, va_list *list)
{
    char c;

    switch (conversion) {
    case 'd':
        put_signed(out, spec, spec->is_long_long ? va_arg(*list, s64) : va_arg(*list, s32));
        break;
    case 'u':
    case 'x':
        put_number(out, spec, spec->is_long_long ? va_arg(*list, u64) : va_arg(*list, u32),
                   conversion == 'x', false);
        break;
    case 'p':
        put_number(out, spec, (uintptr_t)va_arg(*list, void *), true, false);
        break;
    case 'c':
        c = (char)va_arg(*list, int);
        spec->zero = false;
        put_padded(out, spec, &c, 1);
        break;
    case 's':
        put_string(out, spec, va_arg(*list, const char *));
        break;
    default:
        put(out, conversion);
    }
}

u32 format_text_list(char *buffer, u32 size, const char *format, va_list list)
{
    struct output out = {.buffer = buffer, .size = size};
    struct spec spec;
    va_list copy;

    va_copy(copy, list);
    for (const char *p = format; *p; p++) {
        if (*p != '%') {
            put(&out, *p);
            continue;
        }
        p = parse_spec(p + 1, &spec, &copy);
        if (!*p)
            break;
        put_conversion(&out, *p, &spec, &copy);
    }
    va_end(copy);
    if (size)
        buffer[out.used] = '\0';
    return out.used;
}

u32 format_text(char *buffer, u32 size, const char *format, ...)
{
    va_list list;
    u32 used;

    va_start(list, format);
    used = format_text_list(buffer, size, format, list);
    va_end(list);
    return used;
}
