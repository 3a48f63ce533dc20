#include "hyp/drv/switch_rate.h"

void token_bucket_init(struct token_bucket *bucket, u64 rate, u32 timebase, u64 now)
{
    u64 bits = rate / (1000 / TOKEN_BURST_MS);

    *bucket = (struct token_bucket){.rate = rate, .since = now};
    if (!rate)
        return;
    if (bits < TOKEN_BURST_MIN * 8)
        bits = TOKEN_BURST_MIN * 8;
    bucket->capacity = bits * timebase;
    bucket->tokens = bucket->capacity;
    bucket->filled = bucket->capacity / rate + 1;
}

/*
 * After `filled` ticks the bucket is full whatever was in it: the product below cannot overflow.
 * Harts' clocks may differ by a tick: time that seems to go back fills nothing.
 */
static void refill(struct token_bucket *bucket, u64 now)
{
    u64 elapsed = now - bucket->since;

    if (now <= bucket->since)
        return;
    bucket->since = now;
    bucket->tokens += elapsed >= bucket->filled ? bucket->capacity : elapsed * bucket->rate;
    if (bucket->tokens > bucket->capacity)
        bucket->tokens = bucket->capacity;
}

bool token_bucket_take(struct token_bucket *bucket, u32 bytes, u32 timebase, u64 now)
{
    u64 cost = (u64)(bytes * 8) * timebase;

    if (!bucket->rate)
        return true;
    refill(bucket, now);
    if (bucket->tokens < cost)
        return false;
    bucket->tokens -= cost;
    return true;
}
