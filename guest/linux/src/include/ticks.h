#ifndef TICKS_H
#define TICKS_H

#include <stdint.h>

/* The 64-bit time counter, read in halves: high, low, high until it is whole. */
static inline uint64_t read_ticks(void)
{
    uint32_t high, low, again;

    do {
        __asm__ volatile("rdtimeh %0\n\trdtime %1\n\trdtimeh %2"
                         : "=r"(high), "=r"(low), "=r"(again));
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

/* Instructions retired, in the same way; where the machine lets a program count them. */
static inline uint64_t read_instret(void)
{
    uint32_t high, low, again;

    do {
        __asm__ volatile("rdinstreth %0\n\trdinstret %1\n\trdinstreth %2"
                         : "=r"(high), "=r"(low), "=r"(again));
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

#endif
