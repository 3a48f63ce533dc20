/*
 * Memory that the image filled, of which nobody has stored anything yet: where images are shared it
 * is the host's one copy until the first store, by whatever makes it. It reads as the image has it,
 * takes every kind of store, on every hart at once, and no other VM sees anything of that.
 *
 * Bootarg: who=a, b, ...: what this VM writes. Those of one bundle are to run at once.
 */
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/fdt.h"
#include "guest/lib/io.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define PATTERN 0x5eed0001u /* what the image has in every word of `page` */
#define WORDS   (PAGE_SIZE / 4)
#define BIG     0x50000000u /* gVAs of 4 MiB, for a table that the image has */
#define ROUNDS  200u

/* Each page is used by one case only, so that it is new to it. */
enum page_use {
    FOR_READS,
    FOR_EDGES, /* three */
    FOR_KINDS = FOR_EDGES + 3,
    FOR_READERS,
    FOR_NEIGHBOURS = FOR_READERS + 16,
    PAGES = FOR_NEIGHBOURS + 8,
};

static volatile u32 page[PAGES][WORDS]
    __attribute__((aligned(PAGE_SIZE))) = {[0 ... PAGES - 1] = {[0 ... WORDS - 1] = PATTERN}};

static u32 tag;

/* Has the page the pattern in all words but `word`, and that there? */
static bool holds(u32 index, u32 word, u32 value)
{
    for (u32 i = 0; i < WORDS; i++)
        if (page[index][i] != (i == word ? value : PATTERN))
            return false;
    return true;
}

static void is_as_the_image_has_it(void)
{
    CHECK(holds(FOR_READS, 0, PATTERN), "not the pattern");
}

static void a_store_changes_its_word_alone(void)
{
    CHECK(holds(FOR_EDGES + 1, 0, PATTERN), "not the pattern");
    page[FOR_EDGES + 1][0] = tag;
    CHECK(holds(FOR_EDGES + 1, 0, tag), "the first word was written");
    page[FOR_EDGES + 1][0] = PATTERN;
    page[FOR_EDGES + 1][WORDS - 1] = tag;
    CHECK(holds(FOR_EDGES + 1, WORDS - 1, tag), "the last word was written");
    CHECK(holds(FOR_EDGES, 0, PATTERN) && holds(FOR_EDGES + 2, 0, PATTERN), "a neighbour changed");
}

/* An AMO on a page that was read before, and one that was not, is a store too. */
static void an_amo_stores(void)
{
    u32 old;

    CHECK_EQ(page[FOR_KINDS][3], PATTERN);
    __asm__ volatile("amoadd.w %0, %1, (%2)"
                     : "=r"(old)
                     : "r"(tag), "r"(&page[FOR_KINDS][3])
                     : "memory");
    CHECK_EQ(old, PATTERN);
    CHECK(holds(FOR_KINDS, 3, PATTERN + tag), "not the sum");
}

/* The guest's own tables, as the image brings them: hardware that sets A and D writes there. */
static pte_t table[SV32_ENTRIES] __attribute__((aligned(PAGE_SIZE))) = {
    [0 ... SV32_ENTRIES - 1] = (RAM_BASE >> PAGE_SHIFT) << PTE_PPN_SHIFT | PTE_V | PTE_R | PTE_W,
};

/* `tables=software`: the machine must not set A and D, for the page is shared and QEMU would not
 * mind that it is read-only. */
static bool tables_are_software;

static void check_bits(char access, u32 index, u32 expected)
{
    volatile pte_t *entry = &table[index];
    u32 address = BIG + index * PAGE_SIZE;

    trap_arm();
    if (access == 'w')
        write32(address, read32(address));
    else
        (void)read32(address);
    struct trap_seen seen = trap_disarm();
    if (tables_are_software) {
        CHECK(seen.count, "no page fault");
        CHECK_EQ(*entry & (PTE_A | PTE_D), 0);
        return;
    }
    if (seen.count)
        SKIP("A and D are left to software here");
    CHECK_EQ(*entry & (PTE_A | PTE_D), expected);
    CHECK_EQ(table[index + 1] & (PTE_A | PTE_D), 0);
}

static void hardware_updates_a_table(void)
{
    pte_t *root = sv32_new();

    sv32_map_kernel(root);
    root[sv32_vpn(BIG, 1)] = pte_make((u32)table, PTE_V);
    sv32_use(root, 0);
    check_bits('r', 5, PTE_A);
    check_bits('w', 9, PTE_A | PTE_D);
    sv32_off();
}

/* ---- Code ---- */

/* Functions that the image has, each in a page of its own: li a0, 1; ret. */
static u32 code[4][WORDS] __attribute__((aligned(PAGE_SIZE))) = {
    [0 ... 3] = {0x00100513, 0x00008067},
};

static u32 call(u32 index)
{
    return ((u32(*)(void))code[index])();
}

static void code_runs_and_can_be_patched(void)
{
    CHECK_EQ(call(0), 1);
    code[0][0] = 0x00200513; /* li a0, 2 */
    __asm__ volatile("fence.i" : : : "memory");
    CHECK_EQ(call(0), 2);
    code[1][0] = 0x00300513; /* before it has ever run */
    __asm__ volatile("fence.i" : : : "memory");
    CHECK_EQ(call(1), 3);
}

static volatile u32 patched; /* what the function returns now */

