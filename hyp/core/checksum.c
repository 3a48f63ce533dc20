#include "hyp/core/checksum.h"

#include "hyp/core/string.h"

/* Words as this machine has them: the byte order of all of them only turns the sum's bytes, too. */
static u32 word(const u8 *at)
{
    return (u32)at[0] | (u32)at[1] << 8;
}

/* Any address; the last byte of an odd size has a zero behind it. */
static u64 sum_slowly(const u8 *at, u32 size)
{
    u64 sum = 0;

    for (; size > 1; at += 2, size -= 2)
        sum += word(at);
    return size ? sum + *at : sum;
}

/* Four bytes at a time, where they are aligned. */
static u64 sum_up(const u8 *at, u32 size)
{
    u64 sum = 0;

    if ((uintptr_t)at & 1)
        return sum_slowly(at, size);
    if ((uintptr_t)at & 2 && size > 1) {
        sum = word(at);
        at += 2;
        size -= 2;
    }
    for (u32 four; size > 3; at += 4, size -= 4, sum += four)
        memcpy(&four, __builtin_assume_aligned(at, 4), 4);
    return sum + sum_slowly(at, size);
}

/* Adds the carries to the sum until there is none. */
static u16 fold(u64 sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)sum;
}

bool checksum_fill(u8 *frame, u32 length, u32 start, u32 offset)
{
    u16 sum;

    if (!checksum_fits(length, start, offset))
        return false;
    sum = (u16)~fold(sum_up(frame + start, length - start));
    if (!sum)
        sum = 0xffff; /* the same number; and 0 would tell UDP that there is no checksum */
    frame[start + offset] = (u8)sum;
    frame[start + offset + 1] = (u8)(sum >> 8);
    return true;
}
