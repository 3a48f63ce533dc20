/*
 * The G-stage tree. Map, unmap and remap are one operation: replace every leaf of a range. They
 * differ in whether the leaves must have been valid and in what takes their place. Each runs in
 * three passes, so that a failure changes nothing:
 *   1. check    every entry of the range; count the tables that the change will need
 *   2. reserve  those tables
 *   3. commit   which cannot fail
 * Checking and committing see the range in slots, each within one entry of the root.
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

enum change_kind { CHANGE_MAP, CHANGE_UNMAP, CHANGE_REMAP };

struct change {
    enum change_kind kind;
    gpa_t start, end;
    hpa_t hpa;  /* where `start` goes; not for CHANGE_UNMAP */
    u32 rights; /* the same                                 */
    u32 tables_needed;
    union table *reserve;
};

/* The part of a change that lies under one entry of the root. */
struct slot {
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

/* What takes the place of the leaf, or nothing, at `gpa`. */
static pte_t replacement(const struct change *change, gpa_t gpa)
{
    if (change->kind == CHANGE_UNMAP)
        return 0;
    return pte_make(change->hpa + (gpa - change->start), LEAF_FLAGS | change->rights);
}

/* Can the slot be one entry of the root, after the change or, where that unmaps, before it? */
static bool fits_superpage(const struct stage2 *s2, const struct change *change,
                           const struct slot *slot)
{
    if (slot->end - slot->start != SUPERPAGE_SIZE)
        return false;
    if (change->kind == CHANGE_UNMAP)
        return true;
    return !s2->small_leaves &&
           IS_ALIGNED(change->hpa + (slot->start - change->start), (u64)SUPERPAGE_SIZE);
}

/* The change may touch a leaf, or the lack of one, only if it is as the change expects. */
static enum stage2_status check_leaf(const struct change *change, pte_t entry)
{
    if (change->kind == CHANGE_MAP)
        return is_valid(entry) ? STAGE2_OVERLAP : STAGE2_OK;
    return is_valid(entry) ? STAGE2_OK : STAGE2_NOT_MAPPED;
}

static enum stage2_status check_slot(const struct stage2 *s2, struct change *change,
                                     const struct slot *slot)
{
    const pte_t *entries;

    if (!is_table(*slot->root_entry)) {
        if (!fits_superpage(s2, change, slot))
            change->tables_needed++;
        return check_leaf(change, *slot->root_entry);
    }

    entries = table_of(*slot->root_entry)->entries;
    for (gpa_t gpa = slot->start; gpa < slot->end; gpa += PAGE_SIZE) {
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

static void commit_slot(struct stage2 *s2, struct change *change, const struct slot *slot)
{
    pte_t *root_entry = slot->root_entry;
    pte_t *entries;

    if (!is_table(*root_entry)) {
        if (fits_superpage(s2, change, slot)) {
            entry_store(root_entry, replacement(change, slot->start));
            return;
        }
        insert_table(s2, change, root_entry);
    }

    entries = table_of(*root_entry)->entries;
    for (gpa_t gpa = slot->start; gpa < slot->end; gpa += PAGE_SIZE)
        entry_store(&entries[sv32x4_gpn(gpa, 0)], replacement(change, gpa));
}

/* The part of the change that begins at `gpa`; the next one begins at its end. */
static struct slot slot_at(const struct stage2 *s2, const struct change *change, gpa_t gpa)
{
    gpa_t end = ALIGN_DOWN(gpa, (gpa_t)SUPERPAGE_SIZE) + SUPERPAGE_SIZE;

    return (struct slot){
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
    struct slot slot;

    for (gpa_t gpa = change->start; gpa < change->end; gpa = slot.end) {
        enum stage2_status status;

        slot = slot_at(s2, change, gpa);
        status = check_slot(s2, change, &slot);
        if (status != STAGE2_OK)
            return status;
    }
    if (!fill_reserve(change))
        return STAGE2_NO_MEMORY;
    for (gpa_t gpa = change->start; gpa < change->end; gpa = slot.end) {
        slot = slot_at(s2, change, gpa);
        commit_slot(s2, change, &slot);
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

/* Map and remap differ only in what they expect to find. */
static enum stage2_status lead_to(struct stage2 *s2, struct change *change, u64 size)
{
    change->end = change->start + size;
    if (!is_page_range(change->start, size) || !is_page_range(change->hpa, size) ||
        !is_leaf_rights(change->rights))
        return STAGE2_BAD_RANGE;
    return apply(s2, change);
}

enum stage2_status stage2_map(struct stage2 *s2, gpa_t gpa, hpa_t hpa, u64 size, u32 rights)
{
    struct change change = {.kind = CHANGE_MAP, .start = gpa, .hpa = hpa, .rights = rights};

    return lead_to(s2, &change, size);
}

enum stage2_status stage2_remap(struct stage2 *s2, gpa_t gpa, hpa_t hpa, u64 size, u32 rights)
{
    struct change change = {.kind = CHANGE_REMAP, .start = gpa, .hpa = hpa, .rights = rights};

    return lead_to(s2, &change, size);
}

enum stage2_status stage2_unmap(struct stage2 *s2, gpa_t gpa, u64 size)
{
    struct change change = {.kind = CHANGE_UNMAP, .start = gpa, .end = gpa + size};

    if (!is_page_range(gpa, size))
        return STAGE2_BAD_RANGE;
    return apply(s2, &change);
}

/* The entry that ends the walk of `gpa`, which has at most 34 bits, and its level. */
static pte_t last_entry(const struct stage2 *s2, gpa_t gpa, int *level)
{
    pte_t entry = entry_load(&s2->entries[sv32x4_gpn(gpa, 1)]);

    *level = 1;
    if (!is_table(entry))
        return entry;
    *level = 0;
    return entry_load(&table_of(entry)->entries[sv32x4_gpn(gpa, 0)]);
}

static void describe(pte_t entry, int level, gpa_t gpa, struct stage2_leaf *leaf)
{
    leaf->size = sv32_leaf_size(level);
    leaf->hpa = pte_address(entry) | (u32)(gpa & (leaf->size - 1));
    leaf->rights = entry & STAGE2_RWX;
}

bool stage2_lookup(const struct stage2 *s2, gpa_t gpa, struct stage2_leaf *leaf)
{
    pte_t entry;
    int level;

    if (!s2->entries || gpa >= GPA_LIMIT)
        return false;
    entry = last_entry(s2, gpa, &level);
    if (!is_valid(entry))
        return false;
    describe(entry, level, gpa, leaf);
    return true;
}

bool stage2_next(const struct stage2 *s2, gpa_t *gpa, gpa_t end, struct stage2_leaf *leaf)
{
    while (s2->entries && *gpa < end) {
        int level;
        pte_t entry = last_entry(s2, *gpa, &level);

        if (is_valid(entry)) {
            describe(entry, level, *gpa, leaf);
            return true;
        }
        *gpa = ALIGN_DOWN(*gpa, sv32_leaf_size(level)) + sv32_leaf_size(level);
    }
    *gpa = end;
    return false;
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

void stage2_drop(struct stage2 *s2, gpa_t gpa)
{
    pte_t *root_entry = &s2->entries[sv32x4_gpn(gpa, 1)];
    pte_t old = *root_entry;

    entry_store(root_entry, 0);
    if (!is_table(old))
        return;
    page_free_ptr(table_of(old), 0);
    s2->table_pages--;
}

void stage2_destroy(struct stage2 *s2)
{
    for (gpa_t gpa = 0; gpa < GPA_LIMIT; gpa += SUPERPAGE_SIZE)
        stage2_drop(s2, gpa);
    page_free_ptr(s2->entries, PAGE_ORDER_ROOT);
    *s2 = (struct stage2){0};
}
