/*
 * The Supervisor Binary Interface from the caller's side: every function with good and with bad
 * arguments, what the specification says of the answer, and all other registers kept.
 */
#include "guest/lib/boot.h"
#include "guest/lib/hart.h"
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/isa.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

#define GARBAGE 0xdeadbeefu

static bool native;

static struct sbiret call(u32 extension, u32 function, u32 a0, u32 a1, u32 a2, u32 a3)
{
    return sbi_call(extension, function, a0, a1, a2, a3, 0);
}

#define CHECK_ERROR(ret, expected)                                                                \
    do {                                                                                          \
        struct sbiret ret_ = (ret);                                                               \
        CHECK(ret_.error == (expected), "%s: error %d, expected %d", #ret, ret_.error, expected); \
    } while (0)

static void base_functions(void)
{
    struct sbiret version = call(SBI_EXT_BASE, BASE_SPEC_VERSION, 0, GARBAGE, 0, 0);

    CHECK_EQ(version.error, SBI_SUCCESS);
    CHECK(version.value >> 24 >= 2 && version.value >> 31 == 0, "version %x", version.value);
    for (u32 function = BASE_IMPL_ID; function <= BASE_MIMPID; function++)
        CHECK_ERROR(call(SBI_EXT_BASE, function, 0, GARBAGE, 0, 0), SBI_SUCCESS);
}

static void probe(void)
{
    static const u32 present[] = {SBI_EXT_BASE, SBI_EXT_TIME, SBI_EXT_IPI,  SBI_EXT_RFENCE,
                                  SBI_EXT_HSM,  SBI_EXT_SRST, SBI_EXT_DBCN, SBI_EXT_PMU};
    static const u32 absent[] = {0x0b, 0x0f, 0x11, 0x12345678, 0x7fffffff, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(present); i++)
        CHECK(sbi_probe(present[i]), "%x is not there", present[i]);
    for (u32 i = 0; i < ARRAY_SIZE(absent); i++) {
        struct sbiret ret = call(SBI_EXT_BASE, BASE_PROBE, absent[i], GARBAGE, 0, 0);
        CHECK(ret.error == SBI_SUCCESS && ret.value == 0, "%x: %d, %x", absent[i], ret.error,
              ret.value);
    }
}

/* What is not announced is not supported, whatever the function. */
static void unknown_extensions(void)
{
    static const u32 extensions[] = {0x0a,       0x0f,       0x11,       0x504d55,   0x53555350,
                                     0x43505043, 0x4e41434c, 0x535441,   0x535345,   0x46574654,
                                     0x44425452, 0x4d505859, 0x08000000, 0x0a000000, 0x12345678,
                                     0x7fffffff, 0x80000000, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(extensions); i++)
        if (!sbi_probe(extensions[i]))
            for (u32 function = 0; function < 3; function++)
                CHECK(call(extensions[i], function, 0, 0, 0, 0).error == SBI_ERR_NOT_SUPPORTED,
                      "%x function %u", extensions[i], function);
}

static void unknown_functions(void)
{
    static const u32 extensions[][2] = {{SBI_EXT_BASE, 7},   {SBI_EXT_TIME, 1}, {SBI_EXT_IPI, 1},
                                        {SBI_EXT_RFENCE, 7}, {SBI_EXT_HSM, 4},  {SBI_EXT_SRST, 1},
                                        {SBI_EXT_DBCN, 3}};

    for (u32 i = 0; i < ARRAY_SIZE(extensions); i++) {
        CHECK_ERROR(call(extensions[i][0], extensions[i][1], 0, 0, 0, 0), SBI_ERR_NOT_SUPPORTED);
        CHECK_ERROR(call(extensions[i][0], GARBAGE, 0, 0, 0, 0), SBI_ERR_NOT_SUPPORTED);
        CHECK_ERROR(call(extensions[i][0], 0xffffffff, 0, 0, 0, 0), SBI_ERR_NOT_SUPPORTED);
    }
}

/* a1 is always an answer, zero where there is none to give; nothing but a0 and a1 changes. */
static void registers_kept_and_a1_written(void)
{
    static const u32 calls[][3] = {
        /* extension, function, a0 */
        {SBI_EXT_BASE, BASE_SPEC_VERSION, 0},
        {SBI_EXT_BASE, BASE_PROBE, 0x12345678},
        {SBI_EXT_TIME, 0, 0xffffffff},
        {SBI_EXT_IPI, 0, 0},
        {SBI_EXT_RFENCE, RFENCE_FENCE_I, 0},
        {SBI_EXT_RFENCE, RFENCE_SFENCE_VMA, 0},
        {SBI_EXT_HSM, HSM_STATUS, 0},
        {SBI_EXT_DBCN, DBCN_WRITE, 0},
        {SBI_EXT_BASE, 99, 0},
        {0x12345678, 0, 0},
    };

    for (u32 i = 0; i < ARRAY_SIZE(calls); i++) {
        struct insn_run insn = insn_sbi_call(calls[i][0], calls[i][1], calls[i][2], GARBAGE);
        CHECK(insn.completed, "%x/%u: cause %u", calls[i][0], calls[i][1], insn.frame.scause);
        CHECK((insn.changed & ~(BIT(REG_A0) | BIT(REG_A1))) == 0, "%x/%u: changed %x", calls[i][0],
              calls[i][1], insn.changed);
        CHECK(insn.frame.x[REG_A1] != GARBAGE, "%x/%u: a1 not written", calls[i][0], calls[i][1]);
    }
}

static void time(void)
{
    CHECK_ERROR(call(SBI_EXT_TIME, 0, 0xffffffff, 0xffffffff, 0, 0), SBI_SUCCESS);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_TIMER), 0);
    CHECK_ERROR(call(SBI_EXT_TIME, 0, 0, 0, 0, 0), SBI_SUCCESS);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_TIMER), BIT(INTERRUPT_TIMER));
    CHECK_ERROR(call(SBI_EXT_TIME, 0, 0xffffffff, 0xffffffff, 0, 0), SBI_SUCCESS);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_TIMER), 0);
}

