#include "hyp/core/chacha20.h"

#include "hyp/core/string.h"

#define DOUBLE_ROUNDS 10

static u32 rotate_left(u32 value, u32 bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(u32 *s, u32 a, u32 b, u32 c, u32 d)
{
    s[a] += s[b], s[d] = rotate_left(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate_left(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate_left(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate_left(s[b] ^ s[c], 7);
}

/* The four columns of the 4 x 4 state, then its four diagonals. */
static void double_round(u32 *s)
{
    for (u32 i = 0; i < 4; i++)
        quarter_round(s, i, 4 + i, 8 + i, 12 + i);
    for (u32 i = 0; i < 4; i++)
        quarter_round(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
}

void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u32 counter,
                    const u32 nonce[CHACHA20_NONCE_WORDS], u32 block[CHACHA20_BLOCK_WORDS])
{
    u32 start[CHACHA20_BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    memcpy(&start[4], key, CHACHA20_KEY_WORDS * sizeof(u32));
    start[12] = counter;
    memcpy(&start[13], nonce, CHACHA20_NONCE_WORDS * sizeof(u32));
    memcpy(block, start, sizeof(start));
    for (u32 i = 0; i < DOUBLE_ROUNDS; i++)
        double_round(block);
    for (u32 i = 0; i < CHACHA20_BLOCK_WORDS; i++)
        block[i] += start[i];
}
