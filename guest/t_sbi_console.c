/*
 * The parts of the SBI that touch the caller's memory, and those of its first version: the debug
 * console with good and bad buffers, and the legacy calls that old kernels make.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define GARBAGE 0xdeadbeefu

static struct sbiret call(u32 extension, u32 function, u32 a0, u32 a1, u32 a2, u32 a3)
{
    return sbi_call(extension, function, a0, a1, a2, a3, 0);
}

static void dbcn_good_buffers(void)
{
    static char text[] = "(written by DBCN)\n";
    struct sbiret ret = call(SBI_EXT_DBCN, DBCN_WRITE, sizeof(text) - 1, (u32)text, 0, 0);

    CHECK_EQ(ret.error, SBI_SUCCESS);
    CHECK_EQ(ret.value, sizeof(text) - 1);
    ret = call(SBI_EXT_DBCN, DBCN_WRITE, 0, (u32)text, 0, 0);
    CHECK(ret.error == SBI_SUCCESS && ret.value == 0, "empty: %d %x", ret.error, ret.value);
    ret = call(SBI_EXT_DBCN, DBCN_READ, sizeof(text), (u32)text, 0, 0);
    CHECK(ret.error == SBI_SUCCESS && ret.value <= sizeof(text), "%d %x", ret.error, ret.value);
    ret = call(SBI_EXT_DBCN, DBCN_WRITE_BYTE, 0xffffff00 | '\n', GARBAGE, 0, 0);
    CHECK(ret.error == SBI_SUCCESS && ret.value == 0, "byte: %d %x", ret.error, ret.value);
}

static void dbcn_bad_buffers(void)
{
    u32 end = RAM_BASE + fdt_ram_size();
    const u32 ranges[][3] = {
        /* length, low and high word of the address */
        {16, UART_BASE, 0},
        {16, 0, 0},
        {16, RAM_BASE - 16, 0},
        {17, end - 16, 0},
        {16, end, 0},
        {16, end - 16, 1},
        {0xffffffff, end - 16, 0},
        {0xffffffff, RAM_BASE, 0},
        {16, 0xfffffff8, 0},
        {16, 0xfffffff8, 0xffffffff},
    };

    if (runs_natively())
        SKIP("OpenSBI does not know the end of RAM");
    for (u32 i = 0; i < ARRAY_SIZE(ranges); i++)
        for (u32 function = DBCN_WRITE; function <= DBCN_READ; function++) {
            struct sbiret ret =
                call(SBI_EXT_DBCN, function, ranges[i][0], ranges[i][1], ranges[i][2], 0);
            CHECK(ret.error == SBI_ERR_INVALID_PARAM, "function %u, case %u: %d", function, i,
                  ret.error);
        }
}

/* Legacy calls: one result, a1 kept, and whatever is in a6 does not matter. */
static void legacy_calls(void)
{
    for (u32 extension = LEGACY_SET_TIMER; extension <= LEGACY_FENCE_I; extension++) {
        static u32 mask;
        bool takes_mask = extension >= LEGACY_SEND_IPI;
        mask = BIT(boot.hart);
        struct insn_run insn =
            insn_sbi_call(extension, GARBAGE, takes_mask ? (u32)&mask : '\n', GARBAGE);
        csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
        CHECK(insn.completed, "call %u: cause %u", extension, insn.frame.scause);
        CHECK((insn.changed & ~BIT(REG_A0)) == 0, "call %u: changed %x", extension, insn.changed);
        s32 result = (s32)insn.frame.x[REG_A0];
        CHECK(result == 0 || extension == LEGACY_GETCHAR, "call %u: %d", extension, result);
    }
    sbi_set_timer(~0ull);
}

static void legacy_ipi(void)
{
    static u32 mask;

    mask = BIT(boot.hart);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    CHECK_EQ(sbi_legacy(LEGACY_SEND_IPI, (u32)&mask, 0, 0, GARBAGE), 0);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_SOFTWARE), BIT(INTERRUPT_SOFTWARE));
    sbi_legacy(LEGACY_CLEAR_IPI, 0, 0, 0, GARBAGE);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_SOFTWARE), 0);
    CHECK_EQ(sbi_legacy(LEGACY_SFENCE_VMA, (u32)&mask, 0, 0xffffffff, GARBAGE), 0);
    CHECK_EQ(sbi_legacy(LEGACY_SFENCE_VMA_ASID, (u32)&mask, 0, 0xffffffff, GARBAGE), 0);
}

/* A mask that cannot be read is the caller's fault, raised at its ecall. */
static void legacy_bad_pointer(void)
{
    pte_t *root = sv32_new();

    sv32_map_kernel(root);
    sv32_use(root, 0);
    struct insn_run insn = insn_sbi_call(LEGACY_SEND_IPI, GARBAGE, 0x5000, GARBAGE);
    sv32_off();
    CHECK_EQ(insn.frame.scause, EXCEPTION_LOAD_PAGE);
    CHECK_EQ(insn.frame.stval, 0x5000);
    CHECK_EQ(insn.frame.sepc, insn.pc);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(dbcn_good_buffers), CASE(dbcn_bad_buffers),   CASE(legacy_calls),
        CASE(legacy_ipi),        CASE(legacy_bad_pointer),
    };

    return test_run("t_sbi_console", cases, ARRAY_SIZE(cases));
}
