/* Walks in words and as JSON: what is said of a walk, and in which form. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/random_tables.h"
#include "tests/unit/unit.h"
#include "hyp/core/format.c"
#include "hyp/vm/walk.c"
#include "hyp/vm/walk_json.c"
#include "hyp/vm/walk_text.c"
#include "hyp/vm/walk_verdict.c"

static char all[64 * (WALK_TEXT_WIDTH + 2)];
static u32 lines;

static void collect(const char *text)
{
    CHECK(strlen(text) < WALK_TEXT_WIDTH); /* a line that fills it may have been cut */
    strcat(all, text);
    strcat(all, "\n");
    lines++;
}

static const char *text_of(const struct walk_view *view)
{
    all[0] = '\0';
    lines = 0;
    walk_text(view, collect);
    return all;
}

#define SAYS(view, part) CHECK(strstr(text_of(view), part) != NULL)

/* Guest tables of 4 KiB at gPA 0x3fffff000 and so on: everything as long as it can be. */
static struct walk_view long_view(void)
{
    struct walk_view view = {
        .vm = "a-name-of-24-characters-",
        .vcpu = 7,
        .hgatp = 0xffffffff,
        .context =
            {.vsatp = 0xffffffff, .root = 0x3ffffc000, .user = true, .sum = true, .mxr = true},
        .record = {.gva = 0xffffffff, .count = 8, .access = WALK_WRITE},
    };

    for (u32 i = 0; i < 8; i++)
        view.record.reads[i] =
            (struct walk_read){.stage = i % 3 == 2 ? WALK_VS_STAGE : WALK_G_STAGE,
                               .level = i / 3 != 2 && i % 3 == 0,
                               .gpa = 0x3ffffffff,
                               .hpa = 0x3ffffffff,
                               .index = 4095,
                               .entry = 0xffffffff};
    return view;
}

TEST(no_line_is_longer_than_the_page)
{
    static const u32 causes[] = {0, 1, 5, 7, 12, 13, 15, 20, 21, 23};

    for (u32 i = 0; i < ARRAY_SIZE(causes); i++)
        for (u32 reason = 0; reason < WALK_REASONS; reason++)
            for (u32 answer = 0; answer <= WALK_ANSWER_ACCESS_FAULT; answer++) {
                struct walk_view view = long_view();

                view.record.cause = causes[i];
                view.record.reason = causes[i] ? (enum walk_reason)reason : WALK_FINE;
                view.record.blamed = 7;
                /* a device never answers for a table */
                view.record.implicit = answer != WALK_ANSWER_DEVICE;
                view.record.implicit_write = view.record.implicit;
                view.record.gpa = view.record.hpa = 0x3ffffffff;
                view.record.vs_size = view.record.g_size = SUPERPAGE_SIZE;
                view.answer = (enum walk_answer)answer;
                view.device = "virtio-mmio";
                view.asked = true;
                view.found = view.hardware = 0xffffffff;
                view.hardware_cause = 23;
                text_of(&view);
                CHECK(lines >= 4 + 1 + 8 + 2);
            }
}

/* 4 KiB on 4 KiB at fixed places. */
static bool read_fixed(void *memory, hpa_t pa, pte_t *entry)
{
    static const struct {
        hpa_t pa;
        pte_t entry;
    } fixed[] = {
        {0x10000 + 513 * 4, 0x00008001}, /* the host's root => 0x20000       */
        {0x20000 + 7 * 4, 0x0000c0df},   /* gPA 0x80407000 => 0x30000        */
        {0x20000 + 12 * 4, 0x000100df},  /* gPA 0x8040c000 => 0x40000        */
        {0x20000 + 11 * 4, 0x000140df},  /* gPA 0x8040b000 => 0x50000        */
        {0x30000 + 1 * 4, 0x20103001},   /* the guest's root                 */
        {0x40000, 0x20102cd7},           /* the guest's leaf, U              */
    };

    (void)memory;
    for (u32 i = 0; i < ARRAY_SIZE(fixed); i++)
        if (fixed[i].pa == pa) {
            *entry = fixed[i].entry;
            return true;
        }
    *entry = 0;
    return true;
}

static struct walk_view walk_fixed(gva_t gva, enum walk_access access, bool user)
{
    struct walk_view view = {
        .vm = "a",
        .hgatp = 0x80000010,
        .context = {.vsatp = 0x80080407, .root = 0x10000, .user = user, .read_entry = read_fixed},
    };

