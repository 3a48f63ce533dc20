/*
 * Nothing of one guest is ever seen in another. Every register and CSR that a guest owns gets a
 * value made of `who=`, and has to hold it whatever runs in between on the same hart; and memory
 * nobody gave us anything in is zero. Two copies with different `who=` are to run at once. With
 * `counters=exact` in the bootargs, cycle and instret are instructions (icount).
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/fp.h"
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/isa.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define ROUNDS     40u
#define SPIN_TICKS 20000u /* 2 ms of `time` */
#define ASID_MASK  0xffu

static char who[8];
static u32 tag; /* the letter of this guest, in every byte */

static bool all_zero(u32 start, u32 end)
{
    for (u32 at = ALIGN_UP(start, 4); at < end; at += 4)
        if (read32(at) != 0) {
            test_fail("%08x at %08x", read32(at), at);
            return false;
        }
    return true;
}

static void memory_starts_as_zero(void)
{
    u32 fdt = (u32)boot.fdt, fdt_end = fdt + fdt_word((const u8 *)boot.fdt + 4);

    if (!all_zero((u32)image_end, fdt))
        return;
    if (runs_natively())
        return; /* firmware lies below the image, and its work space is where it likes */
    if (all_zero(RAM_BASE, (u32)image_start))
        all_zero(fdt_end, RAM_BASE + fdt_ram_size());
}

/* For whoever gets these pages after us. */
static void memory_is_left_full(void)
{
    u32 end = (u32)boot.fdt & ~3u;

    for (u32 at = (u32)image_end; at < end; at += 64)
        write32(at, tag);
    for (u32 at = (u32)image_end; at < end; at += 64)
        CHECK(read32(at) == tag, "%08x at %08x", read32(at), at);
}

/* x31 counts down; everything else stays. */
static u32 countdown[] = {
    0xffff8f93, /* 1: addi t6, t6, -1 */
    0xfe0f9ee3, /*    bnez t6, 1b     */
    0x00100073, /*    ebreak          */
};

static void general_registers(void)
{
    struct trap_frame frame = {.sstatus = SSTATUS_SPIE | SSTATUS_SPP};

    for (u32 round = 0; round < ROUNDS; round++) {
        for (u32 i = 1; i < 31; i++)
            frame.x[i] = tag ^ (round << 8 | i);
        frame.x[31] = 300000;
        frame.sepc = (u32)countdown;
        run_until_trap(&frame);
        CHECK_EQ(frame.scause, EXCEPTION_BREAKPOINT);
        for (u32 i = 1; i < 31; i++)
            CHECK(frame.x[i] == (tag ^ (round << 8 | i)), "x%u is %08x", i, frame.x[i]);
    }
}

static void floating_point_registers(void)
{
    u64 mine[32], seen[32];

    if (!isa_has("d"))
        SKIP("no D extension");
    csr_set(sstatus, SSTATUS_FS);
    for (u32 round = 0; round < ROUNDS; round++) {
        u64 end = read_time() + SPIN_TICKS;
        u32 fcsr = (tag ^ round) & 0xff & ~0xe0u;
        for (u32 i = 0; i < 32; i++)
            mine[i] = u64_join(tag ^ i, tag ^ (round << 8));
        fp_load(mine);
        fp_write_fcsr(fcsr);
        while (read_time() < end)
            continue;
        fp_save(seen);
        CHECK_EQ(fp_read_fcsr(), fcsr);
        for (u32 i = 0; i < 32; i++)
            CHECK(seen[i] == mine[i], "f%u is %016llx", i, seen[i]);
    }
    csr_clear(sstatus, SSTATUS_FS);
}

#define SUPERVISOR_CSRS 6

struct csrs {
    u32 value[SUPERVISOR_CSRS];
};

static void write_csrs(const struct csrs *csrs)
{
    csr_write(sscratch, csrs->value[0]);
    csr_write(stvec, csrs->value[1]);
    csr_write(sepc, csrs->value[2]);
    csr_write(scause, csrs->value[3]);
    csr_write(stval, csrs->value[4]);
    csr_write(scounteren, csrs->value[5]);
}

static struct csrs read_csrs(void)
{
    return (struct csrs){{csr_read(sscratch), csr_read(stvec), csr_read(sepc), csr_read(scause),
                          csr_read(stval), csr_read(scounteren)}};
}