/* The hart masks that `extension` has to accept and to refuse. */
static void check_masks(u32 extension, u32 function)
{
    u32 harts = hart_count();

    CHECK_ERROR(call(extension, function, 0, 0, 0, 0), SBI_SUCCESS);
    CHECK_ERROR(call(extension, function, 0, SBI_ALL_HARTS, 0, 0), SBI_SUCCESS);
    CHECK_ERROR(call(extension, function, GARBAGE, SBI_ALL_HARTS, 0, 0), SBI_SUCCESS);
    CHECK_ERROR(call(extension, function, BIT(boot.hart), 0, 0, 0), SBI_SUCCESS);
    CHECK_ERROR(call(extension, function, 1, boot.hart, 0, 0), SBI_SUCCESS);
    if (native)
        return; /* OpenSBI 1.5 passes over harts that do not exist */
    CHECK_ERROR(call(extension, function, BIT(harts), 0, 0, 0), SBI_ERR_INVALID_PARAM);
    CHECK_ERROR(call(extension, function, BIT(31), 0, 0, 0), SBI_ERR_INVALID_PARAM);
    CHECK_ERROR(call(extension, function, 1, harts, 0, 0), SBI_ERR_INVALID_PARAM);
    CHECK_ERROR(call(extension, function, 1, 1000, 0, 0), SBI_ERR_INVALID_PARAM);
    CHECK_ERROR(call(extension, function, BIT(31), 0x7fffffff, 0, 0), SBI_ERR_INVALID_PARAM);
    /* base + bit wraps to hart 0, which nobody asked for */
    CHECK_ERROR(call(extension, function, 4, 0xfffffffe, 0, 0), SBI_ERR_INVALID_PARAM);
}

static void ipi_masks(void)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    check_masks(SBI_EXT_IPI, 0);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_SOFTWARE), BIT(INTERRUPT_SOFTWARE));
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    call(SBI_EXT_IPI, 0, 0, 0, 0, 0);
    CHECK_EQ(csr_read(sip) & BIT(INTERRUPT_SOFTWARE), 0);
}

static void rfence_masks(void)
{
    for (u32 function = RFENCE_FENCE_I; function <= RFENCE_SFENCE_VMA_ASID; function++)
        check_masks(SBI_EXT_RFENCE, function);
}

static void rfence_sizes(void)
{
    static const u32 ranges[][2] = {{0, 0},     {0, 0xffffffff},      {0x1000, 0xffffffff},
                                    {0x123, 1}, {0xfffff000, 0x1000}, {0x40000000, 0x40000000}};

    for (u32 i = 0; i < ARRAY_SIZE(ranges); i++)
        for (u32 function = RFENCE_SFENCE_VMA; function <= RFENCE_SFENCE_VMA_ASID; function++)
            CHECK_ERROR(
                sbi_call(SBI_EXT_RFENCE, function, 0, SBI_ALL_HARTS, ranges[i][0], ranges[i][1], 0),
                SBI_SUCCESS);
    /* Past the end of the address space: refused or carried out, but answered. */
    struct sbiret ret = sbi_remote_sfence(0, SBI_ALL_HARTS, 0xfffff000, 0x2000);
    CHECK(ret.error == SBI_SUCCESS || ret.error == SBI_ERR_INVALID_ADDRESS, "%d", ret.error);
}

