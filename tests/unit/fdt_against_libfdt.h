/*
 * The device-tree reader beside libfdt: for the unit tests and the fuzzer. A few functions of the
 * two have the same name; here those of libfdt are reached as libfdt_*, and ours get another symbol
 * so that libfdt's own calls are not diverted to them. The includer provides CHECK, CHECK_EQ and
 * CHECK_STR.
 */
#ifndef FDT_AGAINST_LIBFDT_H
#define FDT_AGAINST_LIBFDT_H

#include "tests/unit/unit.h"
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

static inline int libfdt_next_node(const void *blob, int offset, int *depth)
{
    return fdt_next_node(blob, offset, depth);
}

static inline int libfdt_begin_node(void *blob, const char *name)
{
    return fdt_begin_node(blob, name);
}

static inline int libfdt_end_node(void *blob)
{
    return fdt_end_node(blob);
}

static inline int libfdt_finish(void *blob)
{
    return fdt_finish(blob);
}

#define fdt_next_node  twofold_fdt_next_node
#define fdt_string     twofold_fdt_string
#define fdt_begin_node twofold_fdt_begin_node
#define fdt_end_node   twofold_fdt_end_node
#define fdt_finish     twofold_fdt_finish

#include "hyp/core/fdt.c"
#include "hyp/core/fdt_find.c"
#include "hyp/core/fdt_open.c"
#include "hyp/core/fdt_reg.c"

/* Reads every byte of the properties of `node`, and checks them against libfdt's. */
static inline void compare_properties(const struct fdt *fdt, fdt_node node)
{
    const void *blob = fdt->blob;
    struct fdt_prop prop, by_name;
    u32 index = 0;
    int at;

    fdt_for_each_property_offset(at, blob, node)
    {
        const char *name;
        int length;
        const void *data = fdt_getprop_by_offset(blob, at, &name, &length);
        CHECK(fdt_prop_at(fdt, node, index, &prop));
        CHECK_STR(prop.name, name);
        CHECK_EQ(prop.length, length);
        CHECK(prop.data == data);
        CHECK(fdt_prop(fdt, node, name, &by_name));
        CHECK(by_name.data == fdt_getprop(blob, node, name, &length));
        CHECK_EQ(by_name.length, length);
        for (u32 i = 0;; i++) {
            const char *theirs = fdt_stringlist_get(blob, node, name, (int)i, &length);
            CHECK(fdt_string_at(&by_name, i) == theirs);
            if (!theirs)
                break;
            CHECK(strcmp(name, "compatible") != 0 || fdt_is_compatible(fdt, node, theirs));
        }
        index++;
    }
    CHECK(!fdt_prop_at(fdt, node, index, &prop));
    CHECK(!fdt_prop_at(fdt, node, UINT32_MAX, &prop));
    CHECK_EQ(fdt_prop(fdt, node, "no", &prop), fdt_getprop(blob, node, "no", NULL) != NULL);
}

static inline void compare_place(const struct fdt *fdt, fdt_node node)
{
    char path[4096];
    const char *name = fdt_get_name(fdt->blob, node, NULL);

    CHECK_STR(fdt_name(fdt, node), name);
    CHECK_EQ(fdt_first_child(fdt, node) + 1,
             fdt_first_subnode(fdt->blob, node) < 0 ? 0 : fdt_first_subnode(fdt->blob, node) + 1);
    int next = fdt_next_subnode(fdt->blob, node);
    CHECK_EQ(fdt_next_sibling(fdt, node), node == fdt_root(fdt) || next < 0 ? FDT_NONE : next);
    /* libfdt takes offset 0 for the root, which is a NOP in some trees. */
    if (fdt_root(fdt) != 0)
        return;
    int parent = fdt_parent_offset(fdt->blob, node);
    CHECK_EQ(fdt_parent(fdt, node), parent < 0 ? FDT_NONE : parent);
    if (fdt_get_path(fdt->blob, node, path, sizeof(path)) == 0 && !strchr(path, ':'))
        CHECK_EQ(fdt_path(fdt, path), fdt_path_offset(fdt->blob, path));
}

/* Calls what compare_* do not, to let the sanitizers see it. */
static inline void read_values(const struct fdt *fdt, fdt_node node)
{
    u64 address, size;
    u32 cell;
    const char *text;

    for (u32 i = 0; fdt_reg(fdt, node, i, &address, &size); i++)
        CHECK(size == 0 || address + (size - 1) >= address);
    fdt_number(fdt, node, "reg", &address);
    fdt_is_available(fdt, node);
    if (fdt_string(fdt, node, "stdout-path", &text))
        fdt_path(fdt, text);
    if (fdt_u32(fdt, node, "phandle", &cell) && fdt_root(fdt) == 0 && cell + 1 > 1)
        CHECK_EQ(fdt_by_phandle(fdt, cell), fdt_node_offset_by_phandle(fdt->blob, cell));
}

static inline void compare_reservations(const struct fdt *fdt)
{
    int count = fdt_num_mem_rsv(fdt->blob);
    u64 address, size;
    uint64_t their_address, their_size;

    for (int i = 0; i < count; i++) {
        fdt_get_mem_rsv(fdt->blob, i, &their_address, &their_size);
        bool there = fdt_reservation(fdt, (u32)i, &address, &size);
        CHECK(there);
        CHECK_EQ(address, their_address);
        CHECK_EQ(size, their_size);
    }
    /* libfdt stops at a size of 0; by the specification the address must be 0 as well. */
    CHECK(!fdt_reservation(fdt, (u32)count, &address, &size) || (size == 0 && address != 0));
}

/* A blob that fdt_open took: libfdt must take it too, and see the same tree. */
static inline void compare_with_libfdt(const struct fdt *fdt)
{
    const void *blob = fdt->blob;
    fdt_node node = fdt_root(fdt);
    int depth = -1, at = libfdt_next_node(blob, -1, &depth);

    /* NOPs before the root, which the specification allows, are an error for fdt_check_full. */
    if (fdt_root(fdt) == 0)
        CHECK_EQ(fdt_check_full(blob, fdt->size), 0);
    for (; at >= 0 && depth >= 0; at = libfdt_next_node(blob, at, &depth)) {
        CHECK_EQ(node, at);
        compare_place(fdt, node);
        compare_properties(fdt, node);
        read_values(fdt, node);
        node = fdt_next_node(fdt, node);
    }
    CHECK_EQ(node, FDT_NONE);
    compare_reservations(fdt);
}

#endif
