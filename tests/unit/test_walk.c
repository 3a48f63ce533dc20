/* The two-dimensional walk: what is read in which order, and each fault, by name. */
#include "tests/unit/unit.h"
#include "hyp/vm/walk.c"

#define VSATP(gpa) (SATP_SV32 | (u32)((gpa) >> PAGE_SHIFT))

/*
 * The tables of the named cases. Guest: root, level-0 table and page lie in 4 MiB regions of their
 * own, the last two above 4 GiB, so that every entry of the walk is another word. The entries are
 * in the order in which a walk with 4 KiB leaves everywhere reads them.
 */
#define GVA        0xc0403a5cu /* VPN[1] 0x301, VPN[0] 3, offset 0xa5c */
#define GUEST_ROOT 0x080001000ull
#define GUEST_L0   0x180402000ull
#define GUEST_PAGE 0x3a5b87000ull
#define GUEST_BIG  0x3a5800000ull
#define HOST_ROOT  0x100004000ull
#define HOST_L0(n) (0x100010000ull + (n)*0x1000)
#define HOST(n)    (0x200000000ull + (n)*0x400000ull) /* where the three regions lie */
#define G_LEAF     (PTE_V | PTE_R | PTE_W | PTE_X | PTE_U | PTE_A | PTE_D)
#define VS_LEAF    (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)

enum {
    G1_FOR_ROOT,
    G0_FOR_ROOT,
    VS1,
    G1_FOR_L0,
    G0_FOR_L0,
    VS0,
    G1_FOR_PAGE,
    G0_FOR_PAGE,
    WORD_COUNT
};

struct word {
    hpa_t pa;
    pte_t entry;
    bool missing; /* no memory there */
};

struct fixture {
    struct word words[WORD_COUNT];
    struct walk_context context;
};

static bool read_fixture(void *memory, hpa_t pa, pte_t *entry)
{
    const struct fixture *fixture = memory;

    for (u32 i = 0; i < WORD_COUNT; i++) {
        const struct word *word = &fixture->words[i];

        if (word->pa == pa) {
            *entry = word->entry;
            return !word->missing;
        }
    }
    return false;
}

static hpa_t host_entry(gpa_t gpa)
{
    return HOST_ROOT + (gpa >> 22) * 4;
}

/* The G-stage of region `n`, which holds `gpa`: words[0] and, for 4 KiB leaves, words[1]. */
static void map_region(struct word *words, u32 n, gpa_t gpa, bool big)
{
    words[0].pa = host_entry(gpa);
    words[0].entry = big ? pte_make(HOST(n), G_LEAF) : pte_make(HOST_L0(n), PTE_V);
    words[1].pa = HOST_L0(n) + (gpa >> 12 & 0x3ff) * 4;
    words[1].entry = big ? 0 : pte_make(HOST(n) + (gpa & 0x3ff000), G_LEAF);
}

static struct fixture make_fixture(bool guest_big, bool host_big)
{
    gpa_t vs1 = GUEST_ROOT + (GVA >> 22) * 4;
    gpa_t vs0 = GUEST_L0 + (GVA >> 12 & 0x3ff) * 4;
    gpa_t page = guest_big ? GUEST_BIG + (GVA & 0x3ff000) : GUEST_PAGE;
    struct fixture f = {.context = {
                            .vsatp = VSATP(GUEST_ROOT) | 0x155 << 22, /* any ASID */
                            .root = HOST_ROOT,
                            .read_entry = read_fixture,
                        }};

    map_region(&f.words[G1_FOR_ROOT], 0, GUEST_ROOT, host_big);
    map_region(&f.words[G1_FOR_L0], 1, GUEST_L0, host_big);
    map_region(&f.words[G1_FOR_PAGE], 2, page, host_big);
    f.words[VS1].pa = HOST(0) + (vs1 & 0x3fffff);
    f.words[VS1].entry = guest_big ? pte_make(GUEST_BIG, VS_LEAF) : pte_make(GUEST_L0, PTE_V);
    f.words[VS0].pa = HOST(1) + (vs0 & 0x3fffff);
    f.words[VS0].entry = guest_big ? 0 : pte_make(GUEST_PAGE, VS_LEAF);
    return f;
}

static struct walk_record run(struct fixture *fixture, enum walk_access access)
{
    struct walk_record record;

