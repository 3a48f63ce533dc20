/*
 * SBI STA from the caller's side: where stolen time may be told, and that it is told. `ms=` in the
 * bootargs, for a machine that is shared: keep busy for so long and print the share that was
 * stolen.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"

#define NONE 0xffffffffu

struct sta {
    u32 sequence, flags;
    u64 steal; /* nanoseconds */
    u8 preempted;
    u8 pad[47];
};

_Static_assert(sizeof(struct sta) == 64, "STA Shared Memory Structure");

static struct sta told[2] __attribute__((aligned(64)));

static s32 set_shmem(u32 low, u32 high, u32 flags)
{
    return sbi_call(SBI_EXT_STA, 0, low, high, flags, 0, 0).error;
}

static u64 steal_of(const volatile struct sta *sta)
{
    u32 sequence;
    u64 steal;

    do {
        sequence = sta->sequence;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        steal = sta->steal;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (sequence & 1 || sequence != sta->sequence);
    return steal;
}

static bool all_zero(const struct sta *sta)
{
    const u8 *bytes = (const u8 *)sta;

    for (u32 i = 0; i < sizeof(*sta); i++)
        if (bytes[i])
            return false;
    return true;
}

static void refusals(void)
{
    u32 good = (u32)&told[0];

    CHECK_EQ(set_shmem(good, 0, 1), SBI_ERR_INVALID_PARAM);
    CHECK_EQ(set_shmem(NONE, NONE, 1), SBI_ERR_INVALID_PARAM);
    CHECK_EQ(set_shmem(good + 1, 0, 0), SBI_ERR_INVALID_PARAM);
    CHECK_EQ(set_shmem(good + 32, 0, 0), SBI_ERR_INVALID_PARAM);
    CHECK_EQ(set_shmem(NONE, 0, 0), SBI_ERR_INVALID_PARAM);
    CHECK_EQ(set_shmem(good, 4, 0), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(set_shmem(good, NONE, 0), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(set_shmem(UART_BASE, 0, 0), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(set_shmem(0, 0, 0), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(set_shmem(0xffffffc0, 3, 0), SBI_ERR_INVALID_ADDRESS);
    CHECK_EQ(sbi_call(SBI_EXT_STA, 1, good, 0, 0, 0, 0).error, SBI_ERR_NOT_SUPPORTED);
}

static void memory_is_cleared_and_no_more(void)
{
    memset(told, 0xff, sizeof(told));
    CHECK_EQ(set_shmem((u32)&told[0], 0, 0), SBI_SUCCESS);
    CHECK(told[0].flags == 0 && told[0].pad[0] == 0 && told[0].pad[46] == 0, "not cleared");
    for (u32 i = 0; i < sizeof(told[1]); i++)
        CHECK(((u8 *)&told[1])[i] == 0xff, "byte %u behind it was written", i);
}

static void it_can_move_and_end(void)
{
    CHECK_EQ(set_shmem((u32)&told[0], 0, 0), SBI_SUCCESS);
    CHECK_EQ(set_shmem((u32)&told[1], 0, 0), SBI_SUCCESS);
    CHECK_EQ(set_shmem(NONE, NONE, 0), SBI_SUCCESS);
    memset(told, 0, sizeof(told));
    for (u32 i = 0; i < 100; i++)
        hart_relax();
    CHECK(all_zero(&told[0]) && all_zero(&told[1]), "written after it ended");
    CHECK_EQ(set_shmem(NONE, NONE, 0), SBI_SUCCESS);
}

/* While it runs, the guest is not preempted, whatever was told before; and time never goes back. */
static void it_is_consistent(void)
{
    const volatile struct sta *sta = &told[0];
    u64 last = 0, now;

    CHECK_EQ(set_shmem((u32)&told[0], 0, 0), SBI_SUCCESS);
    for (u32 i = 0; i < 200000; i++) {
        CHECK(sta->preempted == 0, "preempted, it says");
        now = steal_of(sta);
        CHECK(now >= last, "stolen time went back");
        last = now;
    }
    CHECK_EQ(set_shmem(NONE, NONE, 0), SBI_SUCCESS);
}

/* Busy for `ms` milliseconds; prints how much of that was stolen. */
static void share_stolen(u32 ms)
{
    u32 length;
    u32 timebase = fdt_word(fdt_property("cpus", "timebase-frequency", &length));
    u64 start = read_time(), ticks = (u64)ms * timebase / 1000;

    set_shmem((u32)&told[0], 0, 0);
    while (read_time() - start < ticks)
        ;
    printf("t_sbi_sta: stolen %u %%\n", (u32)(steal_of(&told[0]) / (ms * 10000ull)));
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(refusals),
        CASE(memory_is_cleared_and_no_more),
        CASE(it_can_move_and_end),
        CASE(it_is_consistent),
    };
    u32 ms = fdt_bootarg_number("ms", 0);

    if (ms)
        share_stolen(ms);
    return test_run("t_sbi_sta", cases, ARRAY_SIZE(cases));
}
