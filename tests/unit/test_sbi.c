/* SBI dispatch and the extensions that concern one hart: Base, TIME, SRST, DBCN, TWOFOLD. */
#include "tests/unit/sbi_fake.h"

TEST(unknown_extensions_are_not_supported)
{
    static const u32 unknown[] = {
        9,          0xa,        0xf,        0x11,       0xff,       0x504d54,
        0x53555350, 0x43505043, 0x4e41434c, 0x535440,   0x0a000000, 0x09000000,
        0x08000000, 0x08545745, 0x08545747, 0x0a545746, 0x7fffffff, 0x80000000,
        0x80000010, 0xffffffff, 0x54494d44, 0x54494d46,
    };

    fake_reset(4);
    for (u32 i = 0; i < ARRAY_SIZE(unknown); i++) {
        ecall(unknown[i], 0, 1, 0);
        CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
        ecall(SBI_EXT_BASE, 3, unknown[i]);
        CHECK_ANSWER(SBI_SUCCESS, 0);
    }
}

TEST(unknown_functions_are_not_supported)
{
    static const struct {
        u32 extension, functions;
    } extensions_of_spec[] = {
        {SBI_EXT_BASE, 7}, {SBI_EXT_TIME, 1}, {SBI_EXT_IPI, 1},  {SBI_EXT_RFENCE, 3},
        {SBI_EXT_HSM, 4},  {SBI_EXT_SRST, 1}, {SBI_EXT_DBCN, 3}, {SBI_EXT_TWOFOLD, 5},
        {SBI_EXT_PMU, 7},  {SBI_EXT_STA, 1},
    };

    fake_reset(4);
    fake.debug = true;
    for (u32 i = 0; i < ARRAY_SIZE(extensions_of_spec); i++) {
        u32 first = extensions_of_spec[i].functions;
        const u32 unknown[] = {first, first + 1, 100, 0x7fffffff, 0x80000000, 0xffffffff};

        for (u32 j = 0; j < ARRAY_SIZE(unknown); j++) {
            ecall(extensions_of_spec[i].extension, unknown[j], 1, 0);
            CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
        }
    }
}

TEST(probe_answers_one_for_what_exists)
{
    fake_reset(1);
    for (u32 i = 0; i < ARRAY_SIZE(fake_extensions); i++) {
        ecall(SBI_EXT_BASE, 3, fake_extensions[i]);
        CHECK_ANSWER(SBI_SUCCESS, 1);
    }
}

TEST(identity_is_sbi_2_0_by_no_assigned_implementation)
{
    fake_reset(1);
    ecall(SBI_EXT_BASE, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0x02000000);
    ecall(SBI_EXT_BASE, 1);
    CHECK_ANSWER(SBI_SUCCESS, 0x545746);
    CHECK(answer.value > 11 && answer.value >> 24 == 0); /* 0 to 11 are assigned in SBI 3.0 */
    ecall(SBI_EXT_BASE, 2);
    CHECK_ANSWER(SBI_SUCCESS, 1);
}

TEST(machine_ids_come_from_the_machine)
{
    fake_reset(1);
    for (u32 function = 4; function <= 6; function++) {
        ecall(SBI_EXT_BASE, function);
        CHECK_ANSWER(SBI_SUCCESS, 0xabc0 + function);
    }
}

TEST(timer_deadline_has_64_bits)
{
    fake_reset(1);
    ecall(SBI_EXT_TIME, 0, 0x89abcdef, 0x01234567);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.deadline, 0x0123456789abcdefull);
    ecall(SBI_EXT_TIME, 0, 0x80000000, 0); /* no sign runs into the high word */
    CHECK_EQ(fake.deadline, 0x80000000ull);
    ecall(SBI_EXT_TIME, 0, 0, 0);
    CHECK_EQ(fake.deadline, 0);
    ecall(SBI_EXT_TIME, 0, 0xffffffff, 0xffffffff);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.deadline, ~0ull);
}

TEST(reset_takes_three_types_and_two_reasons)
{
    for (u32 type = 0; type <= 2; type++) {
        for (u32 reason = 0; reason <= 1; reason++) {
            fake_reset(2);
            ecall(SBI_EXT_SRST, 0, type, reason);
            CHECK_EQ(outcome, SBI_RESUME);
            CHECK_EQ(fake.resets, 1);
            CHECK_EQ(fake.reset, type);
            CHECK_EQ(fake.reason, reason);
        }
    }
}

