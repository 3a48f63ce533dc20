/* SBI calls to other harts: IPI and RFENCE, their masks and their ranges. */
#include "tests/unit/sbi_fake.h"

TEST(ipi_goes_to_the_harts_of_the_mask)
{
    for (u32 base = 0; base < 4; base++) {
        for (u32 mask = 0; mask < 16u >> base; mask++) {
            fake_reset(4);
            ecall(SBI_EXT_IPI, 0, mask, base);
            CHECK_ANSWER(SBI_SUCCESS, 0);
            CHECK(exactly(fake.ipis, mask << base));
        }
    }
}

TEST(ipi_with_base_minus_one_ignores_the_mask)
{
    static const u32 masks[] = {0, 1, 0xfffffff0, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(masks); i++) {
        fake_reset(4);
        ecall(SBI_EXT_IPI, 0, masks[i], 0xffffffff);
        CHECK_ANSWER(SBI_SUCCESS, 0);
        CHECK(exactly(fake.ipis, 0xf));
    }
}

TEST(ipi_to_all_leaves_out_stopped_harts)
{
    fake_reset(6);
    fake.state[1] = HSM_STOPPED;
    fake.state[2] = HSM_START_PENDING;
    fake.state[3] = HSM_SUSPENDED;
    fake.state[4] = HSM_STOP_PENDING;
    ecall(SBI_EXT_IPI, 0, 0, 0xffffffff);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK(exactly(fake.ipis, BIT(0) | BIT(3) | BIT(5)));
}

TEST(ipi_to_all_of_more_than_32_harts)
{
    fake_reset(70);
    fake.state[40] = HSM_STOPPED;
    ecall(SBI_EXT_IPI, 0, 0, 0xffffffff);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    for (u32 hart = 0; hart < 70; hart++)
        CHECK_EQ(fake.ipis[hart], hart != 40);
    CHECK_EQ(fake.calls, 69);
}

TEST(ipi_mask_may_cross_hart_32)
{
    fake_reset(70);
    ecall(SBI_EXT_IPI, 0, 0x80000001, 30);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK(fake.ipis[30] == 1 && fake.ipis[61] == 1);
    CHECK_EQ(fake.calls, 2);
}

TEST(ipi_to_an_absent_hart_does_nothing_at_all)
{
    static const u32 bad[][2] = {
        /* mask, base */
        {0x10, 0},                /* the first that is not there */
        {0x1f, 0},                /* with all that are */
        {0x80000001, 0},          /* and the last bit */
        {0xffffffff, 0},          /* everything */
        {0x2, 3},                 /* beyond by its bit */
        {0x1, 4},                 /* beyond by its base */
        {0x1, 32},                /* the base as a shift is 0 */
        {0x1, 0x80000000},        /* the base as a signed number is negative */
        {0x1, 0xfffffffe},        /* the last base that is not -1 */
        {0x4, 0xfffffffe},        /* base + bit wraps to hart 0 */
        {0x00010000, 0xfffffff0}, /* the same from further off */
    };

    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        fake_reset(4);
        ecall(SBI_EXT_IPI, 0, bad[i][0], bad[i][1]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        ecall(SBI_EXT_RFENCE, 0, bad[i][0], bad[i][1]);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        ecall(SBI_EXT_RFENCE, 1, bad[i][0], bad[i][1], 0, 0);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        ecall(SBI_EXT_RFENCE, 2, bad[i][0], bad[i][1], 0, 0, 1);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        CHECK_EQ(fake.fence_waits, 0);
    }
}