    memset(&record, 0xa5, sizeof(record)); /* "always fills the whole record" */
    fixture->context.memory = fixture;
    walk(&fixture->context, GVA, access, &record);
    CHECK(record.count <= WALK_MAX_READS);
    CHECK_EQ(record.gva, GVA);
    CHECK_EQ(record.access, access);
    return record;
}

/* The reads were those of the words in `order`, from the first on. */
static void check_order(const struct fixture *fixture, const struct walk_record *record,
                        const u32 *order, u32 count)
{
    CHECK_EQ(record->count, count);
    for (u32 i = 0; i < count; i++) {
        const struct walk_read *read = &record->reads[i];
        const struct word *word = &fixture->words[order[i]];
        bool is_vs = order[i] == VS1 || order[i] == VS0;

        CHECK_EQ(read->hpa, word->pa);
        CHECK_EQ(read->entry, word->entry);
        CHECK_EQ(read->stage, is_vs ? WALK_VS_STAGE : WALK_G_STAGE);
        CHECK_EQ(read->index,
                 (word->pa & (read->stage == WALK_G_STAGE && read->level ? 0x3fff : 0xfff)) / 4);
    }
}

TEST(four_kib_on_four_kib_reads_eight)
{
    static const u32 order[] = {G1_FOR_ROOT, G0_FOR_ROOT, VS1,         G1_FOR_L0,
                                G0_FOR_L0,   VS0,         G1_FOR_PAGE, G0_FOR_PAGE};
    static const int levels[] = {1, 0, 1, 1, 0, 0, 1, 0};
    const gpa_t vs1 = GUEST_ROOT + 0x301 * 4, vs0 = GUEST_L0 + 3 * 4, page = GUEST_PAGE + 0xa5c;
    const gpa_t gpas[] = {vs1, vs1, vs1, vs0, vs0, vs0, page, page};
    struct fixture f = make_fixture(false, false);
    struct walk_record record = run(&f, WALK_READ);

    CHECK_EQ(record.cause, 0);
    check_order(&f, &record, order, ARRAY_SIZE(order));
    for (u32 i = 0; i < 8; i++) {
        CHECK_EQ(record.reads[i].level, levels[i]);
        CHECK_EQ(record.reads[i].gpa, gpas[i]);
    }
    CHECK_EQ(record.gpa, page);
    CHECK_EQ(record.hpa, HOST(2) + (page & 0x3fffff));
    CHECK_EQ(record.vs_size, PAGE_SIZE);
    CHECK_EQ(record.g_size, PAGE_SIZE);
    CHECK_EQ(record.rights, PTE_R | PTE_W | PTE_X);
    CHECK(!record.implicit && !record.implicit_write);
}

TEST(four_kib_on_superpages_reads_five)
{
    static const u32 order[] = {G1_FOR_ROOT, VS1, G1_FOR_L0, VS0, G1_FOR_PAGE};
    struct fixture f = make_fixture(false, true);
    struct walk_record record = run(&f, WALK_WRITE);

    CHECK_EQ(record.cause, 0);
    check_order(&f, &record, order, ARRAY_SIZE(order));
    CHECK_EQ(record.gpa, GUEST_PAGE + 0xa5c);
    CHECK_EQ(record.hpa, HOST(2) + 0x387a5c);
    CHECK_EQ(record.vs_size, PAGE_SIZE);
    CHECK_EQ(record.g_size, SUPERPAGE_SIZE);
}

TEST(superpage_on_four_kib_reads_five)
{
    static const u32 order[] = {G1_FOR_ROOT, G0_FOR_ROOT, VS1, G1_FOR_PAGE, G0_FOR_PAGE};
    struct fixture f = make_fixture(true, false);
    struct walk_record record = run(&f, WALK_EXECUTE);

    CHECK_EQ(record.cause, 0);
    check_order(&f, &record, order, ARRAY_SIZE(order));
    CHECK_EQ(record.gpa, GUEST_BIG + 0x003a5c);
    CHECK_EQ(record.hpa, HOST(2) + 0x003a5c);
    CHECK_EQ(record.vs_size, SUPERPAGE_SIZE);
    CHECK_EQ(record.g_size, PAGE_SIZE);
}

