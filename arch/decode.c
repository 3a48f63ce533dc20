/*
 * The instruction decoder: 32-bit encodings. Basic loads and stores, by far the
 * commonest in exits, are found by indexing a table with opcode and funct3.
 */
#include "arch/decode.h"

/* Major opcodes: bits 6:2 of an instruction ("RISC-V base opcode map"). */
enum {
    OPCODE_LOAD = 0x00,
    OPCODE_LOAD_FP = 0x01,
    OPCODE_STORE = 0x08,
    OPCODE_STORE_FP = 0x09,
    OPCODE_AMO = 0x0b,
    OPCODE_SYSTEM = 0x1c,
};

const struct memory_form memory_basic_forms[32][8] = {
    [OPCODE_LOAD][0] = {MEMORY_LOAD, 1, true},          /* LB  */
    [OPCODE_LOAD][1] = {MEMORY_LOAD, 2, true},          /* LH  */
    [OPCODE_LOAD][2] = {MEMORY_LOAD, 4, true},          /* LW  */
    [OPCODE_LOAD][4] = {MEMORY_LOAD, 1, false},         /* LBU */
    [OPCODE_LOAD][5] = {MEMORY_LOAD, 2, false},         /* LHU */
    [OPCODE_LOAD_FP][1] = {MEMORY_FP_LOAD, 2, false},   /* FLH */
    [OPCODE_LOAD_FP][2] = {MEMORY_FP_LOAD, 4, false},   /* FLW */
    [OPCODE_LOAD_FP][3] = {MEMORY_FP_LOAD, 8, false},   /* FLD */
    [OPCODE_STORE][0] = {MEMORY_STORE, 1, false},       /* SB  */
    [OPCODE_STORE][1] = {MEMORY_STORE, 2, false},       /* SH  */
    [OPCODE_STORE][2] = {MEMORY_STORE, 4, false},       /* SW  */
    [OPCODE_STORE_FP][1] = {MEMORY_FP_STORE, 2, false}, /* FSH */
    [OPCODE_STORE_FP][2] = {MEMORY_FP_STORE, 4, false}, /* FSW */
    [OPCODE_STORE_FP][3] = {MEMORY_FP_STORE, 8, false}, /* FSD */
};

/* By funct5; MEMORY_LOAD (0) marks the reserved ones. */
static const u8 atomic_kinds[32] = {
    [0x00] = MEMORY_AMO, /* AMOADD  */
    [0x01] = MEMORY_AMO, /* AMOSWAP */
    [0x02] = MEMORY_LR,  /* LR      */
    [0x03] = MEMORY_SC,  /* SC      */
    [0x04] = MEMORY_AMO, /* AMOXOR  */
    [0x08] = MEMORY_AMO, /* AMOOR   */
    [0x0c] = MEMORY_AMO, /* AMOAND  */
    [0x10] = MEMORY_AMO, /* AMOMIN  */
    [0x14] = MEMORY_AMO, /* AMOMAX  */
    [0x18] = MEMORY_AMO, /* AMOMINU */
    [0x1c] = MEMORY_AMO, /* AMOMAXU */
};

static inline u8 reg(u32 bits, u32 shift)
{
    return (u8)insn_field(bits, shift, 5);
}

static inline struct memory_form basic_form(u32 bits)
{
    return memory_basic_forms[insn_field(bits, 2, 5)][insn_field(bits, 12, 3)];
}

/* LR.W, SC.W and the AMOs, by their 32-bit encoding; rs1 is left for the caller to judge. */
static bool decode_atomic(u32 bits, struct memory_insn *insn)
{
    u32 kind = atomic_kinds[insn_field(bits, 27, 5)];
    u8 rs2 = reg(bits, 20);

    if (insn_field(bits, 2, 5) != OPCODE_AMO || insn_field(bits, 12, 3) != 2 || kind == MEMORY_LOAD)
        return false;
    if (kind == MEMORY_LR && rs2 != 0)
        return false;
    *insn = (struct memory_insn){
        .kind = (enum memory_kind)kind,
        .width = 4,
        .is_signed = true,
        .length = 4,
        .rd = reg(bits, 7),
        .rs2 = rs2,
    };
    return true;
}

static bool decode_standard(u32 bits, struct memory_insn *insn)
{
    struct memory_form form = basic_form(bits);
    u8 rs1 = reg(bits, 15);

    if (form.width == 0) {
        if (!decode_atomic(bits, insn))
            return false;
        insn->rs1 = rs1;
        return true;
    }

    bool store = memory_is_store(form.kind);
    /* The immediate is bits 31:20 of a load, 31:25 and 11:7 of a store; bit 31 is the sign. */
    s32 high = (s32)(bits & 0xfe000000) >> 20;
    *insn = (struct memory_insn){
        .kind = form.kind,
        .width = form.width,
        .is_signed = form.is_signed,
        .length = 4,
        .rd = store ? 0 : reg(bits, 7),
        .rs1 = rs1,
        .rs2 = store ? reg(bits, 20) : 0,
        .offset = high | reg(bits, store ? 7 : 20),
    };
    return true;
}

bool decode_memory(u32 bits, struct memory_insn *insn)
{
    return insn_length(bits) == 2 ? decode_compressed(bits, insn) : decode_standard(bits, insn);
}

bool decode_csr(u32 bits, struct csr_insn *insn)
{
    u32 funct3 = insn_field(bits, 12, 3);

    if (insn_length(bits) != 4 || insn_field(bits, 2, 5) != OPCODE_SYSTEM || (funct3 & 3) == 0)
        return false;
    *insn = (struct csr_insn){
        .csr = (u16)insn_field(bits, 20, 12),
        .operation = (u8)(funct3 & 3),
        .immediate = (funct3 & 4) != 0,
        .rd = reg(bits, 7),
        .source = reg(bits, 15),
    };
    return true;
}
