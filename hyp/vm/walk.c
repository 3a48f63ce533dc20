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

/* Ends the walk, for what is wrong with the entry of read `blamed`; returns false to pass on. */
static bool fail(const struct walker *w, enum fault fault, enum walk_reason reason, u32 blamed)
{
    w->record->cause = fault_cause[fault][w->record->access];
    w->record->reason = reason;
    w->record->blamed = blamed;
    return false;
}

/* Ends the walk because the stage of the request does not allow it. */
static bool fail_page(const struct walker *w, const struct request *request,
                      enum walk_reason reason, u32 blamed)
{
    if (request->stage == WALK_VS_STAGE)
        return fail(w, FAULT_PAGE, reason, blamed);
    w->record->gpa = request->address;
    w->record->implicit = request->implicit;
    w->record->implicit_write = request->implicit && request->access == WALK_WRITE;
    return fail(w, FAULT_GUEST_PAGE, reason, blamed);
}

enum walk_reason walk_entry_flaw(pte_t entry, int level)
{
    if (!(entry & PTE_V))
        return WALK_NOT_VALID;
    if (!pte_is_leaf(entry)) {
        if (entry & (PTE_A | PTE_D | PTE_U))
            return WALK_RESERVED_POINTER;
        return level ? WALK_FINE : WALK_TOO_DEEP;
    }
    if ((entry & (PTE_R | PTE_W)) == PTE_W)
        return WALK_RESERVED_RIGHTS;
    return IS_ALIGNED(pte_address(entry), (u64)sv32_leaf_size(level)) ? WALK_FINE : WALK_MISALIGNED;
}

/* Does U of the leaf keep the access out? All accesses are user-level ones to the G-stage. */
static enum walk_reason mode_refusal(const struct walk_context *context, enum walk_stage stage,
                                     enum walk_access access, pte_t leaf)
{
    if (stage == WALK_G_STAGE || context->user)
        return leaf & PTE_U ? WALK_FINE : WALK_NOT_USER;
    if (!(leaf & PTE_U) || (context->sum && access != WALK_EXECUTE))
        return WALK_FINE;
    return WALK_USER_PAGE;
}

/* R, W and X as they count: MXR is for explicit loads, and the guest's own has no say in the
 * G-stage. */
static u32 leaf_rights(const struct walk_context *context, enum walk_stage stage, bool implicit,
                       pte_t leaf)
{
    bool mxr = context->mxr_hs || (stage == WALK_VS_STAGE && context->mxr);
    u32 rights = leaf & PTE_RWX;

    return !implicit && mxr && (rights & PTE_X) ? rights | PTE_R : rights;
}

/* Must A or D be set in the leaf before the access is made? */
static enum walk_reason needed_update(const struct walk_context *context, pte_t leaf,
                                      enum walk_access access)
{
    if (context->ignores_ad)
        return WALK_FINE;
    if (!(leaf & PTE_A))
        return WALK_NOT_ACCESSED;
    return access == WALK_WRITE && !(leaf & PTE_D) ? WALK_NOT_DIRTY : WALK_FINE;
}

/* Why the leaf does not allow the request. */
static enum walk_reason leaf_refusal(const struct walk_context *context,
                                     const struct request *request, pte_t leaf)
{
    bool hardware_ad =
        request->stage == WALK_VS_STAGE ? context->vs_hardware_ad : context->g_hardware_ad;
    enum walk_reason mode = mode_refusal(context, request->stage, request->access, leaf);

    if (mode)
        return mode;
    if (!(leaf_rights(context, request->stage, request->implicit, leaf) &
          needed_right[request->access]))
        return WALK_NO_RIGHT;
    return hardware_ad ? WALK_FINE : needed_update(context, leaf, request->access);
}

/* The rights that the leaf gives to the vCPU's mode. */
static u32 given_rights(const struct walk_context *context, enum walk_stage stage, pte_t leaf)
{
    u32 rights = leaf_rights(context, stage, false, leaf);

    for (u32 access = WALK_READ; access <= WALK_EXECUTE; access++)
        if (mode_refusal(context, stage, access, leaf))
            rights &= ~needed_right[access];
    return rights;
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
    if (!context->read_entry(context->memory, read.hpa, &read.entry)) {
        read.entry = 0;
        w->record->reads[w->record->count] = read;
        return fail(w, FAULT_ACCESS, WALK_NO_MEMORY, w->record->count);
    }
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
    for (int level = 1;; level--) {
        enum walk_reason reason;

        if (!read_entry(w, request, level, table, leaf))
            return false;
        reason = walk_entry_flaw(leaf->entry, level);
        if (reason)
            return fail_page(w, request, reason, w->record->count - 1);
        if (pte_is_leaf(leaf->entry)) {
            leaf->size = sv32_leaf_size(level);
            return true;
        }
        table = pte_address(leaf->entry);
    }
}

static bool translate(const struct walker *w, const struct request *request, struct leaf *leaf)
{
    enum walk_reason reason;

    if (!find_leaf(w, request, leaf))
        return false;
    reason = leaf_refusal(w->context, request, leaf->entry);
    if (reason)
        return fail_page(w, request, reason, w->record->count - 1);
    leaf->address = pte_address(leaf->entry) | (u32)(request->address & (leaf->size - 1));
    return true;
}

/*
 * Hardware sets A or D in a guest's entry by a store, which the G-stage may refuse. To blame is the
 * leaf for that entry, which was read right before it.
 */
static bool check_update(const struct walker *w, const struct leaf *leaf)
{
    struct request update = {WALK_G_STAGE, leaf->entry_gpa, WALK_WRITE, .implicit = true};
    enum walk_reason reason = leaf_refusal(w->context, &update, leaf->entry_mapping);

    return !reason || fail_page(w, &update, reason, w->record->count - 2);
}

/* gVA to gPA. `rights` is narrowed to what the stage gives. */
static bool walk_vs_stage(const struct walker *w, u32 *rights)
{
    struct walk_record *record = w->record;
    struct request request = {WALK_VS_STAGE, record->gva, record->access, .implicit = false};
    struct leaf leaf;

    if (!translate(w, &request, &leaf))
        return false;
    if (needed_update(w->context, leaf.entry, record->access) && !check_update(w, &leaf))
        return false;
    record->gpa = leaf.address;
    record->vs_size = leaf.size;
    *rights &= given_rights(w->context, WALK_VS_STAGE, leaf.entry);
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
    record->rights = rights & given_rights(w->context, WALK_G_STAGE, leaf.entry);
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
