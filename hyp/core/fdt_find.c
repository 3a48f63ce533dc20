/* Finding nodes of a device tree, and values that are more than bytes. */
#include "arch/u64.h"
#include "hyp/core/fdt.h"
#include "hyp/core/string.h"

/* An alias is a property name, of at most 31 characters ("Property Names"). */
#define ALIAS_SIZE 32u

/*
 * The string at offset *from of a string list, with *from moved past its NUL. NULL at the end and
 * where no NUL follows.
 */
static const char *next_string(const struct fdt_prop *prop, u32 *from)
{
    for (u32 i = *from; i < prop->length; i++) {
        if (prop->data[i] != 0)
            continue;
        const char *string = (const char *)prop->data + *from;
        *from = i + 1;
        return string;
    }
    return NULL;
}

const char *fdt_string_at(const struct fdt_prop *prop, u32 index)
{
    u32 from = 0;
    const char *string = next_string(prop, &from);

    while (string && index-- > 0)
        string = next_string(prop, &from);
    return string;
}

bool fdt_string(const struct fdt *fdt, fdt_node node, const char *name, const char **value)
{
    struct fdt_prop prop;
    u32 end = 0;

    if (!fdt_prop(fdt, node, name, &prop))
        return false;
    const char *string = next_string(&prop, &end);
    if (!string || end != prop.length)
        return false;
    *value = string;
    return true;
}

bool fdt_u32(const struct fdt *fdt, fdt_node node, const char *name, u32 *value)
{
    struct fdt_prop prop;

    if (!fdt_prop(fdt, node, name, &prop) || prop.length != 4)
        return false;
    *value = fdt_cell(&prop, 0);
    return true;
}

bool fdt_number(const struct fdt *fdt, fdt_node node, const char *name, u64 *value)
{
    struct fdt_prop prop;

    if (!fdt_prop(fdt, node, name, &prop) || (prop.length != 4 && prop.length != 8))
        return false;
    *value =
        prop.length == 4 ? fdt_cell(&prop, 0) : u64_join(fdt_cell(&prop, 1), fdt_cell(&prop, 0));
    return true;
}

static bool has_unit(const char *name, u32 length)
{
    for (u32 i = 0; i < length; i++)
        if (name[i] == '@')
            return true;
    return false;
}

/* Like fdt_child, with a name of `length` bytes that need not end there. */
static fdt_node child_named(const struct fdt *fdt, fdt_node parent, const char *name, u32 length)
{
    bool unit = has_unit(name, length);

    for (fdt_node child = fdt_first_child(fdt, parent); child != FDT_NONE;
         child = fdt_next_sibling(fdt, child)) {
        const char *own = fdt_name(fdt, child);
        if (strncmp(own, name, length) != 0)
            continue;
        if (own[length] == 0 || (own[length] == '@' && !unit))
            return child;
    }
    return FDT_NONE;
}

fdt_node fdt_child(const struct fdt *fdt, fdt_node parent, const char *name)
{
    return child_named(fdt, parent, name, (u32)strlen(name));
}

static u32 component_length(const char *path)
{
    u32 length = 0;

    while (path[length] != 0 && path[length] != '/' && path[length] != ':')
        length++;
    return length;
}

static fdt_node descend(const struct fdt *fdt, fdt_node node, const char *path)
{
    while (node != FDT_NONE) {
        while (*path == '/')
            path++;
        u32 length = component_length(path);
        if (length == 0)
            break;
        node = child_named(fdt, node, path, length);
        path += length;
    }
    return node;
}

/* An alias is a whole path: one that leads to another alias is not followed, so none can loop. */
static fdt_node alias_node(const struct fdt *fdt, const char *name, u32 length)
{
    char alias[ALIAS_SIZE];
    const char *path;

    if (length >= ALIAS_SIZE)
        return FDT_NONE;
    memcpy(alias, name, length);
    alias[length] = 0;
    fdt_node aliases = fdt_child(fdt, fdt_root(fdt), "aliases");
    if (!fdt_string(fdt, aliases, alias, &path) || *path != '/')
        return FDT_NONE;
    return descend(fdt, fdt_root(fdt), path);
}

fdt_node fdt_path(const struct fdt *fdt, const char *path)
{
    if (*path == '/')
        return descend(fdt, fdt_root(fdt), path);

    u32 length = component_length(path);
    return descend(fdt, alias_node(fdt, path, length), path + length);
}

fdt_node fdt_by_phandle(const struct fdt *fdt, u32 phandle)
{
    u32 own;

    /* The two values that are no phandle ("phandle"). */
    if (phandle == 0 || phandle == UINT32_MAX)
        return FDT_NONE;
    for (fdt_node node = fdt_root(fdt); node != FDT_NONE; node = fdt_next_node(fdt, node)) {
        if (!fdt_u32(fdt, node, "phandle", &own) && !fdt_u32(fdt, node, "linux,phandle", &own))
            continue;
        if (own == phandle)
            return node;
    }
    return FDT_NONE;
}

bool fdt_is_compatible(const struct fdt *fdt, fdt_node node, const char *compatible)
{
    struct fdt_prop prop;
    u32 from = 0;

    if (!fdt_prop(fdt, node, "compatible", &prop))
        return false;
    for (const char *one = next_string(&prop, &from); one; one = next_string(&prop, &from))
        if (strcmp(one, compatible) == 0)
            return true;
    return false;
}

fdt_node fdt_next_compatible(const struct fdt *fdt, fdt_node after, const char *compatible)
{
    fdt_node node = after == FDT_NONE ? fdt_root(fdt) : fdt_next_node(fdt, after);

    while (node != FDT_NONE && !fdt_is_compatible(fdt, node, compatible))
        node = fdt_next_node(fdt, node);
    return node;
}

bool fdt_is_available(const struct fdt *fdt, fdt_node node)
{
    struct fdt_prop prop;
    const char *status;

    if (node == FDT_NONE)
        return false;
    if (!fdt_prop(fdt, node, "status", &prop))
        return true;
    return fdt_string(fdt, node, "status", &status) &&
           (strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0);
}