TEST(superpage_on_superpage_reads_three)
{
    static const u32 order[] = {G1_FOR_ROOT, VS1, G1_FOR_PAGE};
    struct fixture f = make_fixture(true, true);
    struct walk_record record = run(&f, WALK_READ);

    CHECK_EQ(record.cause, 0);
    check_order(&f, &record, order, ARRAY_SIZE(order));
    CHECK_EQ(record.hpa, HOST(2) + 0x003a5c);
    CHECK_EQ(record.vs_size, SUPERPAGE_SIZE);
    CHECK_EQ(record.g_size, SUPERPAGE_SIZE);
}

TEST(bare_goes_through_the_g_stage_alone)
{
    for (u32 big = 0; big < 2; big++) {
        struct fixture f = make_fixture(false, false);
        struct walk_record record;

        f.context.vsatp = VSATP(GUEST_ROOT) & ~SATP_SV32; /* the rest is ignored */
        f.context.user = true;
        map_region(&f.words[G1_FOR_PAGE], 2, GVA, big);
        record = run(&f, WALK_READ);
        CHECK_EQ(record.cause, 0);
        CHECK_EQ(record.count, big ? 1 : 2);
        CHECK_EQ(record.gpa, GVA);
        CHECK_EQ(record.hpa, HOST(2) + (GVA & 0x3fffff));
        CHECK_EQ(record.vs_size, 0);
        CHECK_EQ(record.rights, PTE_R | PTE_W | PTE_X);
    }
}

TEST(bare_faults_are_guest_page_faults)
{
    static const u32 causes[] = {21, 23, 20};

    for (u32 access = WALK_READ; access <= WALK_EXECUTE; access++) {
        struct fixture f = make_fixture(false, false);
        struct walk_record record;

        f.context.vsatp = 0;
        map_region(&f.words[G1_FOR_PAGE], 2, GVA, false);
        f.words[G0_FOR_PAGE].entry = 0;
        record = run(&f, access);
        CHECK_EQ(record.cause, causes[access]);
        CHECK_EQ(record.gpa, GVA);
        CHECK(!record.implicit);
    }
}

/* One entry changed, and how the walk ends. */
struct fault_case {
    const char *name;
    u32 word, clear, set;
    enum fault expect;
    u32 reads;
    bool missing;
    struct {
        bool user, sum, mxr, mxr_hs, vs_ad, g_ad;
    } with;
    bool implicit;
    u32 accesses; /* BIT(access) of those that fault; 0: all three */
};

#define READS    BIT(WALK_READ)
#define WRITES   BIT(WALK_WRITE)
#define EXECUTES BIT(WALK_EXECUTE)
#define ON_TABLE .implicit = true

#define CASE(case_name, at, clear_bits, set_bits, fault, read_count, ...)                     \
    {                                                                                         \
        .name = case_name, .word = at, .clear = clear_bits, .set = set_bits, .expect = fault, \
        .reads = read_count, __VA_ARGS__                                                      \
    }

