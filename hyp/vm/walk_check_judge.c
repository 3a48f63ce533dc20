/* What the hart must have done with an access, after what the walk says of it. */
#include "arch/csr.h"
#include "hyp/core/physmem.h"
#include "hyp/vm/walk_check_parts.h"
#include "hyp/vm/walk_verdict.h"

bool walk_check_has(const struct walk_check *check, hpa_t pa)
{
    return ALIGN_DOWN(pa, (hpa_t)SUPERPAGE_SIZE) == check->pool;
}

u32 walk_check_expected(const struct walk_check *check)
{
    static const u8 access_faults[] = {
        [WALK_READ] = CAUSE_LOAD_ACCESS,
        [WALK_WRITE] = CAUSE_STORE_ACCESS,
        [WALK_EXECUTE] = CAUSE_FETCH_ACCESS,
    };
    const struct walk_record *record = &check->view.record;

    if (record->cause || walk_check_has(check, record->hpa))
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
static const char *judge_access(const struct walk_check *check)
{
    const struct walk_view *view = &check->view;
    u32 now = phys_read32(view->record.hpa);

    if (view->record.access != WALK_WRITE)
        return view->hardware == view->found ? NULL : "it has read another word";
    phys_write(view->record.hpa, &view->found, sizeof(view->found));
    return now == WALK_CHECK_MARK ? NULL : "it has not stored there";
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

const char *walk_check_judge(const struct walk_check *check, u32 expected, bool made,
                             const struct guarded_trap *trap)
{
    const char *difference;

    if (!made)
        difference = expected ? judge_fault(check, expected, trap) : "it traps";
    else
        difference = expected ? "it does not trap" : judge_access(check);
    return difference ? difference : judge_entries(check, made);
}
