/*
 * The platform-level interrupt controller (RISC-V PLIC Specification). On the `virt` machine the
 * S-mode of hart n is context 2 * n + 1.
 */
#ifndef GUEST_PLIC_H
#define GUEST_PLIC_H

#include "guest/lib/io.h"

#define PLIC_PENDING (PLIC_BASE + 0x1000)

static inline u32 plic_context(u32 hart)
{
    return 2 * hart + 1;
}

static inline void plic_set_priority(u32 source, u32 priority)
{
    write32(PLIC_BASE + 4 * source, priority);
}

/* Enables exactly the sources (0 to 31) whose bits are set. */
static inline void plic_enable_only(u32 context, u32 sources)
{
    write32(PLIC_BASE + 0x2000 + 0x80 * context, sources);
}

/* Enables source `source` (1 to 95) as well. */
static inline void plic_enable(u32 context, u32 source)
{
    u32 word = PLIC_BASE + 0x2000 + 0x80 * context + source / 32 * 4;

    write32(word, read32(word) | BIT(source % 32));
}

static inline void plic_set_threshold(u32 context, u32 threshold)
{
    write32(PLIC_BASE + 0x200000 + 0x1000 * context, threshold);
}

/* The most urgent source, which is then in service until it is completed; 0 when there is none. */
static inline u32 plic_claim(u32 context)
{
    return read32(PLIC_BASE + 0x200004 + 0x1000 * context);
}

static inline void plic_complete(u32 context, u32 source)
{
    write32(PLIC_BASE + 0x200004 + 0x1000 * context, source);
}

#endif