static const struct fault_case fault_cases[] = {
    /* The guest's own faults. */
    CASE("VS1 invalid", VS1, PTE_V, 0, FAULT_PAGE, 3),
    CASE("VS0 invalid", VS0, PTE_V, 0, FAULT_PAGE, 6),
    CASE("VS1 all zero", VS1, ~0u, 0, FAULT_PAGE, 3),
    CASE("VS0 pointer at the last level", VS0, 0xfe, 0, FAULT_PAGE, 6),
    CASE("VS0 W without R", VS0, PTE_R | PTE_X, 0, FAULT_PAGE, 6),
    CASE("VS0 W and X without R", VS0, PTE_R, 0, FAULT_PAGE, 6),
    CASE("VS1 W without R", VS1, 0, PTE_W, FAULT_PAGE, 3),
    CASE("VS1 pointer with A", VS1, 0, PTE_A, FAULT_PAGE, 3),
    CASE("VS1 pointer with D", VS1, 0, PTE_D, FAULT_PAGE, 3),
    CASE("VS1 pointer with U", VS1, 0, PTE_U, FAULT_PAGE, 3),
    CASE("VS1 superpage misaligned", VS1, 0, VS_LEAF, FAULT_PAGE, 3),
    CASE("VS0 not readable", VS0, PTE_R | PTE_W, 0, FAULT_PAGE, 6, .accesses = READS | WRITES),
    CASE("VS0 not writable", VS0, PTE_W, 0, FAULT_PAGE, 6, .accesses = WRITES),
    CASE("VS0 not executable", VS0, PTE_X, 0, FAULT_PAGE, 6, .accesses = EXECUTES),
    CASE("VS0 execute-only, MXR", VS0, PTE_R | PTE_W, 0, FAULT_PAGE, 6, .with = {.mxr = true},
         .accesses = WRITES),
    CASE("VS0 execute-only, MXR of HS", VS0, PTE_R | PTE_W, 0, FAULT_PAGE, 6,
         .with = {.mxr_hs = true}, .accesses = WRITES),
    CASE("VS0 read-only, MXR", VS0, PTE_W | PTE_X, 0, FAULT_PAGE, 6, .with = {.mxr = true},
         .accesses = WRITES | EXECUTES),
    CASE("VS0 of VS for VU", VS0, 0, 0, FAULT_PAGE, 6, .with = {.user = true}),
    CASE("VS0 of VS for VU, SUM", VS0, 0, 0, FAULT_PAGE, 6, .with = {.user = true, .sum = true}),
    CASE("VS0 of VU for VS", VS0, 0, PTE_U, FAULT_PAGE, 6),
    CASE("VS0 of VU for VS, SUM", VS0, 0, PTE_U, FAULT_PAGE, 6, .with = {.sum = true},
         .accesses = EXECUTES),
    CASE("VS0 of VU for VS, SUM and MXR", VS0, PTE_R | PTE_W, PTE_U, FAULT_PAGE, 6,
         .with = {.sum = true, .mxr = true}, .accesses = WRITES | EXECUTES),
    CASE("VS0 without A, Svade", VS0, PTE_A, 0, FAULT_PAGE, 6),
    CASE("VS0 without A, Svade, G-stage by hardware", VS0, PTE_A, 0, FAULT_PAGE, 6,
         .with = {.g_ad = true}),
    CASE("VS0 without D, Svade", VS0, PTE_D, 0, FAULT_PAGE, 6, .accesses = WRITES),

    /* The host's faults on the page. */
    CASE("G1 for the page invalid", G1_FOR_PAGE, PTE_V, 0, FAULT_GUEST_PAGE, 7),
    CASE("G0 for the page invalid", G0_FOR_PAGE, PTE_V, 0, FAULT_GUEST_PAGE, 8),
    CASE("G0 for the page a pointer", G0_FOR_PAGE, 0xfe, 0, FAULT_GUEST_PAGE, 8),
    CASE("G0 for the page W without R", G0_FOR_PAGE, PTE_R | PTE_X, 0, FAULT_GUEST_PAGE, 8),
    CASE("G0 for the page without U", G0_FOR_PAGE, PTE_U, 0, FAULT_GUEST_PAGE, 8),
    CASE("G1 pointer for the page with U", G1_FOR_PAGE, 0, PTE_U, FAULT_GUEST_PAGE, 7),
    CASE("G1 pointer for the page with A", G1_FOR_PAGE, 0, PTE_A, FAULT_GUEST_PAGE, 7),
    CASE("G1 pointer for the page with D", G1_FOR_PAGE, 0, PTE_D, FAULT_GUEST_PAGE, 7),
    CASE("G1 superpage for the page misaligned", G1_FOR_PAGE, 0, G_LEAF, FAULT_GUEST_PAGE, 7),
    CASE("G0 for the page read-only", G0_FOR_PAGE, PTE_W | PTE_X, 0, FAULT_GUEST_PAGE, 8,
         .accesses = WRITES | EXECUTES),
    CASE("G0 for the page execute-only", G0_FOR_PAGE, PTE_R | PTE_W, 0, FAULT_GUEST_PAGE, 8,
         .accesses = READS | WRITES),
    CASE("G0 for the page execute-only, the guest's MXR", G0_FOR_PAGE, PTE_R | PTE_W, 0,
         FAULT_GUEST_PAGE, 8, .with = {.mxr = true}, .accesses = READS | WRITES),
    CASE("G0 for the page execute-only, MXR of HS", G0_FOR_PAGE, PTE_R | PTE_W, 0, FAULT_GUEST_PAGE,
         8, .with = {.mxr_hs = true}, .accesses = WRITES),
    CASE("G0 for the page without A", G0_FOR_PAGE, PTE_A, 0, FAULT_GUEST_PAGE, 8),
    CASE("G0 for the page without A, VS-stage by hardware", G0_FOR_PAGE, PTE_A, 0, FAULT_GUEST_PAGE,
         8, .with = {.vs_ad = true}),
    CASE("G0 for the page without D", G0_FOR_PAGE, PTE_D, 0, FAULT_GUEST_PAGE, 8,
         .accesses = WRITES),

    /* The host's faults on the guest's tables: of the original access, but checked as a load. */
    CASE("G1 for the root invalid", G1_FOR_ROOT, PTE_V, 0, FAULT_GUEST_PAGE, 1, ON_TABLE),
    CASE("G0 for the root invalid", G0_FOR_ROOT, PTE_V, 0, FAULT_GUEST_PAGE, 2, ON_TABLE),
    CASE("G1 for the L0 table invalid", G1_FOR_L0, PTE_V, 0, FAULT_GUEST_PAGE, 4, ON_TABLE),
    CASE("G0 for the L0 table invalid", G0_FOR_L0, PTE_V, 0, FAULT_GUEST_PAGE, 5, ON_TABLE),
    CASE("G0 for the root without U", G0_FOR_ROOT, PTE_U, 0, FAULT_GUEST_PAGE, 2, ON_TABLE),
    CASE("G0 for the root without A", G0_FOR_ROOT, PTE_A, 0, FAULT_GUEST_PAGE, 2, ON_TABLE),
    CASE("G0 for the root execute-only", G0_FOR_ROOT, PTE_R | PTE_W, 0, FAULT_GUEST_PAGE, 2,
         ON_TABLE),
    CASE("G0 for the root execute-only, MXR of HS is for explicit loads", G0_FOR_ROOT,
         PTE_R | PTE_W, 0, FAULT_GUEST_PAGE, 2, .with = {.mxr = true, .mxr_hs = true}, ON_TABLE),

    /* Tables where there is no memory. */
    CASE("no memory at G1 for the root", G1_FOR_ROOT, 0, 0, FAULT_ACCESS, 0, .missing = true),
    CASE("no memory at G0 for the root", G0_FOR_ROOT, 0, 0, FAULT_ACCESS, 1, .missing = true),
    CASE("no memory at VS1", VS1, 0, 0, FAULT_ACCESS, 2, .missing = true),
    CASE("no memory at G1 for the L0 table", G1_FOR_L0, 0, 0, FAULT_ACCESS, 3, .missing = true),
    CASE("no memory at G0 for the L0 table", G0_FOR_L0, 0, 0, FAULT_ACCESS, 4, .missing = true),
    CASE("no memory at VS0", VS0, 0, 0, FAULT_ACCESS, 5, .missing = true),
    CASE("no memory at G1 for the page", G1_FOR_PAGE, 0, 0, FAULT_ACCESS, 6, .missing = true),
    CASE("no memory at G0 for the page", G0_FOR_PAGE, 0, 0, FAULT_ACCESS, 7, .missing = true),
};

