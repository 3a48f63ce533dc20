#include "guest/lib/random.h"

static u32 state = 1;

void random_seed(u32 seed)
{
    state = seed ? seed : ~0u; /* of 0 nothing but 0 would follow */
}

u32 random_word(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}
