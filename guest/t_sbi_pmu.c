/*
 * SBI PMU from the caller's side: which counters there are, what they count between start and stop,
 * and what the calls refuse. Natively too, where firmware has counters of its own besides.
 */
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"
#include "guest/lib/trap.h"

enum { NUM, INFO, CONFIG, START, STOP, READ, READ_HI, SNAPSHOT };

#define SKIP_MATCH  BIT(0)
#define CLEAR_VALUE BIT(1)
#define AUTO_START  BIT(2)
#define SET_VALUE   BIT(0)
#define RESET       BIT(0)

#define INFO_FIRMWARE BIT(31)
#define CSR_CYCLE     0xc00
#define CSR_INSTRET   0xc02

enum {
    EVENT_CYCLES = 1,
    EVENT_INSTRUCTIONS = 2,
    EVENT_ACCESS_LOAD = 0xf0002,
    EVENT_SET_TIMER = 0xf0005,
    EVENT_IPI_SENT,
    EVENT_IPI_RECEIVED,
    EVENT_FENCE_I_SENT,
    EVENT_FENCE_I_RECEIVED,
    EVENT_SFENCE_VMA_SENT,
    EVENT_SFENCE_VMA_RECEIVED,
    EVENT_SFENCE_VMA_ASID_SENT,
    EVENT_SFENCE_VMA_ASID_RECEIVED,
};

static bool native;
static u32 hardware, firmware; /* the counters there are, a bit each */

static struct sbiret pmu(u32 function, u32 a0, u32 a1, u32 a2, u32 a3, u32 a4)
{
    return sbi_call(SBI_EXT_PMU, function, a0, a1, a2, a3, a4);
}

/* Configures one of `set`; returns its index, or a negative error. */
static s32 configure(u32 set, u32 flags, u32 event)
{
    struct sbiret ret = pmu(CONFIG, 0, set, flags, event, 0);

    return ret.error ? ret.error : (s32)ret.value;
}

static u32 firmware_value(u32 index)
{
    return pmu(READ, index, 0, 0, 0, 0).value;
}

/* All counters stopped and without an event. */
static void release_all(void)
{
    for (u32 index = 0; index < 32; index++)
        if ((hardware | firmware) & BIT(index))
            pmu(STOP, index, 1, RESET, 0, 0);
}

static void counters(void)
{
    u32 count = pmu(NUM, 0, 0, 0, 0, 0).value;

    CHECK(count >= 1 && count <= 64, "%u counters", count);
    for (u32 index = 0; index < 32 && index < count; index++) {
        struct sbiret info = pmu(INFO, index, 0, 0, 0, 0);

        if (info.error) {
            CHECK_EQ(info.error, SBI_ERR_INVALID_PARAM);
            continue;
        }
        if (info.value & INFO_FIRMWARE)
            firmware |= BIT(index);
        else
            hardware |= BIT(index);
        if (!(info.value & INFO_FIRMWARE) && !native) {
            CHECK_EQ(info.value & 0xfff, CSR_CYCLE + index);
            CHECK_EQ(info.value >> 12 & 0x3f, 63);
        }
    }
    printf("t_sbi_pmu: hardware counters 0x%x, firmware counters 0x%x\n", hardware, firmware);
    CHECK(firmware, "no firmware counters");
    CHECK_EQ(pmu(INFO, count, 0, 0, 0, 0).error, SBI_ERR_INVALID_PARAM);
    CHECK_EQ(pmu(INFO, 0xffffffff, 0, 0, 0, 0).error, SBI_ERR_INVALID_PARAM);
}

/* The same loop takes about as many instructions each time, and twice as many when it is longer. */
static void loop(u32 times)
{
    while (times--)
        __asm__ volatile("");
}

static u64 read_instret(void)
{
    return csr_read64(instret, instreth);
}

