/* Random numbers that are the same in every run with the same seed (xorshift). */
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include "arch/types.h"

/* Any seed will do. Without one it is 1. */
void random_seed(u32 seed);

u32 random_word(void);

#define RANDOM_ONE_OF(array) ((array)[random_word() % ARRAY_SIZE(array)])

#endif
