/*
 * Opening a flattened device tree: every check of the format is made here, in one pass from end to
 * end, so that the walks in fdt.c can rely on it.
 */
#include "hyp/core/fdt_token.h"

/* Whether `size` bytes from `start` lie in `total` bytes. */
static bool fits(u32 start, u32 size, u32 total)
{
    return start <= total && size <= total - start;
}

static enum fdt_status check_node_name(const struct fdt *fdt, u32 at, u32 room, bool is_root)
{
    const char *name = node_name(fdt, at);
    u32 length = 0;

    while (length < room && name[length] != 0 && name[length] != '/')
        length++;
    if (length == room)
        return FDT_TRUNCATED;
    /* The root has no name and every other node has one ("Node Names"). */
    return name[length] == 0 && (length == 0) == is_root ? FDT_OK : FDT_BAD_STRUCTURE;
}

static enum fdt_status check_prop(const struct fdt *fdt, u32 at, u32 room)
{
    if (room < PROP_HEADER_SIZE - TOKEN_SIZE)
        return FDT_TRUNCATED;

    u32 name = token_at(fdt, at + 8);
    if (token_at(fdt, at + 4) > room - (PROP_HEADER_SIZE - TOKEN_SIZE))
        return FDT_TRUNCATED;
    if (name >= fdt->strings_size)
        return FDT_TRUNCATED;
    return fdt->blob[fdt->strings + name] ? FDT_OK : FDT_BAD_STRUCTURE;
}

/* What a walk over the tokens has met so far. */
struct nesting {
    u32 depth;      /* nodes open                                                 */
    bool root_seen; /* there is exactly one root                                  */
    bool may_prop;  /* no child yet: properties precede them ("Structure Block") */
};

static enum fdt_status check_begin_node(const struct fdt *fdt, u32 at, u32 room,
                                        struct nesting *nesting)
{
    bool is_root = nesting->depth == 0;

    if (is_root && nesting->root_seen)
        return FDT_BAD_STRUCTURE;
    if (nesting->depth == FDT_MAX_DEPTH)
        return FDT_TOO_DEEP;
    nesting->depth++;
    nesting->root_seen = true;
    nesting->may_prop = true;
    return check_node_name(fdt, at, room, is_root);
}

/* Checks the token at `at`, of which at least the first word is in the block. */
static enum fdt_status check_token(const struct fdt *fdt, u32 at, struct nesting *nesting)
{
    u32 room = fdt->structure_size - at - TOKEN_SIZE;

    switch (token_at(fdt, at)) {
    case TOKEN_BEGIN_NODE:
        return check_begin_node(fdt, at, room, nesting);
    case TOKEN_PROP:
        return nesting->may_prop ? check_prop(fdt, at, room) : FDT_BAD_STRUCTURE;
    case TOKEN_END_NODE:
        if (nesting->depth == 0)
            return FDT_BAD_STRUCTURE;
        nesting->depth--;
        nesting->may_prop = false;
        return FDT_OK;
    case TOKEN_END:
        return nesting->depth == 0 && nesting->root_seen ? FDT_OK : FDT_BAD_STRUCTURE;
    case TOKEN_NOP:
        return FDT_OK;
    default:
        return FDT_BAD_STRUCTURE;
    }
}

static enum fdt_status check_structure(const struct fdt *fdt)
{
    struct nesting nesting = {0};

    for (u32 at = 0; fits(at, TOKEN_SIZE, fdt->structure_size); at = token_end(fdt, at)) {
        enum fdt_status status = check_token(fdt, at, &nesting);
        if (status != FDT_OK || token_at(fdt, at) == TOKEN_END)
            return status;
    }
    return FDT_TRUNCATED;
}

static enum fdt_status check_reservations(const struct fdt *fdt)
{
    for (u32 at = fdt->reservations; fits(at, RESERVATION_SIZE, fdt->size); at += RESERVATION_SIZE)
        if (be64(fdt->blob + at) == 0 && be64(fdt->blob + at + 8) == 0)
            return FDT_OK;
    return FDT_TRUNCATED;
}

/* Places the blocks of a blob whose header is readable. */
static enum fdt_status check_blocks(struct fdt *fdt)
{
    fdt->structure = be32(fdt->blob + HEADER_STRUCTURE);
    fdt->structure_size = be32(fdt->blob + HEADER_STRUCTURE_SIZE);
    fdt->strings = be32(fdt->blob + HEADER_STRINGS);
    fdt->strings_size = be32(fdt->blob + HEADER_STRINGS_SIZE);
    fdt->reservations = be32(fdt->blob + HEADER_RESERVATIONS);

    if (!fits(fdt->structure, fdt->structure_size, fdt->size) ||
        !fits(fdt->strings, fdt->strings_size, fdt->size))
        return FDT_TRUNCATED;
    if (fdt->structure_size > INT32_MAX) /* fdt_node is signed */
        return FDT_BAD_STRUCTURE;
    if (!IS_ALIGNED(fdt->structure, 4) || !IS_ALIGNED(fdt->reservations, 8))
        return FDT_BAD_STRUCTURE;
    /* The blocks follow the header. */
    if (fdt->structure < HEADER_SIZE || fdt->strings < HEADER_SIZE ||
        fdt->reservations < HEADER_SIZE)
        return FDT_BAD_STRUCTURE;
    /* A name that begins before the last NUL also ends before it. */
    while (fdt->strings_size > 0 && fdt->blob[fdt->strings + fdt->strings_size - 1] != 0)
        fdt->strings_size--;
    return FDT_OK;
}

enum fdt_status fdt_open(struct fdt *fdt, const void *blob, u32 limit)
{
    fdt->blob = blob;
    if (limit < HEADER_SIZE)
        return FDT_TRUNCATED;
    if (be32(fdt->blob + HEADER_MAGIC) != FDT_FORMAT_MAGIC)
        return FDT_BAD_MAGIC;
    if (be32(fdt->blob + HEADER_VERSION) < FDT_FORMAT_VERSION ||
        be32(fdt->blob + HEADER_LAST_COMPATIBLE) > FDT_FORMAT_VERSION)
        return FDT_BAD_VERSION;
    fdt->size = be32(fdt->blob + HEADER_TOTAL_SIZE);
    if (fdt->size > limit || fdt->size < HEADER_SIZE)
        return FDT_TRUNCATED;

    enum fdt_status status = check_blocks(fdt);
    if (status == FDT_OK)
        status = check_reservations(fdt);
    if (status == FDT_OK)
        status = check_structure(fdt);
    return status;
}

const char *fdt_status_text(enum fdt_status status)
{
    static const char *const texts[] = {
        [FDT_OK] = "is a device tree",
        [FDT_BAD_MAGIC] = "is no device tree",
        [FDT_BAD_VERSION] = "has a format version other than 17",
        [FDT_TRUNCATED] = "is cut short",
        [FDT_BAD_STRUCTURE] = "is damaged",
        [FDT_TOO_DEEP] = "has nodes nested too deep",
    };

    return texts[status];
}
