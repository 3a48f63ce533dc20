/*
 * Randomness for guests, drawn from the seed that the machine's firmware passes ("rng-seed" of
 * /chosen). Without one there is none here: guests then gather their own.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include "arch/types.h"

#define RANDOM_SEED_SIZE 32 /* bytes */

/* Takes the machine's seed. Once, at boot. */
void random_init(void);

/*
 * Fills `to` with bytes that are unlike any others that were or will be given, and tell nothing of
 * them. False: the machine gave no seed. Any hart, any lock held. About 1500 instructions for 64
 * bytes.
 */
bool random_bytes(void *to, u32 size);

/* The same, for a seed of the guest's own generator. */
bool random_seed(u8 seed[RANDOM_SEED_SIZE]);

#endif
