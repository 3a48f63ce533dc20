/*
 * Walking a flattened device tree that fdt_open has checked. Every walk begins at a token and ends
 * at the latest at the END token, which fdt_open has seen.
 */
#include "hyp/core/fdt_token.h"

static fdt_node node_or_none(const struct fdt *fdt, u32 at)
{
    return token_at(fdt, at) == TOKEN_BEGIN_NODE ? (fdt_node)at : FDT_NONE;
}

fdt_node fdt_root(const struct fdt *fdt)
{
    return (fdt_node)skip_nops(fdt, 0);
}

/* The first token past the properties of `node`. */
static u32 past_props(const struct fdt *fdt, fdt_node node)
{
    u32 at = next_token(fdt, (u32)node);

    while (token_at(fdt, at) == TOKEN_PROP)
        at = next_token(fdt, at);
    return at;
}

fdt_node fdt_first_child(const struct fdt *fdt, fdt_node node)
{
    return node == FDT_NONE ? FDT_NONE : node_or_none(fdt, past_props(fdt, node));
}

fdt_node fdt_next_sibling(const struct fdt *fdt, fdt_node node)
{
    if (node == FDT_NONE)
        return FDT_NONE;

    u32 depth = 1;
    u32 at = (u32)node;
    while (depth > 0) {
        at = next_token(fdt, at);
        if (token_at(fdt, at) == TOKEN_BEGIN_NODE)
            depth++;
        else if (token_at(fdt, at) == TOKEN_END_NODE)
            depth--;
    }
    return node_or_none(fdt, next_token(fdt, at));
}

fdt_node fdt_next_node(const struct fdt *fdt, fdt_node node)
{
    if (node == FDT_NONE)
        return FDT_NONE;

    u32 at = past_props(fdt, node);
    while (token_at(fdt, at) == TOKEN_END_NODE)
        at = next_token(fdt, at);
    return node_or_none(fdt, at);
}

fdt_node fdt_parent(const struct fdt *fdt, fdt_node node)
{
    fdt_node path[FDT_MAX_DEPTH + 1] = {FDT_NONE};
    u32 depth = 0;

    if (node == FDT_NONE)
        return FDT_NONE;
    /* path[1..depth] are the nodes open at `at`, path[0] stands for the parent of the root. */
    for (u32 at = skip_nops(fdt, 0); at < (u32)node; at = next_token(fdt, at)) {
        if (token_at(fdt, at) == TOKEN_BEGIN_NODE)
            path[++depth] = (fdt_node)at;
        else if (token_at(fdt, at) == TOKEN_END_NODE)
            depth--;
    }
    return path[depth];
}

const char *fdt_name(const struct fdt *fdt, fdt_node node)
{
    return node == FDT_NONE ? "" : node_name(fdt, (u32)node);
}

/* The property token at or past `at`, or false when there is none. */
static bool prop_here(const struct fdt *fdt, u32 at, struct fdt_prop *prop)
{
    if (token_at(fdt, at) != TOKEN_PROP)
        return false;
    prop->length = token_at(fdt, at + 4);
    prop->name = (const char *)fdt->blob + fdt->strings + token_at(fdt, at + 8);
    prop->data = structure_at(fdt, at + PROP_HEADER_SIZE);
    return true;
}

bool fdt_prop_at(const struct fdt *fdt, fdt_node node, u32 index, struct fdt_prop *prop)
{
    if (node == FDT_NONE)
        return false;

    u32 at = next_token(fdt, (u32)node);
    while (index-- > 0 && token_at(fdt, at) == TOKEN_PROP)
        at = next_token(fdt, at);
    return prop_here(fdt, at, prop);
}

bool fdt_prop(const struct fdt *fdt, fdt_node node, const char *name, struct fdt_prop *prop)
{
    struct fdt_prop found;

    if (node == FDT_NONE)
        return false;
    for (u32 at = next_token(fdt, (u32)node); prop_here(fdt, at, &found);
         at = next_token(fdt, at)) {
        if (strcmp(found.name, name) == 0) {
            *prop = found;
            return true;
        }
    }
    return false;
}

u32 fdt_cell(const struct fdt_prop *prop, u32 index)
{
    return be32(prop->data + index * 4);
}

bool fdt_reservation(const struct fdt *fdt, u32 index, u64 *address, u64 *size)
{
    const u8 *entry = fdt->blob + fdt->reservations;

    for (;; entry += RESERVATION_SIZE) {
        u64 found_address = be64(entry), found_size = be64(entry + 8);
        if (found_address == 0 && found_size == 0)
            return false;
        if (index-- > 0)
            continue;
        *address = found_address;
        *size = found_size;
        return true;
    }
}
