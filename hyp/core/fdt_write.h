/*
 * Writer of flattened device trees: nodes and properties in order into a buffer of the caller's.
 * A full buffer, or a call out of order, is remembered and told once, by fdt_finish, so callers
 * need not check every step. All properties of a node come before its first child.
 * Pure. Property names must be string literals (at most FDT_WRITE_STRINGS different ones).
 */
#ifndef CORE_FDT_WRITE_H
#define CORE_FDT_WRITE_H

#include "arch/types.h"

#define FDT_WRITE_STRINGS 96

struct fdt_writer {
    u8 *buffer;
    u32 capacity, used; /* bytes */
    u32 depth;          /* nodes open */
    bool has_root;
    bool may_put;                         /* the node at hand has no child yet */
    bool failed;                          /* full, or called out of order */
    const char *names[FDT_WRITE_STRINGS]; /* property names met so far */
    u32 name_offsets[FDT_WRITE_STRINGS];
    u32 name_count, names_size;
};

/*
 * Starts a tree in `buffer`, 8-byte aligned, of `capacity` bytes, with an empty reservation block.
 */
void fdt_begin(struct fdt_writer *w, void *buffer, u32 capacity, u32 boot_hart);

void fdt_begin_node(struct fdt_writer *w, const char *name);
/* A node called name@unit, the unit address in hex without leading zeros. */
void fdt_begin_unit(struct fdt_writer *w, const char *name, u64 unit);
void fdt_end_node(struct fdt_writer *w);

void fdt_put(struct fdt_writer *w, const char *name, const void *data, u32 length);
void fdt_put_flag(struct fdt_writer *w, const char *name);
void fdt_put_u32(struct fdt_writer *w, const char *name, u32 value);
void fdt_put_u64(struct fdt_writer *w, const char *name, u64 value);
void fdt_put_cells(struct fdt_writer *w, const char *name, const u32 *cells, u32 count);
/* Address and size of two cells each. */
void fdt_put_reg(struct fdt_writer *w, u64 address, u64 size);
void fdt_put_string(struct fdt_writer *w, const char *name, const char *value);
/* `count` strings, one after another, as "compatible" takes them. */
void fdt_put_strings(struct fdt_writer *w, const char *name, const char *const *values, u32 count);

/*
 * Ends the tree. Returns its size in bytes, or 0 when it did not fit, nodes were left open or a
 * call came out of order.
 */
u32 fdt_finish(struct fdt_writer *w);

#endif