    walk(&view.context, gva, access, &view.record);
    return view;
}

TEST(eight_reads_are_a_picture)
{
    struct walk_view view = walk_fixed(0x400123, WALK_READ, true);

    CHECK_EQ(strcmp(text_of(&view),
                    "Twofold: VM \"a\", vCPU 0: read of gVA 0x00400123 in VU-mode\n"
                    "  gVA    00400123  VPN[1] 1, VPN[0] 0, offset 0x123\n"
                    "  vsatp  80080407  Sv32, ASID 0, root at gPA 0x080407000\n"
                    "  hgatp  80000010  Sv32x4, VMID 0, root at hPA 0x000010000\n"
                    "     table     for/at gPA       at hPA       index  entry     PPN    RSW "
                    "DAGUXWRV  leads to\n"
                    "  1  host  L1  for 0x080407004  0x000010000    513  00008001  000020  0  "
                    "-------V  hPA 0x000020000\n"
                    "  2  host  L0  for 0x080407004  0x000020000      7  0000c0df  000030  0  "
                    "DA-UXWRV  hPA 0x000030004\n"
                    "  3  guest L1   at 0x080407000  0x000030000      1  20103001  08040c  0  "
                    "-------V  gPA 0x08040c000\n"
                    "  4  host  L1  for 0x08040c000  0x000010000    513  00008001  000020  0  "
                    "-------V  hPA 0x000020000\n"
                    "  5  host  L0  for 0x08040c000  0x000020000     12  000100df  000040  0  "
                    "DA-UXWRV  hPA 0x000040000\n"
                    "  6  guest L0   at 0x08040c000  0x000040000      0  20102cd7  08040b  0  "
                    "DA-U-WRV  gPA 0x08040b123\n"
                    "  7  host  L1  for 0x08040b123  0x000010000    513  00008001  000020  0  "
                    "-------V  hPA 0x000020000\n"
                    "  8  host  L0  for 0x08040b123  0x000020000     11  000140df  000050  0  "
                    "DA-UXWRV  hPA 0x000050123\n"
                    "  gVA 0x00400123 => gPA 0x08040b123 => hPA 0x000050123  in 8 reads\n"
                    "  page of the guest: 4 KiB, leaf of the host: 4 KiB; rights of both in "
                    "VU-mode: rw-\n"),
             0);
}

TEST(a_fault_is_shown_where_it_happens)
{
    struct walk_view view = walk_fixed(0x400123, WALK_EXECUTE, true);

    SAYS(&view, "* 6  guest L0   at 0x08040c000");
    SAYS(&view, "  fault at read 6, entry 0 of guest L0: it does not allow fetches (X is 0)\n");
    SAYS(&view, "  trap: cause 12, instruction page fault, to the guest: stval 0x00400123\n");
    view = walk_fixed(0x400123, WALK_WRITE, false);
    SAYS(&view, "U is 1), which SUM does not open");
    view = walk_fixed(0x00c00000, WALK_READ, false);
    SAYS(&view, "* 3  guest L1   at 0x080407000  0x000030000      3  00000000  000000  0  -------- "
                " nowhere\n");
}

TEST(a_guest_page_fault_names_htval_and_htinst)
{
    struct walk_view view = walk_fixed(0x400000, WALK_WRITE, true);

    view.context.vsatp = 0x80080408; /* a root where nothing is */
    walk(&view.context, 0x400000, WALK_WRITE, &view.record);
    SAYS(&view,
         "  trap: cause 23, store/AMO guest-page fault, to the hypervisor\n"
         "        stval 0x00400000, htval 0x20102001 (gPA 0x080408004), htinst 0x00002000\n");
    view.answer = WALK_ANSWER_BACK;
    SAYS(&view, "        that gPA, of the guest's entry, is RAM without a page: it gets one");
    view.answer = WALK_ANSWER_NONE;
    view.context.vsatp = 0;
    walk(&view.context, 0x400000, WALK_EXECUTE, &view.record);
    SAYS(&view, "htval 0x00100000 (gPA 0x000400000), htinst 0\n");
    walk(&view.context, 0x400000, WALK_READ, &view.record);
    SAYS(&view, "htinst 0 or the instruction\n");
    view.answer = WALK_ANSWER_DEVICE;
    view.device = "plic";
    SAYS(&view, "        that gPA is a register of a device, which answers: plic\n");
}