static void instret(void)
{
    u64 first, stopped;
    s32 index;

    if (!hardware)
        SKIP("no hardware counters");
    release_all();
    index = configure(hardware, CLEAR_VALUE, EVENT_INSTRUCTIONS);
    CHECK(index >= 0, "error %d", index);
    if (index != 2)
        SKIP("instructions are counted by another counter than instret");
    CHECK_EQ(pmu(START, 2, 1, SET_VALUE, 1000, 0).error, SBI_SUCCESS);
    loop(1000);
    first = read_instret();
    CHECK(first > 3000 && first < 1000000000, "%u after 1000", (u32)first);
    CHECK_EQ(pmu(START, 2, 1, 0, 0, 0).error, SBI_ERR_ALREADY_STARTED);
    CHECK_EQ(pmu(STOP, 2, 1, 0, 0, 0).error, SBI_SUCCESS);
    stopped = read_instret();
    loop(1000);
    CHECK(read_instret() == stopped, "it counts though it is stopped");
    CHECK_EQ(pmu(STOP, 2, 1, 0, 0, 0).error, SBI_ERR_ALREADY_STOPPED);
    CHECK_EQ(pmu(START, 2, 1, 0, 0, 0).error, SBI_SUCCESS);
    loop(1000);
    CHECK(read_instret() >= stopped + 2000, "it does not go on");
    release_all();
}

/* A value set just before the carry into the high word. */
static void cycle_carries(void)
{
    u64 now;
    s32 index;

    if (!hardware)
        SKIP("no hardware counters");
    if (native)
        SKIP("QEMU's own cycle does not carry");
    release_all();
    index = configure(hardware, CLEAR_VALUE, EVENT_CYCLES);
    CHECK_EQ(index, 0);
    CHECK_EQ(pmu(START, 0, 1, SET_VALUE, 0xfffffff0, 6).error, SBI_SUCCESS);
    loop(1000);
    now = csr_read64(cycle, cycleh);
    CHECK(u64_high(now) == 7 && u64_low(now) < 1000000000, "%x %x", u64_high(now), u64_low(now));
    release_all();
}

/* What makes each firmware event happen five times. */
static void set_timer(void)
{
    sbi_set_timer(~0ull);
}

static void send_ipi(void)
{
    sbi_send_ipi(1, boot.hart);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
}

static void fence_i(void)
{
    sbi_call(SBI_EXT_RFENCE, RFENCE_FENCE_I, 1, boot.hart, 0, 0, 0);
}

static void sfence(void)
{
    sbi_remote_sfence(1, boot.hart, 0, 0x1000);
}

static void sfence_asid(void)
{
    sbi_call(SBI_EXT_RFENCE, RFENCE_SFENCE_VMA_ASID, 1, boot.hart, 0, 0x1000, 5);
}

static void load_from_nowhere(void)
{
    trap_arm();
    read32(0x00200000);
    trap_disarm();
}

static const struct {
    u32 event;
    void (*cause)(void);
    bool native; /* whether firmware counts it, done to oneself */
} firmware_causes[] = {
    {EVENT_SET_TIMER, set_timer, false}, /* not where there is Sstc */
    {EVENT_IPI_SENT, send_ipi, false},
    {EVENT_IPI_RECEIVED, send_ipi, false},
    {EVENT_FENCE_I_SENT, fence_i, false},
    {EVENT_FENCE_I_RECEIVED, fence_i, false},
    {EVENT_SFENCE_VMA_SENT, sfence, false},
    {EVENT_SFENCE_VMA_RECEIVED, sfence, false},
    {EVENT_SFENCE_VMA_ASID_SENT, sfence_asid, false},
    {EVENT_SFENCE_VMA_ASID_RECEIVED, sfence_asid, false},
    {EVENT_ACCESS_LOAD, load_from_nowhere, true},
};

static void firmware_events(void)
{
    release_all();
    for (u32 i = 0; i < ARRAY_SIZE(firmware_causes); i++) {
        u32 event = firmware_causes[i].event;
        s32 index;

        if (native && !firmware_causes[i].native)
            continue;
        firmware_causes[i].cause(); /* before it counts */
        index = configure(firmware, CLEAR_VALUE, event);
        CHECK(index >= 0 && firmware & BIT(index), "event 0x%x: %d", event, index);
        CHECK_EQ(pmu(START, (u32)index, 1, SET_VALUE, 0xffffffff, 0).error, SBI_SUCCESS);
        for (u32 j = 0; j < 5; j++)
            firmware_causes[i].cause();
        CHECK(firmware_value((u32)index) == 4, "event 0x%x: %x", event, firmware_value((u32)index));
        CHECK_EQ(pmu(READ_HI, (u32)index, 0, 0, 0, 0).value, 1);
        CHECK_EQ(pmu(STOP, (u32)index, 1, 0, 0, 0).error, SBI_SUCCESS);
        firmware_causes[i].cause();
        CHECK(firmware_value((u32)index) == 4, "event 0x%x counts though it is stopped", event);
        CHECK(pmu(STOP, (u32)index, 1, RESET, 0, 0).error == SBI_ERR_ALREADY_STOPPED || native,
              "event 0x%x", event);
    }
}

