/*
 * Several harts for unit tests, one of which is `here` at a time, and the time, which stands still
 * until it is set. To be included before any header that reads tp or CSRs.
 */
#ifndef UNIT_FAKE_HARTS_H
#define UNIT_FAKE_HARTS_H

#if defined(ARCH_OWN_TRAP_H) || defined(ARCH_CSR_H)
#error "include this before any header that reads tp or CSRs"
#endif
#define ARCH_OWN_TRAP_H
#define ARCH_CSR_H

#include "arch/types.h"
#include <string.h>

struct guarded_trap {
    u32 cause, tval;
    u32 htval, htinst;
};

struct own_trap_area {
    u32 stack, sp, depth;
    struct guarded_trap guarded;
};

static inline struct own_trap_area *own_trap_area(void);

#include "hyp/core/hart.h"

struct hart harts[MAX_HARTS];
u32 hart_count;

static struct {
    u32 here;               /* index of the hart that everything happens on       */
    u64 now;                /* in ticks                                           */
    u64 compare[MAX_HARTS]; /* stimecmp                                           */
} fake_harts;

static inline struct own_trap_area *own_trap_area(void)
{
    return &harts[fake_harts.here].own;
}

static inline u64 time_now(void)
{
    return fake_harts.now;
}

#define csr_write_compare(low_csr, high_csr, value) (fake_harts.compare[fake_harts.here] = (value))

static inline void fake_harts_reset(u32 count)
{
    memset(harts, 0, sizeof(harts));
    memset(&fake_harts, 0, sizeof(fake_harts));
    hart_count = count;
    for (u32 i = 0; i < count; i++) {
        harts[i].index = i;
        harts[i].online = true;
        harts[i].programmed = ~0ull;
        fake_harts.compare[i] = ~0ull;
    }
}

#endif
