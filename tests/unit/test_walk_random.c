/*
 * The two-dimensional walk over random tables, against a translator written another way; and over
 * real trees, against stage2_lookup.
 */
#include "tests/unit/fake_panic.h"
#include "tests/unit/fake_physmem.h"
#include "tests/unit/random_tables.h"
#include "hyp/core/pages.c"
#include "hyp/vm/stage2.c"
#include "hyp/vm/walk.c"

/*
 * The other translator, from the spec's words: by recursion over levels, with no records, each
 * stage on its own, and none of the walk's helpers.
 */
enum verdict { FINE, NO_MEMORY, VS_REFUSES, G_REFUSES, G_REFUSES_TABLE, G_REFUSES_TABLE_WRITE };

struct answer {
    enum verdict verdict;
    u64 address; /* translated, or the gPA that was refused */
    u64 offset_mask;
    pte_t leaf;
    gpa_t leaf_at;
};

static bool expected_r(const struct walk_context *c, pte_t pte, bool vs, bool implicit)
{
    bool x_is_r = !implicit && (c->mxr_hs || (vs && c->mxr));

    return pte >> 1 & 1 || (x_is_r && pte >> 3 & 1);
}

static bool expected_permission(const struct walk_context *c, pte_t pte, bool vs, bool implicit,
                                char access)
{
    bool u = pte >> 4 & 1, a = pte >> 6 & 1, d = pte >> 7 & 1;

    if (!vs && !u)
        return false;
    if (vs && c->user != u && !(u && c->sum && access != 'x'))
        return false;
    if (access == 'r' && !expected_r(c, pte, vs, implicit))
        return false;
    if (access == 'w' && !(pte >> 2 & 1))
        return false;
    if (access == 'x' && !(pte >> 3 & 1))
        return false;
    return (a && (d || access != 'w')) || (vs ? c->vs_hardware_ad : c->g_hardware_ad);
}

static struct answer expected_g(const struct walk_context *c, u64 table, u64 gpa, u32 span,
                                char access, bool implicit)
{
    struct answer refused = {implicit ? G_REFUSES_TABLE : G_REFUSES, gpa, 0, 0, 0};
    u64 index = span == 0x400000 ? gpa / span : gpa / span % 1024;
    pte_t pte;

    if (!c->read_entry(c->memory, table + 4 * index, &pte))
        return (struct answer){.verdict = NO_MEMORY};
    if (pte % 2 == 0)
        return refused;
    switch (pte / 2 % 8) {
    case 0: /* pointer */
        if ((pte & 0xd0) || span == 4096)
            return refused;
        return expected_g(c, (u64)(pte / 1024) * 4096, gpa, 4096, access, implicit);
    case 2: /* -W- */
    case 6: /* XW- */
        return refused;
    default:
        if ((u64)(pte / 1024) * 4096 % span ||
            !expected_permission(c, pte, false, implicit, access))
            return refused;
        return (struct answer){FINE, (u64)(pte / 1024) * 4096 + gpa % span, span - 1, pte, 0};
    }
}

static struct answer expected_vs(const struct walk_context *c, u64 table, u32 gva, u32 span,
                                 char access)
{
    u64 at = table + 4 * (gva / span % 1024);
    struct answer where = expected_g(c, c->root, at, 0x400000, 'r', true);
    pte_t pte;

    if (where.verdict != FINE)
        return where;
    if (!c->read_entry(c->memory, where.address, &pte))
        return (struct answer){.verdict = NO_MEMORY};
    if (pte % 2 && pte / 2 % 8 == 0 && !(pte & 0xd0) && span == 0x400000)
        return expected_vs(c, (u64)(pte / 1024) * 4096, gva, 4096, access);
    if (pte % 2 == 0 || pte / 2 % 8 == 0 || (pte & 6) == 4 || (u64)(pte / 1024) * 4096 % span ||
        !expected_permission(c, pte, true, false, access))
        return (struct answer){.verdict = VS_REFUSES};
    if (!(pte & 0x40) || (access == 'w' && !(pte & 0x80))) {
        struct answer update = expected_g(c, c->root, at, 0x400000, 'w', true);

        if (update.verdict != FINE)
            return (struct answer){G_REFUSES_TABLE_WRITE, at, 0, 0, 0};
    }
    return (struct answer){FINE, (u64)(pte / 1024) * 4096 + gva % span, span - 1, pte, at};
}

