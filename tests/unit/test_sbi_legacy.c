/* The calls of SBI 0.1, with their hart masks in guest memory. */
#include "tests/unit/sbi_fake.h"

TEST(legacy_calls_ignore_a6)
{
    static const u32 garbage[] = {0, 1, 0x80000000, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(garbage); i++) {
        fake_reset(2);
        ecall(0, garbage[i], 0xdeadbeef, 0x12345678);
        CHECK_LEGACY(0);
        CHECK_EQ(fake.deadline, 0x12345678deadbeefull);
        ecall(1, garbage[i], 0x12345641);
        CHECK_LEGACY(0);
        CHECK_EQ(fake.put, 0x41);
        ecall(4, garbage[i], 0);
        CHECK_LEGACY(0);
        CHECK(exactly(fake.ipis, 3));
    }
}

TEST(legacy_timer_takes_minus_one)
{
    fake_reset(1);
    ecall(0, 0, 0xffffffff, 0xffffffff);
    CHECK_LEGACY(0);
    CHECK_EQ(fake.deadline, ~0ull);
}

TEST(legacy_getchar_gives_a_byte_or_minus_one)
{
    fake_reset(1);
    ecall(2, 0);
    CHECK_LEGACY(-1);
    fake.console_byte = 0xff;
    ecall(2, 0);
    CHECK_LEGACY(0xff);
    fake.console_byte = 0;
    ecall(2, 0);
    CHECK_LEGACY(0);
}

TEST(legacy_clear_ipi_says_what_was_pending)
{
    fake_reset(1);
    fake.ipi_pending = true;
    ecall(3, 0);
    CHECK_LEGACY(1);
    ecall(3, 0);
    CHECK_LEGACY(0);
}

TEST(legacy_shutdown_does_not_return)
{
    fake_reset(1);
    ecall(8, 5, 9, 9);
    CHECK_EQ(outcome, SBI_RESUME);
    CHECK_EQ(fake.resets, 1);
    CHECK_EQ(fake.reset, SBI_RESET_SHUTDOWN);
    CHECK_EQ(fake.reason, SBI_REASON_NONE);
}

TEST(legacy_mask_is_read_from_guest_memory)
{
    for (u32 extension = 4; extension <= 7; extension++) {
        fake_reset(4);
        fake.mask_address = 0xc0001ffe; /* across a page: the reader's business */
        fake.mask_word[0] = 0xa;
        ecall(extension, 0, 0xc0001ffe, 0, 0, 0);
        CHECK_LEGACY(0);
        CHECK(exactly(extension == 4 ? fake.ipis : fake.fences, 0xa));
        CHECK_EQ(fake.fence_waits, extension != 4);
    }
}

TEST(legacy_null_mask_means_all_harts)
{
    for (u32 extension = 4; extension <= 7; extension++) {
        fake_reset(5);
        fake.state[3] = HSM_STOPPED;
        fake.mask_words_readable = 0;
        ecall(extension, 0, 0, 0, 0, 0);
        CHECK_LEGACY(0);
        CHECK(exactly(extension == 4 ? fake.ipis : fake.fences, 0x17));
    }
}

TEST(legacy_mask_of_all_ones_reaches_who_is_there)
{
    fake_reset(4);
    fake.state[1] = HSM_STOPPED;
    fake.mask_address = 0x1000;
    fake.mask_word[0] = 0xffffffff;
    ecall(4, 0, 0x1000);
    CHECK_LEGACY(0);
    CHECK(exactly(fake.ipis, 0xd));
}

TEST(legacy_mask_has_a_word_for_32_harts)
{
    fake_reset(65);
    fake.mask_address = 0xfffffff8; /* the third word is at 0 */
    fake.mask_word[0] = BIT(31);
    fake.mask_word[1] = BIT(0);
    fake.mask_word[2] = BIT(0) | BIT(1);
    ecall(4, 0, 0xfffffff8);
    CHECK_LEGACY(0);
    CHECK(fake.ipis[31] == 1 && fake.ipis[32] == 1 && fake.ipis[64] == 1);
    CHECK_EQ(fake.calls, 3);
    fake_reset(32); /* exactly one word: the fake refuses to be asked for more */
    fake.mask_address = 0x1000;
    fake.mask_word[0] = 0xffffffff;
    ecall(4, 0, 0x1000);
    CHECK_EQ(fake.calls, 32);
}

TEST(legacy_fault_on_the_mask_resumes_with_the_trap)
{
    for (u32 extension = 4; extension <= 7; extension++) {
        fake_reset(4);
        fake.mask_address = 0x1000;
        fake.mask_words_readable = 0;
        ecall(extension, 0, 0x1000, 0, 0, 0);
        CHECK_EQ(outcome, SBI_RESUME);
        CHECK_EQ(fake.calls, 0);
    }
}

/* ecall6 checks that the fences posted for the first word were waited for. */
TEST(legacy_fault_on_a_later_word_leaves_no_fence_behind)
{
    fake_reset(64);
    fake.mask_address = 0x1ffc;
    fake.mask_word[0] = 1;
    fake.mask_words_readable = 1;
    ecall(6, 0, 0x1ffc, 0, 0);
    CHECK_EQ(outcome, SBI_RESUME);
    CHECK_EQ(fake.fence_waits, 1);
}

TEST(legacy_fences_have_the_ranges_of_rfence)
{
    static const struct {
        u32 start, size, fenced_start, fenced_size;
    } ranges[] = {
        {0, 0, 0, SBI_FENCE_ALL},
        {0x1000, 0xffffffff, 0, SBI_FENCE_ALL},
        {0x1fff, 2, 0x1000, 0x2000},
        {0xfffff000, 0x1000, 0xfffff000, 0x1000},
    };

    for (u32 i = 0; i < ARRAY_SIZE(ranges); i++) {
        for (u32 extension = 6; extension <= 7; extension++) {
            u32 asid = extension == 7 ? 0x42 : 0;

            fake_reset(2);
            ecall(extension, 0, 0, ranges[i].start, ranges[i].size, 0x42);
            CHECK_LEGACY(0);
            CHECK_EQ(fake.fence.kind, extension == 7 ? FENCE_VMA_ASID : FENCE_VMA);
            CHECK_EQ(fake.fence.start, ranges[i].fenced_start);
            CHECK_EQ(fake.fence.size, ranges[i].fenced_size);
            CHECK_EQ(fake.fence.asid, asid);
        }
    }
    fake_reset(2);
    ecall(5, 0, 0, 0x1000, 0x1000);
    CHECK_EQ(fake.fence.kind, FENCE_I);
    CHECK_EQ(fake.fence.size, SBI_FENCE_ALL);
}

TEST(legacy_fences_refuse_bad_ranges_and_asids)
{
    fake_reset(2);
    ecall(6, 0, 0, 0xfffff000, 0x1001);
    CHECK_LEGACY(SBI_ERR_INVALID_ADDRESS);
    ecall(7, 0, 0, 0xfffff000, 0x1001, 1);
    CHECK_LEGACY(SBI_ERR_INVALID_ADDRESS);
    ecall(7, 0, 0, 0, 0, 512);
    CHECK_LEGACY(SBI_ERR_INVALID_PARAM);
    CHECK_EQ(fake.calls, 0);
}

UNIT_MAIN("sbi_legacy")
