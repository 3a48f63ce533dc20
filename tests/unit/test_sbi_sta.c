/* SBI STA: where a hart may have its stolen time told. */
#include "tests/unit/sbi_fake.h"

#define SET_SHMEM(low, high, flags) ecall(SBI_EXT_STA, 0, low, high, flags)

TEST(memory_is_taken_into_use_and_given_up)
{
    fake_reset(2);
    SET_SHMEM(0x80001040, 0, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.steal, 0x80001040);
    SET_SHMEM(0x80002000, 0, 0); /* elsewhere */
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.steal, 0x80002000);
    SET_SHMEM(0xffffffff, 0xffffffff, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.steal, SBI_STA_NONE);
}

TEST(giving_up_what_was_never_set_is_no_error)
{
    fake_reset(1);
    SET_SHMEM(0xffffffff, 0xffffffff, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
}

TEST(addresses_have_34_bits)
{
    fake_reset(1);
    SET_SHMEM(0x00000040, 1, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.steal, 0x100000040ull);
}

TEST(the_ends_of_ram)
{
    static const u32 good[] = {0x80000000, 0x83ffffc0};
    static const u32 bad[] = {0x7fffffc0, 0x84000000, 0x00000000, 0x0c000000, 0xffffffc0};

    for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
        fake_reset(1);
        SET_SHMEM(good[i], 0, 0);
        CHECK_ANSWER(SBI_SUCCESS, 0);
    }
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        fake_reset(1);
        SET_SHMEM(bad[i], 0, 0);
        CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
    }
}

TEST(high_words_past_34_bits_name_no_address)
{
    static const u32 high[] = {2, 4, 0x80000000, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(high); i++) {
        fake_reset(1);
        SET_SHMEM(0x80000000, high[i], 0);
        CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
    }
    fake_reset(1);
    SET_SHMEM(0xffffffff, 0, 0); /* one word of all ones is an address, and a bad one */
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    SET_SHMEM(0x80000000, 0xffffffff, 0);
    CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
}

TEST(memory_is_aligned_to_its_size)
{
    static const u32 low[] = {0x80000001, 0x80000004, 0x80000020, 0x8000003f, 0xfffffffe};

    for (u32 i = 0; i < ARRAY_SIZE(low); i++) {
        fake_reset(1);
        SET_SHMEM(low[i], 0, 0);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
}

TEST(flags_are_reserved)
{
    static const u32 flags[] = {1, 2, 0x80000000, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
        fake_reset(1);
        SET_SHMEM(0x80000000, 0, flags[i]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        SET_SHMEM(0xffffffff, 0xffffffff, flags[i]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    }
}

TEST(a_refusal_leaves_what_was_set)
{
    fake_reset(1);
    SET_SHMEM(0x80000000, 0, 0);
    SET_SHMEM(0x80000008, 0, 0);
    SET_SHMEM(0x80000040, 0, 1);
    SET_SHMEM(0x10000000, 0, 0);
    CHECK_EQ(fake.steal, 0x80000000);
}

TEST(memory_that_cannot_be_written_is_a_failure)
{
    fake_reset(1);
    fake.steal_error = SBI_ERR_FAILED;
    SET_SHMEM(0x80000000, 0, 0);
    CHECK_REFUSED(SBI_ERR_FAILED);
}

UNIT_MAIN("sbi_sta")
