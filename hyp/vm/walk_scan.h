/*
 * The translations of a range of gVAs, one page after the other: what each leads to through both
 * stages, and what a walk to it costs. Pure.
 */
#ifndef VM_WALK_SCAN_H
#define VM_WALK_SCAN_H

#include "hyp/vm/walk.h"

enum walk_span_kind {
    WALK_SPAN_NONE,    /* the guest maps nothing there                         */
    WALK_SPAN_NO_PAGE, /* to a gPA that leads nowhere: a device, or no memory  */
    WALK_SPAN_MAPPED,
};

/* gVAs in a row that lead to gPAs and hPAs in a row, in the same way. */
struct walk_span {
    enum walk_span_kind kind;
    gva_t gva;
    u64 size; /* bytes                                                  */
    gpa_t gpa;
    hpa_t hpa;
    u32 rights;          /* PTE_R, PTE_W, PTE_X of both leaves                     */
    bool user;           /* U of the guest's leaf; when Bare all is for both modes */
    u32 vs_size, g_size; /* of the leaves; vs_size is 0 when Bare                  */
    u32 reads;           /* of a walk to a byte of it                              */
};

/* A scan of [next, end), gVAs of whole pages; `end` may be 2^32. */
struct walk_scan {
    u64 next, end;
};

/*
 * Walks to `next` and moves it on behind what is translated by the same two leaves, or not at all
 * for the same reason; `span` tells of it. The context is one that may read whatever is mapped
 * (guest_walk_debug_context).
 */
void walk_scan_step(struct walk_scan *scan, const struct walk_context *context,
                    struct walk_span *span);

/* Adds `next` to `span` if it goes on where that ends, in the same way. */
bool walk_span_join(struct walk_span *span, const struct walk_span *next);

#endif
