/* Stage 2 of a VM as ranges: neighbours that go to neighbours, with equal rights and leaves. */
#ifndef MONITOR_MAP_RANGE_H
#define MONITOR_MAP_RANGE_H

#include "arch/types.h"
#include "hyp/vm/stage2.h"

struct map_range {
    gpa_t gpa;
    hpa_t hpa;
    u64 size;   /* bytes; 0: no range       */
    u32 rights; /* PTE_R, PTE_W, PTE_X      */
    u32 leaf;   /* bytes of each leaf       */
};

/* A scan of [next, end): it looks at one entry of the tables at a time. */
struct map_scan {
    gpa_t next, end;       /* whole pages                              */
    struct map_range open; /* what may go on with the next entry       */
};

/*
 * Looks at the next entry. True: a range has ended, which is in `done`. The last one ends when
 * `next` has reached `end` and the scan is asked once more; then `open` is empty.
 */
bool map_scan_step(struct map_scan *scan, const struct stage2 *s2, struct map_range *done);

/* Nothing more will come. */
static inline bool map_scan_ended(const struct map_scan *scan)
{
    return scan->next >= scan->end && !scan->open.size;
}

#endif
