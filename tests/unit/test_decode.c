/*
 * The instruction decoder, against an assembler that builds each encoding from its fields, and
 * against a reference that spells every encoding out, over all 16-bit words and many 32-bit ones.
 */
#include "tests/unit/unit.h"

#include "arch/decode.c"
#include "arch/decode_compressed.c"

/* ---- A small assembler ---- */

static u32 bit(u32 value, u32 from, u32 to)
{
    return (value >> from & 1) << to;
}

static u32 i_type(u32 opcode, u32 funct3, u32 rd, u32 rs1, u32 imm)
{
    return (imm & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}

static u32 s_type(u32 opcode, u32 funct3, u32 rs2, u32 rs1, u32 imm)
{
    return (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 31) << 7 |
           opcode;
}

static u32 amo_type(u32 funct5, u32 aq_rl, u32 rd, u32 rs1, u32 rs2)
{
    return funct5 << 27 | aq_rl << 25 | rs2 << 20 | rs1 << 15 | 2 << 12 | rd << 7 | 0x2f;
}

/* The immediates of the compressed formats, a bit a term, as the specification draws them. */
static u32 imm_cl_word(u32 u)
{
    return bit(u, 5, 12) | bit(u, 4, 11) | bit(u, 3, 10) | bit(u, 2, 6) | bit(u, 6, 5);
}

static u32 imm_cl_double(u32 u)
{
    return bit(u, 5, 12) | bit(u, 4, 11) | bit(u, 3, 10) | bit(u, 7, 6) | bit(u, 6, 5);
}

static u32 imm_ci_word(u32 u)
{
    return bit(u, 5, 12) | bit(u, 4, 6) | bit(u, 3, 5) | bit(u, 2, 4) | bit(u, 7, 3) | bit(u, 6, 2);
}

static u32 imm_ci_double(u32 u)
{
    return bit(u, 5, 12) | bit(u, 4, 6) | bit(u, 3, 5) | bit(u, 8, 4) | bit(u, 7, 3) | bit(u, 6, 2);
}

static u32 imm_css_word(u32 u)
{
    return bit(u, 5, 12) | bit(u, 4, 11) | bit(u, 3, 10) | bit(u, 2, 9) | bit(u, 7, 8) |
           bit(u, 6, 7);
}

static u32 imm_css_double(u32 u)
{
    return bit(u, 5, 12) | bit(u, 4, 11) | bit(u, 3, 10) | bit(u, 8, 9) | bit(u, 7, 8) |
           bit(u, 6, 7);
}

static u32 imm_zcb_byte(u32 u)
{
    return bit(u, 0, 6) | bit(u, 1, 5);
}

static u32 imm_zcb_half(u32 u)
{
    return bit(u, 1, 5);
}

/* ---- What each mnemonic is ---- */

struct mnemonic {
    const char *name;
    enum memory_kind kind;
    u32 width;
    bool is_signed;
    u32 opcode, funct3;
};

static const struct mnemonic basic_loads[] = {
    {"lb", MEMORY_LOAD, 1, true, 0x03, 0},      {"lh", MEMORY_LOAD, 2, true, 0x03, 1},
    {"lw", MEMORY_LOAD, 4, true, 0x03, 2},      {"lbu", MEMORY_LOAD, 1, false, 0x03, 4},
    {"lhu", MEMORY_LOAD, 2, false, 0x03, 5},    {"flh", MEMORY_FP_LOAD, 2, false, 0x07, 1},
    {"flw", MEMORY_FP_LOAD, 4, false, 0x07, 2}, {"fld", MEMORY_FP_LOAD, 8, false, 0x07, 3},
};

static const struct mnemonic basic_stores[] = {
    {"sb", MEMORY_STORE, 1, false, 0x23, 0},     {"sh", MEMORY_STORE, 2, false, 0x23, 1},
    {"sw", MEMORY_STORE, 4, false, 0x23, 2},     {"fsh", MEMORY_FP_STORE, 2, false, 0x27, 1},
    {"fsw", MEMORY_FP_STORE, 4, false, 0x27, 2}, {"fsd", MEMORY_FP_STORE, 8, false, 0x27, 3},
};

enum format { FORMAT_CL, FORMAT_CS, FORMAT_CI, FORMAT_CSS };

struct compressed {
    const char *name;
    enum memory_kind kind;
    u32 width;
    bool is_signed;
    enum format format;
    u32 base; /* the bits that are neither register nor immediate */
    u32 (*imm)(u32);
    u32 imm_mask; /* the offsets it can hold */
};

static const struct compressed compressed[] = {
    {"c.lw", MEMORY_LOAD, 4, true, FORMAT_CL, 0x4000, imm_cl_word, 0x7c},
    {"c.sw", MEMORY_STORE, 4, false, FORMAT_CS, 0xc000, imm_cl_word, 0x7c},
    {"c.flw", MEMORY_FP_LOAD, 4, false, FORMAT_CL, 0x6000, imm_cl_word, 0x7c},
    {"c.fsw", MEMORY_FP_STORE, 4, false, FORMAT_CS, 0xe000, imm_cl_word, 0x7c},
    {"c.fld", MEMORY_FP_LOAD, 8, false, FORMAT_CL, 0x2000, imm_cl_double, 0xf8},
    {"c.fsd", MEMORY_FP_STORE, 8, false, FORMAT_CS, 0xa000, imm_cl_double, 0xf8},
    {"c.lwsp", MEMORY_LOAD, 4, true, FORMAT_CI, 0x4002, imm_ci_word, 0xfc},
    {"c.swsp", MEMORY_STORE, 4, false, FORMAT_CSS, 0xc002, imm_css_word, 0xfc},
    {"c.flwsp", MEMORY_FP_LOAD, 4, false, FORMAT_CI, 0x6002, imm_ci_word, 0xfc},
    {"c.fswsp", MEMORY_FP_STORE, 4, false, FORMAT_CSS, 0xe002, imm_css_word, 0xfc},
    {"c.fldsp", MEMORY_FP_LOAD, 8, false, FORMAT_CI, 0x2002, imm_ci_double, 0x1f8},
    {"c.fsdsp", MEMORY_FP_STORE, 8, false, FORMAT_CSS, 0xa002, imm_css_double, 0x1f8},
    {"c.lbu", MEMORY_LOAD, 1, false, FORMAT_CL, 0x8000, imm_zcb_byte, 3},
    {"c.lhu", MEMORY_LOAD, 2, false, FORMAT_CL, 0x8400, imm_zcb_half, 2},
    {"c.lh", MEMORY_LOAD, 2, true, FORMAT_CL, 0x8440, imm_zcb_half, 2},
    {"c.sb", MEMORY_STORE, 1, false, FORMAT_CS, 0x8800, imm_zcb_byte, 3},
    {"c.sh", MEMORY_STORE, 2, false, FORMAT_CS, 0x8c00, imm_zcb_half, 2},
};

/* memory_insn has no padding, so descriptions are compared as bytes. */
_Static_assert(sizeof(struct memory_insn) == 12, "memory_insn has padding");

static void check_decodes(const char *name, u32 bits, const struct memory_insn *expected)
{
    struct memory_insn got;

    memset(&got, 0xff, sizeof(got));
    if (!decode_memory(bits, &got))
        UNIT_FAIL("%s (0x%08x) is not decoded", name, bits);
    if (memcmp(&got, expected, sizeof(struct memory_insn)))
        UNIT_FAIL("%s (0x%08x): kind %d width %u signed %d length %u rd %u rs1 %u rs2 %u offset %d",
                  name, bits, got.kind, got.width, got.is_signed, got.length, got.rd, got.rs1,
                  got.rs2, got.offset);
}

static void check_refused(u32 bits)
{
    struct memory_insn insn;

    if (decode_memory(bits, &insn))
        UNIT_FAIL("0x%08x is decoded, as kind %d", bits, insn.kind);
}

/* ---- Every encoding, every field ---- */

TEST(basic_loads_in_every_register_and_offset)
{
    for (u32 i = 0; i < ARRAY_SIZE(basic_loads); i++)
        for (u32 registers = 0; registers < 1024; registers++)
            for (s32 offset = -2048; offset < 2048; offset += registers % 31 == 0 ? 1 : 273) {
                const struct mnemonic *m = &basic_loads[i];
                u32 rd = registers & 31, rs1 = registers >> 5;
                check_decodes(m->name, i_type(m->opcode, m->funct3, rd, rs1, (u32)offset),
                              &(struct memory_insn){.kind = m->kind,
                                                    .width = (u8)m->width,
                                                    .is_signed = m->is_signed,
                                                    .length = 4,
                                                    .rd = (u8)rd,
                                                    .rs1 = (u8)rs1,
                                                    .offset = offset});
            }
}

TEST(basic_stores_in_every_register_and_offset)
{
    for (u32 i = 0; i < ARRAY_SIZE(basic_stores); i++)
        for (u32 registers = 0; registers < 1024; registers++)
            for (s32 offset = -2048; offset < 2048; offset += registers % 31 == 0 ? 1 : 273) {
                const struct mnemonic *m = &basic_stores[i];
                u32 rs2 = registers & 31, rs1 = registers >> 5;
                check_decodes(m->name, s_type(m->opcode, m->funct3, rs2, rs1, (u32)offset),
                              &(struct memory_insn){.kind = m->kind,
                                                    .width = (u8)m->width,
                                                    .length = 4,
                                                    .rs1 = (u8)rs1,
                                                    .rs2 = (u8)rs2,
                                                    .offset = offset});
            }
}

static void check_atomic(const char *name, enum memory_kind kind, u32 funct5, u32 registers)
{
    u32 rd = registers & 31, rs1 = registers >> 5 & 31, rs2 = registers >> 10 & 31;

    if (kind == MEMORY_LR && rs2 != 0) {
        check_refused(amo_type(funct5, registers >> 15, rd, rs1, rs2));
        return;
    }
    check_decodes(name, amo_type(funct5, registers >> 15, rd, rs1, rs2),
                  &(struct memory_insn){.kind = kind,
                                        .width = 4,
                                        .is_signed = true,
                                        .length = 4,
                                        .rd = (u8)rd,
                                        .rs1 = (u8)rs1,
                                        .rs2 = (u8)rs2});
}

TEST(lr_sc_and_the_nine_amos_in_every_register_and_ordering)
{
    static const struct {
        const char *name;
        enum memory_kind kind;
        u32 funct5;
    } atomics[] = {
        {"lr.w", MEMORY_LR, 0x02},       {"sc.w", MEMORY_SC, 0x03},
        {"amoswap.w", MEMORY_AMO, 0x01}, {"amoadd.w", MEMORY_AMO, 0x00},
        {"amoxor.w", MEMORY_AMO, 0x04},  {"amoand.w", MEMORY_AMO, 0x0c},
        {"amoor.w", MEMORY_AMO, 0x08},   {"amomin.w", MEMORY_AMO, 0x10},
        {"amomax.w", MEMORY_AMO, 0x14},  {"amominu.w", MEMORY_AMO, 0x18},
        {"amomaxu.w", MEMORY_AMO, 0x1c},
    };

    for (u32 i = 0; i < ARRAY_SIZE(atomics); i++)
        for (u32 registers = 0; registers < 4 << 15; registers++)
            check_atomic(atomics[i].name, atomics[i].kind, atomics[i].funct5, registers);
}

static void check_compressed(const struct compressed *c, u32 offset, u32 base, u32 data)
{
    bool store = memory_is_store(c->kind);
    bool uses_sp = c->format == FORMAT_CI || c->format == FORMAT_CSS;
    struct memory_insn expected = {.kind = c->kind,
                                   .width = (u8)c->width,
                                   .is_signed = c->is_signed,
                                   .length = 2,
                                   .rs1 = (u8)(uses_sp ? 2 : base),
                                   .offset = (s32)offset};
    u32 bits = c->base | c->imm(offset);

    if (store)
        expected.rs2 = (u8)data;
    else
        expected.rd = (u8)data;
    if (c->format == FORMAT_CI)
        bits |= data << 7;
    else if (c->format == FORMAT_CSS)
        bits |= data << 2;
    else
        bits |= (base - 8) << 7 | (data - 8) << 2;
    if (!strcmp(c->name, "c.lwsp") && data == 0) {
        check_refused(bits);
        return;
    }
    check_decodes(c->name, bits, &expected);
    /* What follows a compressed instruction in memory does not matter. */
    check_decodes(c->name, bits | 0xdeaf0000, &expected);
}

TEST(compressed_forms_in_every_register_and_offset)
{
    for (u32 i = 0; i < ARRAY_SIZE(compressed); i++) {
        const struct compressed *c = &compressed[i];
        bool uses_sp = c->format == FORMAT_CI || c->format == FORMAT_CSS;
        for (u32 offset = 0; offset < 512; offset++)
            for (u32 registers = 0; registers < 64; registers++) {
                if (offset & ~c->imm_mask)
                    continue;
                if (uses_sp)
                    check_compressed(c, offset, 2, registers & 31);
                else
                    check_compressed(c, offset, 8 + (registers & 7), 8 + (registers >> 3));
            }
    }
}

/* ---- The reference: every encoding spelt out ---- */

static struct memory_insn described(enum memory_kind kind, u32 width, bool is_signed, u32 length)
{
    return (struct memory_insn){
        .kind = kind, .width = (u8)width, .is_signed = is_signed, .length = (u8)length};
}

static bool reference_basic(u32 bits, struct memory_insn *insn)
{
    switch (bits & 0x707f) {
    case 0x0003:
        *insn = described(MEMORY_LOAD, 1, true, 4);
        return true;
    case 0x1003:
        *insn = described(MEMORY_LOAD, 2, true, 4);
        return true;
    case 0x2003:
        *insn = described(MEMORY_LOAD, 4, true, 4);
        return true;
    case 0x4003:
        *insn = described(MEMORY_LOAD, 1, false, 4);
        return true;
    case 0x5003:
        *insn = described(MEMORY_LOAD, 2, false, 4);
        return true;
    case 0x1007:
        *insn = described(MEMORY_FP_LOAD, 2, false, 4);
        return true;
    case 0x2007:
        *insn = described(MEMORY_FP_LOAD, 4, false, 4);
        return true;
    case 0x3007:
        *insn = described(MEMORY_FP_LOAD, 8, false, 4);
        return true;
    case 0x0023:
        *insn = described(MEMORY_STORE, 1, false, 4);
        return true;
    case 0x1023:
        *insn = described(MEMORY_STORE, 2, false, 4);
        return true;
    case 0x2023:
        *insn = described(MEMORY_STORE, 4, false, 4);
        return true;
    case 0x1027:
        *insn = described(MEMORY_FP_STORE, 2, false, 4);
        return true;
    case 0x2027:
        *insn = described(MEMORY_FP_STORE, 4, false, 4);
        return true;
    case 0x3027:
        *insn = described(MEMORY_FP_STORE, 8, false, 4);
        return true;
    }
    return false;
}

static bool reference_atomic(u32 bits, struct memory_insn *insn)
{
    switch (bits & 0xf800707f) {
    case 0x1000202f:
        *insn = described(MEMORY_LR, 4, true, 4);
        return (bits >> 20 & 31) == 0;
    case 0x1800202f:
        *insn = described(MEMORY_SC, 4, true, 4);
        return true;
    case 0x0800202f:
    case 0x0000202f:
    case 0x2000202f:
    case 0x6000202f:
    case 0x4000202f:
    case 0x8000202f:
    case 0xa000202f:
    case 0xc000202f:
    case 0xe000202f:
        *insn = described(MEMORY_AMO, 4, true, 4);
        return true;
    }
    return false;
}

static bool reference_standard(u32 bits, struct memory_insn *insn)
{
    u32 rd = bits >> 7 & 31, rs1 = bits >> 15 & 31, rs2 = bits >> 20 & 31;
    s32 i_imm = (s32)(bits >> 20) - (bits >> 31 ? 4096 : 0);
    s32 s_imm = (s32)(bits >> 25 << 5 | rd) - (bits >> 31 ? 4096 : 0);

    if (reference_atomic(bits, insn)) {
        insn->rd = (u8)rd;
        insn->rs2 = (u8)rs2;
    } else if (!reference_basic(bits, insn)) {
        return false;
    } else if (insn->kind == MEMORY_STORE || insn->kind == MEMORY_FP_STORE) {
        insn->rs2 = (u8)rs2;
        insn->offset = s_imm;
    } else {
        insn->rd = (u8)rd;
        insn->offset = i_imm;
    }
    insn->rs1 = (u8)rs1;
    return true;
}

/* Expands a compressed load or store to its 32-bit equivalent, or gives 0. */
static u32 reference_expand(u32 c)
{
    u32 rs1p = 8 + (c >> 7 & 7), datap = 8 + (c >> 2 & 7);
    u32 ci = c >> 7 & 31, css = c >> 2 & 31;
    u32 cl_w = bit(c, 6, 2) + (c >> 10 & 7) * 8 + bit(c, 5, 6);
    u32 cl_d = (c >> 10 & 7) * 8 + (c >> 5 & 3) * 64;
    u32 ci_w = (c >> 4 & 7) * 4 + bit(c, 12, 5) + (c >> 2 & 3) * 64;
    u32 ci_d = (c >> 5 & 3) * 8 + bit(c, 12, 5) + (c >> 2 & 7) * 64;
    u32 css_w = (c >> 9 & 15) * 4 + (c >> 7 & 3) * 64;
    u32 css_d = (c >> 10 & 7) * 8 + (c >> 7 & 7) * 64;
    u32 byte = bit(c, 6, 0) + bit(c, 5, 1), half = bit(c, 5, 1);

    switch ((c & 3) * 8 + (c >> 13 & 7)) {
    case 1:
        return i_type(0x07, 3, datap, rs1p, cl_d);
    case 2:
        return i_type(0x03, 2, datap, rs1p, cl_w);
    case 3:
        return i_type(0x07, 2, datap, rs1p, cl_w);
    case 4:
        switch (c >> 10 & 7) {
        case 0:
            return i_type(0x03, 4, datap, rs1p, byte);
        case 1:
            return i_type(0x03, c >> 6 & 1 ? 1 : 5, datap, rs1p, half);
        case 2:
            return s_type(0x23, 0, datap, rs1p, byte);
        case 3:
            return c >> 6 & 1 ? 0 : s_type(0x23, 1, datap, rs1p, half);
        }
        return 0;
    case 5:
        return s_type(0x27, 3, datap, rs1p, cl_d);
    case 6:
        return s_type(0x23, 2, datap, rs1p, cl_w);
    case 7:
        return s_type(0x27, 2, datap, rs1p, cl_w);
    case 17:
        return i_type(0x07, 3, ci, 2, ci_d);
    case 18:
        return ci == 0 ? 0 : i_type(0x03, 2, ci, 2, ci_w);
    case 19:
        return i_type(0x07, 2, ci, 2, ci_w);
    case 21:
        return s_type(0x27, 3, css, 2, css_d);
    case 22:
        return s_type(0x23, 2, css, 2, css_w);
    case 23:
        return s_type(0x27, 2, css, 2, css_w);
    }
    return 0;
}

static bool reference(u32 bits, struct memory_insn *insn)
{
    if ((bits & 3) == 3)
        return reference_standard(bits, insn);
    u32 expanded = reference_expand(bits & 0xffff);
    if (expanded == 0 || !reference_standard(expanded, insn))
        return false;
    insn->length = 2;
    return true;
}

static void check_against_reference(u32 bits)
{
    struct memory_insn expected;

    if (reference(bits, &expected))
        check_decodes("word", bits, &expected);
    else
        check_refused(bits);
}

static u32 random_state = 1;

static u32 random_word(void)
{
    random_state = random_state * 1664525 + 1013904223;
    u32 high = random_state >> 16;
    random_state = random_state * 1664525 + 1013904223;
    return high << 16 | random_state >> 16;
}

TEST(all_16_bit_words_agree_with_the_reference)
{
    for (u32 bits = 0; bits < 0x10000; bits++)
        if ((bits & 3) != 3)
            check_against_reference(bits | random_word() << 16);
}

TEST(all_opcodes_and_function_codes_agree_with_the_reference)
{
    for (u32 low = 0; low < 128 * 8; low++)
        for (u32 high = 0; high < 128 * 2; high++) {
            u32 funct7 = high >> 1;
            u32 rs2 = high & 1 ? random_word() & 31 : 0;
            check_against_reference(funct7 << 25 | rs2 << 20 | (low >> 7) << 12 | (low & 127) |
                                    (random_word() & 0x000f8f80));
        }
}

TEST(random_words_agree_with_the_reference)
{
    static const u32 opcodes[] = {0x03, 0x07, 0x23, 0x27, 0x2f, 0x73};

    for (u32 i = 0; i < 2000000; i++) {
        check_against_reference(random_word());
        check_against_reference((random_word() & ~0x7fu) | opcodes[i % ARRAY_SIZE(opcodes)]);
    }
}

TEST(words_that_are_no_access_of_rv32imafdc_are_refused)
{
    check_refused(0);                                     /* the defined illegal instruction */
    check_refused(0xffffffff);                            /* the same, all ones        */
    check_refused(0x00003003);                            /* ld                        */
    check_refused(0x00006003);                            /* lwu                       */
    check_refused(0x00003023);                            /* sd                        */
    check_refused(0x00004007);                            /* flq                       */
    check_refused(0x00004027);                            /* fsq                       */
    check_refused(0x00000007);                            /* vle8.v                    */
    check_refused(0x6000c073);                            /* hlv.b x0, (x1)            */
    check_refused(0x0000100f);                            /* fence.i                   */
    check_refused(amo_type(0x02, 0, 1, 2, 0) | 1 << 12);  /* lr.d                      */
    check_refused(amo_type(0x05, 0, 1, 2, 3));            /* amocas.w                  */
    check_refused(amo_type(0x00, 0, 1, 2, 3) & ~0x7000u); /* amoadd.b                  */
}

TEST(a_refused_word_leaves_the_description_alone)
{
    struct memory_insn insn, before;

    memset(&insn, 0x5a, sizeof(insn));
    memcpy(&before, &insn, sizeof(insn));
    CHECK(!decode_memory(0x13, &insn) && !decode_memory(1, &insn) && !decode_htinst(0, &insn));
    CHECK(!decode_htinst(0x13, &insn) && !decode_memory(0x4002, &insn));
    CHECK(!memcmp(&before, &insn, sizeof(insn)));
}

/* ---- htinst ---- */

/* The transformation of the privileged specification, with a given "Addr. Offset". */
static u32 transformed(u32 bits, u32 address_offset)
{
    u32 standard = (bits & 3) == 3 ? bits : reference_expand(bits & 0xffff);
    struct memory_insn insn;
    u32 value;

    CHECK(reference_standard(standard, &insn));
    if (insn.kind == MEMORY_LOAD || insn.kind == MEMORY_FP_LOAD)
        value = standard & 0x00007fff;
    else if (insn.kind == MEMORY_STORE || insn.kind == MEMORY_FP_STORE)
        value = standard & 0x01f0707f;
    else
        value = standard & 0xfff07fff;
    value |= address_offset << 15;
    return (bits & 3) == 3 ? value : value & ~2u;
}

static void check_htinst(u32 bits, u32 address_offset)
{
    struct memory_insn expected, got;
    u32 htinst;

    if (!reference(bits, &expected))
        return;
    htinst = transformed(bits, address_offset);
    if (expected.kind > MEMORY_FP_STORE) { /* atomics: no device answers them */
        CHECK(!decode_htinst(htinst, &got));
        return;
    }
    expected.rs1 = 0;
    expected.offset = 0;
    expected.address_offset = (u8)address_offset;
    memset(&got, 0xff, sizeof(got));
    if (!decode_htinst(htinst, &got) || memcmp(&got, &expected, sizeof(struct memory_insn)))
        UNIT_FAIL("0x%08x, the transformation of 0x%08x, is not decoded as it", htinst, bits);
}

TEST(htinst_of_every_16_bit_access)
{
    for (u32 bits = 0; bits < 0x10000; bits++)
        if ((bits & 3) != 3)
            check_htinst(bits, bits % 8);
}

TEST(htinst_of_32_bit_accesses)
{
    static const u32 opcodes[] = {0x03, 0x07, 0x23, 0x27, 0x2f};

    for (u32 i = 0; i < 1000000; i++)
        check_htinst((random_word() & ~0x7fu) | opcodes[i % ARRAY_SIZE(opcodes)], i % 8);
}

TEST(htinst_that_tells_no_explicit_access_is_refused)
{
    struct memory_insn insn;

    CHECK(!decode_htinst(0, &insn));
    CHECK(!decode_htinst(0x00002000, &insn));
    CHECK(!decode_htinst(0x00002020, &insn));
    CHECK(!decode_htinst(0x00003000, &insn));
    CHECK(!decode_htinst(0x00003020, &insn));
    CHECK(!decode_htinst(0x00002002, &insn)); /* bits 1:0 = 10 are no case at all */
    CHECK(!decode_htinst(0x0000302f, &insn)); /* amoadd.d */
    CHECK(!decode_htinst(0x1010202f, &insn)); /* lr.w with an rs2 */
    CHECK(!decode_htinst(0x6000c073, &insn)); /* hlv.b */
    CHECK(!decode_htinst(0x00003003, &insn)); /* ld */
    CHECK(!decode_htinst(0x0000202d, &insn)); /* amoadd.w that was compressed: there is none */
}

/* ---- CSR instructions ---- */

TEST(csr_instructions_in_every_field)
{
    struct csr_insn insn;

    for (u32 csr = 0; csr < 4096; csr++)
        for (u32 registers = 0; registers < 1024; registers += csr % 64 ? 33 : 1)
            for (u32 funct3 = 0; funct3 < 8; funct3++) {
                u32 rd = registers & 31, source = registers >> 5;
                bool decoded = decode_csr(i_type(0x73, funct3, rd, source, csr), &insn);
                CHECK(decoded == (funct3 != 0 && funct3 != 4));
                if (!decoded)
                    continue;
                CHECK_EQ(insn.csr, csr);
                CHECK_EQ(insn.operation, funct3 > 4 ? funct3 - 4 : funct3);
                CHECK_EQ(insn.immediate, funct3 > 4);
                CHECK_EQ(insn.rd, rd);
                CHECK_EQ(insn.source, source);
            }
}

TEST(csr_operations_have_the_names_of_the_specification)
{
    struct csr_insn insn;

    CHECK(decode_csr(0x180511f3, &insn)); /* csrrw x3, satp, x10 */
    CHECK_EQ(insn.operation, CSR_OP_WRITE);
    CHECK_EQ(insn.csr, 0x180);
    CHECK(decode_csr(0x10416573, &insn)); /* csrrsi x10, sie, 2 */
    CHECK_EQ(insn.operation, CSR_OP_SET);
    CHECK(insn.immediate && insn.source == 2 && insn.rd == 10);
    CHECK(decode_csr(0x100530f3, &insn)); /* csrrc x1, sstatus, x10 */
    CHECK_EQ(insn.operation, CSR_OP_CLEAR);
}

TEST(only_zicsr_decodes_as_csr_access)
{
    struct csr_insn insn;

    CHECK(!decode_csr(0x00000073, &insn)); /* ecall */
    CHECK(!decode_csr(0x00100073, &insn)); /* ebreak */
    CHECK(!decode_csr(0x10200073, &insn)); /* sret */
    CHECK(!decode_csr(0x10500073, &insn)); /* wfi */
    CHECK(!decode_csr(0x12000073, &insn)); /* sfence.vma */
    CHECK(!decode_csr(0x6000c073, &insn)); /* hlv.b */
    CHECK(!decode_csr(0x18051071, &insn)); /* a compressed word with such upper bits */
    CHECK(!decode_csr(0, &insn));
    for (u32 opcode = 0; opcode < 128; opcode++)
        if (opcode != 0x73)
            CHECK(!decode_csr(i_type(opcode, 1, 1, 1, 0x100), &insn));
}

TEST(length_is_told_by_the_two_low_bits)
{
    CHECK_EQ(insn_length(0x00000013), 4);
    CHECK_EQ(insn_length(0xffff0001), 2);
    CHECK_EQ(insn_length(0xffff0000), 2);
    CHECK_EQ(insn_length(0xffff0002), 2);
}

UNIT_MAIN("decode")
