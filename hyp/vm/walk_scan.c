#include "hyp/vm/walk_scan.h"

#include "arch/csr.h"

static u32 smaller(u32 a, u32 b)
{
    return a < b ? a : b;
}

/* The guest's last entry that was read, or NULL. */
static const struct walk_read *last_of_guest(const struct walk_record *record)
{
    for (u32 i = record->count; i-- > 0;)
        if (record->reads[i].stage == WALK_VS_STAGE)
            return &record->reads[i];
    return NULL;
}

/* Has the VS-stage led to a gPA? */
static bool has_gpa(const struct walk_context *context, const struct walk_record *record)
{
    return record->vs_size || !(context->vsatp & SATP_SV32);
}

/* What the VS-stage's leaf covers; without that stage, what any leaf of the other can. */
static u32 guest_size(const struct walk_record *record)
{
    return record->vs_size ? record->vs_size : SUPERPAGE_SIZE;
}

/* Nothing is there for as far as the entry to blame covers. A table of the guest's that cannot be
 * read is the same for 4 MiB. */
static void tell_fault(const struct walk_context *context, const struct walk_record *record,
                       struct walk_span *span)
{
    const struct walk_read *blamed = &record->reads[record->blamed];

    span->kind = WALK_SPAN_NONE;
    span->size = SUPERPAGE_SIZE;
    if (has_gpa(context, record)) {
        span->kind = WALK_SPAN_NO_PAGE;
        span->gpa = record->gpa;
        span->size = smaller(guest_size(record), sv32_leaf_size(blamed->level));
    } else if (blamed->stage == WALK_VS_STAGE) {
        span->size = sv32_leaf_size(blamed->level);
    }
}

static void tell_translation(const struct walk_record *record, struct walk_span *span)
{
    const struct walk_read *guest = last_of_guest(record);
    pte_t host_leaf = record->reads[record->count - 1].entry;

    span->kind = WALK_SPAN_MAPPED;
    span->size = smaller(guest_size(record), record->g_size);
    span->gpa = record->gpa;
    span->hpa = record->hpa;
    span->rights = host_leaf & (guest ? guest->entry : ~0u) & (PTE_R | PTE_W | PTE_X);
    span->user = !guest || guest->entry & PTE_U;
    span->vs_size = record->vs_size;
    span->g_size = record->g_size;
    span->reads = record->count;
}

void walk_scan_step(struct walk_scan *scan, const struct walk_context *context,
                    struct walk_span *span)
{
    struct walk_record record;
    u32 into;

    *span = (struct walk_span){.gva = (gva_t)scan->next};
    walk(context, span->gva, WALK_READ, &record);
    if (record.cause)
        tell_fault(context, &record, span);
    else
        tell_translation(&record, span);
    /* Leaves are aligned, and both addresses lie equally far in the smaller one. */
    into = span->gva & (u32)(span->size - 1);
    span->size -= into;
    if (span->size > scan->end - scan->next)
        span->size = scan->end - scan->next;
    scan->next += span->size;
}

bool walk_span_join(struct walk_span *span, const struct walk_span *next)
{
    bool mapped = span->kind == WALK_SPAN_MAPPED;

    if (span->kind != next->kind || span->gva + span->size != next->gva)
        return false;
    if (span->kind != WALK_SPAN_NONE && span->gpa + span->size != next->gpa)
        return false;
    if (mapped && (span->hpa + span->size != next->hpa || span->rights != next->rights ||
                   span->user != next->user || span->vs_size != next->vs_size ||
                   span->g_size != next->g_size || span->reads != next->reads))
        return false;
    span->size += next->size;
    return true;
}
