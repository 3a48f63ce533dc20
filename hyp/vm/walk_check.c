#include "hyp/vm/walk_check.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "arch/fence.h"
#include "arch/guest_access.h"
#include "hyp/core/machine.h"
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/vm/walk_check_tables.h"
#include "hyp/vm/walk_verdict.h"

#define MARK 0x57075700u /* what stores store */

/* ---- The hart as it is for one access. ---- */

static void forget_translations(void)
{
    hfence_vvma_all();
    hfence_gvma_all();
}

/* Guests' translations of VMID 0 are lost, which they do not notice. */
static void load(const struct walk_context *context)
{
    u32 vsstatus = (context->sum ? SSTATUS_SUM : 0) | (context->mxr ? SSTATUS_MXR : 0);

    csr_write(CSR_VSATP, 0);
    csr_write(CSR_HGATP, HGATP_SV32X4 | (u32)(context->root >> PAGE_SHIFT));
    csr_write(CSR_VSSTATUS, vsstatus);
    csr_write(CSR_VSATP, context->vsatp);
    csr_write(CSR_HSTATUS, context->user ? 0 : HSTATUS_SPVP);
    if (context->mxr_hs)
        csr_set(CSR_SSTATUS, SSTATUS_MXR);
    forget_translations();
}

static void unload(void)
{
    csr_clear(CSR_SSTATUS, SSTATUS_MXR);
    csr_write(CSR_HSTATUS, 0);
    csr_write(CSR_VSATP, 0);
    csr_write(CSR_VSSTATUS, 0);
    forget_translations(); /* while hgatp still has their VMID */
    csr_write(CSR_HGATP, 0);
}

/* The access of `view` by the hart. Returns whether it was made. */
static bool perform(struct walk_view *view, struct guarded_trap *trap)
{
    gva_t gva = view->record.gva;
    bool done;

    *trap = (struct guarded_trap){0};
    load(&view->context);
    if (view->record.access == WALK_WRITE)
        done = guest_store_word(gva, MARK, trap);
    else if (view->record.access == WALK_EXECUTE)
        done = guest_load_code(gva, &view->hardware, trap);
    else
        done = guest_load_word(gva, &view->hardware, trap);
    unload();
    view->asked = true;
    view->hardware_cause = trap->cause;
    view->hardware_htval = trap->htval;
    view->hardware_htinst = trap->htinst;
    return done;
}

/* ---- What it must have done. ---- */

static bool in_pool(const struct walk_check *check, hpa_t pa)
{
    return ALIGN_DOWN(pa, (hpa_t)SUPERPAGE_SIZE) == check->pool;
}

static bool read_entry(void *memory, hpa_t pa, pte_t *entry)
{
    if (!in_pool(memory, pa))
        return false;
    *entry = phys_read32(pa);
    return true;
}

/* The cause that the walk leads to expect: at its end there may be no memory for us. */
static u32 expected_cause(const struct walk_check *check)
{
    static const u8 access_faults[] = {
        [WALK_READ] = CAUSE_LOAD_ACCESS,
        [WALK_WRITE] = CAUSE_STORE_ACCESS,
        [WALK_EXECUTE] = CAUSE_FETCH_ACCESS,
    };
    const struct walk_record *record = &check->view.record;

    if (record->cause || in_pool(check, record->hpa))
        return record->cause;
    return access_faults[record->access];
}

/* htval may be 0 everywhere; htinst too, but not where htval tells of a table. */
static const char *judge_guest_page_fault(const struct walk_view *view,
                                          const struct walk_verdict *verdict)
{
    u32 htinst = view->hardware_htinst;

    if (view->hardware_htval && view->hardware_htval != verdict->htval)
        return "htval differs";
    if (verdict->htinst)
        return htinst == verdict->htinst || (!htinst && !view->hardware_htval) ? NULL
                                                                               : "htinst differs";
    return htinst == WALK_HTINST_READ || htinst == WALK_HTINST_WRITE
               ? "htinst tells of the guest's tables"
               : NULL;
}

/*
 * Where a table lies outside memory harts do not agree which fault it is, only that it is one; and
 * HLVX may tell of a guest-page fault as of a page fault, without htval.
 */
static const char *judge_fault(const struct walk_check *check, u32 expected,
                               const struct guarded_trap *trap)
{
    const struct walk_record *record = &check->view.record;
    struct walk_verdict verdict;

    walk_verdict(record, &verdict);
    if (record->reason == WALK_NO_MEMORY)
        return NULL;
    if (expected == CAUSE_FETCH_GUEST_PAGE && trap->cause == CAUSE_FETCH_PAGE)
        return NULL;
    if (trap->cause != expected)
        return "the cause differs";
    if (trap->tval != record->gva)
        return "stval differs";
    return walk_is_guest_page_fault(expected) ? judge_guest_page_fault(&check->view, &verdict)
                                              : NULL;
}

/* Did it go to where the walk says? Undoes a store. */
static const char *judge_access(struct walk_check *check)
{
    struct walk_view *view = &check->view;
    u32 now = phys_read32(view->record.hpa);

    if (view->record.access != WALK_WRITE)
        return view->hardware == view->found ? NULL : "it has read another word";
    phys_write(view->record.hpa, &view->found, sizeof(view->found));
    return now == MARK ? NULL : "it has not stored there";
}

/* A and D that the hart sets in the entry of read `i` when the access is made. */
static u32 must_be_set(const struct walk_check *check, u32 i)
{
    const struct walk_record *record = &check->view.record;
    const struct walk_read *read = &record->reads[i];
    bool guest = read->stage == WALK_VS_STAGE;
    bool hardware = guest ? check->vs_hardware_ad : check->g_hardware_ad;
    bool of_page = guest || i + 1 == record->count; /* and not of an entry of the guest's tables */

    if (!pte_is_leaf(read->entry) || !hardware)
        return 0;
    return of_page && record->access == WALK_WRITE ? PTE_A | PTE_D : PTE_A;
}