struct outcome {
    struct answer vs, g;
};

static struct outcome expected_walk(const struct walk_context *c, u32 gva, char access)
{
    struct outcome outcome = {.vs = {FINE, gva, 0, 0, 0}};

    if (c->vsatp >> 31)
        outcome.vs = expected_vs(c, (u64)(c->vsatp % (1u << 22)) * 4096, gva, 0x400000, access);
    outcome.g = outcome.vs;
    if (outcome.vs.verdict == FINE)
        outcome.g = expected_g(c, c->root, outcome.vs.address, 0x400000, access, false);
    return outcome;
}

static u32 expected_rights(const struct walk_context *c, const struct outcome *o)
{
    bool bare = !(c->vsatp >> 31);
    u32 rights = 0;

    for (u32 i = 0; i < 3; i++) {
        /* A and D are not what is asked: with both set only the permissions decide. */
        bool vs = bare || expected_permission(c, o->vs.leaf | 0xc0, true, false, "rwx"[i]);

        if (vs && expected_permission(c, o->g.leaf | 0xc0, false, false, "rwx"[i]))
            rights |= 2u << i;
    }
    return rights;
}

static void check_against(const struct walk_record *record, const struct walk_context *c,
                          const struct outcome *o, u32 access)
{
    static const u32 causes[][3] = {
        [FINE] = {0, 0, 0},
        [NO_MEMORY] = {5, 7, 1},
        [VS_REFUSES] = {13, 15, 12},
        [G_REFUSES] = {21, 23, 20},
        [G_REFUSES_TABLE] = {21, 23, 20},
        [G_REFUSES_TABLE_WRITE] = {21, 23, 20},
    };
    enum verdict verdict = o->g.verdict;
    bool vs_done = o->vs.verdict == FINE;
    bool bare = !(c->vsatp >> 31);

    CHECK_EQ(record->cause, causes[verdict][access]);
    CHECK_EQ(record->implicit, verdict == G_REFUSES_TABLE || verdict == G_REFUSES_TABLE_WRITE);
    CHECK_EQ(record->implicit_write, verdict == G_REFUSES_TABLE_WRITE);
    CHECK_EQ(record->vs_size, vs_done && !bare ? o->vs.offset_mask + 1 : 0);
    if (verdict >= G_REFUSES)
        CHECK_EQ(record->gpa, o->g.address);
    else
        CHECK_EQ(record->gpa, vs_done ? o->vs.address : 0);
    CHECK_EQ(record->hpa, verdict == FINE ? o->g.address : 0);
    CHECK_EQ(record->g_size, verdict == FINE ? o->g.offset_mask + 1 : 0);
    CHECK_EQ(record->rights, verdict == FINE ? expected_rights(c, o) : 0);
}

/* What is recorded was read: each entry again, and each where the one before led. */
static void check_reads(const struct walk_record *record, const struct walk_context *c)
{
    CHECK(record->count <= WALK_MAX_READS);
    for (u32 i = 0; i < record->count; i++) {
        const struct walk_read *read = &record->reads[i];
        pte_t entry;

        CHECK(read_random(NULL, read->hpa, &entry));
        CHECK_EQ(entry, read->entry);
        if (read->stage == WALK_G_STAGE && read->level == 1)
            CHECK_EQ(read->hpa, c->root + (read->gpa >> 22) * 4);
        if (read->stage == WALK_G_STAGE && read->level == 0)
            CHECK_EQ(read->hpa, pte_address(record->reads[i - 1].entry) + read->index * 4);
        if (read->stage == WALK_VS_STAGE)
            CHECK(i > 0 && read->gpa == record->reads[i - 1].gpa);
    }
}

