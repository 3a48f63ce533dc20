/*
 * CSRs and privileged instructions, run one by one by their bits. What a guest may not do is an
 * illegal instruction in the guest, at that instruction, with no register changed: it is never
 * skipped, never answered with something else, and never an end of the machine.
 */
#include "guest/lib/boot.h"
#include "guest/lib/insn.h"
#include "guest/lib/isa.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define USER_SLOT 0x00080000u

#define RD 10u
#define RS 11u

static u32 slot[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

static struct insn_run run_in(u32 mode, u32 bits)
{
    struct insn_run insn = {.slot = slot, .pc = mode ? (gva_t)slot : USER_SLOT};

    insn_prepare(&insn, mode);
    insn.frame.x[RS] = (u32)image_start;
    insn_execute(&insn, bits);
    return insn;
}

/* stval is the instruction or 0 by the spec, but on QEMU may be an older one: not checked. */
static void check_illegal(u32 mode, u32 bits)
{
    struct insn_run insn = run_in(mode, bits);

    CHECK(insn.frame.scause == EXCEPTION_ILLEGAL_INSTRUCTION, "%08x: cause %u", bits,
          insn.frame.scause);
    CHECK(insn.frame.sepc == insn.pc, "%08x: sepc %x", bits, insn.frame.sepc);
    CHECK(insn.changed == 0, "%08x: changed %x", bits, insn.changed);
}

/* Natively S-mode is HS-mode: there the H extension is the guest's own. */
static bool owns_hypervisor_extension(void)
{
    return runs_natively() && isa_has("h");
}

static void hypervisor_csrs(void)
{
    static const u16 csrs[] = {
        0x600, 0x602, 0x603, 0x604, 0x605, 0x606, 0x607, 0x608, 0x609, 0x60a, 0x60c, 0x60d, 0x60e,
        0x60f, 0x612, 0x613, 0x615, 0x618, 0x61a, 0x61c, 0x61d, 0x61e, 0x61f, 0x643, 0x644, 0x645,
        0x646, 0x647, 0x64a, 0x656, 0x657, 0x680, 0x6a8, 0xe12, 0x200, 0x204, 0x205, 0x214, 0x240,
        0x241, 0x242, 0x243, 0x244, 0x24d, 0x250, 0x251, 0x254, 0x25c, 0x25d, 0x280, 0xeb0};

    if (runs_natively())
        SKIP("S-mode may be HS-mode, and firmware answers for htimedelta");
    for (u32 i = 0; i < ARRAY_SIZE(csrs); i++) {
        check_illegal(SSTATUS_SPP, encode_csrr(RD, csrs[i]));
        check_illegal(SSTATUS_SPP, encode_csrw(csrs[i], RS));
    }
}

static void hypervisor_instructions(void)
{
    /* funct7 and rs2; funct3 is 4, and 0 for the fences. */
    static const u8 loads[][2] = {{0x30, 0}, {0x30, 1}, {0x32, 0}, {0x32, 1}, {0x32, 3},
                                  {0x34, 0}, {0x34, 1}, {0x34, 3}, {0x36, 0}};
    static const u8 stores[] = {0x31, 0x33, 0x35, 0x37};
    static const u8 fences[] = {0x11, 0x31, 0x13, 0x33}; /* hfence and hinval, vvma and gvma */

    if (owns_hypervisor_extension())
        SKIP("runs in HS-mode");
    for (u32 i = 0; i < ARRAY_SIZE(loads); i++)
        check_illegal(SSTATUS_SPP, encode_r(OPCODE_SYSTEM, 4, loads[i][0], RD, RS, loads[i][1]));
    for (u32 i = 0; i < ARRAY_SIZE(stores); i++)
        check_illegal(SSTATUS_SPP, encode_r(OPCODE_SYSTEM, 4, stores[i], 0, RS, RD));
    for (u32 i = 0; i < ARRAY_SIZE(fences); i++)
        check_illegal(SSTATUS_SPP, encode_r(OPCODE_SYSTEM, 0, fences[i], 0, 0, 0));
}

static void machine_csrs_and_mret(void)
{
    static const u16 csrs[] = {0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x310, 0x340,
                               0x341, 0x342, 0x343, 0x344, 0x34a, 0x34b, 0x3a0, 0x3b0, 0x30a,
                               0xb00, 0xb02, 0xb80, 0xf11, 0xf12, 0xf13, 0xf14, 0xf15, 0x7b0};

    for (u32 i = 0; i < ARRAY_SIZE(csrs); i++)
        check_illegal(SSTATUS_SPP, encode_csrr(RD, csrs[i]));
    check_illegal(SSTATUS_SPP, 0x30200073); /* mret */
    check_illegal(SSTATUS_SPP, 0x7b200073); /* dret */
}

static void unknown_csrs(void)
{
    static const u16 csrs[] = {0x0ff, 0x181, 0x1ff, 0x5c0, 0x6c0,
                               0x800, 0x8ff, 0x9c0, 0xcc0, 0xdc0};

    for (u32 i = 0; i < ARRAY_SIZE(csrs); i++) {
        check_illegal(SSTATUS_SPP, encode_csrr(RD, csrs[i]));
        check_illegal(SSTATUS_SPP, encode_csrw(csrs[i], RS));
    }
}

/* Read or refused: nothing else happens for any number, in S-mode and in U-mode. */
static void every_csr_number(void)
{
    for (u32 csr = 0; csr < 0x1000; csr++) {
        struct insn_run insn = run_in(SSTATUS_SPP, encode_csrr(RD, csr));
        if (insn.completed)
            CHECK((insn.changed & ~BIT(RD)) == 0, "csr %03x: changed %x", csr, insn.changed);
        else
            check_illegal(SSTATUS_SPP, encode_csrr(RD, csr));
    }
    for (u32 csr = 0; csr < 0x1000; csr++)
        if (csr >> 8 & 3) /* those of S-mode and above */
            check_illegal(0, encode_csrr(RD, csr));
}

static void counters_are_read_only(void)
{
    static const u16 csrs[] = {0xc00, 0xc01, 0xc02, 0xc80, 0xc81, 0xc82};

    for (u32 i = 0; i < ARRAY_SIZE(csrs); i++)
        check_illegal(SSTATUS_SPP, encode_csrw(csrs[i], RS));
}

static void user_mode_may_not(void)
{
    check_illegal(0, 0x10500073);                                  /* wfi */
    check_illegal(0, 0x10200073);                                  /* sret */
    check_illegal(0, 0x12000073);                                  /* sfence.vma */
    check_illegal(0, encode_csrr(RD, 0x100));                      /* sstatus */
    check_illegal(0, encode_csrr(RD, 0x180));                      /* satp */
    check_illegal(0, encode_csrr(RD, 0x600));                      /* hstatus */
    check_illegal(0, encode_r(OPCODE_SYSTEM, 0, 0x31, 0, 0, 0));   /* hfence.gvma */
    check_illegal(0, encode_r(OPCODE_SYSTEM, 4, 0x34, RD, RS, 0)); /* hlv.w: hstatus.HU is off */
}

/* scounteren decides what U-mode reads. Not of time: OpenSBI answers that in any case. */
static void user_mode_counters(void)
{
    static const u16 csrs[] = {0xc00, 0xc02, 0xc80, 0xc82};

    for (u32 i = 0; i < ARRAY_SIZE(csrs); i++) {
        csr_write(scounteren, 0);
        check_illegal(0, encode_csrr(RD, csrs[i]));
        csr_write(scounteren, 7);
        struct insn_run insn = run_in(0, encode_csrr(RD, csrs[i]));
        CHECK(insn.completed, "csr %x: cause %u", csrs[i], insn.frame.scause);
    }
}

static void counters_never_go_back(void)
{
    u64 first_time = read_time(), first_cycle = csr_read64(cycle, cycleh);
    u64 time = first_time, cycle = first_cycle, instret = csr_read64(instret, instreth);
    u64 first_instret = instret;

    for (u32 i = 0; i < 1000; i++) {
        u64 new_time = read_time(), new_cycle = csr_read64(cycle, cycleh);
        u64 new_instret = csr_read64(instret, instreth);
        CHECK(new_time >= time, "time %llx after %llx", new_time, time);
        CHECK(new_cycle >= cycle, "cycle %llx after %llx", new_cycle, cycle);
        CHECK(new_instret >= instret, "instret %llx after %llx", new_instret, instret);
        time = new_time, cycle = new_cycle, instret = new_instret;
    }
    CHECK(time > first_time && cycle > first_cycle && instret > first_instret, "one stands still");
}

/* Each bit alone: a mask made too wide or too narrow shows. */
static void sie_bits_one_by_one(void)
{
    static const u32 bits[] = {INTERRUPT_SOFTWARE, INTERRUPT_TIMER, INTERRUPT_EXTERNAL};

    for (u32 i = 0; i < ARRAY_SIZE(bits); i++) {
        csr_write(sie, BIT(bits[i]));
        u32 sie = csr_read(sie);
        csr_write(sie, 0);
        CHECK_EQ(sie, BIT(bits[i]));
        CHECK_EQ(csr_read(sie), 0);
    }
}

static void software_interrupt_pending_is_writable(void)
{
    csr_set(sip, BIT(INTERRUPT_SOFTWARE));
    u32 set = csr_read(sip);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    CHECK_EQ(set & BIT(INTERRUPT_SOFTWARE), BIT(INTERRUPT_SOFTWARE));
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_SOFTWARE), 0);
}

