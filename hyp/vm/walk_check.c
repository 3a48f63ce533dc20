#include "hyp/vm/walk_check.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "arch/fence.h"
#include "arch/guest_access.h"
#include "hyp/core/machine.h"
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/vm/walk_check_parts.h"

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
        done = guest_store_word(gva, WALK_CHECK_MARK, trap);
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

/* ---- One access, by the walk and by the hart. ---- */

static bool read_entry(void *memory, hpa_t pa, pte_t *entry)
{
    if (!walk_check_has(memory, pa))
        return false;
    *entry = phys_read32(pa);
    return true;
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
    expected = walk_check_expected(check);
    view->found = expected ? 0 : phys_read32(record->hpa);
    made = perform(view, &trap);
    check->difference = walk_check_judge(check, expected, made, &trap);
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
