/* SBI HSM: starting, stopping, suspending harts, and asking after them. */
#include "tests/unit/sbi_fake.h"

enum { START, STOP, GET_STATUS, SUSPEND };

/* Four harts, of which the caller, hart 0, has been started. */
static void one_started(void)
{
    fake_reset(4);
    for (u32 hart = 1; hart < 4; hart++)
        fake.state[hart] = HSM_STOPPED;
}

static const u32 bad_entries[] = {0,          0x7ffffffe, 0x80000001, 0x83ffffff,
                                  0x84000000, 0x10000000, 0xfffffffe, 0xffffffff};

TEST(start_passes_entry_and_opaque)
{
    one_started();
    ecall(SBI_EXT_HSM, START, 2, 0x80200000, 0xfeedface);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.started_hart, 2);
    CHECK_EQ(fake.entry, 0x80200000);
    CHECK_EQ(fake.opaque, 0xfeedface);
    ecall(SBI_EXT_HSM, START, 1, 0x83fffffe, 0); /* room for a compressed instruction */
    CHECK_ANSWER(SBI_SUCCESS, 0);
}

TEST(start_of_an_absent_hart_is_invalid)
{
    static const u32 harts[] = {4, 5, 0x7fffffff, 0x80000000, 0xffffffff};

    one_started();
    for (u32 i = 0; i < ARRAY_SIZE(harts); i++) {
        ecall(SBI_EXT_HSM, START, harts[i], 0x80200000, 0);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
}

TEST(start_of_a_hart_that_is_not_stopped_is_too_late)
{
    for (u32 state = HSM_STARTED; state <= HSM_RESUME_PENDING; state++) {
        if (state == HSM_STOPPED)
            continue;
        one_started();
        fake.state[3] = state;
        ecall(SBI_EXT_HSM, START, 3, 0x80200000, 0);
        CHECK_REFUSED(SBI_ERR_ALREADY_AVAILABLE);
    }
}

TEST(start_of_oneself_is_too_late_at_any_address)
{
    one_started();
    ecall(SBI_EXT_HSM, START, 0, 0x80200000, 0);
    CHECK_REFUSED(SBI_ERR_ALREADY_AVAILABLE);
    ecall(SBI_EXT_HSM, START, 0, 0, 0);
    CHECK_REFUSED(SBI_ERR_ALREADY_AVAILABLE);
}

TEST(start_where_there_is_no_code_is_an_invalid_address)
{
    one_started();
    for (u32 i = 0; i < ARRAY_SIZE(bad_entries); i++) {
        ecall(SBI_EXT_HSM, START, 1, bad_entries[i], 0);
        CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
    }
}

TEST(start_that_loses_the_race_says_so)
{
    one_started();
    fake.start_error = SBI_ERR_ALREADY_AVAILABLE;
    ecall(SBI_EXT_HSM, START, 1, 0x80200000, 0);
    CHECK_ANSWER(SBI_ERR_ALREADY_AVAILABLE, 0);
}

TEST(stop_does_not_return_unless_it_fails)
{
    one_started();
    ecall(SBI_EXT_HSM, STOP, 3, 3, 3);
    CHECK_EQ(outcome, SBI_RESUME);
    CHECK(fake.stopped);
    one_started();
    fake.stop_fails = true;
    ecall(SBI_EXT_HSM, STOP);
    CHECK_ANSWER(SBI_ERR_FAILED, 0);
}

TEST(status_is_the_state_of_the_spec)
{
    for (u32 state = 0; state <= 6; state++) {
        one_started();
        fake.state[3] = state;
        ecall(SBI_EXT_HSM, GET_STATUS, 3);
        CHECK_ANSWER(SBI_SUCCESS, state);
    }
}

TEST(status_of_an_absent_hart_is_invalid)
{
    static const u32 harts[] = {4, 32, 0x80000000, 0xffffffff};

    one_started();
    for (u32 i = 0; i < ARRAY_SIZE(harts); i++) {
        ecall(SBI_EXT_HSM, GET_STATUS, harts[i]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
}

TEST(suspend_retentive_returns_and_needs_no_address)
{
    one_started();
    ecall(SBI_EXT_HSM, SUSPEND, 0, 0xffffffff, 7);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK(fake.suspended && fake.retentive);
}

TEST(suspend_non_retentive_resumes_elsewhere)
{
    one_started();
    ecall(SBI_EXT_HSM, SUSPEND, 0x80000000, 0x80400000, 7);
    CHECK_EQ(outcome, SBI_RESUME);
    CHECK(fake.suspended && !fake.retentive);
    CHECK_EQ(fake.entry, 0x80400000);
    CHECK_EQ(fake.opaque, 7);
}

TEST(suspend_non_retentive_wants_an_address_with_code)
{
    one_started();
    for (u32 i = 0; i < ARRAY_SIZE(bad_entries); i++) {
        ecall(SBI_EXT_HSM, SUSPEND, 0x80000000, bad_entries[i], 0);
        CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
    }
}

/* "HSM Hart Suspend Types": reserved, and platform-specific of a platform that has none. */
TEST(suspend_types_other_than_the_defaults_are_invalid)
{
    static const u32 types[] = {1,          0x0fffffff, 0x10000000, 0x7fffffff,
                                0x80000001, 0x8fffffff, 0x90000000, 0xffffffff};

    one_started();
    for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
        ecall(SBI_EXT_HSM, SUSPEND, types[i], 0x80400000, 0);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
}

TEST(suspend_that_fails_returns_its_error)
{
    static const u32 types[] = {0, 0x80000000};

    for (u32 i = 0; i < 2; i++) {
        one_started();
        fake.suspend_error = SBI_ERR_FAILED;
        ecall(SBI_EXT_HSM, SUSPEND, types[i], 0x80400000, 0);
        CHECK_ANSWER(SBI_ERR_FAILED, 0);
    }
}

UNIT_MAIN("sbi_hsm")
