/*
 * The G-stage tree. Map, unmap and protect are one operation: replace every leaf of a range. They
 * differ in whether the leaves must have been valid and in what takes their place. Each runs in
 * three passes, so that a failure changes nothing:
 *   1. check    every entry of the range; count the tables that the change will need
 *   2. reserve  those tables
 *   3. commit   which cannot fail
 * Checking and committing see the range in pieces, each within one entry of the root.
 */
#include "hyp/vm/stage2.h"
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"

#define GPA_LIMIT  ((gpa_t)1 << SV32X4_GPA_BITS)
#define LEAF_FLAGS (PTE_V | PTE_U | PTE_A | PTE_D)
#define ROOT_PAGES BIT(PAGE_ORDER_ROOT)

/* A level-0 table; while in reserve, a link to the next. */
union table {
    pte_t entries[SV32_ENTRIES];
    union table *next;
};
_Static_assert(sizeof(union table) == PAGE_SIZE, "a table is a page");

enum change_kind { CHANGE_MAP, CHANGE_UNMAP, CHANGE_PROTECT };

struct change {
    enum change_kind kind;
    gpa_t start, end;
    hpa_t hpa;  /* CHANGE_MAP: where `start` goes        */
    u32 rights; /* not for CHANGE_UNMAP                  */
    u32 tables_needed;
    union table *reserve;
};

/* The part of a change that lies under one entry of the root. */
struct piece {
    pte_t *root_entry;
    gpa_t start, end;
};

/*
 * Entries are read by walkers of other harts, and by lookup, while they change: each store is one
 * word and comes after the stores to the table that it points to.
 */