/* The fences of a hypervisor, for a guest that is none. */
static void rfence_of_hypervisors(void)
{
    if (native && isa_has("h"))
        SKIP("runs in HS-mode");
    for (u32 function = 3; function <= 6; function++)
        CHECK_ERROR(call(SBI_EXT_RFENCE, function, 0, SBI_ALL_HARTS, 0, 0), SBI_ERR_NOT_SUPPORTED);
}

static void hsm_errors(void)
{
    u32 harts = hart_count(), entry = (u32)image_start;
    struct sbiret self = sbi_hart_status(boot.hart);

    CHECK(self.error == SBI_SUCCESS && self.value == HART_STARTED, "%d %u", self.error, self.value);
    CHECK_ERROR(sbi_hart_start(boot.hart, entry, 0), SBI_ERR_ALREADY_AVAILABLE);
    CHECK_ERROR(sbi_hart_start(harts, entry, 0), SBI_ERR_INVALID_PARAM);
    CHECK_ERROR(sbi_hart_start(0xffffffff, entry, 0), SBI_ERR_INVALID_PARAM);
    CHECK_ERROR(sbi_hart_status(harts), SBI_ERR_INVALID_PARAM);
    CHECK_ERROR(sbi_hart_status(0x80000000), SBI_ERR_INVALID_PARAM);
    if (harts == 1)
        return;
    u32 other = boot.hart == 0;
    CHECK_EQ(sbi_hart_status(other).value, HART_STOPPED);
    CHECK_ERROR(sbi_hart_start(other, 0x08000000, 0),
                native ? SBI_SUCCESS : SBI_ERR_INVALID_ADDRESS);
}

static void hsm_suspend(void)
{
    static const u32 reserved[] = {1,          0x0fffffff, 0x10000000, 0x7fffffff,
                                   0x80000001, 0x8fffffff, 0x90000000, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(reserved); i++) {
        struct sbiret ret = call(SBI_EXT_HSM, HSM_SUSPEND, reserved[i], (u32)image_start, 0, 0);
        CHECK(ret.error == SBI_ERR_INVALID_PARAM || (native && ret.error == SBI_ERR_NOT_SUPPORTED),
              "type %x: %d", reserved[i], ret.error);
    }
    /* An interrupt that is pending and enabled ends a suspend at once. */
    csr_set(sie, BIT(INTERRUPT_SOFTWARE));
    csr_set(sip, BIT(INTERRUPT_SOFTWARE));
    struct sbiret ret = call(SBI_EXT_HSM, HSM_SUSPEND, 0, 0, 0, 0);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    csr_clear(sie, BIT(INTERRUPT_SOFTWARE));
    CHECK_EQ(ret.error, SBI_SUCCESS);
}

static void srst_errors(void)
{
    static const u32 types[] = {3, 0x7fffffff, 0xefffffff, 0xf0000000, 0xffffffff};
    static const u32 reasons[] = {2, 0x7fffffff, 0xdfffffff, 0xe0000000, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
        struct sbiret ret = sbi_system_reset(types[i], 0);
        CHECK(ret.error == SBI_ERR_INVALID_PARAM || (native && ret.error == SBI_ERR_NOT_SUPPORTED),
              "type %x: %d", types[i], ret.error);
    }
    if (native)
        return; /* OpenSBI takes any reason, and shuts down */
    for (u32 i = 0; i < ARRAY_SIZE(reasons); i++)
        CHECK_ERROR(sbi_system_reset(SBI_SHUTDOWN, reasons[i]), SBI_ERR_INVALID_PARAM);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(base_functions),
        CASE(probe),
        CASE(unknown_extensions),
        CASE(unknown_functions),
        CASE(registers_kept_and_a1_written),
        CASE(time),
        CASE(ipi_masks),
        CASE(rfence_masks),
        CASE(rfence_sizes),
        CASE(rfence_of_hypervisors),
        CASE(hsm_errors),
        CASE(hsm_suspend),
        CASE(srst_errors),
    };

    native = runs_natively();
    return test_run("t_sbi", cases, ARRAY_SIZE(cases));
}