/* Calls it once after each patch. (Not while it is patched: QEMU may then run old code for a while,
 * whatever fences there are.) */
static void call_when_patched(void)
{
    u32 id = this_hart()->id;

    while (!crew_quit) {
        u32 number = patched;
        if (crew_alive[id] == number)
            continue;
        __asm__ volatile("fence r, rw\n\tfence.i" : : : "memory");
        crew_wrong[id] += call(2) != number;
        crew_alive[id] = number;
    }
}

/* The others have run the original, and so have it in their TLBs, when the first patch comes. */
static void code_is_patched_for_all_harts(void)
{
    NEED_TWO_HARTS();
    patched = 1;
    CHECK(crew_start(call_when_patched), "the harts did not start");
    for (u32 number = 2; number < 20; number++) {
        code[2][0] = number << 20 | 0x513;
        __asm__ volatile("fence w, w" : : : "memory");
        patched = number;
        for (u32 hart = 0; hart < hart_count(); hart++)
            if (hart != boot.hart)
                CHECK(hart_wait_value(&crew_alive[hart], number), "hart %u is stuck", hart);
    }
    if (crew_stop())
        crew_is_right("an instruction from before the patch was run");
}

/* ---- Several harts ---- */

static volatile u32 current, value; /* the page that all look at, and what it may hold at least */

/* Reads, without a pause: nobody who has seen `value` may find something older in the page. */
static void read_all_the_time(void)
{
    u32 id = this_hart()->id;

    while (!crew_quit) {
        u32 index = current;
        __asm__ volatile("fence r, r" : : : "memory");
        u32 least = value;
        __asm__ volatile("fence r, r" : : : "memory");
        crew_wrong[id] += page[index][7] - PATTERN < least;
        crew_alive[id]++;
    }
}

/* Every hart has read the page, and so has the original in its TLB, when the first store comes. */
static void readers_see_the_first_store(void)
{
    NEED_TWO_HARTS();
    current = FOR_READERS;
    value = 0;
    CHECK(crew_start(read_all_the_time), "the harts did not start");
    for (u32 i = 0; i < 16; i++) {
        value = 0;
        __asm__ volatile("fence w, w" : : : "memory");
        current = FOR_READERS + i;
        for (u32 hart = 0; hart < hart_count(); hart++)
            if (hart != boot.hart)
                CHECK(hart_wait_value(&crew_alive[hart], crew_alive[hart] + 2), "hart %u is stuck",
                      hart);
        page[FOR_READERS + i][7] = PATTERN + 1;
        __asm__ volatile("fence w, w" : : : "memory");
        value = 1;
        hart_relax();
    }
    if (crew_stop())
        crew_is_right("the original was read after the store");
}

/* ---- Several VMs ---- */

/* The others of the bundle write their own tags to the same pages of the same image. */
static void other_vms_are_not_seen(void)
{
    for (u32 i = 0; i < 8; i++) {
        CHECK(holds(FOR_NEIGHBOURS + i, 0, PATTERN), "page %u was written before", i);
        page[FOR_NEIGHBOURS + i][i] = tag;
    }
    for (u32 round = 0; round < ROUNDS; round++) {
        for (u32 i = 0; i < 8; i++)
            CHECK(holds(FOR_NEIGHBOURS + i, i, tag), "round %u: page %u is not mine", round, i);
        hart_relax();
    }
}

/* Text that nobody has touched is read by the hypervisor first; the log shows whether rightly. */
#define TEXT "t_shared: from the image, by the hypervisor\n"
static const char text[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE))) = TEXT;

static void the_hypervisor_reads_it_too(void)
{
    if (!sbi_probe(SBI_EXT_DBCN))
        SKIP("no debug console");
    struct sbiret ret = sbi_call(SBI_EXT_DBCN, DBCN_WRITE, sizeof(TEXT) - 1, (u32)text, 0, 0, 0);
    CHECK_EQ(ret.error, SBI_SUCCESS);
    CHECK_EQ(ret.value, sizeof(TEXT) - 1);
}

/* A hart mask of the legacy calls, given by its address and read by the hypervisor first. */
static u32 mask[WORDS] __attribute__((aligned(PAGE_SIZE))) = {1};

static void the_hypervisor_reads_a_mask(void)
{
    trap_arm();
    s32 error = sbi_legacy(LEGACY_FENCE_I, (u32)mask, 0, 0, 0);
    struct trap_seen seen = trap_disarm();
    CHECK(!seen.count, "trap %u at %x", seen.cause, seen.value);
    CHECK_EQ(error, SBI_SUCCESS);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(is_as_the_image_has_it),
        CASE(the_hypervisor_reads_it_too),
        CASE(the_hypervisor_reads_a_mask),
        CASE(a_store_changes_its_word_alone),
        CASE(an_amo_stores),
        CASE(hardware_updates_a_table),
        CASE(code_runs_and_can_be_patched),
        CASE(code_is_patched_for_all_harts),
        CASE(readers_see_the_first_store),
        CASE(other_vms_are_not_seen),
    };
    char who[8], tables[12];

    fdt_bootarg("who", who, sizeof(who));
    fdt_bootarg("tables", tables, sizeof(tables));
    tables_are_software = strcmp(tables, "software") == 0;
    tag = 0xa0000000u | (u32)(u8)who[0] << 8;
    return test_run("t_shared", cases, ARRAY_SIZE(cases));
}
