/*
 * Loads and stores of integer registers against device registers, every encoding: the right value
 * with the right sign, no other register touched, pc moved by the length of the instruction. All of
 * it with paging off, with paging on, and in U-mode: where an instruction that met an emulated
 * device has to be fetched again, it is found through other tables each time.
 */
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/isa.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

/* Two registers that keep what is stored to them: one of 8 bits, one of 32. */
#define SCRATCH (UART_BASE + 7)
#define ENABLE                                                                        \
    (PLIC_BASE + 0x2080 + 4) /* of sources 32 to 63 in the context of hart 0's S-mode \
                              */

#define USER_SLOT 0x00080000u
#define USER_UART 0x00090000u
#define USER_PLIC 0x000a0000u

#define LB  0u
#define LH  1u
#define LW  2u
#define LBU 4u
#define LHU 5u
#define SB  0u
#define SH  1u
#define SW  2u

static u32 slot[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

/* From where the devices are used. */
static struct place {
    u32 mode;
    gva_t pc, scratch, enable;
} place = {SSTATUS_SPP, (gva_t)slot, SCRATCH, ENABLE};

/* Runs `bits` with x[base] = address and x[data] = value. Register 0 stands for none. */
static struct insn_run run(u32 bits, u32 base, gva_t address, u32 data, u32 value)
{
    struct insn_run insn = {.slot = slot, .pc = place.pc};

    insn_prepare(&insn, place.mode);
    insn.frame.x[data] = value;
    insn.frame.x[base] = address;
    insn.frame.x[0] = 0;
    insn_execute(&insn, bits);
    return insn;
}

/* A load into x[rd]: exactly that register changes, to `value`. */
#define CHECK_LOAD(insn, rd, value)                                                \
    do {                                                                           \
        CHECK((insn).completed, "rd x%u: cause %u at %x", rd, (insn).frame.scause, \
              (insn).frame.sepc);                                                  \
        CHECK_EQ((insn).changed, rd ? BIT(rd) : 0);                                \
        CHECK_EQ((insn).frame.x[rd], rd ? (value) : 0);                            \
    } while (0)

/* A store: no register changes. */
#define CHECK_STORE(insn)                                                                  \
    do {                                                                                   \
        CHECK((insn).completed, "cause %u at %x", (insn).frame.scause, (insn).frame.sepc); \
        CHECK_EQ((insn).changed, 0);                                                       \
    } while (0)

static void byte_loads_extend_the_sign(void)
{
    write8(SCRATCH, 0x85);
    CHECK_LOAD(run(encode_i(OPCODE_LOAD, LB, 10, 11, 0), 11, place.scratch, 0, 0), 10, 0xffffff85);
    CHECK_LOAD(run(encode_i(OPCODE_LOAD, LBU, 10, 11, 0), 11, place.scratch, 0, 0), 10, 0x85);
    write8(SCRATCH, 0x7f);
    CHECK_LOAD(run(encode_i(OPCODE_LOAD, LB, 10, 11, 0), 11, place.scratch, 0, 0), 10, 0x7f);
}

/* The 8-bit device behind it answers a 16-bit and a 32-bit load with the byte at that address. */
static void wider_loads_of_the_uart(void)
{
    gva_t lcr = place.scratch - 4, mcr = place.scratch - 3;
    u8 old = read8(UART_BASE + 3);

    CHECK_LOAD(run(encode_i(OPCODE_LOAD, LW, 10, 11, 0), 11, mcr, 0, 0), 10, read8(UART_BASE + 4));
    write8(UART_BASE + 3, 0x9b);
    struct insn_run half = run(encode_i(OPCODE_LOAD, LHU, 10, 11, 1), 11, lcr, 0, 0);
    write8(UART_BASE + 3, old);
    CHECK_LOAD(half, 10, read8(UART_BASE + 4));
}

static void halfwords(void)
{
    gva_t mcr = place.scratch - 3;

    CHECK_STORE(run(encode_s(OPCODE_STORE, SH, 11, 10, 0), 11, mcr, 10, 0x1234000b));
    CHECK_EQ(read8(UART_BASE + 4), 0x0b);
    CHECK_LOAD(run(encode_i(OPCODE_LOAD, LH, 10, 11, 0), 11, mcr, 0, 0), 10, 0x0b);
}

static void word_loads_into_every_register(void)
{
    write32(ENABLE, 0x89abcdef);
    for (u32 rd = 0; rd < 32; rd++) {
        u32 base = rd == 11 ? 12 : 11;
        CHECK_LOAD(run(encode_i(OPCODE_LOAD, LW, rd, base, 0), base, place.enable, 0, 0), rd,
                   0x89abcdefu);
    }
}

static void word_loads_from_every_base(void)
{
    write32(ENABLE, 0x12345678);
    for (u32 base = 1; base < 32; base++) {
        u32 rd = base; /* the base itself is overwritten */
        CHECK_LOAD(run(encode_i(OPCODE_LOAD, LW, rd, base, 0), base, place.enable, 0, 0), rd,
                   0x12345678u);
    }
}

static void every_offset_bit_of_a_load(void)
{
    write32(ENABLE, 0x0badcafe);
    for (s32 offset = -2048; offset < 2048; offset += 91) {
        gva_t base = place.enable - (u32)offset;
        CHECK_LOAD(run(encode_i(OPCODE_LOAD, LW, 5, 6, offset), 6, base, 0, 0), 5, 0x0badcafeu);
    }
}

static void stores_of_every_register(void)
{
    for (u32 source = 0; source < 32; source++) {
        u32 base = source == 11 ? 12 : 11, value = source ? 0x600d0000u + source : 0;
        write32(ENABLE, 0xffffffff);
        CHECK_STORE(
            run(encode_s(OPCODE_STORE, SW, base, source, 0), base, place.enable, source, value));
        CHECK_EQ(read32(ENABLE), value);
    }
}

static void byte_stores_write_one_byte(void)
{
    write8(SCRATCH, 0);
    CHECK_STORE(run(encode_s(OPCODE_STORE, SB, 11, 10, 0), 11, place.scratch, 10, 0x12345685));
    CHECK_EQ(read8(SCRATCH), 0x85);
}

static void every_offset_bit_of_a_store(void)
{
    for (s32 offset = -2048; offset < 2048; offset += 91) {
        gva_t base = place.enable - (u32)offset;
        u32 value = 0x5000u + (u32)offset;
        CHECK_STORE(run(encode_s(OPCODE_STORE, SW, 6, 5, offset), 6, base, 5, value));
        CHECK_EQ(read32(ENABLE), value);
    }
}

static void compressed_loads(void)
{
    if (!isa_has("c"))
        SKIP("no C extension");
    write32(ENABLE, 0xfeedf00d);
    for (u32 rd = 8; rd < 16; rd++)
        for (u32 offset = 0; offset < 128; offset += 4) {
            u32 base = rd == 9 ? 15 : 9;
            CHECK_LOAD(
                run(encode_c_register(C_LW, rd, base, offset), base, place.enable - offset, 0, 0),
                rd, 0xfeedf00du);
        }
    for (u32 rd = 1; rd < 32; rd++)
        for (u32 offset = 0; offset < 256; offset += rd == 1 ? 4 : 84)
            CHECK_LOAD(run(encode_c_load_sp(C_LW, rd, offset), 2, place.enable - offset, 0, 0), rd,
                       0xfeedf00du);
}

static void compressed_stores(void)
{
    if (!isa_has("c"))
        SKIP("no C extension");
    for (u32 source = 8; source < 16; source++)
        for (u32 offset = 0; offset < 128; offset += 4) {
            u32 base = source == 14 ? 8 : 14, value = source << 16 | offset;
            CHECK_STORE(run(encode_c_register(C_SW, source, base, offset), base,
                            place.enable - offset, source, value));
            CHECK_EQ(read32(ENABLE), value);
        }
    for (u32 source = 1; source < 32; source++)
        for (u32 offset = 0; offset < 256; offset += source == 1 ? 4 : 84) {
            gva_t base = place.enable - offset;
            u32 value = source == 2 ? base : source << 16 | offset;
            CHECK_STORE(run(encode_c_store_sp(C_SW, source, offset), 2, base, source, value));
            CHECK_EQ(read32(ENABLE), value);
        }
}

/* A width that the device refuses is an access fault, with nothing changed. */
static void widths_that_the_plic_refuses(void)
{
    static const u32 loads[] = {LB, LH, LBU, LHU};

    write32(ENABLE, 0x01020304);
    for (u32 i = 0; i < ARRAY_SIZE(loads); i++) {
        struct insn_run load =
            run(encode_i(OPCODE_LOAD, loads[i], 10, 11, 0), 11, place.enable, 0, 0);
        CHECK_EQ(load.frame.scause, EXCEPTION_LOAD_ACCESS);
        CHECK_EQ(load.frame.stval, place.enable);
        CHECK_EQ(load.changed, 0);
    }
    for (u32 funct3 = SB; funct3 <= SH; funct3++) {
        struct insn_run store =
            run(encode_s(OPCODE_STORE, funct3, 11, 10, 0), 11, place.enable, 10, 0xff);
        CHECK_EQ(store.frame.scause, EXCEPTION_STORE_ACCESS);
        CHECK_EQ(store.frame.stval, place.enable);
        CHECK_EQ(store.changed, 0);
    }
    CHECK_EQ(read32(ENABLE), 0x01020304);
}

static pte_t *root;

static void paging_on(void)
{
    root = sv32_new();
    sv32_map_kernel(root);
    sv32_map(root, USER_SLOT, (u32)slot, SV32_4K, PTE_USER_RW | PTE_X);
    sv32_map(root, USER_UART, UART_BASE, SV32_4K, PTE_USER_RW);
    sv32_map(root, USER_PLIC, ALIGN_DOWN(ENABLE, PAGE_SIZE), SV32_4K, PTE_USER_RW);
    sv32_use(root, 1);
}

static void to_user_mode(void)
{
    place = (struct place){
        .mode = 0,
        .pc = USER_SLOT,
        .scratch = USER_UART + SCRATCH % PAGE_SIZE,
        .enable = USER_PLIC + ENABLE % PAGE_SIZE,
    };
}

#define CASES(where)                                                                            \
    CASE_IN(where, byte_loads_extend_the_sign), CASE_IN(where, wider_loads_of_the_uart),        \
        CASE_IN(where, halfwords), CASE_IN(where, word_loads_into_every_register),              \
        CASE_IN(where, word_loads_from_every_base), CASE_IN(where, every_offset_bit_of_a_load), \
        CASE_IN(where, stores_of_every_register), CASE_IN(where, byte_stores_write_one_byte),   \
        CASE_IN(where, every_offset_bit_of_a_store), CASE_IN(where, compressed_loads),          \
        CASE_IN(where, compressed_stores), CASE_IN(where, widths_that_the_plic_refuses)

int main(void)
{
    static const struct test_case cases[] = {
        CASES("bare"), CASE(paging_on), CASES("paged"), CASE(to_user_mode), CASES("user"),
    };

    return test_run("t_mmio", cases, ARRAY_SIZE(cases));
}
