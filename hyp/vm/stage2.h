/*
 * The G-stage of one VM: an Sv32x4 tree from guest physical to host physical addresses. Changes
 * are made here; making harts forget old translations is the caller's (tlb.h): when unmap or
 * remap return STAGE2_OK, valid entries have changed, in the range given and nowhere else.
 * (A leaf split at the edge of the range goes on translating the rest of its 4 MiB as before.)
 *
 * Locking: the caller holds the VM's memory lock for map, unmap and remap; lookup and next may run
 * beside them (entries are single words). Tables are freed only by drop and destroy, when nobody
 * else is there.
 */
#ifndef VM_STAGE2_H
#define VM_STAGE2_H

#include "arch/sv32.h"
#include "arch/types.h"

enum stage2_status {
    STAGE2_OK,
    STAGE2_OVERLAP,    /* part of the range is mapped already: nothing was changed  */
    STAGE2_NOT_MAPPED, /* part of the range is not mapped: nothing was changed      */
    STAGE2_NO_MEMORY,  /* no page for a table: nothing was changed                  */
    STAGE2_BAD_RANGE,  /* not aligned to pages, empty, past 34 bits, or rights that
                        * no leaf can hold                                           */
};

/* The rights a guest gets; U is always set in a G-stage leaf, A and D always preset. */
#define STAGE2_RWX (PTE_R | PTE_W | PTE_X)
#define STAGE2_RX  (PTE_R | PTE_X)

struct stage2 {
    hpa_t root;        /* 16 KiB, aligned to 16 KiB                                     */
    pte_t *entries;    /* the root, directly mapped                                     */
    u32 table_pages;   /* 4 KiB pages held by the root and all tables                   */
    bool small_leaves; /* map with 4 KiB leaves only, so that walks show every level   */
};

/* Allocates an empty tree, with small_leaves off. False: no memory. */
bool stage2_init(struct stage2 *s2);

/* Frees every table (not the pages they map), of which drop has left few. */
void stage2_destroy(struct stage2 *s2);

/* Forgets all that is mapped in the 4 MiB of `gpa`, and frees the table that is there. */
void stage2_drop(struct stage2 *s2, gpa_t gpa);

/*
 * Maps [gpa, gpa + size) to [hpa, hpa + size), with 4 MiB leaves wherever both addresses and the
 * size allow it, small_leaves is off and no table was left there by an earlier use. `rights` is
 * one of the STAGE2_ sets.
 */
enum stage2_status stage2_map(struct stage2 *s2, gpa_t gpa, hpa_t hpa, u64 size, u32 rights);

/*
 * Removes every page of the range, or exchanges it for that of [hpa, hpa + size) with other rights;
 * for whoever looks, the old one or the new one is mapped at any time. Leaves that reach beyond the
 * range are split. Validated whole, tables for splits included, before the first entry changes.
 */
enum stage2_status stage2_unmap(struct stage2 *s2, gpa_t gpa, u64 size);
enum stage2_status stage2_remap(struct stage2 *s2, gpa_t gpa, hpa_t hpa, u64 size, u32 rights);

/* What a gPA leads to. */
struct stage2_leaf {
    hpa_t hpa;  /* of the very byte asked for                     */
    u32 rights; /* PTE_R, PTE_W, PTE_X                            */
    u32 size;   /* of the leaf: PAGE_SIZE or SUPERPAGE_SIZE       */
};

/* Software translation of one gPA. False: not mapped, or there is no tree. Takes no lock, has no
 * side effect. */
bool stage2_lookup(const struct stage2 *s2, gpa_t gpa, struct stage2_leaf *leaf);

/* Moves `*gpa`, page-aligned, up to the first page before `end`, at most 2^34, that is mapped, and
 * looks it up. False: there is none, and `*gpa` is `end`. */
bool stage2_next(const struct stage2 *s2, gpa_t *gpa, gpa_t end, struct stage2_leaf *leaf);

#endif
