/*
 * A limit of a rate: a bucket of tokens, which come in at the rate and go out with what is sent.
 * Pure; the caller has a lock for it.
 *
 * The bucket holds what the rate gives in TOKEN_BURST_MS, and at least TOKEN_BURST_MIN bytes, so
 * that a slow port can send a few frames at once: over a time t, no more than rate * t and one
 * bucketful go through.
 */
#ifndef DRV_SWITCH_RATE_H
#define DRV_SWITCH_RATE_H

#include "arch/types.h"

#define TOKEN_BURST_MS  20
#define TOKEN_BURST_MIN 16384u          /* bytes         */
#define TOKEN_RATE_MAX  100000000000ull /* bits a second */

/* Tokens are counted in bits times ticks a second, so that adding the rate once a tick is exact and
 * nothing is ever divided. */
struct token_bucket {
    u64 rate;     /* bits a second, to TOKEN_RATE_MAX; 0: no limit */
    u64 tokens;   /* there are, at the time `since`                */
    u64 capacity; /* of the bucket                                 */
    u64 filled;   /* ticks in which it fills                       */
    u64 since;    /* in ticks                                      */
};

/* A full bucket. `timebase` is ticks a second, here and below the same. */
void token_bucket_init(struct token_bucket *bucket, u64 rate, u32 timebase, u64 now);

/* Takes the tokens for `bytes`. False: there are too few, and none are taken. */
bool token_bucket_take(struct token_bucket *bucket, u32 bytes, u32 timebase, u64 now);

#endif
