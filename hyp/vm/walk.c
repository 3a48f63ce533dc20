/*
 * The two-dimensional walk, after the privileged spec, "Virtual Address Translation Process" and
 * "Two-Stage Address Translation". One loop, find_leaf, serves both stages. They differ in where
 * an entry is: a table of the VS-stage is known by its gPA, so reading one of its entries is an
 * access of its own, which the G-stage translates first: translate calls itself, once.
 */
#include "hyp/vm/walk.h"
#include "arch/csr.h"

#define PTE_RWX (PTE_R | PTE_W | PTE_X)

struct walker {
    const struct walk_context *context;
    struct walk_record *record;
};

/* One address to be translated by one stage. */
struct request {
    enum walk_stage stage;
    u64 address; /* gVA for the VS-stage, gPA for the G-stage                         */
    enum walk_access access;
    bool implicit; /* made by the walk itself, for an entry of the guest's tables     */
};

/* The leaf that a stage's walk ended at. */
struct leaf {
    pte_t entry;
    u32 size;
    u64 address;         /* what the request's address translates to                  */
    gpa_t entry_gpa;     /* VS-stage: where `entry` lies ...                          */
    pte_t entry_mapping; /* ... and the G-stage's leaf for it                         */
};

enum entry_kind { ENTRY_INVALID, ENTRY_POINTER, ENTRY_LEAF };

enum fault { FAULT_ACCESS, FAULT_PAGE, FAULT_GUEST_PAGE };

/* Every fault is reported as one of the original access, also those of implicit accesses. */
static const u8 fault_cause[][3] = {
    [FAULT_ACCESS] = {[WALK_READ] = CAUSE_LOAD_ACCESS,
                      [WALK_WRITE] = CAUSE_STORE_ACCESS,
                      [WALK_EXECUTE] = CAUSE_FETCH_ACCESS},
    [FAULT_PAGE] = {[WALK_READ] = CAUSE_LOAD_PAGE,
                    [WALK_WRITE] = CAUSE_STORE_PAGE,
                    [WALK_EXECUTE] = CAUSE_FETCH_PAGE},
    [FAULT_GUEST_PAGE] = {[WALK_READ] = CAUSE_LOAD_GUEST_PAGE,
                          [WALK_WRITE] = CAUSE_STORE_GUEST_PAGE,
                          [WALK_EXECUTE] = CAUSE_FETCH_GUEST_PAGE},
};

static const u32 needed_right[] = {
    [WALK_READ] = PTE_R,
    [WALK_WRITE] = PTE_W,
    [WALK_EXECUTE] = PTE_X,
};

/* Ends the walk; returns false for the caller to pass on. */
static bool fail(const struct walker *w, enum fault fault)
{
    w->record->cause = fault_cause[fault][w->record->access];
    return false;
}

/* Ends the walk because the stage of the request does not allow it. */
static bool fail_page(const struct walker *w, const struct request *request)
{
    if (request->stage == WALK_VS_STAGE)
        return fail(w, FAULT_PAGE);
    w->record->gpa = request->address;
    w->record->implicit = request->implicit;
    w->record->implicit_write = request->implicit && request->access == WALK_WRITE;
    return fail(w, FAULT_GUEST_PAGE);
}

/* What an entry says, permissions aside. A pointer with A, D or U is reserved. */
static enum entry_kind classify(pte_t entry, int level)
{
    if (!(entry & PTE_V))
        return ENTRY_INVALID;
    if (!pte_is_leaf(entry))
        return entry & (PTE_A | PTE_D | PTE_U) ? ENTRY_INVALID : ENTRY_POINTER;
    if ((entry & (PTE_R | PTE_W)) == PTE_W)
        return ENTRY_INVALID;
    return IS_ALIGNED(pte_address(entry), (u64)sv32_leaf_size(level)) ? ENTRY_LEAF : ENTRY_INVALID;
}

/* The rights that a leaf of the stage gives to the vCPU's mode, or to an implicit access. */
static u32 leaf_rights(const struct walk_context *context, enum walk_stage stage, bool implicit,
                       pte_t leaf)
{
    bool is_vs_stage = stage == WALK_VS_STAGE;
    u32 rights = leaf & PTE_RWX;

    /* MXR is for explicit loads; the guest's own has no say in the G-stage. */
    if (!implicit && (context->mxr_hs || (is_vs_stage && context->mxr)) && (rights & PTE_X))
        rights |= PTE_R;
    /* All accesses are user-level ones to the G-stage. */
    if (!is_vs_stage || context->user)
        return leaf & PTE_U ? rights : 0;
    if (leaf & PTE_U)
        return context->sum ? rights & ~PTE_X : 0;
    return rights;
}

/* Must A or D be set in the leaf before the access is made? */
static bool needs_update(pte_t leaf, enum walk_access access)
{
    return !(leaf & PTE_A) || (access == WALK_WRITE && !(leaf & PTE_D));
}

