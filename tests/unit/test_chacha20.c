/* The block function against the vectors of RFC 8439. */
#include "hyp/core/chacha20.c"
#include "tests/unit/unit.h"

/* Section 2.3.2: key 00..1f, nonce 00:00:00:09:00:00:00:4a:00:00:00:00, counter 1. */
TEST(the_block_of_section_2_3_2)
{
    static const u32 key[] = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                              0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
    static const u32 nonce[] = {0x09000000, 0x4a000000, 0x00000000};
    static const u32 expected[] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                                   0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                                   0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                   0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    u32 block[CHACHA20_BLOCK_WORDS];

    chacha20_block(key, 1, nonce, block);
    for (u32 i = 0; i < CHACHA20_BLOCK_WORDS; i++)
        CHECK_EQ(block[i], expected[i]);
}

/* Appendix A.1, test vector 1: all zero. */
TEST(the_block_of_zeroes)
{
    static const u32 zeroes[CHACHA20_KEY_WORDS];
    u32 block[CHACHA20_BLOCK_WORDS];

    chacha20_block(zeroes, 0, zeroes, block);
    CHECK_EQ(block[0], 0xade0b876);
    CHECK_EQ(block[15], 0x8665eeb2);
}

TEST(counters_give_different_blocks)
{
    static const u32 zeroes[CHACHA20_KEY_WORDS];
    u32 first[CHACHA20_BLOCK_WORDS], second[CHACHA20_BLOCK_WORDS];

    chacha20_block(zeroes, 0, zeroes, first);
    chacha20_block(zeroes, 1, zeroes, second);
    CHECK(memcmp(first, second, sizeof(first)) != 0);
}

UNIT_MAIN("chacha20")
