/*
 * Accesses that no device answers, or that none can carry out in one piece: each comes back as the
 * exception of the spec with its address in stval, or with the right result; never a hang, and
 * never half of it.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define ENABLE (PLIC_BASE + 0x2084)
#define HOLE   0x08000000u /* between devices: nothing is there */
#define WINDOW 0xc0000000u /* a gVA for what lies above 4 GiB */

#define LB 0u
#define LW 2u
#define SW 2u

#define AMO_WORD 2u
#define LR       (2u << 2) /* funct7 with aq = rl = 0 */
#define SC       (3u << 2)
#define AMOSWAP  (1u << 2)
#define AMOADD   (0u << 2)
#define AMOOR    (8u << 2)

static u32 slot[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

static struct insn_run run(u32 bits, u32 address, u32 value)
{
    struct insn_run insn = {.slot = slot, .pc = (gva_t)slot};

    insn_prepare(&insn, SSTATUS_SPP);
    insn.frame.x[11] = address;
    insn.frame.x[12] = value;
    insn_execute(&insn, bits);
    return insn;
}

static struct insn_run load(u32 funct3, u32 address)
{
    return run(encode_i(OPCODE_LOAD, funct3, 10, 11, 0), address, 0);
}

static struct insn_run store(u32 funct3, u32 address, u32 value)
{
    return run(encode_s(OPCODE_STORE, funct3, 11, 12, 0), address, value);
}

#define CHECK_FAULT(insn, cause, address)     \
    do {                                      \
        struct insn_run insn_ = (insn);       \
        CHECK_EQ(insn_.frame.scause, cause);  \
        CHECK_EQ(insn_.frame.stval, address); \
        CHECK_EQ(insn_.frame.sepc, insn_.pc); \
        CHECK_EQ(insn_.changed, 0);           \
    } while (0)

static void nothing_there(void)
{
    u32 end_of_ram = RAM_BASE + fdt_ram_size();
    const u32 holes[] = {HOLE, HOLE + 0x123454, 0x00000100, 0x1f000000, end_of_ram};

    for (u32 i = 0; i < ARRAY_SIZE(holes); i++) {
        CHECK_FAULT(load(LB, holes[i]), EXCEPTION_LOAD_ACCESS, holes[i]);
        CHECK_FAULT(load(LW, holes[i]), EXCEPTION_LOAD_ACCESS, holes[i]);
        CHECK_FAULT(store(SW, holes[i], 1), EXCEPTION_STORE_ACCESS, holes[i]);
        CHECK_FAULT(run(encode_r(OPCODE_AMO, AMO_WORD, AMOADD, 10, 11, 12), holes[i], 1),
                    EXCEPTION_STORE_ACCESS, holes[i]);
    }
}

static void past_the_registers_of_a_device(void)
{
    CHECK_FAULT(load(LB, UART_BASE + 8), EXCEPTION_LOAD_ACCESS, UART_BASE + 8);
    CHECK_FAULT(load(LB, UART_BASE + 0xff), EXCEPTION_LOAD_ACCESS, UART_BASE + 0xff);
    CHECK_FAULT(load(LW, PLIC_BASE + 0x600000), EXCEPTION_LOAD_ACCESS, PLIC_BASE + 0x600000);
    CHECK_FAULT(store(SW, PLIC_BASE + 0x600000, 1), EXCEPTION_STORE_ACCESS, PLIC_BASE + 0x600000);
}

/* Inside the PLIC's window, but no register and no context of this machine. */
static void gaps_inside_the_plic(void)
{
    static const u32 gaps[] = {0x0, 0x180, 0xffc, 0x100c, 0x208c, 0x1ffffc, 0x201008, 0x5ffffc};

    for (u32 i = 0; i < ARRAY_SIZE(gaps); i++) {
        struct insn_run insn = load(LW, PLIC_BASE + gaps[i]);
        CHECK(insn.completed, "offset %x: cause %u", gaps[i], insn.frame.scause);
        CHECK_EQ(insn.frame.x[10], 0);
        insn = store(SW, PLIC_BASE + gaps[i], 0);
        CHECK(insn.completed, "offset %x: cause %u", gaps[i], insn.frame.scause);
    }
}

/* A device page is not for execution; natively its bytes (zero) are fetched and are illegal. */
static void fetch_from_a_device(void)
{
    struct insn_run insn = {.slot = slot, .pc = PLIC_BASE};

    insn_prepare(&insn, SSTATUS_SPP);
    insn_execute(&insn, 0);
    CHECK(insn.frame.scause == EXCEPTION_FETCH_ACCESS ||
              insn.frame.scause == EXCEPTION_ILLEGAL_INSTRUCTION,
          "cause %u", insn.frame.scause);
    CHECK_EQ(insn.frame.sepc, PLIC_BASE);
    CHECK_EQ(insn.changed, 0);
}

static void fetch_from_nothing(void)
{
    struct insn_run insn = {.slot = slot, .pc = HOLE};

    insn_prepare(&insn, SSTATUS_SPP);
    insn_execute(&insn, 0);
    CHECK_EQ(insn.frame.scause, EXCEPTION_FETCH_ACCESS);
    CHECK_EQ(insn.frame.stval, HOLE);
    CHECK_EQ(insn.frame.sepc, HOLE);
}

/* Did it complete with `value` in x10, or fault with one of two causes at `address`? */
static void check_value_or_fault(struct insn_run insn, u32 value, u32 misaligned, u32 access)
{
    if (insn.completed) {
        CHECK_EQ(insn.changed, BIT(10));
        CHECK_EQ(insn.frame.x[10], value);
        return;
    }
    CHECK(insn.frame.scause == misaligned || insn.frame.scause == access, "cause %u",
          insn.frame.scause);
    CHECK_EQ(insn.changed, 0);
}

static void misaligned_loads(void)
{
    write32(ENABLE - 4, 0x11223344);
    write32(ENABLE, 0x55667788);
    check_value_or_fault(load(LW, ENABLE - 2), 0x77881122, EXCEPTION_LOAD_MISALIGNED,
                         EXCEPTION_LOAD_ACCESS);
}

static void misaligned_stores(void)
{
    write32(ENABLE - 4, 0x11223344);
    write32(ENABLE, 0x55667788);
    struct insn_run insn = store(SW, ENABLE - 2, 0xaabbccdd);

    if (insn.completed) {
        CHECK_EQ(read32(ENABLE - 4), 0xccdd3344);
        CHECK_EQ(read32(ENABLE), 0x5566aabb);
        return;
    }
    CHECK(insn.frame.scause == EXCEPTION_STORE_MISALIGNED ||
              insn.frame.scause == EXCEPTION_STORE_ACCESS,
          "cause %u", insn.frame.scause);
    CHECK_EQ(read32(ENABLE), 0x55667788);
}

/* From one device page into the next, and out of RAM into nothing. */
static void accesses_across_pages(void)
{
    check_value_or_fault(load(LW, PLIC_BASE + 0xffe), 0, EXCEPTION_LOAD_MISALIGNED,
                         EXCEPTION_LOAD_ACCESS);
    check_value_or_fault(load(LW, UART_BASE + 0xffe), 0, EXCEPTION_LOAD_MISALIGNED,
                         EXCEPTION_LOAD_ACCESS);
    struct insn_run insn = load(LW, RAM_BASE + fdt_ram_size() - 2);
    CHECK(insn.frame.scause == EXCEPTION_LOAD_MISALIGNED ||
              insn.frame.scause == EXCEPTION_LOAD_ACCESS,
          "cause %u", insn.frame.scause);
}

/* Either the device is updated and gives its old value, or the access is refused. */
static void check_amo(u32 funct7, u32 operand, u32 result)
{
    write32(ENABLE, 0x00000f0f);
    struct insn_run insn = run(encode_r(OPCODE_AMO, AMO_WORD, funct7, 10, 11, 12), ENABLE, operand);

    check_value_or_fault(insn, 0x0f0f, EXCEPTION_STORE_ACCESS, EXCEPTION_STORE_ACCESS);
    CHECK_EQ(read32(ENABLE), insn.completed ? result : 0x0f0f);
}

static void amo_on_a_device(void)
{
    check_amo(AMOADD, 1, 0x0f10);
    check_amo(AMOOR, 0xf0, 0x0fff);
    check_amo(AMOSWAP, 0x1234, 0x1234);
}

static void lr_and_sc_on_a_device(void)
{
    write32(ENABLE, 0x77);
    check_value_or_fault(run(encode_r(OPCODE_AMO, AMO_WORD, LR, 10, 11, 0), ENABLE, 0), 0x77,
                         EXCEPTION_LOAD_ACCESS, EXCEPTION_LOAD_ACCESS);
    /* Trap and return took the reservation away, so SC fails or faults and stores nothing. */
    check_value_or_fault(run(encode_r(OPCODE_AMO, AMO_WORD, SC, 10, 11, 12), ENABLE, 0x99), 1,
                         EXCEPTION_STORE_ACCESS, EXCEPTION_STORE_ACCESS);
    CHECK_EQ(read32(ENABLE), 0x77);
}

/* 34 bits of guest physical address: what looks like the PLIC in the low 32 is not it. */
static void above_4_gib(void)
{
    pte_t *root = sv32_new();

    sv32_map_kernel(root);
    sv32_map(root, WINDOW, 0x10c000000ull, SV32_4M, PTE_KERNEL_RW);
    sv32_use(root, 0);
    write32(PLIC_BASE + 4, 3);
    struct insn_run read = load(LW, WINDOW + 4), write = store(SW, WINDOW + 4, 5);
    u32 priority = read32(PLIC_BASE + 4);
    sv32_off();
    CHECK_FAULT(read, EXCEPTION_LOAD_ACCESS, WINDOW + 4);
    CHECK_FAULT(write, EXCEPTION_STORE_ACCESS, WINDOW + 4);
    CHECK_EQ(priority, 3);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(nothing_there),        CASE(past_the_registers_of_a_device),
        CASE(gaps_inside_the_plic), CASE(fetch_from_a_device),
        CASE(fetch_from_nothing),   CASE(misaligned_loads),
        CASE(misaligned_stores),    CASE(accesses_across_pages),
        CASE(amo_on_a_device),      CASE(lr_and_sc_on_a_device),
        CASE(above_4_gib),
    };

    return test_run("t_mmio_fault", cases, ARRAY_SIZE(cases));
}