/* "Hart list parameter": a hart that is not available to the supervisor is no valid hartid. */
TEST(ipi_to_a_stopped_hart_is_refused_whole)
{
    static const enum hsm_state offline[] = {HSM_STOPPED, HSM_START_PENDING, HSM_STOP_PENDING};

    for (u32 i = 0; i < ARRAY_SIZE(offline); i++) {
        fake_reset(4);
        fake.state[2] = offline[i];
        ecall(SBI_EXT_IPI, 0, 0xf, 0);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        ecall(SBI_EXT_RFENCE, 1, 0x1, 2, 0, 0xffffffff);
        CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
        ecall(SBI_EXT_IPI, 0, 0xb, 0);
        CHECK_ANSWER(SBI_SUCCESS, 0);
        CHECK(exactly(fake.ipis, 0xb));
    }
}

TEST(suspended_harts_take_ipis)
{
    fake_reset(2);
    fake.state[1] = HSM_SUSPENDED;
    ecall(SBI_EXT_IPI, 0, 2, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK(exactly(fake.ipis, 2));
}

/* The note of "Hart list parameter": the base must be valid only when bit 0 of the mask is set. */
TEST(base_is_a_hart_only_by_bit_zero)
{
    static const u32 bases[] = {0, 3, 4, 32, 0x80000000, 0xfffffffe};

    for (u32 i = 0; i < ARRAY_SIZE(bases); i++) {
        fake_reset(4);
        ecall(SBI_EXT_IPI, 0, 0, bases[i]);
        CHECK_ANSWER(SBI_SUCCESS, 0);
        CHECK_EQ(fake.calls, 0);
    }
    fake_reset(4);
    fake.state[1] = HSM_STOPPED;
    ecall(SBI_EXT_IPI, 0, 0x4, 1);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK(exactly(fake.ipis, 0x8));
}

TEST(fence_i_covers_everything_and_is_waited_for)
{
    fake_reset(4);
    ecall(SBI_EXT_RFENCE, 0, 0x6, 0, 0x1000, 0x1000, 0xffff);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK(exactly(fake.fences, 0x6));
    CHECK_EQ(fake.fence_waits, 1);
    CHECK_EQ(fake.fence.kind, FENCE_I);
    CHECK_EQ(fake.fence.size, SBI_FENCE_ALL);
}

TEST(fence_of_the_caller_itself_is_posted_too)
{
    fake_reset(2);
    ecall(SBI_EXT_RFENCE, 1, 0x3, 0, 0, 0);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK(exactly(fake.fences, 0x3));
}

static const struct {
    u32 start, size, fenced_start, fenced_size;
} ranges[] = {
    {0, 0, 0, SBI_FENCE_ALL}, /* both ways of the spec to say everything */
    {0, 0xffffffff, 0, SBI_FENCE_ALL},
    {0x1000, 0xffffffff, 0, SBI_FENCE_ALL},
    {0xffffffff, 0xffffffff, 0, SBI_FENCE_ALL},
    {0x1000, 0x1000, 0x1000, 0x1000},
    {0, 1, 0, 0x1000},
    {0x1234, 1, 0x1000, 0x1000},
    {0x1fff, 2, 0x1000, 0x2000}, /* the last byte of one page and the first of the next */
    {0xc0000800, 0x1000, 0xc0000000, 0x2000},
    {0xfffff000, 0x1000, 0xfffff000, 0x1000}, /* up to the end and not past it */
    {0xffffffff, 1, 0xfffff000, 0x1000},
    {0x80000000, 0x80000000, 0x80000000, 0x80000000},
    {0, 0xfffff000, 0, 0xfffff000},
    {0, 0xfffff001, 0, SBI_FENCE_ALL}, /* whole pages of this are all there are */
    {1, 0xfffffffe, 0, SBI_FENCE_ALL},
};

TEST(fence_ranges_become_whole_pages)
{
    for (u32 i = 0; i < ARRAY_SIZE(ranges); i++) {
        for (u32 function = 1; function <= 2; function++) {
            u32 asid = function == 2 ? 0x155 : 0;

            fake_reset(4);
            ecall(SBI_EXT_RFENCE, function, 0xf, 0, ranges[i].start, ranges[i].size, 0x155);
            CHECK_ANSWER(SBI_SUCCESS, 0);
            CHECK(exactly(fake.fences, 0xf));
            CHECK_EQ(fake.fence_waits, 1);
            CHECK_EQ(fake.fence.kind, function == 2 ? FENCE_VMA_ASID : FENCE_VMA);
            CHECK_EQ(fake.fence.start, ranges[i].fenced_start);
            CHECK_EQ(fake.fence.size, ranges[i].fenced_size);
            CHECK_EQ(fake.fence.asid, asid);
        }
    }
}

TEST(fence_of_no_bytes_past_zero_is_no_fence)
{
    static const u32 starts[] = {1, 0xfff, 0x1000, 0x1004, 0x80000000, 0xffffffff};

    fake_reset(4);
    for (u32 i = 0; i < ARRAY_SIZE(starts); i++) {
        ecall(SBI_EXT_RFENCE, 1, 0xf, 0, starts[i], 0);
        CHECK_ANSWER(SBI_SUCCESS, 0);
        ecall(SBI_EXT_RFENCE, 2, 0xf, 0, starts[i], 0, 3);
        CHECK_ANSWER(SBI_SUCCESS, 0);
    }
    CHECK_EQ(fake.calls, 0);
    ecall(SBI_EXT_RFENCE, 1, 0x10, 0, 0x1000, 0); /* its mask must still be good */
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
}

TEST(fence_past_the_end_of_the_address_space_is_refused)
{
    static const u32 bad[][2] = {
        /* start, size */
        {3, 0xfffffffe},          {0x1000, 0xfffff001}, {0x80000000, 0x80000001},
        {0x80000000, 0xfffffffe}, {0xfffff000, 0x1001}, {0xffffffff, 2},
        {0xffffffff, 0xfffffffe},
    };

    fake_reset(4);
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        ecall(SBI_EXT_RFENCE, 1, 0xf, 0, bad[i][0], bad[i][1]);
        CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
        ecall(SBI_EXT_RFENCE, 2, 0xf, 0, bad[i][0], bad[i][1], 5);
        CHECK_REFUSED(SBI_ERR_INVALID_ADDRESS);
    }
}