/* The gPA that a guest-page fault on the way through `word` is about. */
static gpa_t translated_gpa(u32 word)
{
    if (word <= G0_FOR_ROOT)
        return GUEST_ROOT + 0x301 * 4;
    return word <= G0_FOR_L0 ? GUEST_L0 + 3 * 4 : GUEST_PAGE + 0xa5c;
}

static void set_context(struct walk_context *context, const struct fault_case *c)
{
    context->user = c->with.user;
    context->sum = c->with.sum;
    context->mxr = c->with.mxr;
    context->mxr_hs = c->with.mxr_hs;
    context->vs_hardware_ad = c->with.vs_ad;
    context->g_hardware_ad = c->with.g_ad;
}

static void check_fault(const struct fault_case *c, const struct walk_record *record)
{
    /* By hand from the spec's table of causes, not from the walk's. */
    static const u32 causes[][3] = {{5, 7, 1}, {13, 15, 12}, {21, 23, 20}};

    CHECK_EQ(record->cause, causes[c->expect][record->access]);
    CHECK_EQ(record->count, c->reads);
    CHECK_EQ(record->implicit, c->implicit);
    CHECK(!record->implicit_write);
    if (c->expect == FAULT_GUEST_PAGE)
        CHECK_EQ(record->gpa, translated_gpa(c->word));
    else
        CHECK_EQ(record->gpa, c->word < G1_FOR_PAGE ? 0 : GUEST_PAGE + 0xa5c);
    CHECK_EQ(record->hpa, 0);
    CHECK_EQ(record->rights, 0);
    CHECK_EQ(record->g_size, 0);
    CHECK_EQ(record->vs_size, c->word < G1_FOR_PAGE ? 0 : PAGE_SIZE);
}

