/*
 * Reader of flattened device trees (Devicetree Specification v0.4, "Flattened Devicetree (DTB)
 * Format"). fdt_open checks the whole blob once; everything after it can trust the structure, and
 * a hostile blob cannot make it read outside the blob, recurse or loop for ever. Pure: the caller
 * keeps the blob; nothing is allocated.
 */
#ifndef CORE_FDT_H
#define CORE_FDT_H

#include "arch/types.h"

enum fdt_status {
    FDT_OK,
    FDT_BAD_MAGIC,
    FDT_BAD_VERSION,
    FDT_TRUNCATED,     /* a block or a property reaches past the end       */
    FDT_BAD_STRUCTURE, /* tokens, nesting, order or names are not as said  */
    FDT_TOO_DEEP,      /* nodes nested more than FDT_MAX_DEPTH             */
};

#define FDT_MAX_DEPTH 32

/* Filled by fdt_open, read by the functions below only. Sizes and offsets in bytes. */
struct fdt {
    const u8 *blob;
    u32 size;
    u32 structure, structure_size;
    u32 strings, strings_size; /* up to the last NUL of the block */
    u32 reservations;
};

/* A node: the offset of its FDT_BEGIN_NODE token in the structure block. */
typedef s32 fdt_node;
#define FDT_NONE (-1)

/* A property, or its value: `data` points into the blob. */
struct fdt_prop {
    const char *name;
    const u8 *data;
    u32 length;
};

/* Checks the blob at `blob`, of which at most `limit` bytes are readable. */
enum fdt_status fdt_open(struct fdt *fdt, const void *blob, u32 limit);

/* A phrase for a person: what is wrong with a blob. */
const char *fdt_status_text(enum fdt_status status);

/*
 * The tree. All take and return FDT_NONE for "no such node", so calls can be chained. Searches are
 * linear in the size of the structure block.
 */
fdt_node fdt_root(const struct fdt *fdt);
fdt_node fdt_first_child(const struct fdt *fdt, fdt_node node);
fdt_node fdt_next_sibling(const struct fdt *fdt, fdt_node node);
fdt_node fdt_next_node(const struct fdt *fdt, fdt_node node); /* depth first; NONE at the end */
fdt_node fdt_parent(const struct fdt *fdt, fdt_node node);
/* The child called `name`; without a unit address in it, also the first one called name@... */
fdt_node fdt_child(const struct fdt *fdt, fdt_node parent, const char *name);
/*
 * "/soc/uart@10000000", or a name in /aliases for the first component, as in "serial0". The path
 * ends at a ':', where /chosen/stdout-path has the options of the console behind it.
 */
fdt_node fdt_path(const struct fdt *fdt, const char *path);
fdt_node fdt_by_phandle(const struct fdt *fdt, u32 phandle);

/* The first node after `after` (FDT_NONE: from the start) compatible with `compatible`. */
fdt_node fdt_next_compatible(const struct fdt *fdt, fdt_node after, const char *compatible);
bool fdt_is_compatible(const struct fdt *fdt, fdt_node node, const char *compatible);

/* False for FDT_NONE and when the node has a "status" other than "okay" or "ok". */
bool fdt_is_available(const struct fdt *fdt, fdt_node node);

/* The node's name with its unit address: "uart@10000000"; "" for the root and for FDT_NONE. */
const char *fdt_name(const struct fdt *fdt, fdt_node node);

/* Properties by number (0, 1, ...: false past the last one) and by name. */
bool fdt_prop_at(const struct fdt *fdt, fdt_node node, u32 index, struct fdt_prop *prop);
bool fdt_prop(const struct fdt *fdt, fdt_node node, const char *name, struct fdt_prop *prop);

/*
 * Typed values. False when the property is absent or has another shape: a cell is exactly 4 bytes,
 * a string ends with the one NUL that it has. *value is untouched then.
 */
bool fdt_u32(const struct fdt *fdt, fdt_node node, const char *name, u32 *value);
bool fdt_string(const struct fdt *fdt, fdt_node node, const char *name, const char **value);

/* Cell `index` (0 up) of a value; the caller has checked the length. */
u32 fdt_cell(const struct fdt_prop *prop, u32 index);

/* String `index` of a string list, or NULL past the last one. */
const char *fdt_string_at(const struct fdt_prop *prop, u32 index);

/* A value of one or two cells, as /chosen has for the initrd. */
bool fdt_number(const struct fdt *fdt, fdt_node node, const char *name, u64 *value);

/*
 * Entry `index` of "reg", translated through every parent's "ranges" to an address that the CPU
 * uses. False past the last entry, or when a parent has no mapping for all of it. Addresses and
 * sizes of more than two cells, as below a PCI bridge, are not translated.
 */
bool fdt_reg(const struct fdt *fdt, fdt_node node, u32 index, u64 *address, u64 *size);

/* Entry `index` of the memory reservation block; false past the last one. */
bool fdt_reservation(const struct fdt *fdt, u32 index, u64 *address, u64 *size);

#endif
