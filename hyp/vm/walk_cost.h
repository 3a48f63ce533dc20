/*
 * What translation costs when the TLB has nothing of it: the reads of a full walk, over all that is
 * mapped. Pure.
 */
#ifndef VM_WALK_COST_H
#define VM_WALK_COST_H

#include "hyp/vm/walk_scan.h"

/* Pages of the guest: none (Bare), 4 KiB, 4 MiB; leaves of the host: 4 KiB, 4 MiB. */
enum { WALK_BARE, WALK_4K, WALK_4M, WALK_SIZES };

struct walk_cost {
    u64 bytes[WALK_SIZES][WALK_SIZES][WALK_MAX_READS + 1];
};

/* Counts what is mapped by a span. */
void walk_cost_add(struct walk_cost *cost, const struct walk_span *span);

/* What a TLB entry covers: the smaller of the two leaves. */
u32 walk_cost_entry_size(u32 guest, u32 host);

/* Sums over all. With `host_4k` as if every leaf of the host were of 4 KiB, with `guest_4k` as if
 * every page of the guest were: the same bytes mapped, more reads and entries. */
struct walk_cost_sum {
    u64 bytes;
    u64 entries;     /* of a TLB that holds all of it                       */
    u64 page_reads;  /* the reads of one walk to each 4 KiB of it           */
    u64 entry_reads; /* the reads that fill such a TLB                      */
};
struct walk_cost_sum walk_cost_sum(const struct walk_cost *cost, bool host_4k, bool guest_4k);

#endif
