#include "hyp/core/claim.h"

#define MAX_CLAIMS 64

static struct claim {
    fdt_node node;
    const char *owner; /* NULL: the entry is free */
} claims[MAX_CLAIMS];

static struct claim *find(fdt_node node)
{
    for (u32 i = 0; i < MAX_CLAIMS; i++)
        if (claims[i].owner && claims[i].node == node)
            return &claims[i];
    return NULL;
}

static struct claim *find_free(void)
{
    for (u32 i = 0; i < MAX_CLAIMS; i++)
        if (!claims[i].owner)
            return &claims[i];
    return NULL;
}

bool claim_node(fdt_node node, const char *owner)
{
    struct claim *claim = find_free();

    if (node == FDT_NONE || find(node) || !claim)
        return false;
    *claim = (struct claim){.node = node, .owner = owner};
    return true;
}

const char *claim_owner(fdt_node node)
{
    const struct claim *claim = find(node);

    return claim ? claim->owner : NULL;
}

void claim_release(fdt_node node)
{
    struct claim *claim = find(node);

    if (claim)
        claim->owner = NULL;
}
