/*
 * Nothing of one guest is ever seen in another. Every register and CSR that a guest owns gets a
 * value made of `who=`, and has to hold it whatever runs in between on the same hart; and memory
 * nobody gave us anything in is zero. Two copies with different `who=` are to run at once.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/io.h"
#include "guest/lib/isa.h"
#include "guest/lib/sbi.h"
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
        CASE(memory_starts_as_zero), CASE(memory_is_left_full), CASE(general_registers),
        CASE(supervisor_csrs),       CASE(interrupt_enables),   CASE(environment_and_timer_compare),
        CASE(address_space),
    };

    fdt_bootarg("who", who, sizeof(who));
    tag = (u32)(u8)who[0] * 0x01010101u;
    return test_run("t_leak", cases, ARRAY_SIZE(cases));
}
