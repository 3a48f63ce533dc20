/* SBI PMU: finding, configuring, starting, stopping and reading counters. */
#include "tests/unit/sbi_fake.h"

enum { NUM, INFO, CONFIG, START, STOP, READ, READ_HI, SNAPSHOT };

#define SKIP_MATCH  1
#define CLEAR_VALUE 2
#define AUTO_START  4

#define SET_VALUE 1
#define RESET     1

#define CYCLES       1
#define INSTRUCTIONS 2
#define FW_SET_TIMER 0xf0005
#define FW_IPI_SENT  0xf0006

#define ALL      0x7fffdu /* counter 1 is not there */
#define FIRMWARE 0x7fff8u

#define pmu_call(...) ecall(SBI_EXT_PMU, __VA_ARGS__)

/* Configures a counter of `mask`, which must succeed; returns which. */
static u32 configured(u32 mask, u32 flags, u32 event)
{
    pmu_call(CONFIG, 0, mask, flags, event);
    CHECK_EQ(outcome, SBI_RETURN);
    CHECK_EQ(answer.error, SBI_SUCCESS);
    CHECK(answer.value < 32 && mask & BIT(answer.value));
    return answer.value;
}

static u64 read_firmware_counter(u32 index)
{
    u32 low;

    pmu_call(READ, index);
    CHECK_EQ(answer.error, SBI_SUCCESS);
    low = answer.value;
    pmu_call(READ_HI, index);
    CHECK_EQ(answer.error, SBI_SUCCESS);
    return u64_join(low, answer.value);
}

static u64 read_cycle(void)
{
    return pmu_value(&fake.pmu, PMU_CYCLE, fake.cycles);
}

static u64 read_instret(void)
{
    return pmu_value(&fake.pmu, PMU_INSTRET, fake.instructions);
}

/* ---- which there are */

TEST(counters_have_the_numbers_of_their_csrs)
{
    fake_reset(1);
    pmu_call(NUM);
    CHECK_ANSWER(SBI_SUCCESS, 19);
    pmu_call(INFO, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0xc00 | 63 << 12);
    pmu_call(INFO, 1);
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    pmu_call(INFO, 2);
    CHECK_ANSWER(SBI_SUCCESS, 0xc02 | 63 << 12);
    for (u32 index = 3; index < 19; index++) {
        pmu_call(INFO, index);
        CHECK_ANSWER(SBI_SUCCESS, 0x80000000u | 63 << 12);
    }
}