TEST(reset_refuses_reserved_and_foreign_types_and_reasons)
{
    static const u32 types[] = {3, 0xefffffff, 0xf0000000, 0xffffffff};
    static const u32 reasons[] = {2, 0xdfffffff, 0xe0000000, 0xf0000000, 0xffffffff};

    fake_reset(2);
    for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
        ecall(SBI_EXT_SRST, 0, types[i], 0);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
    for (u32 type = 0; type <= 2; type++) {
        for (u32 i = 0; i < ARRAY_SIZE(reasons); i++) {
            ecall(SBI_EXT_SRST, 0, type, reasons[i]);
            CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        }
    }
}

TEST(console_moves_a_buffer_and_says_how_much)
{
    fake_reset(1);
    ecall(SBI_EXT_DBCN, 0, 10, 0x80001234, 0);
    CHECK_ANSWER(SBI_SUCCESS, 5);
    CHECK_EQ(fake.buffer, 0x80001234);
    CHECK_EQ(fake.buffer_size, 10);
    ecall(SBI_EXT_DBCN, 1, 20, 0x80001000, 0);
    CHECK_ANSWER(SBI_SUCCESS, 11); /* by console_read, not console_write */
    CHECK_EQ(fake.buffer_size, 20);
}

TEST(console_reaches_ram_above_4_gib)
{
    fake_reset(1);
    ecall(SBI_EXT_DBCN, 0, 8, 0x1000, 1);
    CHECK_ANSWER(SBI_SUCCESS, 4);
    CHECK_EQ(fake.buffer, 0x100001000ull);
}