/* Have the entries that were read changed only as they may, and as they must? */
static const char *judge_entries(const struct walk_check *check, bool made)
{
    const struct walk_record *record = &check->view.record;

    for (u32 i = 0; i < record->count; i++) {
        const struct walk_read *read = &record->reads[i];
        bool guest = read->stage == WALK_VS_STAGE;
        u32 may = pte_is_leaf(read->entry) ? PTE_A | PTE_D : 0;
        pte_t now = phys_read32(read->hpa);

        if (made && ALIGN_DOWN(record->hpa, (hpa_t)sizeof(pte_t)) == read->hpa)
            continue; /* was itself loaded or stored, and put back */
        if (!(guest ? check->vs_hardware_ad : check->g_hardware_ad))
            may = 0;
        if ((now ^ read->entry) & ~may || read->entry & ~now)
            return "it has changed an entry";
        if (made && (now & must_be_set(check, i)) != must_be_set(check, i))
            return "it has not set A or D";
    }
    return NULL;
}

static void count(struct walk_check *check, u32 cause)
{
    const struct walk_record *record = &check->view.record;

    check->walks++;
    check->outcomes[cause]++;
    check->implicit += record->implicit;
    check->updates += record->implicit_write;
    if (!cause)
        check->lengths[record->count]++;
}

/*
 * Where harts of the field do not do what the spec says, in cases that a guest of ours cannot bring
 * about or that change nothing but A and D. MXR is for explicit loads ("Virtual Supervisor Status
 * (vsstatus) Register"), but QEMU also reads a guest's table by sstatus.MXR that the G-stage maps
 * for fetches only. And it sets A and D in tables that the G-stage does not let be written.
 */
static bool is_known_to_differ(const struct walk_check *check)
{
    const struct walk_record *record = &check->view.record;

    if (record->implicit_write)
        return !check->updates_need_w;
    return check->view.context.mxr_hs && record->implicit && record->reason == WALK_NO_RIGHT;
}

/* One access, by the walk and by the hart. */
static bool agree(struct walk_check *check)
{
    struct walk_view *view = &check->view;
    struct walk_record *record = &view->record;
    struct guarded_trap trap;
    enum walk_access access;
    gva_t gva;
    u32 expected;
    bool made;

    *view = (struct walk_view){.vm = "check"};
    walk_check_access(check, &view->context, &gva, &access);
    view->context.read_entry = read_entry;
    view->context.memory = check;
    view->hgatp = HGATP_SV32X4 | (u32)(view->context.root >> PAGE_SHIFT);
    walk(&view->context, gva, access, record);
    if (is_known_to_differ(check)) {
        check->left_out++;
        return true;
    }
    expected = expected_cause(check);
    view->found = expected ? 0 : phys_read32(record->hpa);
    made = perform(view, &trap);
    if (!made)
        check->difference = expected ? judge_fault(check, expected, &trap) : "it traps";
    else
        check->difference = expected ? "it does not trap" : judge_access(check);
    if (!check->difference)
        check->difference = judge_entries(check, made);
    count(check, expected);
    return !check->difference;
}

/* ---- The whole. ---- */

/* Does a load succeed by tables that are well but for these flags in the leaves? */
static bool can_load(struct walk_check *check, u32 without_guest, u32 without_host)
{
    struct walk_view *view = &check->view;
    struct guarded_trap trap;

    *view = (struct walk_view){.vm = "check"};
    walk_check_trial(check, without_guest, without_host, &view->context, &view->record.gva);
    view->record.access = WALK_READ;
    return perform(view, &trap);
}

/* What a hart may do or not. */
static void learn(struct walk_check *check)
{
    check->vs_hardware_ad = can_load(check, PTE_A, 0);
    check->g_hardware_ad = can_load(check, 0, PTE_A);
    check->updates_need_w = !can_load(check, PTE_A, PTE_W);
}

/* With no translation at all HLV reads physical memory: what firmware keeps from us traps. */
static bool is_protected(hpa_t page)
{
    struct guarded_trap trap;
    u32 word;

    return !u64_high(page) && !guest_load_word((gva_t)page, &word, &trap) &&
           trap.cause == CAUSE_LOAD_ACCESS;
}

bool walk_check_begin(struct walk_check *check, u32 seed)
{
    *check = (struct walk_check){.random = seed ? seed : 1};
    check->pool = page_alloc(PAGE_MAX_ORDER, ZONE_ANY);
    if (check->pool == PAGE_NONE)
        return false;
    walk_check_fill(check);
    for (u32 i = 0; i < machine.reserved_count && !check->protected; i++)
        if (is_protected(ALIGN_UP(machine.reserved[i].start, (hpa_t)PAGE_SIZE)))
            check->protected = ALIGN_UP(machine.reserved[i].start, (hpa_t)PAGE_SIZE);
    if (features.envcfg)
        csr_write(CSR_HENVCFGH, features.guest_adue ? HENVCFGH_ADUE : 0);
    learn(check);
    return true;
}

bool walk_check_tables(struct walk_check *check, u32 accesses)
{
    /* A vCPU may have been here since. Without the low word: some QEMUs clear this one with it. */
    if (features.envcfg)
        csr_write(CSR_HENVCFGH, features.guest_adue ? HENVCFGH_ADUE : 0);
    walk_check_new_tables(check);
    check->tables++;
    for (u32 i = 0; i < accesses; i++)
        if (!agree(check))
            return false;
    return true;
}

void walk_check_end(struct walk_check *check)
{
    page_free(check->pool, PAGE_MAX_ORDER);
}