TEST(counters_past_the_last_are_not_there)
{
    static const u32 indices[] = {19, 20, 31, 32, 64, 0x7fffffff, 0x80000000, 0xffffffff};

    fake_reset(1);
    for (u32 i = 0; i < ARRAY_SIZE(indices); i++) {
        pmu_call(INFO, indices[i]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        pmu_call(READ, indices[i]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        pmu_call(READ_HI, indices[i]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        pmu_call(CONFIG, indices[i], 1, 0, FW_SET_TIMER);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        pmu_call(START, indices[i], 1);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        pmu_call(STOP, indices[i], 1);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
}

TEST(without_hardware_counters_the_firmware_counters_keep_their_numbers)
{
    fake_reset(1);
    fake.no_hardware_counters = true;
    pmu_call(NUM);
    CHECK_ANSWER(SBI_SUCCESS, 19);
    for (u32 index = 0; index < 3; index++) {
        pmu_call(INFO, index);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
    pmu_call(CONFIG, 0, ALL, 0, CYCLES);
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    pmu_call(CONFIG, 0, FIRMWARE, 0, CYCLES);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    CHECK_EQ(configured(FIRMWARE, 0, FW_SET_TIMER), 3);
}

/* ---- sets of counters */

TEST(a_set_with_a_counter_that_is_not_there_is_refused_whole)
{
    static const u32 sets[][2] = {
        {0, 2},  {0, 7},          {0, 0xffffffff}, {0, BIT(19)},    {0, ALL | BIT(31)},
        {1, 1},  {18, 3},         {3, BIT(16)},    {4, 0xffff},     {31, 1},
        {18, 0}, {18, BIT(14)},   {2, BIT(31)},    {1, 0x80000002}, {0xffffffff, 1},
        {0, 0},  {0xffffffe0, 1},
    };

    fake_reset(1);
    fake.pmu.assigned = ALL;
    for (u32 i = 0; i < ARRAY_SIZE(sets); i++) {
        struct pmu before = fake.pmu;

        for (u32 function = CONFIG; function <= STOP; function++) {
            pmu_call(function, sets[i][0], sets[i][1], 0, FW_SET_TIMER);
            CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        }
        CHECK(!memcmp(&before, &fake.pmu, sizeof(before)));
    }
}

TEST(bases_shift_masks)
{
    fake_reset(1);
    pmu_call(CONFIG, 5, 0x3, 0, FW_SET_TIMER);
    CHECK_ANSWER(SBI_SUCCESS, 5);
    pmu_call(CONFIG, 5, 0x3, 0, FW_SET_TIMER);
    CHECK_ANSWER(SBI_SUCCESS, 6);
    pmu_call(CONFIG, 18, 1, 0, FW_SET_TIMER);
    CHECK_ANSWER(SBI_SUCCESS, 18);
    pmu_call(CONFIG, 2, 0x1ffff, 0, INSTRUCTIONS);
    CHECK_ANSWER(SBI_SUCCESS, 2);
}

/* The error for `bit` alone in flags of which bit 0 is valid and bit 1 asks for a snapshot. */
static enum sbi_error flag_error(u32 bit)
{
    static const enum sbi_error low[] = {SBI_SUCCESS, SBI_ERR_NO_SHMEM};

    return bit < ARRAY_SIZE(low) ? low[bit] : SBI_ERR_INVALID_PARAM;
}

TEST(reserved_flags_are_refused)
{
    for (u32 bit = 0; bit < 32; bit++) {
        fake_reset(1);
        pmu_call(CONFIG, 3, 1, BIT(bit), FW_SET_TIMER);
        CHECK_ANSWER(bit < 8 ? SBI_SUCCESS : SBI_ERR_INVALID_PARAM, bit < 8 ? 3 : 0);
        fake_reset(1);
        configured(8, 0, FW_SET_TIMER);
        pmu_call(START, 3, 1, BIT(bit));
        CHECK_ANSWER(flag_error(bit), 0);
        pmu_call(START, 3, 1, 0);
        pmu_call(STOP, 3, 1, BIT(bit));
        CHECK_ANSWER(flag_error(bit), 0);
    }
}

/* ---- events */

TEST(events_that_nobody_counts_are_not_supported)
{
    static const u32 events[] = {0,       3,       10,      11,       0x10000,  0x1002b,   0x20000,
                                 0x30000, 0xf0000, 0xf0003, 0xf000e,  0xf0016,  0xf00ff,   0xf0100,
                                 0xfffff, 0x40000, 0xe0005, 0x1f0005, 0x100001, 0xffffffff};

    fake_reset(1);
    for (u32 i = 0; i < ARRAY_SIZE(events); i++) {
        pmu_call(CONFIG, 0, ALL, 0, events[i]);
        CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
        pmu_call(CONFIG, 3, 1, SKIP_MATCH, events[i]);
        CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    }
    CHECK_EQ(fake.pmu.assigned, 0);
}

/* Firmware ignores it where it means nothing, so callers do not set it. */
TEST(event_data_is_not_looked_at)
{
    fake_reset(1);
    pmu_call(CONFIG, 0, ALL, 0, CYCLES, 0xdeadbeef, 0xdeadbeef);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    pmu_call(CONFIG, 0, ALL, 0, FW_SET_TIMER, 0xdeadbeef, 0xdeadbeef);
    CHECK_ANSWER(SBI_SUCCESS, 3);
}

TEST(each_event_finds_the_counters_that_can_count_it)
{
    fake_reset(1);
    CHECK_EQ(configured(ALL, 0, INSTRUCTIONS), 2);
    CHECK_EQ(configured(ALL, 0, CYCLES), 0);
    for (u32 index = 3; index < 19; index++)
        CHECK_EQ(configured(ALL, AUTO_START, FW_SET_TIMER), index);
    pmu_call(CONFIG, 0, ALL, 0, FW_SET_TIMER); /* all are in use */
    CHECK_ANSWER(SBI_ERR_NOT_SUPPORTED, 0);
}

TEST(hardware_counters_count_nothing_else)
{
    fake_reset(1);
    pmu_call(CONFIG, 0, 5, 0, FW_SET_TIMER);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    pmu_call(CONFIG, 0, 4, 0, CYCLES);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    pmu_call(CONFIG, 0, 1, 0, INSTRUCTIONS);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    pmu_call(CONFIG, 0, FIRMWARE, 0, CYCLES);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
}

TEST(a_counter_that_is_started_is_not_taken)
{
    fake_reset(1);
    CHECK_EQ(configured(ALL, AUTO_START, CYCLES), 0);
    pmu_call(CONFIG, 0, ALL, 0, CYCLES);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    pmu_call(CONFIG, 0, 1, SKIP_MATCH, CYCLES);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
}

TEST(a_counter_of_somebody_else_is_taken_last)
{
    fake_reset(1);
    CHECK_EQ(configured(0x18, 0, FW_SET_TIMER), 3);
    CHECK_EQ(configured(0x18, 0, FW_SET_TIMER), 4);
    CHECK_EQ(configured(0x18, 0, FW_IPI_SENT), 3); /* stopped, with an event: as good as free */
}

TEST(skip_match_takes_the_first_of_the_set)
{
    fake_reset(1);
    CHECK_EQ(configured(0x38, 0, FW_SET_TIMER), 3);
    CHECK_EQ(configured(0x38, SKIP_MATCH, FW_IPI_SENT), 3);
    CHECK_EQ(configured(1, SKIP_MATCH, CYCLES), 0);
    CHECK_EQ(configured(4, SKIP_MATCH, INSTRUCTIONS), 2);
    pmu_call(CONFIG, 0, ALL, SKIP_MATCH, FW_SET_TIMER); /* which is cycle */
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
}

/* ---- starting and stopping */

TEST(cycle_and_instret_count_from_power_on)
{
    fake_reset(1);
    fake.cycles = 1000;
    fake.instructions = 700;
    CHECK_EQ(read_cycle(), 1000);
    CHECK_EQ(read_instret(), 700);
    pmu_call(STOP, 0, ALL, RESET); /* as a kernel does that takes stock: nobody started them */
    CHECK_ANSWER(SBI_ERR_ALREADY_STOPPED, 0);
    fake.cycles = 1100;
    CHECK_EQ(read_cycle(), 1100);
}

TEST(a_firmware_counter_counts_between_start_and_stop)
{
    fake_reset(1);
    fake.events[5] = 100;
    CHECK_EQ(configured(ALL, CLEAR_VALUE, FW_SET_TIMER), 3);
    fake.events[5] = 110;
    CHECK_EQ(read_firmware_counter(3), 0);
    pmu_call(START, 3, 1, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(read_firmware_counter(3), 0);
    fake.events[5] = 113;
    fake.events[6] = 1000; /* another event */
    CHECK_EQ(read_firmware_counter(3), 3);
    pmu_call(STOP, 3, 1, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    fake.events[5] = 120;
    CHECK_EQ(read_firmware_counter(3), 3);
    pmu_call(START, 3, 1, 0); /* goes on from there */
    fake.events[5] = 121;
    CHECK_EQ(read_firmware_counter(3), 4);
}

TEST(a_hardware_counter_counts_between_start_and_stop)
{
    fake_reset(1);
    fake.instructions = 5000;
    CHECK_EQ(configured(ALL, 0, INSTRUCTIONS), 2);
    fake.instructions = 6000;
    CHECK_EQ(read_instret(), 5000); /* configured, not started: stands still */
    pmu_call(START, 2, 1, SET_VALUE, 0xfffffff0, 0xffffffff);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    fake.instructions = 6020;
    CHECK_EQ(read_instret(), 4); /* modulo 2^64 */
    pmu_call(STOP, 0, 4, 0);
    fake.instructions = 7000;
    CHECK_EQ(read_instret(), 4);
    pmu_call(STOP, 0, 4, RESET); /* free again: the plain counter that it was */
    CHECK_ANSWER(SBI_ERR_ALREADY_STOPPED, 0);
    fake.instructions = 7010;
    CHECK_EQ(read_instret(), 14);
}

TEST(initial_values_have_64_bits)
{
    fake_reset(1);
    configured(8, 0, FW_SET_TIMER);
    pmu_call(START, 3, 1, SET_VALUE, 0xffffffff, 0x12345678);
    fake.events[5] = 1;
    CHECK_EQ(read_firmware_counter(3), 0x1234567900000000ull);
    pmu_call(READ, 3);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    pmu_call(READ_HI, 3);
    CHECK_ANSWER(SBI_SUCCESS, 0x12345679);
}

TEST(without_the_flag_the_initial_value_is_ignored)
{
    fake_reset(1);
    configured(8, 0, FW_SET_TIMER);
    pmu_call(START, 3, 1, 0, 1000, 1000);
    CHECK_EQ(read_firmware_counter(3), 0);
}

TEST(auto_start_keeps_the_value_unless_it_is_cleared)
{
    fake_reset(1);
    fake.events[5] = 50;
    configured(8, 0, FW_SET_TIMER);
    pmu_call(START, 3, 1, SET_VALUE, 7, 0);
    pmu_call(STOP, 3, 1, 0);
    fake.events[5] = 60;
    CHECK_EQ(configured(8, AUTO_START, FW_SET_TIMER), 3);
    CHECK_EQ(read_firmware_counter(3), 7);
    fake.events[5] = 61;
    CHECK_EQ(read_firmware_counter(3), 8);
    pmu_call(STOP, 3, 1, 0);
    CHECK_EQ(configured(8, AUTO_START | CLEAR_VALUE, FW_SET_TIMER), 3);
    CHECK_EQ(read_firmware_counter(3), 0);
    fake.cycles = 12345;
    CHECK_EQ(configured(1, AUTO_START, CYCLES), 0);
    CHECK_EQ(read_cycle(), 12345);
}

TEST(starting_twice_and_stopping_twice_are_told)
{
    fake_reset(1);
    configured(8, CLEAR_VALUE, FW_SET_TIMER);
    pmu_call(STOP, 3, 1, 0);
    CHECK_ANSWER(SBI_ERR_ALREADY_STOPPED, 0);
    pmu_call(START, 3, 1, 0);
    fake.events[5] = 5;
    pmu_call(START, 3, 1, SET_VALUE, 1000, 0);
    CHECK_ANSWER(SBI_ERR_ALREADY_STARTED, 0);
    CHECK_EQ(read_firmware_counter(3), 5); /* it goes on as it was */
}

TEST(the_others_of_a_set_are_started_and_stopped_all_the_same)
{
    fake_reset(1);
    configured(BIT(3), 0, FW_SET_TIMER);
    configured(BIT(5), AUTO_START, FW_SET_TIMER);
    pmu_call(START, 3, 5, 0);
    CHECK_ANSWER(SBI_ERR_ALREADY_STARTED, 0);
    CHECK_EQ(pmu_started(&fake.pmu), BIT(3) | BIT(5));
    pmu_call(STOP, 3, 1, 0);
    pmu_call(STOP, 3, 5, 0);
    CHECK_ANSWER(SBI_ERR_ALREADY_STOPPED, 0);
    CHECK_EQ(pmu_started(&fake.pmu), 0);
}

TEST(a_counter_without_an_event_cannot_be_started)
{
    fake_reset(1);
    pmu_call(START, 3, 1, 0);
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    pmu_call(START, 0, 1, 0);
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    configured(BIT(3), 0, FW_SET_TIMER);
    pmu_call(START, 3, 3, 0);
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    CHECK_EQ(pmu_started(&fake.pmu), 0); /* nor the other of its set */
}

TEST(reset_takes_the_event_away)
{
    fake_reset(1);
    configured(BIT(3), AUTO_START, FW_SET_TIMER);
    fake.events[5] = 9;
    pmu_call(STOP, 3, 1, RESET);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.pmu.assigned, 0);
    fake.events[5] = 99;
    CHECK_EQ(read_firmware_counter(3), 9);
    pmu_call(START, 3, 1, 0);
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    CHECK_EQ(configured(ALL, 0, FW_IPI_SENT), 3); /* free for others */
}

TEST(one_event_on_two_counters)
{
    fake_reset(1);
    CHECK_EQ(configured(ALL, AUTO_START, FW_SET_TIMER), 3);
    fake.events[5] = 10;
    CHECK_EQ(configured(ALL, AUTO_START, FW_SET_TIMER), 4);
    fake.events[5] = 11;
    CHECK_EQ(read_firmware_counter(3), 11);
    CHECK_EQ(read_firmware_counter(4), 1);
}

/* ---- reading */

TEST(only_firmware_counters_are_read_by_call)
{
    fake_reset(1);
    for (u32 index = 0; index < 3; index++) {
        pmu_call(READ, index);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        pmu_call(READ_HI, index);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
    CHECK_EQ(read_firmware_counter(18), 0);
}

TEST(snapshots_are_not_supported)
{
    fake_reset(1);
    pmu_call(SNAPSHOT, 0x80000000, 0, 0);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    pmu_call(SNAPSHOT, 0xffffffff, 0xffffffff, 0);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
}

UNIT_MAIN("sbi_pmu")
