/* The checksum of the Internet protocols (RFC 1071): a sum of 16-bit words in ones' complement. */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include "arch/types.h"

/* Are the two bytes of a checksum, `offset` bytes behind `start`, in a frame of `length` bytes? */
static inline bool checksum_fits(u32 length, u32 start, u32 offset)
{
    return start <= length && offset <= length - start && length - start - offset >= 2;
}

/*
 * Sums up the bytes of a frame from `start` to its end, and puts the complement `offset` bytes
 * behind `start`, where the sum of what is not in those bytes (the pseudo header) was. False, and
 * nothing is changed: the two bytes are not in the frame. Pure.
 */
bool checksum_fill(u8 *frame, u32 length, u32 start, u32 offset);

#endif
