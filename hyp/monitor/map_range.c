#include "hyp/monitor/map_range.h"

/* The entry at `gpa`, and in *size how far it reaches from there; false: nothing is mapped there.
 */
static bool entry_at(const struct stage2 *s2, gpa_t gpa, struct stage2_leaf *leaf, u64 *size)
{
    pte_t root = __atomic_load_n(&s2->entries[sv32x4_gpn(gpa, 1)], __ATOMIC_RELAXED);

    *size = (root & PTE_V) && !pte_is_leaf(root) ? PAGE_SIZE : SUPERPAGE_SIZE;
    *size -= gpa & (*size - 1);
    return (root & PTE_V) && stage2_lookup(s2, gpa, leaf);
}

static bool continues(const struct map_range *range, gpa_t gpa, const struct stage2_leaf *leaf)
{
    return range->size && range->gpa + range->size == gpa &&
           range->hpa + range->size == leaf->hpa && range->rights == leaf->rights &&
           range->leaf == leaf->size;
}

/* Ends the open range, if there is one. */
static bool end_range(struct map_scan *scan, struct map_range *done)
{
    *done = scan->open;
    scan->open.size = 0;
    return done->size != 0;
}

bool map_scan_step(struct map_scan *scan, const struct stage2 *s2, struct map_range *done)
{
    struct stage2_leaf leaf;
    gpa_t gpa = scan->next;
    bool ended;
    u64 size;

    if (gpa >= scan->end)
        return end_range(scan, done);
    if (!entry_at(s2, gpa, &leaf, &size)) {
        scan->next += size;
        return end_range(scan, done);
    }
    if (size > scan->end - gpa)
        size = scan->end - gpa;
    scan->next += size;
    if (continues(&scan->open, gpa, &leaf)) {
        scan->open.size += size;
        return false;
    }
    ended = end_range(scan, done);
    scan->open = (struct map_range){gpa, leaf.hpa, size, leaf.rights, leaf.size};
    return ended;
}
