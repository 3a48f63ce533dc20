/*
 * Fuzzes the instruction decoder: whatever the word, a description keeps the promises of its
 * header. Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_decode.c
 */
#include <string.h>

#include "arch/decode.c"
#include "arch/decode_compressed.c"

static void check(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static void check_promises(const struct memory_insn *insn)
{
    bool is_fp = insn->kind == MEMORY_FP_LOAD || insn->kind == MEMORY_FP_STORE;
    bool is_atomic = insn->kind >= MEMORY_LR;

    check(insn->kind <= MEMORY_AMO);
    check(insn->width == 1 || insn->width == 2 || insn->width == 4 || (insn->width == 8 && is_fp));
    check(insn->length == 2 || insn->length == 4);
    check(insn->rd < 32 && insn->rs1 < 32 && insn->rs2 < 32 && insn->address_offset < 32);
    check(insn->offset >= -2048 && insn->offset < 2048);
    check(!is_atomic || (insn->width == 4 && insn->length == 4 && insn->offset == 0));
    check(!insn->is_signed || is_atomic || insn->kind == MEMORY_LOAD);
}

static void check_memory(u32 bits)
{
    struct memory_insn insn, without_top;

    if (!decode_memory(bits, &insn))
        return;
    check_promises(&insn);
    check(insn.length == insn_length(bits) && insn.address_offset == 0);
    if (insn.length == 2)
        check(decode_memory(bits & 0xffff, &without_top) &&
              !memcmp(&insn, &without_top, sizeof(insn)));
}

static void check_htinst(u32 htinst)
{
    struct memory_insn insn, plain;

    if (!decode_htinst(htinst, &insn))
        return;
    check(htinst != 0x2000 && htinst != 0x2020); /* the guest's own table walk */
    check_promises(&insn);
    check(insn.rs1 == 0 && insn.offset == 0);
    /* It is the same kind of access as the standard instruction of this encoding. */
    check(decode_memory(htinst | 2, &plain) && plain.kind == insn.kind);
    check(plain.width == insn.width && plain.is_signed == insn.is_signed);
}

static void check_csr(u32 bits)
{
    struct memory_insn memory;
    struct csr_insn csr;

    if (!decode_csr(bits, &csr))
        return;
    check(csr.operation >= CSR_OP_WRITE && csr.operation <= CSR_OP_CLEAR);
    check(csr.csr < 4096 && csr.rd < 32 && csr.source < 32);
    check(!decode_memory(bits, &memory));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    u32 bits;

    if (size < sizeof(bits))
        return 0;
    memcpy(&bits, data, sizeof(bits));
    check_memory(bits);
    check_htinst(bits);
    check_csr(bits);
    return 0;
}
