#include "hyp/core/string.h"

#include "arch/types.h"

/* Words are moved in blocks of this many: guest memory comes and goes by the megabyte. */
#define BLOCK_WORDS 8

typedef u32 __attribute__((may_alias)) word;

static bool both_aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

/* Whole words, both aligned; returns how many bytes that were. */
static size_t copy_words(word *to, const word *from, size_t size)
{
    word *d = to;

    for (; size >= BLOCK_WORDS * 4;
         size -= BLOCK_WORDS * 4, d += BLOCK_WORDS, from += BLOCK_WORDS) {
        word a = from[0], b = from[1], c = from[2], e = from[3];
        word f = from[4], g = from[5], h = from[6], i = from[7];

        d[0] = a, d[1] = b, d[2] = c, d[3] = e;
        d[4] = f, d[5] = g, d[6] = h, d[7] = i;
    }
    for (; size >= 4; size -= 4)
        *d++ = *from++;
    return (size_t)(d - to) * 4;
}

/*
 * The same where only `to` is aligned: words are read where they are, and each that is stored is
 * made of two. The first lies partly before `from`, where there are bytes of the same object, too;
 * none lies beyond the end.
 */
static size_t copy_shifted(word *to, const u8 *from, size_t size)
{
    u32 ahead = (u32)((uintptr_t)from & 3) * 8, behind = 32 - ahead;
    const word *s = (const word *)((uintptr_t)from & ~(uintptr_t)3);
    word *d = to, carry = *s;

    for (; size >= 20; size -= 16, s += 4, d += 4) {
        word a = s[1], b = s[2], c = s[3], e = s[4];

        d[0] = carry >> ahead | a << behind, d[1] = a >> ahead | b << behind;
        d[2] = b >> ahead | c << behind, d[3] = c >> ahead | e << behind;
        carry = e;
    }
    return (size_t)(d - to) * 4;
}

/* Copies upwards: right too where `from` overlaps and lies above `to`. */
static void *copy_up(void *to, const void *from, size_t size)
{
    u8 *d = to;
    const u8 *s = from;
    size_t part = 0;

    /* At least one byte more than copy_shifted looks back. */
    if (!both_aligned(d, s) && size >= BLOCK_WORDS * 4)
        for (part = 4 + (-(uintptr_t)d & 3); part; part--, size--)
            *d++ = *s++;
    if (both_aligned(d, s))
        part = copy_words((word *)d, (const word *)s, size);
    else if (d != to)
        part = copy_shifted((word *)d, s, size);
    d += part;
    s += part;
    for (size -= part; size; size--)
        *d++ = *s++;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return copy_up(to, from, size);
}

void *memmove(void *to, const void *from, size_t size)
{
    u8 *d = to;
    const u8 *s = from;

    if (d <= s || d >= s + size)
        return copy_up(to, from, size);
    while (size--)
        d[size] = s[size];
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    u8 *d = to;

    if (both_aligned(d, d)) {
        word fill = (u8)byte * 0x01010101u;
        word *dw = to;

        for (; size >= BLOCK_WORDS * 4; size -= BLOCK_WORDS * 4, dw += BLOCK_WORDS) {
            dw[0] = fill, dw[1] = fill, dw[2] = fill, dw[3] = fill;
            dw[4] = fill, dw[5] = fill, dw[6] = fill, dw[7] = fill;
        }
        d = (u8 *)dw;
    }
    while (size--)
        *d++ = (u8)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const u8 *x = a, *y = b;

    if (both_aligned(x, y))
        for (; size >= 4 && *(const word *)x == *(const word *)y; size -= 4)
            x += 4, y += 4;
    for (; size; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *text)
{
    const char *end = text;

    while (*end)
        end++;
    return (size_t)(end - text);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t size)
{
    for (; size && *a && *a == *b; size--)
        a++, b++;
    return size ? (u8)*a - (u8)*b : 0;
}
