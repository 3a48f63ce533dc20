/*
 * A generator that forgets: each request takes the first half of a ChaCha20 block as a key of its
 * own, and the second half takes the place of the generator's key. So what a request was given
 * cannot be computed any more from what is here afterwards, nor what others are given from it
 * ("fast key erasure").
 */
#include "hyp/core/random.h"

#include "hyp/core/chacha20.h"
#include "hyp/core/lock.h"
#include "hyp/core/machine.h"
#include "hyp/core/string.h"

static struct {
    struct spinlock lock;
    bool seeded;
    u32 key[CHACHA20_KEY_WORDS];
} generator;

static const u32 nonce[CHACHA20_NONCE_WORDS];

_Static_assert(sizeof(generator.key) == RANDOM_SEED_SIZE, "a seed is a key");
_Static_assert(CHACHA20_BLOCK_WORDS == 2 * CHACHA20_KEY_WORDS, "a block is two keys");

void random_init(void)
{
    fdt_node chosen = fdt_path(&machine.fdt, "/chosen");
    struct fdt_prop seed;

    generator.seeded =
        fdt_prop(&machine.fdt, chosen, "rng-seed", &seed) && seed.length >= sizeof(generator.key);
    if (generator.seeded)
        memcpy(generator.key, seed.data, sizeof(generator.key));
}

/* A key for one request. */
static bool draw_key(u32 key[CHACHA20_KEY_WORDS])
{
    u32 block[CHACHA20_BLOCK_WORDS];
    bool seeded;

    spin_lock(&generator.lock);
    seeded = generator.seeded;
    chacha20_block(generator.key, 0, nonce, block);
    memcpy(generator.key, block + CHACHA20_KEY_WORDS, sizeof(generator.key));
    spin_unlock(&generator.lock);
    memcpy(key, block, sizeof(generator.key));
    return seeded;
}

bool random_bytes(void *to, u32 size)
{
    u32 key[CHACHA20_KEY_WORDS], block[CHACHA20_BLOCK_WORDS];
    u8 *out = to;

    if (!draw_key(key))
        return false;
    for (u32 counter = 0, count; size; counter++, size -= count, out += count) {
        count = size < sizeof(block) ? size : (u32)sizeof(block);
        chacha20_block(key, counter, nonce, block);
        memcpy(out, block, count);
    }
    return true;
}

bool random_seed(u8 seed[RANDOM_SEED_SIZE])
{
    return random_bytes(seed, RANDOM_SEED_SIZE);
}
