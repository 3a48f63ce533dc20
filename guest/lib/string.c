#include "guest/lib/string.h"

void *memcpy(void *to, const void *from, size_t size)
{
    u8 *target = to;
    const u8 *source = from;

    while (size-- > 0)
        *target++ = *source++;
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    u8 *target = to;

    while (size-- > 0)
        *target++ = (u8)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const u8 *left = a, *right = b;

    for (; size > 0; size--, left++, right++)
        if (*left != *right)
            return *left - *right;
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

char *strcpy(char *to, const char *from)
{
    memcpy(to, from, strlen(from) + 1);
    return to;
}
