/* The ChaCha20 block function (RFC 8439, "The ChaCha20 Block Function"). Pure. */
#ifndef CORE_CHACHA20_H
#define CORE_CHACHA20_H

#include "arch/types.h"

#define CHACHA20_KEY_WORDS   8
#define CHACHA20_NONCE_WORDS 3
#define CHACHA20_BLOCK_WORDS 16

/* Fills `block` with the key stream's block `counter`. Words are little-endian in the stream. */
void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u32 counter,
                    const u32 nonce[CHACHA20_NONCE_WORDS], u32 block[CHACHA20_BLOCK_WORDS]);

#endif