/* With stvec full of a sentinel no trap may come, so interrupts are off and nothing may fault. */
static void supervisor_csrs(void)
{
    struct csrs kernel = read_csrs();

    for (u32 round = 0; round < ROUNDS; round++) {
        u32 value = tag ^ round << 8;
        struct csrs mine = {{value, value & ~3u, value & ~3u, value & 15, ~value, value & 7}};
        u64 end = read_time() + SPIN_TICKS;
        write_csrs(&mine);
        while (read_time() < end)
            continue;
        struct csrs seen = read_csrs();
        write_csrs(&kernel);
        for (u32 i = 0; i < SUPERVISOR_CSRS; i++)
            CHECK(seen.value[i] == mine.value[i], "CSR %u is %08x, was %08x", i, seen.value[i],
                  mine.value[i]);
    }
}

static void interrupt_enables(void)
{
    for (u32 round = 0; round < ROUNDS; round++) {
        u32 mine = (tag + round) & 1 ? BIT(INTERRUPT_TIMER) : BIT(INTERRUPT_EXTERNAL);
        u32 soft = (tag >> 1) & 1 ? BIT(INTERRUPT_SOFTWARE) : 0;
        u64 end = read_time() + SPIN_TICKS;
        csr_write(sie, mine);
        csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
        csr_set(sip, soft);
        while (read_time() < end)
            continue;
        u32 sie = csr_read(sie), sip = csr_read(sip);
        csr_write(sie, 0);
        csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
        CHECK_EQ(sie, mine);
        CHECK_EQ(sip & BIT(INTERRUPT_SOFTWARE), soft);
    }
}

static void environment_and_timer_compare(void)
{
    bool sstc = isa_has("sstc");

    for (u32 round = 0; round < ROUNDS; round++) {
        u32 fiom = (tag >> 1 ^ round) & 1;
        u64 end = read_time() + SPIN_TICKS;
        csr_write(senvcfg, fiom);
        if (sstc)
            csr_write(0x15d, tag | round);
        while (read_time() < end)
            continue;
        CHECK_EQ(csr_read(senvcfg) & 1, fiom);
        if (sstc)
            CHECK_EQ(csr_read(0x15d), tag | round);
    }
    csr_write(senvcfg, 0);
    sbi_set_timer(~0ull);
}

/* ---- CSRs that this test has never heard of ---- */

#define CSR_NUMBERS 4096u
#define MORE_CSRS   64u

static struct {
    u32 number, before, mine;
} more[MORE_CSRS];
static u32 more_count;

/* Reads, or with `write` writes, a CSR by its number; false when there is none. */
static bool access_csr(u32 number, bool write, u32 *value)
{
    static u32 slot[3];
    struct insn_run insn = {.slot = slot, .pc = (gva_t)slot};

    insn_prepare(&insn, SSTATUS_SPP);
    insn.frame.sstatus &= ~SSTATUS_SPIE;
    insn.frame.x[10] = *value;
    insn_execute(&insn, write ? encode_csrw(number, 10) : encode_csrr(10, number));
    *value = insn.frame.x[10];
    return insn.completed;
}

/* Those of the tests above, those that this program stands on, and those that count. */
static bool has_a_test(u32 number)
{
    static const u16 known[] = {0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143,
                                0x144, 0x14d, 0x15d, 0x180, 0x001, 0x002, 0x003, 0x015};

    for (u32 i = 0; i < ARRAY_SIZE(known); i++)
        if (known[i] == number)
            return true;
    return number >> 10 == 3; /* read-only */
}

/* A CSR is somebody's memory when it keeps one of two words that differ in every bit. */
static bool keeps_words(u32 number, u32 before)
{
    u32 word = ~before, value;

    if (!access_csr(number, true, &word) || !access_csr(number, false, &value))
        return false;
    access_csr(number, true, &before);
    return value != before;
}

static void find_more_csrs(void)
{
    more_count = 0;
    for (u32 number = 0; number < CSR_NUMBERS && more_count < MORE_CSRS; number++) {
        u32 before = 0;
        if (!has_a_test(number) && access_csr(number, false, &before) &&
            keeps_words(number, before)) {
            more[more_count].number = number;
            more[more_count++].before = before;
        }
    }
    printf("t_leak: %u more CSRs keep what is written\n", more_count);
    for (u32 i = 0; i < more_count; i++)
        printf("t_leak: CSR %03x\n", more[i].number);
}

