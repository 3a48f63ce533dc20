/* Ranges of translations, trees of tables, what walks cost: against walks to each page. */
#include "tests/unit/random_tables.h"
#include "tests/unit/unit.h"
#include "hyp/vm/walk.c"
#include "hyp/vm/walk_cost.c"
#include "hyp/vm/walk_scan.c"
#include "hyp/vm/walk_tree.c"

/* As guest_walk_debug_context has it: whatever is mapped may be read. */
static struct walk_context debug_context(u32 round)
{
    struct walk_context context = random_context(round);

    context.user = false;
    context.sum = context.mxr = context.mxr_hs = true;
    context.ignores_ad = true;
    return context;
}

/* The byte at `gva` is where the span says. */
static void check_byte(const struct walk_context *context, const struct walk_span *span, gva_t gva)
{
    u32 into = gva - span->gva;
    struct walk_record record;

    walk(context, gva, WALK_READ, &record);
    CHECK_EQ(record.cause == 0, span->kind == WALK_SPAN_MAPPED);
    if (span->kind == WALK_SPAN_NO_PAGE)
        CHECK_EQ(record.gpa, span->gpa + into);
    if (span->kind != WALK_SPAN_MAPPED)
        return;
    CHECK_EQ(record.gpa, span->gpa + into);
    CHECK_EQ(record.hpa, span->hpa + into);
    CHECK_EQ(record.count, span->reads);
    CHECK_EQ(record.vs_size, span->vs_size);
    CHECK_EQ(record.g_size, span->g_size);
}

TEST(each_span_of_random_tables_is_as_walks_to_it)
{
    u32 kinds[WALK_SPAN_MAPPED + 1] = {0};

    for (u32 round = 1; round <= 600; round++) {
        struct walk_context context;
        struct walk_scan scan;

        tables_seed = round;
        context = debug_context(round);
        scan.next = ALIGN_DOWN(scramble(round), PAGE_SIZE) & 0xffffffffu;
        scan.end = scan.next + MIB(16) < 1ull << 32 ? scan.next + MIB(16) : 1ull << 32;
        while (scan.next < scan.end) {
            u64 before = scan.next;
            struct walk_span span;

            walk_scan_step(&scan, &context, &span);
            CHECK_EQ(span.gva, before);
            CHECK(span.size && IS_ALIGNED(span.size, PAGE_SIZE));
            CHECK_EQ(scan.next, before + span.size);
            check_byte(&context, &span, span.gva);
            check_byte(&context, &span, span.gva + (u32)span.size - 4);
            kinds[span.kind]++;
        }
        CHECK_EQ(scan.next, scan.end);
    }
    for (u32 kind = 0; kind < ARRAY_SIZE(kinds); kind++)
        CHECK(kinds[kind] > 300);
}

/* Every address once, whatever the tables are: at most a step for each page. */
TEST(a_table_that_is_its_own_child_ends_too)
{
    struct walk_scan scan = {0, 1ull << 32};
    struct walk_context context;
    struct walk_span span;
    u32 steps = 0;

    tables_seed = 5;
    context = debug_context(5);
    while (scan.next < scan.end) {
        walk_scan_step(&scan, &context, &span);
        steps++;
    }
    CHECK(steps <= SV32_ENTRIES * SV32_ENTRIES);
    CHECK_EQ(scan.next, 1ull << 32);
}

TEST(spans_join_only_what_goes_on_alike)
{
    const struct walk_span first = {.kind = WALK_SPAN_MAPPED,
                                    .gva = 0x1000,
                                    .size = 0x1000,
                                    .gpa = 0x80001000,
                                    .hpa = 0x2a0001000,
                                    .rights = PTE_R,
                                    .user = true,
                                    .vs_size = PAGE_SIZE,
                                    .g_size = PAGE_SIZE,
                                    .reads = 8};
    struct walk_span next = first, span = first;

    next.gva += 0x1000;
    next.gpa += 0x1000;
    next.hpa += 0x1000;
    CHECK(walk_span_join(&span, &next));
    CHECK_EQ(span.size, 0x2000);
#define DIFFERS(member, value)                 \
    do {                                       \
        struct walk_span other = next;         \
                                               \
        span = first;                          \
        other.member = value;                  \
        CHECK(!walk_span_join(&span, &other)); \
        CHECK_EQ(span.size, 0x1000);           \
    } while (0)
    DIFFERS(kind, WALK_SPAN_NO_PAGE);
    DIFFERS(gva, 0x3000);
    DIFFERS(gpa, 0x80003000);
    DIFFERS(hpa, 0x2a0003000);
    DIFFERS(rights, PTE_R | PTE_W);
    DIFFERS(user, false);
    DIFFERS(vs_size, SUPERPAGE_SIZE);
    DIFFERS(g_size, SUPERPAGE_SIZE);
    DIFFERS(reads, 6);
#undef DIFFERS
}