static void entry_store(pte_t *entry, pte_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* What is read through the entry depends on its value, and so is ordered after it. */
static pte_t entry_load(const pte_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static bool is_valid(pte_t entry)
{
    return (entry & PTE_V) != 0;
}

static bool is_table(pte_t entry)
{
    return is_valid(entry) && !pte_is_leaf(entry);
}

/* The table that a root entry points to. */
static union table *table_of(pte_t entry)
{
    return phys_ptr(pte_address(entry));
}

/* What takes the place of `old`, the leaf (or nothing) at `gpa`. */
static pte_t replacement(const struct change *change, pte_t old, gpa_t gpa)
{
    switch (change->kind) {
    case CHANGE_MAP:
        return pte_make(change->hpa + (gpa - change->start), LEAF_FLAGS | change->rights);
    case CHANGE_PROTECT:
        return (old & ~STAGE2_RWX) | change->rights;
    case CHANGE_UNMAP:
        break;
    }
    return 0;
}

/* Can the piece be one 4 MiB leaf, before (unmap, protect) or after the change (map)? */
static bool fits_superpage(const struct stage2 *s2, const struct change *change,
                           const struct piece *piece)
{
    if (piece->end - piece->start != SUPERPAGE_SIZE)
        return false;
    if (change->kind != CHANGE_MAP)
        return true;
    return !s2->small_leaves &&
           IS_ALIGNED(change->hpa + (piece->start - change->start), (u64)SUPERPAGE_SIZE);
}

/* The change may touch a leaf, or the lack of one, only if it is as the change expects. */
static enum stage2_status check_leaf(const struct change *change, pte_t entry)
{
    if (change->kind == CHANGE_MAP)
        return is_valid(entry) ? STAGE2_OVERLAP : STAGE2_OK;
    return is_valid(entry) ? STAGE2_OK : STAGE2_NOT_MAPPED;
}

static enum stage2_status check_piece(const struct stage2 *s2, struct change *change,
                                      const struct piece *piece)
{
    const pte_t *entries;

    if (!is_table(*piece->root_entry)) {
        if (!fits_superpage(s2, change, piece))
            change->tables_needed++;
        return check_leaf(change, *piece->root_entry);
    }

    entries = table_of(*piece->root_entry)->entries;
    for (gpa_t gpa = piece->start; gpa < piece->end; gpa += PAGE_SIZE) {
        enum stage2_status status = check_leaf(change, entries[sv32x4_gpn(gpa, 0)]);

        if (status != STAGE2_OK)
            return status;
    }
    return STAGE2_OK;
}

/*
 * Puts a reserved table in the place of a root entry that is no table: an empty one for an invalid
 * entry, one that translates as before for a leaf.
 */
static void insert_table(struct stage2 *s2, struct change *change, pte_t *root_entry)
{
    union table *table = change->reserve;
    pte_t leaf = *root_entry;

    change->reserve = table->next;
    table->next = NULL;
    if (is_valid(leaf)) {
        for (u32 i = 0; i < SV32_ENTRIES; i++)
            table->entries[i] = leaf + (i << PTE_PPN_SHIFT);
    }
    s2->table_pages++;
    entry_store(root_entry, pte_make(phys_of(table), PTE_V));
}

static void commit_piece(struct stage2 *s2, struct change *change, const struct piece *piece)
{
    pte_t *root_entry = piece->root_entry;
    pte_t *entries;

    if (!is_table(*root_entry)) {
        if (fits_superpage(s2, change, piece)) {
            entry_store(root_entry, replacement(change, *root_entry, piece->start));
            return;
        }
        insert_table(s2, change, root_entry);
    }

    entries = table_of(*root_entry)->entries;
    for (gpa_t gpa = piece->start; gpa < piece->end; gpa += PAGE_SIZE) {
        pte_t *entry = &entries[sv32x4_gpn(gpa, 0)];

        entry_store(entry, replacement(change, *entry, gpa));
    }
}

/* The piece of the change that begins at `gpa`; the next one begins at its end. */
static struct piece piece_at(const struct stage2 *s2, const struct change *change, gpa_t gpa)
{
    gpa_t end = ALIGN_DOWN(gpa, (gpa_t)SUPERPAGE_SIZE) + SUPERPAGE_SIZE;

    return (struct piece){
        .root_entry = &s2->entries[sv32x4_gpn(gpa, 1)],
        .start = gpa,
        .end = end < change->end ? end : change->end,
    };
}

static void free_reserve(struct change *change)
{
    while (change->reserve) {
        union table *table = change->reserve;

        change->reserve = table->next;
        page_free_ptr(table, 0);
    }
}

/* Allocates all the tables that the change needs, or none. */
static bool fill_reserve(struct change *change)
{
    for (u32 i = 0; i < change->tables_needed; i++) {
        union table *table = page_alloc_ptr(0);

        if (!table) {
            free_reserve(change);
            return false;
        }
        table->next = change->reserve;
        change->reserve = table;
    }
    return true;
}

static enum stage2_status apply(struct stage2 *s2, struct change *change)
{
    struct piece piece;

    for (gpa_t gpa = change->start; gpa < change->end; gpa = piece.end) {
        enum stage2_status status;

        piece = piece_at(s2, change, gpa);
        status = check_piece(s2, change, &piece);
        if (status != STAGE2_OK)
            return status;
    }
    if (!fill_reserve(change))
        return STAGE2_NO_MEMORY;
    for (gpa_t gpa = change->start; gpa < change->end; gpa = piece.end) {
        piece = piece_at(s2, change, gpa);
        commit_piece(s2, change, &piece);
    }
    return STAGE2_OK;
}

/* Is [start, start + size) a range of whole pages below 2^34? */
static bool is_page_range(u64 start, u64 size)
{
    return size && IS_ALIGNED(start | size, (u64)PAGE_SIZE) && size <= GPA_LIMIT &&
           start <= GPA_LIMIT - size;
}

/* W without R is reserved, and without any right an entry would be a pointer to a table. */
static bool is_leaf_rights(u32 rights)
{
    return !(rights & ~STAGE2_RWX) && (rights & (PTE_R | PTE_X)) &&
           (rights & (PTE_R | PTE_W)) != PTE_W;
}

enum stage2_status stage2_map(struct stage2 *s2, gpa_t gpa, hpa_t hpa, u64 size, u32 rights)
{
    struct change change = {
        .kind = CHANGE_MAP,
        .start = gpa,
        .end = gpa + size,
        .hpa = hpa,
        .rights = rights,
    };

    if (!is_page_range(gpa, size) || !is_page_range(hpa, size) || !is_leaf_rights(rights))
        return STAGE2_BAD_RANGE;
    return apply(s2, &change);
}

enum stage2_status stage2_unmap(struct stage2 *s2, gpa_t gpa, u64 size)
{
    struct change change = {.kind = CHANGE_UNMAP, .start = gpa, .end = gpa + size};

    if (!is_page_range(gpa, size))
        return STAGE2_BAD_RANGE;
    return apply(s2, &change);
}

enum stage2_status stage2_protect(struct stage2 *s2, gpa_t gpa, u64 size, u32 rights)
{
    struct change change = {
        .kind = CHANGE_PROTECT,
        .start = gpa,
        .end = gpa + size,
        .rights = rights,
    };

    if (!is_page_range(gpa, size) || !is_leaf_rights(rights))
        return STAGE2_BAD_RANGE;
    return apply(s2, &change);
}

bool stage2_lookup(const struct stage2 *s2, gpa_t gpa, struct stage2_leaf *leaf)
{
    int level = 1;
    pte_t entry;

    if (gpa >= GPA_LIMIT)
        return false;
    entry = entry_load(&s2->entries[sv32x4_gpn(gpa, level)]);
    if (is_table(entry)) {
        level = 0;
        entry = entry_load(&table_of(entry)->entries[sv32x4_gpn(gpa, level)]);
    }
    if (!is_valid(entry))
        return false;
    leaf->size = sv32_leaf_size(level);
    leaf->hpa = pte_address(entry) | (u32)(gpa & (leaf->size - 1));
    leaf->rights = entry & STAGE2_RWX;
    return true;
}

bool stage2_init(struct stage2 *s2)
{
    pte_t *entries = page_alloc_ptr(PAGE_ORDER_ROOT);

    if (!entries)
        return false;
    *s2 = (struct stage2){
        .root = phys_of(entries),
        .entries = entries,
        .table_pages = ROOT_PAGES,
    };
    return true;
}

void stage2_destroy(struct stage2 *s2)
{
    for (u32 i = 0; i < SV32X4_ROOT_ENTRIES; i++) {
        if (is_table(s2->entries[i]))
            page_free_ptr(table_of(s2->entries[i]), 0);
    }
    page_free_ptr(s2->entries, PAGE_ORDER_ROOT);
    *s2 = (struct stage2){0};
}
