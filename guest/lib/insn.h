/*
 * Running one instruction by its bits: any encoding, in S-mode or U-mode, with every register
 * under control before and after. Encodings are made here, not by the assembler, so that a test
 * can go through all registers and offsets.
 */
#ifndef GUEST_INSN_H
#define GUEST_INSN_H

#include "guest/lib/trap.h"

/* ---- Encodings, as in "Instruction Formats" of the unprivileged spec. ---- */

static inline u32 encode_i(u32 opcode, u32 funct3, u32 rd, u32 rs1, s32 immediate)
{
    return ((u32)immediate & 0xfff) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}

static inline u32 encode_s(u32 opcode, u32 funct3, u32 rs1, u32 rs2, s32 immediate)
{
    u32 imm = (u32)immediate;

    return (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (imm & 0x1f) << 7 |
           opcode;
}

static inline u32 encode_r(u32 opcode, u32 funct3, u32 funct7, u32 rd, u32 rs1, u32 rs2)
{
    return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode;
}

#define OPCODE_LOAD     0x03u
#define OPCODE_LOAD_FP  0x07u
#define OPCODE_STORE    0x23u
#define OPCODE_STORE_FP 0x27u
#define OPCODE_AMO      0x2fu
#define OPCODE_SYSTEM   0x73u

#define EBREAK 0x00100073u

/* lui: the upper 20 bits of `value`. */
static inline u32 encode_lui(u32 rd, u32 value)
{
    return (value & 0xfffff000u) | rd << 7 | 0x37u;
}

/* csrrs rd, csr, x0 and csrrw x0, csr, rs1 */
static inline u32 encode_csrr(u32 rd, u32 csr)
{
    return csr << 20 | 2u << 12 | rd << 7 | OPCODE_SYSTEM;
}

static inline u32 encode_csrw(u32 csr, u32 rs1)
{
    return csr << 20 | rs1 << 15 | 1u << 12 | OPCODE_SYSTEM;
}

/*
 * The compressed loads and stores. CL and CS name the registers 8 to 15; CI and CSS use sp as base.
 * `funct3` gives the operation; those of a word and of a doubleword scatter the offset differently.
 */
#define C_LW  2u /* C.LW and C.LWSP   */
#define C_FLW 3u /* C.FLW and C.FLWSP */
#define C_FLD 1u
#define C_SW  6u
#define C_FSW 7u
#define C_FSD 5u

static inline bool c_is_double(u32 funct3)
{
    return funct3 == C_FLD || funct3 == C_FSD;
}

/* CL and CS: register `data` (8 to 15), offset from `base` (8 to 15). */
static inline u32 encode_c_register(u32 funct3, u32 data, u32 base, u32 offset)
{
    u32 scattered = c_is_double(funct3) ? (offset >> 6 & 3) << 5
                                        : (offset >> 2 & 1) << 6 | (offset >> 6 & 1) << 5;

    return funct3 << 13 | (offset >> 3 & 7) << 10 | (base - 8) << 7 | scattered | (data - 8) << 2;
}

/* CI: load register `rd` from sp + offset. */
static inline u32 encode_c_load_sp(u32 funct3, u32 rd, u32 offset)
{
    u32 scattered = c_is_double(funct3) ? (offset >> 3 & 3) << 5 | (offset >> 6 & 7) << 2
                                        : (offset >> 2 & 7) << 4 | (offset >> 6 & 3) << 2;

    return funct3 << 13 | (offset >> 5 & 1) << 12 | rd << 7 | scattered | 2;
}

/* CSS: store register `rs2` to sp + offset. */
static inline u32 encode_c_store_sp(u32 funct3, u32 rs2, u32 offset)
{
    u32 scattered = c_is_double(funct3) ? (offset >> 3 & 7) << 10 | (offset >> 6 & 7) << 7
                                        : (offset >> 2 & 15) << 9 | (offset >> 6 & 3) << 7;

    return funct3 << 13 | scattered | rs2 << 2 | 2;
}

/* ---- Running. ---- */

struct insn_run {
    u32 *slot;               /* where the instruction is put: writable, 12 bytes           */
    gva_t pc;                /* ... and where it is run, in the mode of frame.sstatus       */
    struct trap_frame frame; /* before, as the caller set it up; after, as it became        */
    u32 changed;             /* after: bit n is set when x[n] is another than before        */
    bool completed;          /* after: did it go on exactly behind itself?                  */
};

/* Gives every register of `run` a value of its own, and the mode: SSTATUS_SPP or 0. */
void insn_prepare(struct insn_run *run, u32 mode);

/* Runs the instruction. When it did not complete, frame says which trap it took. */
void insn_execute(struct insn_run *run, u32 bits);

/* An SBI call run like that: an ecall with every register known before and after. */
struct insn_run insn_sbi_call(u32 extension, u32 function, u32 a0, u32 a1);

#endif
