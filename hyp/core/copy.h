/* A copy of what somebody else may be reading or writing at this moment. */
#ifndef CORE_COPY_H
#define CORE_COPY_H

#include "arch/types.h"
#include "hyp/core/string.h"

#define COPY_WORDS 8 /* more are memcpy's business */

/*
 * As memcpy. An aligned halfword, and few aligned words, are moved by one load and one store each,
 * so that nobody sees half of one.
 */
static ALWAYS_INLINE void copy_whole(void *to, const void *from, u32 size)
{
    typedef u16 __attribute__((may_alias)) half;
    typedef u32 __attribute__((may_alias)) word;
    u32 low_bits = (u32)(uintptr_t)to | (u32)(uintptr_t)from | size;

    if (size <= COPY_WORDS * 4 && !(low_bits & 3))
        for (u32 i = 0; i < size / 4; i++)
            ((volatile word *)to)[i] = ((const volatile word *)from)[i];
    else if (size == 2 && !(low_bits & 1))
        *(volatile half *)to = *(const volatile half *)from;
    else
        memcpy(to, from, size);
}

#endif
