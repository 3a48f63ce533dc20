/* SBI calls with anything in any register. */
#include "tests/unit/sbi_fake.h"

/* xorshift: the same calls in every run. */
static u32 random_state = 0x2545f491;

static u32 random_u32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* Mostly values near a border of something, sometimes anything. */
static u32 random_argument(void)
{
    static const u32 borders[] = {
        0,          1,          2,          31,         32,         512,        4096, 0x7fffffff,
        0x80000000, 0x84000000, 0xfffff000, 0xffffffff, 0x80000000, 0x83fff000, 'r',  4};
    u32 pick = random_u32();

    if (pick % 4 == 0)
        return random_u32();
    return borders[pick / 4 % ARRAY_SIZE(borders)] + random_u32() % 5 - 2;
}

static void random_machine(void)
{
    fake_reset(1 + random_u32() % FAKE_MAX_HARTS);
    for (u32 hart = 1; hart < fake.harts; hart++)
        fake.state[hart] = random_u32() % 3 ? HSM_STARTED : random_u32() % 7;
    for (u32 i = 0; i < ARRAY_SIZE(fake.mask_word); i++)
        fake.mask_word[i] = random_u32();
    fake.mask_words_readable = random_u32() % 5;
    fake.debug = random_u32() % 2;
    fake.no_hardware_counters = random_u32() % 4 == 0;
    fake.pmu.assigned = random_u32() & (PMU_HARDWARE | PMU_FIRMWARE);
    fake.pmu.stopped = random_u32() & (PMU_HARDWARE | PMU_FIRMWARE);
}

static u32 random_extension(void)
{
    u32 pick = random_u32() % (ARRAY_SIZE(fake_extensions) + 2);

    if (pick < ARRAY_SIZE(fake_extensions))
        return fake_extensions[pick];
    return pick == ARRAY_SIZE(fake_extensions) ? SBI_EXT_TWOFOLD : random_argument();
}

/* Whatever the registers hold: the fake's own checks hold, and the answer has been written. */
TEST(random_calls_reach_nothing_out_of_range)
{
    u32 answers[3] = {0}, errors = 0, calls = 0;

    for (u32 i = 0; i < 400000; i++) {
        u32 arg[6];

        random_machine();
        for (u32 j = 0; j < 6; j++)
            arg[j] = random_argument();
        fake.mask_address = arg[0];
        ecall6(random_extension(), random_u32() % 8 ? random_u32() % 8 : random_u32(), arg);
        CHECK(outcome <= SBI_RESUME);
        CHECK(!((fake.pmu.assigned | fake.pmu.stopped) & ~(PMU_HARDWARE | PMU_FIRMWARE)));
        CHECK(answer.error != 0x5a5a5a5a && answer.value != 0xa5a5a5a5);
        if (outcome == SBI_RETURN && answer.error) {
            CHECK(answer.error < 0 && answer.error >= SBI_ERR_NO_SHMEM);
            CHECK_EQ(answer.value, 0);
            CHECK_EQ(fake.calls, 0);
            errors++;
        }
        answers[outcome]++;
        calls += fake.calls;
    }
    /* The arguments are such that everything happens, often. */
    CHECK(answers[SBI_RETURN] > 20000 && answers[SBI_RETURN_LEGACY] > 20000);
    CHECK(answers[SBI_RESUME] > 10000 && errors > 20000 && calls > 20000);
}

UNIT_MAIN("sbi_random")
