/*
 * The instruction decoder: from bits to a description, with no side effect, so that the host can
 * test every encoding. Covers what can meet a device or a trapped CSR in RV32IMAFDC.
 */
#ifndef ARCH_DECODE_H
#define ARCH_DECODE_H

#include "arch/types.h"

enum memory_kind {
    MEMORY_LOAD,
    MEMORY_STORE,
    MEMORY_FP_LOAD,  /* FLW, FLD and their compressed forms  */
    MEMORY_FP_STORE, /* FSW, FSD and their compressed forms  */
    MEMORY_LR,
    MEMORY_SC,
    MEMORY_AMO,
};

struct memory_insn {
    enum memory_kind kind : 8;
    u8 width;          /* bytes moved: 1, 2, 4 or 8                                          */
    bool is_signed;    /* a load extends the sign                                            */
    u8 length;         /* of the instruction itself: 2 or 4 bytes                            */
    u8 rd;             /* register written by a load, LR, SC or AMO, else 0                  */
    u8 rs1;            /* base register (0 when decoded from htinst)                         */
    u8 rs2;            /* register stored, or AMO operand, else 0                            */
    u8 address_offset; /* htinst only: bytes from the start of the access to the faulting    */
                       /* address that stval gives; not 0 only for a misaligned access       */
    s32 offset;        /* added to rs1 (0 when decoded from htinst)                          */
};

/* What an encoding means. A width of 0 marks one that is reserved or no memory access. */
struct memory_form {
    enum memory_kind kind : 8;
    u8 width;
    bool is_signed;
};

struct csr_insn {
    u16 csr;
    u8 operation;   /* funct3 & 3: CSR_OP_WRITE, CSR_OP_SET or CSR_OP_CLEAR */
    bool immediate; /* `source` is the 5-bit immediate itself, not a register */
    u8 rd;
    u8 source;
};

enum {
    CSR_OP_WRITE = 1,
    CSR_OP_SET = 2,
    CSR_OP_CLEAR = 3,
};

/*
 * Decodes the instruction in `bits` (for a compressed one the upper half is ignored) as an explicit
 * memory access. Returns false for everything else, reserved encodings included.
 */
bool decode_memory(u32 bits, struct memory_insn *insn);

/* decode_memory for the 16-bit encodings alone: C (with F and D) and Zcb. */
bool decode_compressed(u32 bits, struct memory_insn *insn);

/* The loads and stores of the base ISA, F and D, by major opcode (bits 6:2) and funct3. */
extern const struct memory_form memory_basic_forms[32][8];

/* Decodes a Zicsr instruction. Returns false for everything else. */
bool decode_csr(u32 bits, struct csr_insn *insn);

/* Bytes of the instruction that begins with `bits`: 2 or 4. */
static inline u32 insn_length(u32 bits)
{
    return (bits & 3) == 3 ? 4 : 2;
}

/* The `count` bits of an instruction from bit `shift` up. */
static inline u32 insn_field(u32 bits, u32 shift, u32 count)
{
    return bits >> shift & (BIT(count) - 1);
}

/*
 * Decodes a transformed load or store as found in htinst (privileged spec, "Transformed Instruction
 * or Pseudoinstruction for mtinst or htinst"): bit 0 set; bit 1 clear says that the original was
 * compressed. Returns false for zero, for a pseudoinstruction and for atomics, which no device
 * answers. Here and not in decode.c because every device access of a guest comes by.
 */
static inline bool decode_htinst(u32 htinst, struct memory_insn *insn)
{
    struct memory_form form =
        memory_basic_forms[insn_field(htinst, 2, 5)][insn_field(htinst, 12, 3)];

    if (!(htinst & BIT(0)) || form.width == 0)
        return false;
    /* The transformation zeroes the immediate, and with it the rd of a store, the rs2 of a load. */
    *insn = (struct memory_insn){
        .kind = form.kind,
        .width = form.width,
        .is_signed = form.is_signed,
        .length = (u8)(2 + (htinst & BIT(1))),
        .rd = (u8)insn_field(htinst, 7, 5),
        .rs2 = (u8)insn_field(htinst, 20, 5),
        .address_offset = (u8)insn_field(htinst, 15, 5),
    };
    return true;
}

static inline bool memory_is_store(enum memory_kind kind)
{
    return kind == MEMORY_STORE || kind == MEMORY_FP_STORE;
}

#endif
