#include "guest/lib/random.h"

static u32 state = 1;

void random_seed(u32 seed)
{
    state = seed ? seed : ~0u; /* of 0 nothing but 0 would follow */
}

u32 random_next(u32 *own)
{
    *own ^= *own << 13;
    *own ^= *own >> 17;
    *own ^= *own << 5;
    return *own;
}

u32 random_word(void)
{
    return random_next(&state);
}

u32 random_mix(u32 a, u32 b)
{
    u32 mixed = a * 0x9e3779b9u + b;

    mixed = (mixed ^ mixed >> 16) * 0x85ebca6bu;
    mixed = (mixed ^ mixed >> 13) * 0xc2b2ae35u;
    mixed ^= mixed >> 16;
    return mixed ? mixed : 1;
}
