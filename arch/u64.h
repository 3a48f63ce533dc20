/* 64-bit quantities in 32-bit halves: every split and join of the tree goes through here. */
#ifndef ARCH_U64_H
#define ARCH_U64_H

#include "arch/types.h"

static inline u64 u64_join(u32 low, u32 high)
{
    return (u64)high << 32 | low;
}

static inline u32 u64_low(u64 value)
{
    return (u32)value;
}

static inline u32 u64_high(u64 value)
{
    return (u32)(value >> 32);
}

#endif