static bool is_allowed(const struct walk_context *context, const struct request *request,
                       pte_t leaf)
{
    bool hardware_ad =
        request->stage == WALK_VS_STAGE ? context->vs_hardware_ad : context->g_hardware_ad;
    u32 rights = leaf_rights(context, request->stage, request->implicit, leaf);

    if (!(rights & needed_right[request->access]))
        return false;
    return hardware_ad || !needs_update(leaf, request->access);
}

static bool translate(const struct walker *w, const struct request *request, struct leaf *leaf);

/*
 * Reads and records the entry for the request's address in the table at `table`, which is a gPA
 * for the VS-stage and an hPA for the G-stage.
 */
static bool read_entry(const struct walker *w, const struct request *request, int level, u64 table,
                       struct leaf *leaf)
{
    const struct walk_context *context = w->context;
    bool is_vs_stage = request->stage == WALK_VS_STAGE;
    u32 index = is_vs_stage ? sv32_vpn((gva_t)request->address, level)
                            : sv32x4_gpn(request->address, level);
    u64 address = table + index * (u32)sizeof(pte_t);
    struct walk_read read = {
        .stage = request->stage,
        .level = level,
        .gpa = request->address,
        .hpa = address,
        .index = index,
    };

    if (is_vs_stage) {
        struct request entry = {WALK_G_STAGE, address, WALK_READ, .implicit = true};
        struct leaf mapping;

        if (!translate(w, &entry, &mapping))
            return false;
        read.gpa = leaf->entry_gpa = address;
        read.hpa = mapping.address;
        leaf->entry_mapping = mapping.entry;
    }
    if (!context->read_entry(context->memory, read.hpa, &read.entry))
        return fail(w, FAULT_ACCESS);
    leaf->entry = read.entry;
    w->record->reads[w->record->count++] = read;
    return true;
}

/* Follows the stage's tables down to the leaf for the request's address. */
static bool find_leaf(const struct walker *w, const struct request *request, struct leaf *leaf)
{
    u64 table = request->stage == WALK_VS_STAGE ? (u64)(w->context->vsatp & SATP_PPN) << PAGE_SHIFT
                                                : w->context->root;

    /*
     * Invariant: `table` is the table of `level` that covers the address, in the address space
     * that the stage's tables are linked in; the entries read on the way to it were pointers.
     */
    for (int level = 1; level >= 0; level--) {
        enum entry_kind kind;

        if (!read_entry(w, request, level, table, leaf))
            return false;
        kind = classify(leaf->entry, level);
        if (kind == ENTRY_INVALID)
            break;
        if (kind == ENTRY_LEAF) {
            leaf->size = sv32_leaf_size(level);
            return true;
        }
        table = pte_address(leaf->entry);
    }
    /* An invalid entry, or a pointer where there is no further level. */
    return fail_page(w, request);
}

static bool translate(const struct walker *w, const struct request *request, struct leaf *leaf)
{
    if (!find_leaf(w, request, leaf))
        return false;
    if (!is_allowed(w->context, request, leaf->entry))
        return fail_page(w, request);
    leaf->address = pte_address(leaf->entry) | (u32)(request->address & (leaf->size - 1));
    return true;
}

/* Hardware sets A or D in a guest's entry by a store, which the G-stage may refuse. */
static bool check_update(const struct walker *w, const struct leaf *leaf)
{
    struct request update = {WALK_G_STAGE, leaf->entry_gpa, WALK_WRITE, .implicit = true};

    return is_allowed(w->context, &update, leaf->entry_mapping) || fail_page(w, &update);
}

/* gVA to gPA. `rights` is narrowed to what the stage gives. */
static bool walk_vs_stage(const struct walker *w, u32 *rights)
{
    struct walk_record *record = w->record;
    struct request request = {WALK_VS_STAGE, record->gva, record->access, .implicit = false};
    struct leaf leaf;

    if (!translate(w, &request, &leaf))
        return false;
    if (needs_update(leaf.entry, record->access) && !check_update(w, &leaf))
        return false;
    record->gpa = leaf.address;
    record->vs_size = leaf.size;
    *rights &= leaf_rights(w->context, WALK_VS_STAGE, false, leaf.entry);
    return true;
}

/* gPA to hPA, the last part of the walk. */
static void walk_g_stage(const struct walker *w, u32 rights)
{
    struct walk_record *record = w->record;
    struct request request = {WALK_G_STAGE, record->gpa, record->access, .implicit = false};
    struct leaf leaf;

    if (!translate(w, &request, &leaf))
        return;
    record->hpa = leaf.address;
    record->g_size = leaf.size;
    record->rights = rights & leaf_rights(w->context, WALK_G_STAGE, false, leaf.entry);
}

void walk(const struct walk_context *context, gva_t gva, enum walk_access access,
          struct walk_record *record)
{
    const struct walker w = {context, record};
    u32 rights = PTE_RWX;

    *record = (struct walk_record){.gva = gva, .access = access, .gpa = gva};
    if (context->vsatp & SATP_SV32) {
        record->gpa = 0;
        if (!walk_vs_stage(&w, &rights))
            return;
    }
    walk_g_stage(&w, rights);
}
