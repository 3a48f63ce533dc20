/* The Internet checksum: against the examples of RFC 1071, and against the slowest way there is. */
#include "tests/unit/unit.h"
#include "hyp/core/checksum.c"

/* Byte by byte, as the RFC defines it; the bytes at `hole` count as they are. */
static u16 slow(const u8 *bytes, u32 size)
{
    u32 sum = 0;

    for (u32 i = 0; i < size; i++)
        sum += i % 2 ? bytes[i] : (u32)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

static u16 stored(const u8 *at)
{
    return (u16)(at[0] << 8 | at[1]);
}

static u32 random_state = 12345;

static u32 random_number(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

TEST(the_sum_of_the_rfc)
{
    u8 bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0, 0};

    CHECK(checksum_fill(bytes, sizeof(bytes), 0, 8));
    CHECK_EQ(stored(&bytes[8]), 0xffff - 0xddf2);
}

TEST(a_header_of_ip)
{
    u8 header[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                   0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

    CHECK(checksum_fill(header, sizeof(header), 0, 10));
    CHECK_EQ(stored(&header[10]), 0xb861);
    CHECK_EQ(slow(header, sizeof(header)), 0);
}

TEST(what_lies_before_start_does_not_count)
{
    u8 a[40], b[40];

    for (u32 i = 0; i < sizeof(a); i++)
        a[i] = b[i] = (u8)(i * 7);
    memset(b, 0xff, 14);
    CHECK(checksum_fill(a, sizeof(a), 14, 6) && checksum_fill(b, sizeof(b), 14, 6));
    CHECK(!memcmp(&a[14], &b[14], sizeof(a) - 14));
    CHECK_EQ(b[13], 0xff);
}

TEST(every_size_start_and_alignment_is_summed_up_as_the_slow_way_does)
{
    static u8 room[1600] __attribute__((aligned(4))), copy[1600];

    for (u32 round = 0; round < 20000; round++) {
        u32 align = random_number() % 4, start = random_number() % 60;
        u32 offset = 2 * (random_number() % 20);
        u32 length = start + offset + 2 + random_number() % (round % 50 ? 80 : 1400);
        u8 *frame = room + align;
        u16 expected;

        for (u32 i = 0; i < length; i++)
            frame[i] = (u8)(round % 7 ? random_number() : 0xff);
        memcpy(copy, frame, length);
        expected = slow(frame + start, length - start);
        CHECK(checksum_fill(frame, length, start, offset));
        CHECK_EQ(stored(frame + start + offset), expected ? expected : 0xffff);
        memcpy(frame + start + offset, copy + start + offset, 2);
        CHECK(!memcmp(frame, copy, length)); /* nothing else was changed */
    }
}

TEST(no_checksum_is_zero)
{
    u8 bytes[4] = {0xff, 0xff, 0, 0};

    CHECK(checksum_fill(bytes, sizeof(bytes), 0, 2));
    CHECK_EQ(stored(&bytes[2]), 0xffff);
}

TEST(what_does_not_fit_is_refused)
{
    u8 bytes[16] = {0}, before[16] = {0};

    CHECK(checksum_fits(16, 0, 14) && checksum_fits(16, 14, 0) && checksum_fits(16, 7, 7));
    CHECK(!checksum_fits(16, 0, 15) && !checksum_fits(16, 15, 0) && !checksum_fits(16, 16, 0));
    CHECK(!checksum_fits(16, 17, 0) && !checksum_fits(16, 0, 0xffff) &&
          !checksum_fits(16, 0xffff, 0xffff) && !checksum_fits(0, 0, 0) && !checksum_fits(1, 0, 0));
    CHECK(!checksum_fill(bytes, 16, 15, 0) && !checksum_fill(bytes, 16, 0, 15) &&
          !checksum_fill(bytes, 16, 0xffff, 0xffff));
    CHECK(!memcmp(bytes, before, sizeof(bytes)));
}

UNIT_MAIN("checksum")
