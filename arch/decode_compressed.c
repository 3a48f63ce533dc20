/*
 * The instruction decoder: 16-bit encodings. Each is found by mask and match; where its registers
 * and its immediate lie is described by a second table.
 */
#include "arch/decode.h"

/* A register number in a compressed instruction: `first` plus the field; with no bits, constant. */
struct register_field {
    u8 shift, bits, first;
};

enum operand {
    OPERAND_RS1_PRIME,
    OPERAND_DATA_PRIME, /* rd' or rs2'             */
    OPERAND_SP,
    OPERAND_CI_RD,
    OPERAND_CSS_RS2,
};

static const struct register_field operands[] = {
    [OPERAND_RS1_PRIME] = {7, 3, 8}, [OPERAND_DATA_PRIME] = {2, 3, 8}, [OPERAND_SP] = {0, 0, 2},
    [OPERAND_CI_RD] = {7, 5, 0},     [OPERAND_CSS_RS2] = {2, 5, 0},
};

/* A piece of a scattered immediate: `bits` bits at `from` are worth 1 << `to` and up. */
struct immediate_piece {
    u8 from, bits, to;
};

struct compressed_layout {
    u8 base, data; /* enum operand */
    struct immediate_piece offset[3];
};

enum layout {
    LAYOUT_BYTE,
    LAYOUT_HALF,
    LAYOUT_WORD,
    LAYOUT_DOUBLE,
    LAYOUT_SP_LOAD_WORD,
    LAYOUT_SP_LOAD_DOUBLE,
    LAYOUT_SP_STORE_WORD,
    LAYOUT_SP_STORE_DOUBLE,
};

/* "C" and "Zcb" extensions, "Load and Store Instructions": uimm[...] of each format. */
static const struct compressed_layout layouts[] = {
    [LAYOUT_BYTE] = {OPERAND_RS1_PRIME, OPERAND_DATA_PRIME, {{6, 1, 0}, {5, 1, 1}}},
    [LAYOUT_HALF] = {OPERAND_RS1_PRIME, OPERAND_DATA_PRIME, {{5, 1, 1}}},
    [LAYOUT_WORD] = {OPERAND_RS1_PRIME, OPERAND_DATA_PRIME, {{6, 1, 2}, {10, 3, 3}, {5, 1, 6}}},
    [LAYOUT_DOUBLE] = {OPERAND_RS1_PRIME, OPERAND_DATA_PRIME, {{10, 3, 3}, {5, 2, 6}}},
    [LAYOUT_SP_LOAD_WORD] = {OPERAND_SP, OPERAND_CI_RD, {{4, 3, 2}, {12, 1, 5}, {2, 2, 6}}},
    [LAYOUT_SP_LOAD_DOUBLE] = {OPERAND_SP, OPERAND_CI_RD, {{5, 2, 3}, {12, 1, 5}, {2, 3, 6}}},
    [LAYOUT_SP_STORE_WORD] = {OPERAND_SP, OPERAND_CSS_RS2, {{9, 4, 2}, {7, 2, 6}}},
    [LAYOUT_SP_STORE_DOUBLE] = {OPERAND_SP, OPERAND_CSS_RS2, {{10, 3, 3}, {7, 3, 6}}},
};

struct compressed_form {
    u16 mask, match;
    struct memory_form form;
    u8 layout;
};

/* The first match counts: an entry of width 0 takes reserved encodings out of the one below it. */
static const struct compressed_form compressed_forms[] = {
    {0xe003, 0x4000, {MEMORY_LOAD, 4, true}, LAYOUT_WORD},                 /* C.LW           */
    {0xe003, 0xc000, {MEMORY_STORE, 4, false}, LAYOUT_WORD},               /* C.SW           */
    {0xef83, 0x4002, {MEMORY_LOAD, 0, false}, LAYOUT_SP_LOAD_WORD},        /* C.LWSP to x0   */
    {0xe003, 0x4002, {MEMORY_LOAD, 4, true}, LAYOUT_SP_LOAD_WORD},         /* C.LWSP         */
    {0xe003, 0xc002, {MEMORY_STORE, 4, false}, LAYOUT_SP_STORE_WORD},      /* C.SWSP         */
    {0xfc03, 0x8000, {MEMORY_LOAD, 1, false}, LAYOUT_BYTE},                /* C.LBU          */
    {0xfc43, 0x8400, {MEMORY_LOAD, 2, false}, LAYOUT_HALF},                /* C.LHU          */
    {0xfc43, 0x8440, {MEMORY_LOAD, 2, true}, LAYOUT_HALF},                 /* C.LH           */
    {0xfc03, 0x8800, {MEMORY_STORE, 1, false}, LAYOUT_BYTE},               /* C.SB           */
    {0xfc43, 0x8c00, {MEMORY_STORE, 2, false}, LAYOUT_HALF},               /* C.SH           */
    {0xe003, 0x6000, {MEMORY_FP_LOAD, 4, false}, LAYOUT_WORD},             /* C.FLW          */
    {0xe003, 0xe000, {MEMORY_FP_STORE, 4, false}, LAYOUT_WORD},            /* C.FSW          */
    {0xe003, 0x2000, {MEMORY_FP_LOAD, 8, false}, LAYOUT_DOUBLE},           /* C.FLD          */
    {0xe003, 0xa000, {MEMORY_FP_STORE, 8, false}, LAYOUT_DOUBLE},          /* C.FSD          */
    {0xe003, 0x6002, {MEMORY_FP_LOAD, 4, false}, LAYOUT_SP_LOAD_WORD},     /* C.FLWSP        */
    {0xe003, 0xe002, {MEMORY_FP_STORE, 4, false}, LAYOUT_SP_STORE_WORD},   /* C.FSWSP        */
    {0xe003, 0x2002, {MEMORY_FP_LOAD, 8, false}, LAYOUT_SP_LOAD_DOUBLE},   /* C.FLDSP        */
    {0xe003, 0xa002, {MEMORY_FP_STORE, 8, false}, LAYOUT_SP_STORE_DOUBLE}, /* C.FSDSP        */
};

static u8 operand(u32 bits, u8 which)
{
    struct register_field f = operands[which];

    return (u8)(f.first + insn_field(bits, f.shift, f.bits));
}

static void describe_compressed(u32 bits, const struct compressed_form *c, struct memory_insn *insn)
{
    const struct compressed_layout *layout = &layouts[c->layout];
    u8 data = operand(bits, layout->data);
    bool store = memory_is_store(c->form.kind);
    u32 offset = 0;

    for (u32 i = 0; i < ARRAY_SIZE(layout->offset); i++) {
        struct immediate_piece p = layout->offset[i];
        offset |= insn_field(bits, p.from, p.bits) << p.to;
    }
    *insn = (struct memory_insn){
        .kind = c->form.kind,
        .width = c->form.width,
        .is_signed = c->form.is_signed,
        .length = 2,
        .rd = store ? 0 : data,
        .rs1 = operand(bits, layout->base),
        .rs2 = store ? data : 0,
        .offset = (s32)offset,
    };
}

bool decode_compressed(u32 bits, struct memory_insn *insn)
{
    for (u32 i = 0; i < ARRAY_SIZE(compressed_forms); i++) {
        const struct compressed_form *c = &compressed_forms[i];
        if ((bits & c->mask) != c->match)
            continue;
        if (c->form.width == 0)
            return false;
        describe_compressed(bits, c, insn);
        return true;
    }
    return false;
}