static void supervisor_csrs_keep_values(void)
{
    csr_write(senvcfg, 0);
    csr_write(scounteren, 5);
    CHECK_EQ(csr_read(scounteren), 5);
    csr_write(sepc, 0x12345678);
    CHECK_EQ(csr_read(sepc), 0x12345678);
    csr_write(scause, 15);
    CHECK_EQ(csr_read(scause), 15);
    csr_write(stval, 0x80000001);
    CHECK_EQ(csr_read(stval), 0x80000001);
}

/* Kernels of the field write it without asking, so a hypervisor gives it even without Sstc. */
static void stimecmp(void)
{
    if (runs_natively() && !isa_has("sstc"))
        SKIP("no Sstc");
    trap_arm();
    csr_write(0x14d, 0xffffffff);
    csr_write(0x15d, 0x12345678);
    u32 low = csr_read(0x14d), high = csr_read(0x15d);
    struct trap_seen seen = trap_disarm();
    CHECK_EQ(seen.count, 0);
    CHECK_EQ(low, 0xffffffff);
    CHECK_EQ(high, 0x12345678);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_TIMER), 0);
    csr_write(0x15d, 0);
    csr_write(0x14d, 0);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_TIMER), BIT(INTERRUPT_TIMER));
    csr_write(0x14d, 0xffffffff);
    csr_write(0x15d, 0xffffffff);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_TIMER), 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(hypervisor_csrs),
        CASE(hypervisor_instructions),
        CASE(machine_csrs_and_mret),
        CASE(unknown_csrs),
        CASE(every_csr_number),
        CASE(counters_are_read_only),
        CASE(user_mode_may_not),
        CASE(user_mode_counters),
        CASE(counters_never_go_back),
        CASE(sie_bits_one_by_one),
        CASE(software_interrupt_pending_is_writable),
        CASE(supervisor_csrs_keep_values),
        CASE(stimecmp),
    };
    pte_t *root = sv32_new();

    sv32_map_kernel(root);
    sv32_map(root, USER_SLOT, (u32)slot, SV32_4K, PTE_USER_RX);
    sv32_use(root, 0);
    return test_run("t_csr", cases, ARRAY_SIZE(cases));
}
