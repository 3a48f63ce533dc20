#include "hyp/vm/walk_check_parts.h"

#include "arch/csr.h"
#include "hyp/core/physmem.h"

#define PTE_FLAGS 0x3ffu
#define ALL       (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)

/*
 * The pool by pages. Entries are at the same four indices in every table, so that a host table may
 * be a table of any level, a root its own child, and may be mapped to the guest as one of its own;
 * only what the guest has in its tables must not lead the host anywhere. A 4 MiB leaf onto the pool
 * maps the page of each such index, which is a table of the guest's; and these are the indices of
 * the host's root that gPAs use, two of them past 4 GiB.
 */
static const u16 slots[] = {5, 511, 768, 1023};
static const u16 host_slots[] = {5, 511, 1024 + 768, 3072 + 1023};
static const u16 host_root[] = {0, 1, 2, 3};
static const u16 host_tables[] = {8, 9, 10};
static const u16 guest_tables[] = {5, 511, 768, 1023, 12, 13};
static const u16 data_pages[] = {20, 21, 510, 1022};

static u32 next(struct walk_check *check)
{
    u32 x = check->random;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    check->random = x;
    return x * 0x9e3779b1u;
}

static u32 below(struct walk_check *check, u32 limit)
{
    return (next(check) >> 8) % limit;
}

static bool one_in(struct walk_check *check, u32 count)
{
    return !below(check, count);
}

#define ONE_OF(check, array) ((array)[below(check, ARRAY_SIZE(array))])

static hpa_t page_of(const struct walk_check *check, u32 page)
{
    return check->pool + (hpa_t)page * PAGE_SIZE;
}

static gpa_t random_gpa(struct walk_check *check)
{
    u32 root = one_in(check, 16) ? 77 : ONE_OF(check, host_slots); /* 77: nothing is there */

    return (gpa_t)root << 22 | (gpa_t)ONE_OF(check, slots) << PAGE_SHIFT;
}

/* A leaf, mostly; of any rights, the reserved ones too, but often of all that A and D allow. */
static u32 leaf_flags(struct walk_check *check)
{
    static const u32 preset[] = {0, PTE_R, PTE_A | PTE_D, PTE_R | PTE_X | PTE_A};
    u32 flags = next(check) & PTE_FLAGS;

    if (check->tame && !one_in(check, 8))
        return ALL | (flags & (PTE_U | PTE_G));
    if (one_in(check, 3))
        return flags | ONE_OF(check, preset) | (one_in(check, 16) ? 0 : PTE_V);
    return flags | PTE_V | PTE_R | PTE_W | PTE_X;
}

static u32 pointer_flags(struct walk_check *check)
{
    u32 reserved = !check->tame && one_in(check, 16) ? 0 : PTE_U | PTE_A | PTE_D;

    return (next(check) & PTE_FLAGS & ~(PTE_V | PTE_R | PTE_W | PTE_X | reserved)) |
           (!check->tame && one_in(check, 16) ? 0 : PTE_V);
}

/* Mostly what a host gives: all rights, or one of the other sets that there are. */
static u32 host_leaf_flags(struct walk_check *check)
{
    static const u32 rights[] = {PTE_R, PTE_X, PTE_R | PTE_X, PTE_R | PTE_W};
    u32 flags = PTE_V | PTE_U | PTE_A | PTE_D | (next(check) & PTE_G);

    if (one_in(check, 6))
        return leaf_flags(check);
    return flags | (one_in(check, 3) ? ONE_OF(check, rights) : PTE_R | PTE_W | PTE_X);
}

/* Outside: no superpage, for that would reach beyond the page. */
static hpa_t outside_or(const struct walk_check *check, u32 page)
{
    return check->protected ? check->protected : page_of(check, page);
}

/* An entry of the host's root. */
static pte_t random_host_root_entry(struct walk_check *check)
{
    switch (below(check, 16)) {
    case 0 ... 4:
        return pte_make(check->pool, host_leaf_flags(check));
    case 5:
        return pte_make(page_of(check, ONE_OF(check, data_pages)), leaf_flags(check) | PTE_R);
    case 6:
        return pte_make(outside_or(check, 3), pointer_flags(check));
    case 7:
        return pte_make(page_of(check, ONE_OF(check, host_root)), pointer_flags(check));
    default:
        return pte_make(page_of(check, ONE_OF(check, host_tables)), pointer_flags(check));
    }
}

