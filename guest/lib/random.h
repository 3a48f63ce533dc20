/* Random numbers that are the same in every run with the same seed (xorshift). */
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include "arch/types.h"

/* Any seed will do. Without one it is 1. */
void random_seed(u32 seed);

u32 random_word(void);

/* The same from a state of the caller's own, not 0: for harts that run beside another. */
u32 random_next(u32 *state);

/* A seed made of two numbers, quite another one than those of their neighbours; never 0. */
u32 random_mix(u32 a, u32 b);

#define RANDOM_ONE_OF(array) ((array)[random_word() % ARRAY_SIZE(array)])

#endif
