/* Random bytes: a key that is never used twice, and is not there any more afterwards. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_hart.h"
#include "hyp/core/chacha20.c"
#include "hyp/core/fdt.h"
#include "hyp/core/machine.h"

struct machine machine;
static u8 seed[64];
static u32 seed_size; /* 0: the machine gives none */

fdt_node fdt_path(const struct fdt *fdt, const char *path)
{
    CHECK(fdt == &machine.fdt);
    CHECK_STR(path, "/chosen");
    return 1;
}

bool fdt_prop(const struct fdt *fdt, fdt_node node, const char *name, struct fdt_prop *prop)
{
    CHECK(fdt == &machine.fdt && node == 1);
    CHECK_STR(name, "rng-seed");
    *prop = (struct fdt_prop){.data = seed, .length = seed_size};
    return seed_size != 0;
}

#include "hyp/core/random.c"

static void start(u32 size, u8 first)
{
    seed_size = size;
    for (u32 i = 0; i < sizeof(seed); i++)
        seed[i] = (u8)(first + i);
    random_init();
}

TEST(without_a_seed_there_is_nothing)
{
    u8 bytes[64];

    start(0, 0);
    CHECK(!random_bytes(bytes, sizeof(bytes)));
    CHECK(!random_seed(bytes));
    start(31, 0); /* too short to be one */
    CHECK(!random_bytes(bytes, sizeof(bytes)));
}

/* The first request's key is the first half of the block of the machine's seed, RFC 8439. */
TEST(bytes_are_the_key_stream_of_a_drawn_key)
{
    static const u32 zero[CHACHA20_NONCE_WORDS];
    u32 key[CHACHA20_KEY_WORDS], block[CHACHA20_BLOCK_WORDS], stream[2 * CHACHA20_BLOCK_WORDS];
    u8 bytes[100];

    start(32, 7);
    memcpy(key, seed, sizeof(key));
    chacha20_block(key, 0, zero, block);
    chacha20_block(block, 0, zero, stream);
    chacha20_block(block, 1, zero, stream + CHACHA20_BLOCK_WORDS);
    CHECK(random_bytes(bytes, sizeof(bytes)));
    CHECK(!memcmp(bytes, stream, sizeof(bytes)));
    CHECK(!memcmp(generator.key, block + CHACHA20_KEY_WORDS, sizeof(key)));
}

TEST(no_two_requests_get_the_same)
{
    static u8 got[500][32];

    start(64, 7);
    for (u32 i = 0; i < 500; i++) {
        CHECK(i & 1 ? random_seed(got[i]) : random_bytes(got[i], 32));
        for (u32 j = 0; j < i; j++)
            CHECK(memcmp(got[i], got[j], 32));
    }
}

TEST(every_size_is_filled_and_not_a_byte_more)
{
    static u8 bytes[400];

    start(32, 9);
    for (u32 size = 0; size < 300; size++) {
        u32 zeros = 0;

        memset(bytes, 0, sizeof(bytes));
        bytes[size] = 0x77;
        CHECK(random_bytes(bytes, size));
        CHECK_EQ(bytes[size], 0x77);
        for (u32 i = 0; i < size; i++)
            zeros += !bytes[i];
        CHECK(zeros <= 2 + size / 16);
    }
}

UNIT_MAIN("random")