/* ---- What it costs. ---- */

TEST(costs_are_summed_by_entry_and_by_memory)
{
    struct walk_cost cost = {0};
    struct walk_span span = {.kind = WALK_SPAN_MAPPED, .size = MIB(8), .reads = 3};
    struct walk_cost_sum sum;

    span.vs_size = span.g_size = SUPERPAGE_SIZE;
    walk_cost_add(&cost, &span);
    span = (struct walk_span){.kind = WALK_SPAN_MAPPED, .size = KIB(16), .reads = 8};
    span.vs_size = span.g_size = PAGE_SIZE;
    walk_cost_add(&cost, &span);
    span.kind = WALK_SPAN_NO_PAGE;
    walk_cost_add(&cost, &span);
    span.kind = WALK_SPAN_NONE;
    walk_cost_add(&cost, &span);

    sum = walk_cost_sum(&cost, false, false);
    CHECK_EQ(sum.bytes, MIB(8) + KIB(16));
    CHECK_EQ(sum.entries, 2 + 4);
    CHECK_EQ(sum.entry_reads, 2 * 3 + 4 * 8);
    CHECK_EQ(sum.page_reads, 2048 * 3 + 4 * 8);
    sum = walk_cost_sum(&cost, true, false); /* guest's superpages, by 4 KiB of the host: 5 */
    CHECK_EQ(sum.entries, 2048 + 4);
    CHECK_EQ(sum.entry_reads, 2048 * 5 + 4 * 8);
    sum = walk_cost_sum(&cost, true, true);
    CHECK_EQ(sum.entries, 2048 + 4);
    CHECK_EQ(sum.page_reads, 2052 * 8);
}

TEST(without_a_vs_stage_a_miss_costs_one_read_or_two)
{
    struct walk_cost cost = {0};
    struct walk_span span = {
        .kind = WALK_SPAN_MAPPED, .size = MIB(4), .reads = 1, .g_size = SUPERPAGE_SIZE};

    walk_cost_add(&cost, &span);
    CHECK_EQ(walk_cost_sum(&cost, false, false).entry_reads, 1);
    CHECK_EQ(walk_cost_sum(&cost, true, true).page_reads, 1024 * 2);
}

/* ---- The tables as trees. ---- */

static struct walk_context tree_context;

/* Tables of the guest by gPA: the G-stage part of a walk without VS-stage. */
static bool read_word(const void *memory, enum walk_stage stage, u64 address, pte_t *entry)
{
    struct walk_context bare = tree_context;
    struct walk_record record;

    (void)memory;
    if (stage == WALK_G_STAGE)
        return read_random(NULL, address, entry);
    if (address >> 32)
        return false; /* no gVA of a walk without VS-stage */
    bare.vsatp = 0;
    walk(&bare, (gva_t)address, WALK_READ, &record);
    return !record.cause && read_random(NULL, record.hpa, entry);
}

/* The entry for `address`, read from the root on; at level 1 for a pointer whose table is unknown.
 */
static pte_t entry_for(const struct walk_tree *tree, u64 address, int *level)
{
    bool guest = tree->stage == WALK_VS_STAGE;
    u64 table = tree->root;
    pte_t entry = 0;

    for (*level = 1;; --*level) {
        u32 index = guest ? sv32_vpn((gva_t)address, *level) : sv32x4_gpn(address, *level);
        pte_t below;

        if (!read_word(NULL, tree->stage, table + index * 4, *level ? &entry : &below)) {
            ++*level;
            return entry;
        }
        if (!*level)
            return below;
        if (!(entry & PTE_V) || pte_is_leaf(entry) || walk_entry_flaw(entry, 1))
            return entry;
        table = pte_address(entry);
    }
}