TEST(random_tables_agree_with_another_translator)
{
    enum { ROUNDS = 400000 };
    u32 verdicts[G_REFUSES_TABLE_WRITE + 1][3] = {{0}}, counts[WALK_MAX_READS + 1] = {0};

    printf("# seeds 1 to %u\n", ROUNDS);
    for (u32 round = 1; round <= ROUNDS; round++) {
        struct walk_context context;
        struct walk_record record;
        struct outcome outcome;
        u32 access = round % 3;
        gva_t gva;

        tables_seed = round;
        context = random_context(round);
        gva = scramble(round * 4ull + 2);
        memset(&record, 0x5a, sizeof(record));
        walk(&context, gva, access, &record);
        outcome = expected_walk(&context, gva, "rwx"[access]);
        check_against(&record, &context, &outcome, access);
        check_reads(&record, &context);
        verdicts[outcome.g.verdict][access]++;
        if (!record.cause)
            counts[record.count]++;
    }
    /* All of it has happened, often. */
    for (u32 verdict = FINE; verdict <= G_REFUSES_TABLE_WRITE; verdict++)
        for (u32 access = WALK_READ; access <= WALK_EXECUTE; access++)
            CHECK(verdicts[verdict][access] >= 100);
    for (u32 count = 1; count <= WALK_MAX_READS; count++)
        CHECK(counts[count] >= 100);
}

/* Real trees: the G-stage part is what stage2_lookup says. */
static bool read_physical(void *memory, hpa_t pa, pte_t *entry)
{
    (void)memory;
    *entry = phys_read32(pa);
    return true;
}

static void check_lookup(const struct stage2 *s2, gva_t address)
{
    struct walk_context context = {.root = s2->root, .read_entry = read_physical};
    struct stage2_leaf leaf;
    bool mapped = stage2_lookup(s2, address, &leaf);

    for (u32 access = WALK_READ; access <= WALK_EXECUTE; access++) {
        static const u32 causes[] = {21, 23, 20};
        bool allowed = mapped && (leaf.rights & BIT(1 + access));
        struct walk_record record;

        walk(&context, address, access, &record);
        CHECK_EQ(record.cause, allowed ? 0 : causes[access]);
        if (!allowed)
            continue;
        CHECK_EQ(record.hpa, leaf.hpa);
        CHECK_EQ(record.rights, leaf.rights);
        CHECK_EQ(record.g_size, leaf.size);
    }
}

TEST(stage2_trees_are_walked_as_stage2_lookup_says)
{
    struct stage2 s2;

    fake_ram_add(0x40000000, MIB(1), true, FAKE_BACKED);
    fake_ram_add(0x50000000, MIB(4), true, FAKE_BACKED);
    pages_add_bank(0x50000000, 0x50400000, phys_ptr(0x40000000));
    CHECK(stage2_init(&s2));
    CHECK_EQ(stage2_map(&s2, 0x80000000, 0x240000000, MIB(16), STAGE2_RWX), STAGE2_OK);
    CHECK_EQ(stage2_remap(&s2, 0x80003000, 0x250003000, MIB(4), STAGE2_RX), STAGE2_OK);
    CHECK_EQ(stage2_remap(&s2, 0x80900000, 0x240900000, PAGE_SIZE, PTE_R | PTE_W), STAGE2_OK);
    CHECK_EQ(stage2_unmap(&s2, 0x80a00000, MIB(3)), STAGE2_OK);
    for (gva_t address = 0x7ffff000; address < 0x81001000; address += 0x1000)
        check_lookup(&s2, address | (address >> 12 & 0xffc));
    stage2_destroy(&s2);
    CHECK_EQ(pages_free(), pages_total());
    fake_ram_reset();
}

UNIT_MAIN("walk_random")