TEST(every_fault_and_its_cause)
{
    static const char *const access_names[] = {"read", "write", "execute"};

    for (u32 i = 0; i < ARRAY_SIZE(fault_cases); i++) {
        const struct fault_case *c = &fault_cases[i];
        u32 faulting = c->accesses ? c->accesses : READS | WRITES | EXECUTES;

        for (u32 access = WALK_READ; access <= WALK_EXECUTE; access++) {
            struct fixture f = make_fixture(false, false);
            struct walk_record record;

            f.words[c->word].entry = (f.words[c->word].entry & ~c->clear) | c->set;
            f.words[c->word].missing = c->missing;
            set_context(&f.context, c);
            record = run(&f, access);
            if (!record.cause != !(faulting & BIT(access)))
                UNIT_FAIL("%s, %s: cause %u", c->name, access_names[access], record.cause);
            if (record.cause)
                check_fault(c, &record);
        }
    }
}

/* Walks with A and D of both stages' leaves as given; `changed` is cleared in the leaf of `word`.
 */
static struct walk_record run_without(u32 word, u32 clear, bool vs_ad, bool g_ad,
                                      enum walk_access access)
{
    struct fixture f = make_fixture(false, false);

    f.words[word].entry &= ~clear;
    f.context.vs_hardware_ad = vs_ad;
    f.context.g_hardware_ad = g_ad;
    return run(&f, access);
}

TEST(hardware_sets_a_and_d_of_either_stage)
{
    for (u32 access = WALK_READ; access <= WALK_EXECUTE; access++) {
        CHECK_EQ(run_without(VS0, PTE_A | PTE_D, true, false, access).cause, 0);
        CHECK_EQ(run_without(G0_FOR_PAGE, PTE_A | PTE_D, false, true, access).cause, 0);
        CHECK_EQ(run_without(G0_FOR_ROOT, PTE_A | PTE_D, false, true, access).cause, 0);
        CHECK_EQ(run_without(G0_FOR_L0, PTE_A | PTE_D, false, true, access).cause, 0);
    }
}

TEST(reading_a_guest_table_needs_no_d_in_the_g_stage)
{
    for (u32 access = WALK_READ; access <= WALK_EXECUTE; access++) {
        CHECK_EQ(run_without(G0_FOR_ROOT, PTE_D | PTE_W | PTE_X, false, false, access).cause, 0);
        CHECK_EQ(run_without(G0_FOR_L0, PTE_D | PTE_W | PTE_X, true, false, access).cause, 0);
    }
}

/* Hardware has to set A or D in VS0, in a page that the G-stage gives as `lacking` says. */
static void check_update_fault(u32 vs_clear, u32 g_clear, bool g_ad, enum walk_access access,
                               u32 cause)
{
    struct fixture f = make_fixture(false, false);
    struct walk_record record;

    f.words[VS0].entry &= ~vs_clear;
    f.words[G0_FOR_L0].entry &= ~g_clear;
    f.context.vs_hardware_ad = true;
    f.context.g_hardware_ad = g_ad;
    record = run(&f, access);
    CHECK_EQ(record.cause, cause);
    CHECK_EQ(record.count, cause ? 6 : 8);
    CHECK_EQ(record.implicit, cause != 0);
    CHECK_EQ(record.implicit_write, cause != 0);
    CHECK_EQ(record.gpa, cause ? GUEST_L0 + 3 * 4 : GUEST_PAGE + 0xa5c);
}

TEST(setting_a_in_a_read_only_guest_table_faults_as_the_access)
{
    check_update_fault(PTE_A, PTE_W, false, WALK_READ, 21);
    check_update_fault(PTE_A, PTE_W, false, WALK_WRITE, 23);
    check_update_fault(PTE_A, PTE_W, false, WALK_EXECUTE, 20);
    check_update_fault(PTE_A, PTE_W, true, WALK_READ, 21);
}