/* Harts have counters of their own. */
static volatile u32 others_received;

static void count_ipis(void)
{
    s32 index = configure(firmware, CLEAR_VALUE | AUTO_START, EVENT_IPI_RECEIVED);

    __atomic_add_fetch(&crew_alive[this_hart()->id], 1, __ATOMIC_SEQ_CST);
    while (index >= 0 && !crew_quit)
        hart_relax();
    for (u32 i = 0; index >= 0 && i < 1000 && !firmware_value((u32)index); i++)
        hart_relax(); /* the word to quit may be here before the IPI */
    if (index >= 0)
        __atomic_add_fetch(&others_received, firmware_value((u32)index), __ATOMIC_SEQ_CST);
}

static void counters_of_other_harts(void)
{
    u32 others = hart_count() - 1;
    s32 own;

    NEED_TWO_HARTS();
    if (native)
        SKIP("IPIs need not pass through firmware");
    release_all();
    others_received = 0;
    own = configure(firmware, CLEAR_VALUE | AUTO_START, EVENT_IPI_RECEIVED);
    CHECK(own >= 0, "error %d", own);
    if (!crew_start(count_ipis) || !crew_stop()) /* which sends an IPI to all */
        return;
    CHECK(others_received == others, "%u harts have received %u", others, others_received);
    CHECK_EQ(firmware_value((u32)own), 1);
    release_all();
}

static void refusals(void)
{
    u32 first = 0;

    while (!(firmware & BIT(first)))
        first++;
    release_all();
    CHECK_EQ(pmu(CONFIG, 1000, 1, 0, EVENT_SET_TIMER, 0).error, SBI_ERR_INVALID_PARAM);
    CHECK_EQ(pmu(READ, 0xffffffff, 0, 0, 0, 0).error, SBI_ERR_INVALID_PARAM);
    CHECK_EQ(pmu(START, 1000, 1, 0, 0, 0).error, SBI_ERR_INVALID_PARAM);
    CHECK_EQ(pmu(STOP, 1000, 1, 0, 0, 0).error, SBI_ERR_INVALID_PARAM);
    if (native)
        return; /* where answers differ from version to version */
    CHECK_EQ(configure(BIT(1) | BIT(first), 0, EVENT_SET_TIMER), SBI_ERR_INVALID_PARAM);
    CHECK_EQ(pmu(CONFIG, first, 1, 0x100, EVENT_SET_TIMER, 0).error, SBI_ERR_INVALID_PARAM);
    CHECK_EQ(configure(firmware, 0, 0xf0015), SBI_ERR_NOT_SUPPORTED);
    CHECK_EQ(configure(firmware, 0, 0x10000), SBI_ERR_NOT_SUPPORTED);
    CHECK_EQ(configure(firmware, 0, EVENT_CYCLES), SBI_ERR_NOT_SUPPORTED);
    CHECK_EQ(pmu(START, first, 1, 0, 0, 0).error, SBI_ERR_INVALID_PARAM); /* has no event */
    CHECK_EQ(pmu(START, first, 1, 4, 0, 0).error, SBI_ERR_INVALID_PARAM);
    CHECK_EQ(pmu(STOP, first, 1, 4, 0, 0).error, SBI_ERR_INVALID_PARAM);
    CHECK_EQ(pmu(SNAPSHOT, RAM_BASE, 0, 0, 0, 0).error, SBI_ERR_NOT_SUPPORTED);
    CHECK_EQ(pmu(8, 0, 0, 0, 0, 0).error, SBI_ERR_NOT_SUPPORTED);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(counters),        CASE(instret),  CASE(cycle_carries),
        CASE(firmware_events), CASE(refusals), CASE(counters_of_other_harts),
    };

    native = runs_natively();
    return test_run("t_sbi_pmu", cases, ARRAY_SIZE(cases));
}
