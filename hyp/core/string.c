#include "hyp/core/string.h"

#include "arch/types.h"

/* Words are moved in blocks of this many: guest memory comes and goes by the megabyte. */
#define BLOCK_WORDS 8

typedef u32 __attribute__((may_alias)) word;

static bool both_aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

/* Copies upwards: right too where `from` overlaps and lies above `to`. */
static void *copy_up(void *to, const void *from, size_t size)
{
    u8 *d = to;
    const u8 *s = from;

    if (both_aligned(d, s)) {
        word *dw = to;
        const word *sw = from;

        for (; size >= BLOCK_WORDS * 4;
             size -= BLOCK_WORDS * 4, dw += BLOCK_WORDS, sw += BLOCK_WORDS) {
            word a = sw[0], b = sw[1], c = sw[2], e = sw[3];
            word f = sw[4], g = sw[5], h = sw[6], i = sw[7];

            dw[0] = a, dw[1] = b, dw[2] = c, dw[3] = e;
            dw[4] = f, dw[5] = g, dw[6] = h, dw[7] = i;
        }
        d = (u8 *)dw;
        s = (const u8 *)sw;
    }
    while (size--)
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