static void all_other_csrs(void)
{
    find_more_csrs();
    for (u32 round = 0; round < ROUNDS && more_count > 0; round++) {
        u64 end = read_time() + SPIN_TICKS;
        for (u32 i = 0; i < more_count; i++) {
            u32 word = tag ^ round;
            access_csr(more[i].number, true, &word);
            access_csr(more[i].number, false, &more[i].mine);
        }
        while (read_time() < end)
            continue;
        for (u32 i = 0; i < more_count; i++) {
            u32 seen = 0;
            access_csr(more[i].number, false, &seen);
            CHECK(seen == more[i].mine, "CSR %03x is %08x, was %08x", more[i].number, seen,
                  more[i].mine);
        }
    }
    for (u32 i = 0; i < more_count; i++)
        access_csr(more[i].number, true, &more[i].before);
}

/* ---- What a hart has that is in no register ---- */

static u32 load_reserved(u32 *word)
{
    u32 value;

    __asm__ volatile("lr.w %0, (%1)" : "=r"(value) : "r"(word) : "memory");
    return value;
}

/* Nonzero when it fails. */
static u32 store_conditional(u32 *word, u32 value)
{
    u32 failed;

    __asm__ volatile("sc.w %0, %2, (%1)" : "=r"(failed) : "r"(word), "r"(value) : "memory");
    return failed;
}

/*
 * Both guests use the same address. In turn one of them holds a reservation while it spins, and has
 * none of its own and must not have the other's.
 */
static void reservation(void)
{
    static u32 word;
    u32 stores = 0;

    for (u32 round = 0; round < 2 * ROUNDS; round++) {
        u64 end = read_time() + SPIN_TICKS;
        store_conditional(&word, 0); /* gives up what there was */
        word = 0;
        if ((round + tag) % 2)
            load_reserved(&word);
        while (read_time() < end)
            if ((round + tag) % 2)
                load_reserved(&word);
        if ((round + tag) % 2 == 0 && !store_conditional(&word, tag))
            stores++;
    }
    CHECK(stores == 0, "%u stores had a reservation that was not theirs", stores);
}

static u32 count_loop(u32 iterations)
{
    u32 before = csr_read(instret);

    __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(iterations));
    return csr_read(instret) - before;
}

/*
 * What others do is not in our counters: a loop that they interrupt many times counts hardly more,
 * for its length, than the shortest of many short ones, which nobody interrupts.
 */
static void counters(void)
{
    char exact[8];
    u32 least = ~0u, most = 0;

    fdt_bootarg("counters", exact, sizeof(exact));
    if (strcmp(exact, "exact") != 0)
        SKIP("they do not count instructions here");
    for (u32 i = 0; i < 200; i++) {
        u32 count = count_loop(1000);
        least = count < least ? count : least;
    }
    for (u32 i = 0; i < 5; i++) {
        u32 count = count_loop(3000000) / 3000;
        most = count > most ? count : most;
    }
    CHECK(most < least + least / 4, "%u instructions, alone %u", most, least);
}

/* The same gVA in both guests, under different ASIDs and tables. */
static void address_space(void)
{
    pte_t *root = sv32_new();
    u32 *page = page_alloc();

    sv32_map_kernel(root);
    sv32_map(root, 0x40000000, (u32)page, SV32_4K, PTE_KERNEL_RW);
    sv32_use(root, tag & ASID_MASK);
    u32 satp = csr_read(satp);
    for (u32 round = 0; round < ROUNDS; round++) {
        u64 end = read_time() + SPIN_TICKS;
        page[0] = tag ^ round;
        while (read_time() < end)
            CHECK_EQ(read32(0x40000000), tag ^ round);
        CHECK_EQ(csr_read(satp), satp);
    }
    sv32_off();
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(memory_starts_as_zero),
        CASE(memory_is_left_full),
        CASE(general_registers),
        CASE(floating_point_registers),
        CASE(supervisor_csrs),
        CASE(interrupt_enables),
        CASE(environment_and_timer_compare),
        CASE(all_other_csrs),
        CASE(reservation),
        CASE(counters),
        CASE(address_space),
    };

    fdt_bootarg("who", who, sizeof(who));
    tag = (u32)(u8)who[0] * 0x01010101u;
    return test_run("t_leak", cases, ARRAY_SIZE(cases));
}
