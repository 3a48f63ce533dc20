#include "hyp/core/random.h"

#include "hyp/core/chacha20.h"
#include "hyp/core/machine.h"
#include "hyp/core/string.h"

static bool seeded;
static u32 key[CHACHA20_KEY_WORDS];
static u32 seeds_given; /* atomic */

_Static_assert(sizeof(key) == RANDOM_SEED_SIZE, "a seed is a key");

void random_init(void)
{
    fdt_node chosen = fdt_path(&machine.fdt, "/chosen");
    struct fdt_prop seed;

    seeded = fdt_prop(&machine.fdt, chosen, "rng-seed", &seed) && seed.length >= sizeof(key);
    if (seeded)
        memcpy(key, seed.data, sizeof(key));
}

bool random_seed(u8 seed[RANDOM_SEED_SIZE])
{
    static const u32 nonce[CHACHA20_NONCE_WORDS];
    u32 block[CHACHA20_BLOCK_WORDS];

    if (!seeded)
        return false;
    chacha20_block(key, __atomic_fetch_add(&seeds_given, 1, __ATOMIC_RELAXED), nonce, block);
    memcpy(seed, block, RANDOM_SEED_SIZE);
    return true;
}
