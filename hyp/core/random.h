/*
 * Random seeds for guests, drawn from the one that the machine's firmware passes ("rng-seed" of
 * /chosen). Without one there is no randomness here: guests then gather their own.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include "arch/types.h"

#define RANDOM_SEED_SIZE 32 /* bytes */

/* Takes the machine's seed. Once, at boot. */
void random_init(void);

/* A fresh seed, unlike any other that was or will be given. False: the machine gave none. */
bool random_seed(u8 seed[RANDOM_SEED_SIZE]);

#endif