TEST(console_buffer_may_end_with_ram_and_no_later)
{
    for (u32 function = 0; function <= 1; function++) {
        fake_reset(1);
        ecall(SBI_EXT_DBCN, function, 16, (u32)(LOW_RAM + LOW_RAM_SIZE - 16), 0);
        CHECK_EQ(answer.error, SBI_SUCCESS);
        CHECK_EQ(fake.buffer_size, 16);
        fake_reset(1);
        ecall(SBI_EXT_DBCN, function, 17, (u32)(LOW_RAM + LOW_RAM_SIZE - 16), 0);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
}

TEST(console_refuses_what_is_not_ram)
{
    static const u32 bad[][3] = {
        /* size, low, high */
        {1, 0x10000000, 0},                   /* a device */
        {1, 0x7fffffff, 0},                   /* just before RAM */
        {2, 0x7fffffff, 0},                   /* reaching into it */
        {1, 0x84000000, 0},                   /* just behind */
        {0xffffffff, 0x80000000, 0},          /* length -1 */
        {0x80000001, 0x80000000, 0},          /* to where 32 bits wrap */
        {8, 0x80000000, 1},                   /* RAM, but for the high word */
        {8, 0x80000000, 4},                   /* bit 34 */
        {8, 0x80000000, 0x80000000},          /* bit 63 */
        {8, 0x80000000, 0xffffffff},          /* ones */
        {0xffffffff, 0xffffffff, 0xffffffff}, /* to where 64 bits wrap */
        {8, 0xfffffffc, 0},                   /* across 4 GiB, high RAM behind it */
        {8, 0x003ffffc, 1},                   /* across the end of high RAM */
    };

    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        fake_reset(1);
        ecall(SBI_EXT_DBCN, 0, bad[i][0], bad[i][1], bad[i][2]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        ecall(SBI_EXT_DBCN, 1, bad[i][0], bad[i][1], bad[i][2]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
}

TEST(console_moves_no_bytes_from_anywhere)
{
    fake_reset(1);
    ecall(SBI_EXT_DBCN, 0, 0, 0x80000000, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    ecall(SBI_EXT_DBCN, 1, 0, 0, 0xffffffff);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.calls, 0);
}

TEST(console_moves_a_page_at_most)
{
    fake_reset(1);
    ecall(SBI_EXT_DBCN, 0, 4096, 0x80000000, 0);
    CHECK_EQ(fake.buffer_size, 4096);
    ecall(SBI_EXT_DBCN, 0, 4097, 0x80000000, 0);
    CHECK_EQ(fake.buffer_size, 4096);
    ecall(SBI_EXT_DBCN, 0, (u32)LOW_RAM_SIZE, 0x80000000, 0);
    CHECK_ANSWER(SBI_SUCCESS, 2048);
    CHECK_EQ(fake.buffer_size, 4096);
}

TEST(console_byte_is_eight_bits)
{
    fake_reset(1);
    ecall(SBI_EXT_DBCN, 2, 0xffffff41);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.puts, 1);
    CHECK_EQ(fake.put, 0x41);
}

TEST(twofold_is_there_only_where_allowed)
{
    fake_reset(1);
    ecall(SBI_EXT_BASE, 3, SBI_EXT_TWOFOLD);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    ecall(SBI_EXT_TWOFOLD, 0, 0x1000, 'r');
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    ecall(SBI_EXT_TWOFOLD, 1, 0x80000000, 0x80001000);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    ecall(SBI_EXT_TWOFOLD, 2, 0x1000, 'r', 0);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    ecall(SBI_EXT_TWOFOLD, 3, 0x1000, 'r', 0);
    CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    fake.debug = true;
    ecall(SBI_EXT_BASE, 3, SBI_EXT_TWOFOLD);
    CHECK_ANSWER(SBI_SUCCESS, 1);
}

TEST(twofold_walks_for_three_accesses)
{
    static const u32 bad[] = {0, 1, 'R', 'q', 's', 'r' | 0x100, 0xffffffff};

    fake_reset(1);
    fake.debug = true;
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        ecall(SBI_EXT_TWOFOLD, 0, 0xc0001234, bad[i]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
    for (const char *access = "rwx"; *access; access++) {
        ecall(SBI_EXT_TWOFOLD, 0, 0xc0001234, (u32)*access);
        CHECK_ANSWER(SBI_SUCCESS, 0);
        CHECK_EQ(fake.walked, 0xc0001234);
        CHECK_EQ(fake.walk_access, (u32)*access);
    }
}

TEST(twofold_tells_the_cause_or_the_gpa)
{
    fake_reset(1);
    fake.debug = true;
    fake.gpa = 0x3c0001237ull;
    for (u32 i = 0; i < 6; i++) {
        u32 access = (u32) "rwx"[i / 2];

        ecall(SBI_EXT_TWOFOLD, 2, 0xc0001234, access, i % 2);
        CHECK_ANSWER(SBI_SUCCESS, 0);
        CHECK_EQ(fake.walked, 0xc0001234);
        CHECK_EQ(fake.walk_access, access);
        CHECK_EQ(fake.walk_user, i % 2);
    }
    ecall(SBI_EXT_TWOFOLD, 3, 0xc0001234, 'w', 1);
    CHECK_ANSWER(SBI_SUCCESS, 0xf000048d);
    CHECK_EQ(fake.walk_access, 'w');
    CHECK_EQ(fake.walk_user, true);
    fake.cause = 15;
    ecall(SBI_EXT_TWOFOLD, 2, 0xc0001234, 'w', 1);
    CHECK_ANSWER(SBI_SUCCESS, 15);
    ecall(SBI_EXT_TWOFOLD, 3, 0xc0001234, 'w', 1);
    CHECK_REFUSED(SBI_ERR_FAILED);
}

TEST(twofold_translates_for_three_accesses_and_two_modes)
{
    static const struct {
        u32 access, user;
    } bad[] = {{0, 0}, {'q', 1}, {'r' | 0x100, 0}, {'r', 2}, {'x', 0x80000000}, {'w', 0xffffffff}};

    fake_reset(1);
    fake.debug = true;
    fake.gpa = 0x80001234;
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        for (u32 function = 2; function <= 3; function++) {
            ecall(SBI_EXT_TWOFOLD, function, 0xc0001234, bad[i].access, bad[i].user);
            CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
            CHECK_EQ(fake.walked, 0);
        }
    }
}

TEST(twofold_swaps_pages_low_and_high)
{
    fake_reset(1);
    fake.debug = true;
    ecall(SBI_EXT_TWOFOLD, 1, 0x80001000, 0x00002000, 0, 1);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.swap_a, 0x80001000);
    CHECK_EQ(fake.swap_b, 0x100002000ull);
    ecall(SBI_EXT_TWOFOLD, 1, 0x00003000, 0x83fff000, 1, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.swap_a, 0x100003000ull);
    CHECK_EQ(fake.swap_b, 0x83fff000);
    fake.swap_fails = true;
    ecall(SBI_EXT_TWOFOLD, 1, 0x80001000, 0x80002000);
    CHECK_ANSWER(SBI_ERR_INVALID_ADDRESS, 0);
}

TEST(twofold_swap_refuses_what_is_no_page_of_ram)
{
    static const u64 bad[] = {0x80001800,     0x80000001,     0x84000000,     0x7ffff000,
                              0x0c000000,     0x180000000ull, 0x480001000ull, 0x80000001000ull,
                              0x1003ff800ull, ~0xfffull};

    fake_reset(1);
    fake.debug = true;
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        u32 low = u64_low(bad[i]), high = u64_high(bad[i]);

        ecall(SBI_EXT_TWOFOLD, 1, low, 0x80000000, high, 0);
        CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
        ecall(SBI_EXT_TWOFOLD, 1, 0x80000000, low, 0, high);
        CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
    }
}

UNIT_MAIN("sbi")
