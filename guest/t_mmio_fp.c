/*
 * Floating-point loads and stores against device registers, the compressed ones included: the
 * value, NaN-boxing of a single, and all other FP and integer registers untouched. No bus of the
 * machine carries 64 bits to a device in one piece: FLD and FSD may be refused, but wholly.
 */
#include "guest/lib/fp.h"
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/isa.h"
#include "guest/lib/test.h"

/* Two neighbouring 32-bit registers that keep what is stored to them, aligned to 8 bytes. */
#define ENABLE_LO (PLIC_BASE + 0x2080)
#define ENABLE_HI (PLIC_BASE + 0x2084)

#define NAN_BOX 0xffffffff00000000ull

#define FLW 2u /* also FSW */
#define FLD 3u /* also FSD */

static u32 slot[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

static u64 before[32], after[32];

/* Runs `bits` with x[base] = address and f[data] = value, all FP registers distinct. */
static struct insn_run run(u32 bits, u32 base, u32 address, u32 data, u64 value)
{
    struct insn_run insn = {.slot = slot, .pc = (gva_t)slot};

    for (u32 i = 0; i < 32; i++)
        before[i] = 0xf100000000000000ull + i * 0x0000010100000101ull;
    before[data] = value;
    insn_prepare(&insn, SSTATUS_SPP);
    insn.frame.x[base] = address;
    csr_set(sstatus, SSTATUS_FS);
    fp_load(before);
    insn_execute(&insn, bits);
    csr_set(sstatus, SSTATUS_FS);
    fp_save(after);
    return insn;
}

/* FP registers that changed, a bit each. */
static u32 changed(void)
{
    u32 mask = 0;

    for (u32 i = 0; i < 32; i++)
        mask |= (u32)(before[i] != after[i]) << i;
    return mask;
}

#define CHECK_DONE(insn)                                                                   \
    do {                                                                                   \
        CHECK((insn).completed, "cause %u at %x", (insn).frame.scause, (insn).frame.sepc); \
        CHECK_EQ((insn).changed, 0);                                                       \
    } while (0)

#define CHECK_LOAD(insn, fd, value)                                \
    do {                                                           \
        CHECK_DONE(insn);                                          \
        CHECK_EQ(changed(), BIT(fd));                              \
        CHECK(after[fd] == (value), "f%u is %llx", fd, after[fd]); \
    } while (0)

static void flw_into_every_register(void)
{
    write32(ENABLE_HI, 0x40490fdb);
    for (u32 fd = 0; fd < 32; fd++)
        CHECK_LOAD(run(encode_i(OPCODE_LOAD_FP, FLW, fd, 11, 4), 11, ENABLE_LO, fd, 0), fd,
                   NAN_BOX | 0x40490fdbu);
}

static void fsw_from_every_register(void)
{
    for (u32 source = 0; source < 32; source++) {
        u32 value = 0xc0de0000u + source;
        CHECK_DONE(run(encode_s(OPCODE_STORE_FP, FLW, 11, source, -4), 11, ENABLE_HI + 4, source,
                       0x1234567800000000ull | value));
        CHECK_EQ(changed(), 0);
        CHECK_EQ(read32(ENABLE_HI), value);
    }
}

static void compressed_flw(void)
{
    if (!isa_has("c"))
        SKIP("no C extension");
    write32(ENABLE_HI, 0x3f800000);
    for (u32 fd = 8; fd < 16; fd++)
        for (u32 offset = 0; offset < 128; offset += 4)
            CHECK_LOAD(run(encode_c_register(C_FLW, fd, 9, offset), 9, ENABLE_HI - offset, fd, 0),
                       fd, NAN_BOX | 0x3f800000u);
    for (u32 fd = 0; fd < 32; fd++)
        CHECK_LOAD(run(encode_c_load_sp(C_FLW, fd, fd * 8), 2, ENABLE_HI - fd * 8, fd, 0), fd,
                   NAN_BOX | 0x3f800000u);
}

static void compressed_fsw(void)
{
    if (!isa_has("c"))
        SKIP("no C extension");
    for (u32 source = 8; source < 16; source++)
        for (u32 offset = 0; offset < 128; offset += 4) {
            u32 value = source << 24 | offset;
            CHECK_DONE(run(encode_c_register(C_FSW, source, 9, offset), 9, ENABLE_HI - offset,
                           source, value));
            CHECK_EQ(read32(ENABLE_HI), value);
        }
    for (u32 source = 0; source < 32; source++) {
        u32 value = source << 16 | 0x77;
        CHECK_DONE(run(encode_c_store_sp(C_FSW, source, source * 8), 2, ENABLE_HI - source * 8,
                       source, value));
        CHECK_EQ(read32(ENABLE_HI), value);
    }
}

/* Either both words, or an access fault that changed nothing. */
static void check_fld(u32 bits, u32 base, u32 address, u32 fd)
{
    struct insn_run insn = run(bits, base, address, fd, 0);

    if (insn.completed) {
        CHECK_LOAD(insn, fd, 0x0102030405060708ull);
        return;
    }
    CHECK_EQ(insn.frame.scause, EXCEPTION_LOAD_ACCESS);
    CHECK_EQ(insn.frame.stval, ENABLE_LO);
    CHECK_EQ(insn.changed | changed(), 0);
}

static void fld(void)
{
    write32(ENABLE_LO, 0x05060708);
    write32(ENABLE_HI, 0x01020304);
    check_fld(encode_i(OPCODE_LOAD_FP, FLD, 31, 11, 16), 11, ENABLE_LO - 16, 31);
}

static void compressed_fld(void)
{
    if (!isa_has("c"))
        SKIP("no C extension");
    write32(ENABLE_LO, 0x05060708);
    write32(ENABLE_HI, 0x01020304);
    check_fld(encode_c_register(C_FLD, 13, 9, 248), 9, ENABLE_LO - 248, 13);
    check_fld(encode_c_load_sp(C_FLD, 29, 504), 2, ENABLE_LO - 504, 29);
}

static void check_fsd(u32 bits, u32 base, u32 address, u32 source)
{
    write32(ENABLE_LO, 0x10);
    write32(ENABLE_HI, 0x20);
    struct insn_run insn = run(bits, base, address, source, 0x0506070801020304ull);

    if (insn.completed) {
        CHECK_DONE(insn);
        CHECK_EQ(read32(ENABLE_LO), 0x01020304);
        CHECK_EQ(read32(ENABLE_HI), 0x05060708);
        return;
    }
    CHECK_EQ(insn.frame.scause, EXCEPTION_STORE_ACCESS);
    CHECK_EQ(insn.frame.stval, ENABLE_LO);
    CHECK_EQ(read32(ENABLE_LO), 0x10);
    CHECK_EQ(read32(ENABLE_HI), 0x20);
}

static void fsd(void)
{
    check_fsd(encode_s(OPCODE_STORE_FP, FLD, 11, 31, -8), 11, ENABLE_LO + 8, 31);
}

static void compressed_fsd(void)
{
    if (!isa_has("c"))
        SKIP("no C extension");
    check_fsd(encode_c_register(C_FSD, 12, 9, 248), 9, ENABLE_LO - 248, 12);
    check_fsd(encode_c_store_sp(C_FSD, 28, 504), 2, ENABLE_LO - 504, 28);
}

/* With FS off the load is illegal, whatever its address. */
static void fs_off_comes_first(void)
{
    struct insn_run insn = {.slot = slot, .pc = (gva_t)slot};
    u32 bits = encode_i(OPCODE_LOAD_FP, FLW, 1, 11, 0);

    insn_prepare(&insn, SSTATUS_SPP);
    insn.frame.sstatus &= ~SSTATUS_FS;
    insn.frame.x[11] = ENABLE_HI;
    insn_execute(&insn, bits);
    CHECK_EQ(insn.frame.scause, EXCEPTION_ILLEGAL_INSTRUCTION);
    CHECK(insn.frame.stval == bits || insn.frame.stval == 0, "stval %x", insn.frame.stval);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(flw_into_every_register),
        CASE(fsw_from_every_register),
        CASE(compressed_flw),
        CASE(compressed_fsw),
        CASE(fld),
        CASE(compressed_fld),
        CASE(fsd),
        CASE(compressed_fsd),
        CASE(fs_off_comes_first),
    };

    return test_run("t_mmio_fp", cases, ARRAY_SIZE(cases));
}