TEST(fence_asid_has_nine_bits)
{
    fake_reset(4);
    ecall(SBI_EXT_RFENCE, 2, 0xf, 0, 0, 0, 512);
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    ecall(SBI_EXT_RFENCE, 2, 0xf, 0, 0, 0, 0xffffffff);
    CHECK_REFUSED(SBI_ERR_INVALID_PARAM);
    ecall(SBI_EXT_RFENCE, 2, 0xf, 0, 0, 0, 511);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.fence.asid, 511);
    ecall(SBI_EXT_RFENCE, 2, 0xf, 0, 0x1000, 0x1000, 0); /* 0 is an ASID like any other */
    CHECK_EQ(fake.fence.kind, FENCE_VMA_ASID);
}

TEST(fence_to_all_waits_once)
{
    fake_reset(40);
    fake.state[7] = HSM_STOPPED;
    ecall(SBI_EXT_RFENCE, 2, 0, 0xffffffff, 0x5000, 0x1000, 9);
    CHECK_ANSWER(SBI_SUCCESS, 0);
    CHECK_EQ(fake.calls, 39);
    CHECK_EQ(fake.fences[7], 0);
    CHECK_EQ(fake.fences[39], 1);
    CHECK_EQ(fake.fence_waits, 1);
}

TEST(fences_for_hypervisors_are_not_supported)
{
    fake_reset(4);
    for (u32 function = 3; function <= 6; function++) {
        ecall(SBI_EXT_RFENCE, function, 1, 0, 0, 0, 0);
        CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
        ecall(SBI_EXT_RFENCE, function, 0x100, 0, 5, 0xfffffffe, 0x1000);
        CHECK_REFUSED(SBI_ERR_NOT_SUPPORTED);
    }
}

UNIT_MAIN("sbi_remote")
