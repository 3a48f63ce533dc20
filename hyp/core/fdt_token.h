/*
 * Steps from token to token of a structure block, for fdt_open.c and fdt.c alone. `at` is an offset
 * in that block, of a token that fdt_open has checked or is about to.
 */
#ifndef CORE_FDT_TOKEN_H
#define CORE_FDT_TOKEN_H

#include "arch/u64.h"
#include "hyp/core/fdt.h"
#include "hyp/core/fdt_format.h"
#include "hyp/core/string.h"

static inline u32 be32(const u8 *p)
{
    return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline u64 be64(const u8 *p)
{
    return u64_join(be32(p + 4), be32(p));
}

static inline const u8 *structure_at(const struct fdt *fdt, u32 at)
{
    return fdt->blob + fdt->structure + at;
}

static inline u32 token_at(const struct fdt *fdt, u32 at)
{
    return be32(structure_at(fdt, at));
}

static inline const char *node_name(const struct fdt *fdt, u32 at)
{
    return (const char *)structure_at(fdt, at + TOKEN_SIZE);
}

/* The offset past the token at `at`, which fdt_open has checked. */
static inline u32 token_end(const struct fdt *fdt, u32 at)
{
    u32 size = TOKEN_SIZE;

    switch (token_at(fdt, at)) {
    case TOKEN_BEGIN_NODE:
        size += (u32)strlen(node_name(fdt, at)) + 1;
        break;
    case TOKEN_PROP:
        size = PROP_HEADER_SIZE + token_at(fdt, at + 4);
        break;
    }
    return at + ALIGN_UP(size, TOKEN_SIZE);
}

/* The next token at or past `at` that is no NOP. */
static inline u32 skip_nops(const struct fdt *fdt, u32 at)
{
    while (token_at(fdt, at) == TOKEN_NOP)
        at += TOKEN_SIZE;
    return at;
}

static inline u32 next_token(const struct fdt *fdt, u32 at)
{
    return skip_nops(fdt, token_end(fdt, at));
}

#endif
