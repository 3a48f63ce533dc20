/* The test finisher: the three requests, and every store that is none. */
#include "tests/unit/unit.h"
#include "hyp/dev/finisher.c"

static struct finisher finisher;

static struct {
    u32 count, code;
    enum finisher_request request;
} seen;

static void finish(void *ctx, enum finisher_request request, u32 code)
{
    CHECK(ctx == &seen);
    seen.count++;
    seen.request = request;
    seen.code = code;
}

static void start(void)
{
    memset(&seen, 0, sizeof(seen));
    finisher_init(&finisher, finish, &seen);
}

static void store(u32 offset, u32 width, u32 value)
{
    CHECK_EQ(finisher_ops.write(&finisher, offset, width, value), MMIO_OK);
}

TEST(pass)
{
    start();
    store(0, 4, 0x5555);
    CHECK_EQ(seen.count, 1);
    CHECK_EQ(seen.request, FINISHER_PASS);
    CHECK_EQ(seen.code, 0);
}

TEST(pass_has_no_code)
{
    start();
    store(0, 4, 0x00015555);
    CHECK_EQ(seen.request, FINISHER_PASS);
    CHECK_EQ(seen.code, 0);
}

TEST(fail_carries_sixteen_bits_of_code)
{
    start();
    store(0, 4, 0x3333);
    CHECK_EQ(seen.request, FINISHER_FAIL);
    CHECK_EQ(seen.code, 0);
    store(0, 4, 0x00013333);
    CHECK_EQ(seen.code, 1);
    store(0, 4, 0xffff3333);
    CHECK_EQ(seen.code, 0xffff);
    CHECK_EQ(seen.count, 3);
}

TEST(reset)
{
    start();
    store(0, 4, 0x12347777);
    CHECK_EQ(seen.count, 1);
    CHECK_EQ(seen.request, FINISHER_RESET);
    CHECK_EQ(seen.code, 0);
}

TEST(a_halfword_asks_too_and_has_no_code)
{
    start();
    store(0, 2, 0xabcd3333); /* the upper half is not part of the store */
    CHECK_EQ(seen.request, FINISHER_FAIL);
    CHECK_EQ(seen.code, 0);
    store(0, 2, 0x5555);
    CHECK_EQ(seen.request, FINISHER_PASS);
    CHECK_EQ(seen.count, 2);
}

TEST(a_byte_faults)
{
    u32 value;

    start();
    CHECK_EQ(finisher_ops.write(&finisher, 0, 1, 0x55), MMIO_FAULT);
    CHECK_EQ(finisher_ops.write(&finisher, 4, 1, 0x55), MMIO_FAULT);
    CHECK_EQ(finisher_ops.read(&finisher, 0, 1, &value), MMIO_FAULT);
    CHECK_EQ(seen.count, 0);
}

TEST(other_values_and_offsets_are_ignored)
{
    static const u32 values[] = {0,      1,          0x55,       0x5554,    0x3332,
                                 0x7776, 0x55550000, 0x33330000, 0xffffffff};

    start();
    for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
        store(0, 4, values[i]);
        store(0, 2, values[i]);
    }
    store(4, 4, 0x5555);
    store(2, 2, 0x5555);
    store(0xffc, 4, 0x3333);
    CHECK_EQ(seen.count, 0);
}

TEST(loads_read_zero)
{
    start();
    for (u32 offset = 0; offset < FINISHER_SIZE; offset += 4) {
        u32 value = 0xdeadbeef;

        CHECK_EQ(finisher_ops.read(&finisher, offset, 4, &value), MMIO_OK);
        CHECK_EQ(value, 0);
        value = 0xdeadbeef;
        CHECK_EQ(finisher_ops.read(&finisher, offset, 2, &value), MMIO_OK);
        CHECK_EQ(value, 0);
    }
    CHECK_EQ(seen.count, 0);
}

UNIT_MAIN("finisher")
