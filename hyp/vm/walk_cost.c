#include "hyp/vm/walk_cost.h"

static u32 size_index(u32 size)
{
    return size == SUPERPAGE_SIZE ? WALK_4M : size ? WALK_4K : WALK_BARE;
}

void walk_cost_add(struct walk_cost *cost, const struct walk_span *span)
{
    if (span->kind == WALK_SPAN_MAPPED)
        cost->bytes[size_index(span->vs_size)][size_index(span->g_size)][span->reads] += span->size;
}

u32 walk_cost_entry_size(u32 guest, u32 host)
{
    return guest == WALK_4K || host == WALK_4K ? PAGE_SIZE : SUPERPAGE_SIZE;
}

/*
 * The reads of a walk with leaves of these sizes. What maps the guest's tables need not be what
 * maps its pages, so this is known only where all leaves of the host are of 4 KiB: then each
 * address takes two of the G-stage, and each entry of the guest is one more.
 */
static u32 reads_with_host_4k(u32 guest)
{
    u32 entries = guest == WALK_BARE ? 0 : guest == WALK_4M ? 1 : 2;

    return entries * 3 + 2;
}

static void add(struct walk_cost_sum *sum, u64 bytes, u32 entry_size, u32 reads)
{
    u64 entries = bytes >> (entry_size == PAGE_SIZE ? 12 : 22);

    sum->bytes += bytes;
    sum->entries += entries;
    sum->page_reads += (bytes >> PAGE_SHIFT) * reads;
    sum->entry_reads += entries * reads;
}

struct walk_cost_sum walk_cost_sum(const struct walk_cost *cost, bool host_4k, bool guest_4k)
{
    struct walk_cost_sum sum = {0};

    for (u32 guest = 0; guest < WALK_SIZES; guest++)
        for (u32 host = 0; host < WALK_SIZES; host++)
            for (u32 reads = 0; reads <= WALK_MAX_READS; reads++) {
                u32 g = guest_4k && guest ? (u32)WALK_4K : guest;
                u32 h = host_4k ? (u32)WALK_4K : host;

                add(&sum, cost->bytes[guest][host][reads], walk_cost_entry_size(g, h),
                    host_4k ? reads_with_host_4k(g) : reads);
            }
    return sum;
}