static void check_run(const struct walk_tree *tree, const struct walk_run *run)
{
    /* That a word of a table cannot be read says nothing of the next, with these memories. */
    u64 last = run->from + (run->kind == WALK_RUN_UNREADABLE ? 0 : run->size - PAGE_SIZE);
    int level;
    pte_t entry = entry_for(tree, last, &level);

    switch (run->kind) {
    case WALK_RUN_LEAVES:
        CHECK_EQ(level, run->level);
        CHECK_EQ(walk_entry_flaw(entry, level), WALK_FINE);
        CHECK_EQ(pte_address(entry) + sv32_leaf_size(level), pte_address(run->entry) + run->size);
        break;
    case WALK_RUN_TABLE:
        CHECK(run->level == 1 && !pte_is_leaf(run->entry));
        break;
    case WALK_RUN_UNREADABLE:
        CHECK_EQ(level, 1);
        CHECK(!pte_is_leaf(entry));
        break;
    case WALK_RUN_FLAWED:
        CHECK_EQ(level, run->level);
        CHECK_EQ(walk_entry_flaw(entry, level), run->flaw);
        CHECK(run->flaw != WALK_NOT_VALID);
        break;
    }
}

/* Of the first `steps` steps. */
static void check_tree(enum walk_stage stage, u64 root, bool shallow, u32 steps, u32 kinds[4])
{
    static const struct walk_tree_reader reader = {read_word, NULL};
    struct walk_tree tree = {.stage = stage, .root = root, .shallow = shallow};
    struct walk_run run, before = {0};

    while (steps-- && !walk_tree_ended(&tree)) {
        if (!walk_tree_step(&tree, &reader, &run))
            continue;
        CHECK(run.size && run.from >= before.from);
        if (run.from == before.from && before.size)
            CHECK_EQ(before.kind, WALK_RUN_TABLE); /* told of before what is in it */
        check_run(&tree, &run);
        kinds[run.kind]++;
        before = run;
    }
}

TEST(each_run_of_a_tree_is_as_reads_from_the_root)
{
    u32 kinds[4] = {0};

    for (u32 round = 1; round <= 100; round++) {
        tables_seed = round;
        tree_context = debug_context(round);
        check_tree(WALK_G_STAGE, tree_context.root, false, 8000, kinds);
        check_tree(WALK_G_STAGE, tree_context.root, true, 2000, kinds);
        check_tree(WALK_VS_STAGE, tree_context.root & 0xfffff000, false, 8000, kinds);
    }
    for (u32 kind = 0; kind < ARRAY_SIZE(kinds); kind++)
        CHECK(kinds[kind] > 20);
}

/* A page of words for a tree by hand. */
static pte_t words[2 * SV32_ENTRIES];

static bool read_words(const void *memory, enum walk_stage stage, u64 address, pte_t *entry)
{
    (void)memory;
    (void)stage;
    if (address >= sizeof(words))
        return false;
    *entry = words[address / 4];
    return true;
}

TEST(equal_neighbours_are_one_run)
{
    static const struct walk_tree_reader reader = {read_words, NULL};
    const u32 flags = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D;
    struct walk_tree tree = {.stage = WALK_VS_STAGE, .root = 0};
    struct walk_run run[8];
    u32 count = 0;

    memset(words, 0, sizeof(words));
    words[1] = pte_make(PAGE_SIZE, PTE_V);     /* a table: the second half of the words */
    words[2] = pte_make(PAGE_SIZE * 2, PTE_V); /* one that is not there                 */
    words[6] = pte_make(0x80000000, flags);    /* three superpages, the last elsewhere  */
    words[7] = pte_make(0x80400000, flags);
    words[8] = pte_make(0x90000000, flags);
    words[1024 + 3] = pte_make(0x1000, flags);
    words[1024 + 4] = pte_make(0x2000, flags);
    words[1024 + 5] = pte_make(0x3000, flags & ~PTE_D);
    while (!walk_tree_ended(&tree)) {
        CHECK(count < ARRAY_SIZE(run));
        count += walk_tree_step(&tree, &reader, &run[count]);
    }
    CHECK_EQ(count, 7);
    CHECK_EQ(run[0].kind, WALK_RUN_TABLE);
    CHECK(run[1].kind == WALK_RUN_LEAVES && run[1].from == 0x403000 && run[1].size == 0x2000);
    CHECK(run[2].kind == WALK_RUN_LEAVES && run[2].from == 0x405000 && run[2].size == 0x1000);
    CHECK_EQ(run[3].kind, WALK_RUN_TABLE);
    CHECK(run[4].kind == WALK_RUN_UNREADABLE && run[4].from == 0x800000);
    CHECK(run[5].from == 6u << 22 && run[5].size == 2 * SUPERPAGE_SIZE);
    CHECK(run[6].from == 8u << 22 && run[6].size == SUPERPAGE_SIZE);
}

UNIT_MAIN("walk_scan")