/* An entry of the host's other tables. */
static pte_t random_host_entry(struct walk_check *check)
{
    switch (below(check, 16)) {
    case 0:
        return pte_make(outside_or(check, 20), host_leaf_flags(check) | PTE_R);
    case 1:
        return pte_make(page_of(check, ONE_OF(check, host_tables)), pointer_flags(check));
    case 2:
        return pte_make(page_of(check, ONE_OF(check, host_tables)), host_leaf_flags(check));
    case 3:
        return pte_make(page_of(check, ONE_OF(check, host_root)), host_leaf_flags(check));
    case 4 ... 6:
        return pte_make(page_of(check, ONE_OF(check, data_pages)), host_leaf_flags(check));
    default:
        return pte_make(page_of(check, ONE_OF(check, guest_tables)), host_leaf_flags(check));
    }
}

static pte_t random_guest_entry(struct walk_check *check)
{
    gpa_t gpa = random_gpa(check);

    switch (below(check, 8)) {
    case 0 ... 2:
        return pte_make(gpa, leaf_flags(check));
    case 3:
        return pte_make(ALIGN_DOWN(gpa, (gpa_t)SUPERPAGE_SIZE), leaf_flags(check));
    default:
        return pte_make(gpa, pointer_flags(check));
    }
}

static void set_entry(const struct walk_check *check, u32 page, u32 slot, pte_t entry)
{
    phys_write(page_of(check, page) + slot * sizeof(pte_t), &entry, sizeof(entry));
}

static void make_tables(struct walk_check *check, const u16 *pages, u32 count,
                        pte_t (*random_entry)(struct walk_check *check))
{
    for (u32 i = 0; i < count; i++)
        for (u32 slot = 0; slot < ARRAY_SIZE(slots); slot++)
            set_entry(check, pages[i], slots[slot], random_entry(check));
}

void walk_check_new_tables(struct walk_check *check)
{
    check->tame = one_in(check, 2);
    make_tables(check, host_root, ARRAY_SIZE(host_root), random_host_root_entry);
    make_tables(check, host_tables, ARRAY_SIZE(host_tables), random_host_entry);
    make_tables(check, guest_tables, ARRAY_SIZE(guest_tables), random_guest_entry);
}

/* The entries of the host's root that no gPA uses must be invalid: nothing leads outside. */
static void clear_root(const struct walk_check *check)
{
    for (u32 i = 0; i < ARRAY_SIZE(host_root); i++)
        phys_fill(page_of(check, host_root[i]), 0, PAGE_SIZE);
}

void walk_check_fill(const struct walk_check *check)
{
    u32 words[64];

    for (u32 at = 0; at < SUPERPAGE_SIZE; at += sizeof(words)) {
        for (u32 i = 0; i < ARRAY_SIZE(words); i++)
            words[i] = (u32)check->pool + at + i * (u32)sizeof(u32);
        phys_write(check->pool + at, words, sizeof(words));
    }
    clear_root(check);
}

void walk_check_access(struct walk_check *check, struct walk_context *context, gva_t *gva,
                       enum walk_access *access)
{
    u32 bits = next(check);

    *context = (struct walk_context){
        .vsatp = (one_in(check, 16) ? 0 : SATP_SV32) | (next(check) & SATP_ASID) |
                 (u32)(random_gpa(check) >> PAGE_SHIFT),
        .root = check->pool,
        .user = bits >> 8 & 1,
        .sum = bits >> 9 & 1,
        .mxr = bits >> 10 & 1,
        .mxr_hs = (bits >> 11 & 7) == 0,
        .vs_hardware_ad = check->vs_hardware_ad,
        .g_hardware_ad = check->g_hardware_ad,
    };
    *access = (enum walk_access)below(check, 3);
    *gva = (gva_t)ONE_OF(check, slots) << 22 | (gva_t)ONE_OF(check, slots) << PAGE_SHIFT |
           below(check, PAGE_SIZE / sizeof(u32)) * (u32)sizeof(u32);
}

void walk_check_trial(struct walk_check *check, u32 without_guest, u32 without_host,
                      struct walk_context *context, gva_t *gva)
{
    u32 slot = slots[0];
    gpa_t superpage = (gpa_t)slot << 22;

    set_entry(check, 0, slot, pte_make(check->pool, (ALL | PTE_U) & ~without_host));
    set_entry(check, slot, slot, pte_make(superpage, ALL & ~without_guest));
    *context = (struct walk_context){
        .vsatp = SATP_SV32 | (u32)((superpage >> PAGE_SHIFT) + slot),
        .root = check->pool,
    };
    *gva = (gva_t)slot << 22;
}