TEST(what_hardware_says_is_held_against_it)
{
    struct walk_view view = walk_fixed(0x400123, WALK_READ, true);

    view.asked = true;
    view.found = view.hardware = 0x1234;
    SAYS(&view, "  the word there: 0x00001234 by our walk, 0x00001234 by hardware (HLV)\n");
    view.hardware = 0x1235;
    SAYS(&view, "(HLV)  DIFFERENT\n");
    view.hardware_cause = 13;
    SAYS(&view, "HLV traps with cause 13  DIFFERENT\n");
    view = walk_fixed(0x400123, WALK_EXECUTE, true);
    view.asked = true;
    SAYS(&view, "  hardware (HLVX): no trap, 0x00000000  DIFFERENT\n");
    view.hardware_cause = 12;
    SAYS(&view, "  hardware (HLVX): cause 12, htval 0x00000000, htinst 0x00000000\n");
    view.hardware_cause = 1;
    SAYS(&view, "DIFFERENT\n");
}

TEST(a_table_outside_memory_is_named_by_its_hpa)
{
    struct walk_view view = long_view();

    view.record.count = 1;
    view.record.blamed = 1;
    view.record.cause = 5;
    view.record.reason = WALK_NO_MEMORY;
    SAYS(&view, "  fault at read 2, entry 4095 of host L0, hPA 0x3ffffffff: there is no memory\n");
}

/* Of every kind of walk; the form is checked against the schema by tests/check_walk_records.py. */
TEST(every_record_fits_and_is_one_object)
{
    static char json[WALK_JSON_MAX];
    u32 longest = 0;

    for (u32 round = 1; round <= 30000; round++) {
        struct walk_view view = {.vm = "a-name-of-24-characters-", .vcpu = 7};
        int depth = 0;
        u32 length;

        tables_seed = round;
        view.context = random_context(round);
        walk(&view.context, scramble(round), (enum walk_access)(round % 3), &view.record);
        text_of(&view);
        length = walk_json(&view, json, sizeof(json));
        CHECK_EQ(length, strlen(json));
        CHECK(length + 3 < sizeof(json));
        longest = length > longest ? length : longest;
        for (const char *p = json; *p; p++) {
            depth += *p == '{' || *p == '[';
            depth -= *p == '}' || *p == ']';
            CHECK(depth > 0 || !p[1]);
            CHECK(*p >= ' ' && *p <= '~');
        }
        CHECK_EQ(depth, 0);
    }
    CHECK(longest > 1200);
}

TEST(names_of_vms_cannot_break_a_record)
{
    static char json[WALK_JSON_MAX];
    struct walk_view view = walk_fixed(0x400123, WALK_READ, true);

    view.vm = "a\"b\\c\nd";
    walk_json(&view, json, sizeof(json));
    CHECK(strstr(json, "\"vm\":\"a_b_c_d\"") != NULL);
}

TEST(traps_go_to_who_may_have_them)
{
    struct walk_record record = {.gva = 0x1234, .gpa = 0x3fffffffc};
    struct walk_verdict verdict;

    walk_verdict(&record, &verdict);
    CHECK(verdict.taker == WALK_NOBODY && !verdict.stval && !verdict.htval && !verdict.htinst);
    record.cause = CAUSE_LOAD_PAGE;
    walk_verdict(&record, &verdict);
    CHECK(verdict.taker == WALK_GUEST && verdict.stval == 0x1234 && !verdict.htval);
    record.cause = CAUSE_FETCH_ACCESS;
    walk_verdict(&record, &verdict);
    CHECK(verdict.taker == WALK_GUEST && !verdict.htval);
    record.cause = CAUSE_STORE_GUEST_PAGE;
    walk_verdict(&record, &verdict);
    CHECK(verdict.taker == WALK_HYPERVISOR && verdict.htval == 0xffffffff && !verdict.htinst);
    record.implicit = true;
    walk_verdict(&record, &verdict);
    CHECK_EQ(verdict.htinst, 0x2000);
    record.implicit_write = true;
    walk_verdict(&record, &verdict);
    CHECK_EQ(verdict.htinst, 0x2020);
}

UNIT_MAIN("walk_text")