TEST(setting_d_in_a_read_only_guest_table_faults_for_stores_only)
{
    check_update_fault(PTE_D, PTE_W, true, WALK_WRITE, 23);
    check_update_fault(PTE_D, PTE_W, true, WALK_READ, 0);
    check_update_fault(PTE_D, PTE_W, true, WALK_EXECUTE, 0);
}

TEST(setting_a_needs_d_of_the_g_stage_or_hardware_that_sets_it)
{
    check_update_fault(PTE_A, PTE_D, false, WALK_READ, 21);
    check_update_fault(PTE_A, PTE_D, false, WALK_EXECUTE, 20);
    check_update_fault(PTE_A, PTE_D, true, WALK_READ, 0);
}

TEST(a_refused_access_sets_no_bits)
{
    /* VS0 lacks A, is read-only for a store, and lies in a read-only page: the guest's
     * fault. */
    struct fixture f = make_fixture(false, false);
    struct walk_record record;

    f.words[VS0].entry &= ~(PTE_A | PTE_W);
    f.words[G0_FOR_L0].entry &= ~PTE_W;
    f.context.vs_hardware_ad = true;
    record = run(&f, WALK_WRITE);
    CHECK_EQ(record.cause, 15);
    CHECK(!record.implicit && !record.implicit_write);
}

TEST(the_g_bit_and_rsw_mean_nothing)
{
    static const u32 order[] = {G1_FOR_ROOT, G0_FOR_ROOT, VS1,         G1_FOR_L0,
                                G0_FOR_L0,   VS0,         G1_FOR_PAGE, G0_FOR_PAGE};
    struct fixture f = make_fixture(false, false);
    struct walk_record record;

    for (u32 i = 0; i < WORD_COUNT; i++)
        f.words[i].entry |= PTE_G | 3u << PTE_RSW_SHIFT;
    record = run(&f, WALK_READ);
    CHECK_EQ(record.cause, 0);
    check_order(&f, &record, order, ARRAY_SIZE(order));
}

TEST(rights_are_those_of_both_stages_and_the_mode)
{
    struct fixture f = make_fixture(false, false);

    f.words[VS0].entry &= ~PTE_W;
    f.words[G0_FOR_PAGE].entry &= ~PTE_X;
    CHECK_EQ(run(&f, WALK_READ).rights, PTE_R);

    f = make_fixture(false, false);
    f.words[VS0].entry = (f.words[VS0].entry & ~(PTE_R | PTE_W)) | PTE_U;
    f.context.user = true;
    CHECK_EQ(run(&f, WALK_EXECUTE).rights, PTE_X);
    f.context.mxr = true;
    CHECK_EQ(run(&f, WALK_EXECUTE).rights, PTE_R | PTE_X);
    f.context.user = false;
    f.context.sum = true;
    CHECK_EQ(run(&f, WALK_READ).rights, PTE_R);
}

TEST(a_table_may_be_its_own_child)
{
    /* The guest's root points to itself: entry 0x301 is pointer and leaf at once, so no
     * leaf. */
    struct fixture f = make_fixture(false, false);
    struct walk_record record;

    f.words[VS1].entry = pte_make(GUEST_ROOT, PTE_V);
    f.words[VS0].pa = HOST(0) + ((GUEST_ROOT + 3 * 4) & 0x3fffff);
    f.words[VS0].entry = pte_make(GUEST_PAGE, VS_LEAF);
    record = run(&f, WALK_READ);
    CHECK_EQ(record.cause, 0);
    CHECK_EQ(record.reads[4].hpa, f.words[G0_FOR_ROOT].pa);
    CHECK_EQ(record.reads[5].hpa, f.words[VS0].pa);
    CHECK_EQ(record.gpa, GUEST_PAGE + 0xa5c);

    /* And when the entry it meets at the last level is the pointer to itself. */
    f.words[VS0] = f.words[VS1];
    f.words[VS1].pa = 0;
    walk(&f.context, 0xc0701a5c, WALK_READ, &record);
    CHECK_EQ(record.cause, 13);
}

UNIT_MAIN("walk")
