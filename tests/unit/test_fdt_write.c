/*
 * The device-tree writer: its trees are taken by libfdt and by our reader, equal what libfdt's own
 * writer makes of the same calls, and a buffer too small or a call out of order is told.
 */
#include "tests/unit/unit.h"
#include "tests/unit/fdt_against_libfdt.h"

#include "hyp/core/fdt_write.c"

static u8 buffer[65536] __attribute__((aligned(8)));

/* A tree with everything that the writer can write. */
static u32 write_machine(void *to, u32 capacity)
{
    static const char *const compatible[] = {"acme,uart", "ns16550a"};
    static const u32 ranges[] = {0, 0, 0x80000000, 0xffffffff};
    struct fdt_writer w;

    fdt_begin(&w, to, capacity, 3);
    fdt_begin_node(&w, "");
    fdt_put_u32(&w, "#address-cells", 2);
    fdt_put_u32(&w, "#size-cells", 2);
    fdt_put_string(&w, "model", "");
    fdt_begin_unit(&w, "memory", 0x80000000);
    fdt_put_string(&w, "device_type", "memory");
    fdt_put_reg(&w, 0x280000000, 0x1000);
    fdt_end_node(&w);
    fdt_begin_node(&w, "soc");
    fdt_put_flag(&w, "ranges");
    fdt_put_cells(&w, "interrupts-extended", ranges, ARRAY_SIZE(ranges));
    fdt_begin_unit(&w, "serial", 0);
    fdt_put_strings(&w, "compatible", compatible, ARRAY_SIZE(compatible));
    fdt_put_u64(&w, "clock", 0x123456789abcdef0);
    fdt_put(&w, "rng-seed", "\1\2\3\4\5", 5);
    fdt_end_node(&w);
    fdt_end_node(&w);
    fdt_begin_node(&w, "aliases");
    fdt_put_string(&w, "serial0", "/soc/serial@0");
    fdt_end_node(&w);
    fdt_end_node(&w);
    return fdt_finish(&w);
}

static struct fdt opened(const void *blob, u32 size)
{
    struct fdt fdt;

    CHECK(size > 0);
    CHECK_EQ(fdt_open(&fdt, blob, size), FDT_OK);
    CHECK_EQ(fdt.size, size);
    return fdt;
}

/* The same tree: nodes, properties and values in the same order. */
static void check_same_tree(const struct fdt *a, const struct fdt *b)
{
    fdt_node node_a = fdt_root(a), node_b = fdt_root(b);
    struct fdt_prop prop_a, prop_b;

    while (node_a != FDT_NONE && node_b != FDT_NONE) {
        CHECK_STR(fdt_name(a, node_a), fdt_name(b, node_b));
        CHECK_STR(fdt_name(a, fdt_parent(a, node_a)), fdt_name(b, fdt_parent(b, node_b)));
        u32 i = 0;
        for (; fdt_prop_at(a, node_a, i, &prop_a) && fdt_prop_at(b, node_b, i, &prop_b); i++) {
            CHECK_STR(prop_a.name, prop_b.name);
            CHECK_EQ(prop_a.length, prop_b.length);
            CHECK(!memcmp(prop_a.data, prop_b.data, prop_a.length));
        }
        CHECK(!fdt_prop_at(a, node_a, i, &prop_a) && !fdt_prop_at(b, node_b, i, &prop_b));
        node_a = fdt_next_node(a, node_a);
        node_b = fdt_next_node(b, node_b);
    }
    CHECK_EQ(node_a, node_b);
}

TEST(libfdt_takes_the_tree_and_reads_it_as_we_do)
{
    u32 size = write_machine(buffer, sizeof(buffer));
    struct fdt fdt = opened(buffer, size);

    CHECK_EQ(fdt_check_full(buffer, size), 0);
    compare_with_libfdt(&fdt);
    CHECK_EQ(fdt_boot_cpuid_phys(buffer), 3);
    CHECK_EQ(fdt_version(buffer), 17);
    CHECK_EQ(fdt_last_comp_version(buffer), 16);
    CHECK_EQ(fdt_num_mem_rsv(buffer), 0);
}

TEST(the_tree_equals_the_one_libfdt_writes)
{
    static u8 theirs[65536] __attribute__((aligned(8)));
    static const u8 reg[] = {0, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0};
    static const u8 cells[] = {0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};

    CHECK_EQ(fdt_create(theirs, sizeof(theirs)) | fdt_finish_reservemap(theirs), 0);
    CHECK_EQ(libfdt_begin_node(theirs, ""), 0);
    CHECK_EQ(fdt_property_u32(theirs, "#address-cells", 2), 0);
    CHECK_EQ(fdt_property_u32(theirs, "#size-cells", 2), 0);
    CHECK_EQ(fdt_property_string(theirs, "model", ""), 0);
    CHECK_EQ(libfdt_begin_node(theirs, "memory@80000000"), 0);
    CHECK_EQ(fdt_property_string(theirs, "device_type", "memory"), 0);
    CHECK_EQ(fdt_property(theirs, "reg", reg, sizeof(reg)), 0);
    CHECK_EQ(libfdt_end_node(theirs), 0);
    CHECK_EQ(libfdt_begin_node(theirs, "soc"), 0);
    CHECK_EQ(fdt_property(theirs, "ranges", NULL, 0), 0);
    CHECK_EQ(fdt_property(theirs, "interrupts-extended", cells, sizeof(cells)), 0);
    CHECK_EQ(libfdt_begin_node(theirs, "serial@0"), 0);
    CHECK_EQ(fdt_property(theirs, "compatible", "acme,uart\0ns16550a", 19), 0);
    CHECK_EQ(fdt_property_u64(theirs, "clock", 0x123456789abcdef0), 0);
    CHECK_EQ(fdt_property(theirs, "rng-seed", "\1\2\3\4\5", 5), 0);
    CHECK_EQ(libfdt_end_node(theirs) | libfdt_end_node(theirs), 0);
    CHECK_EQ(libfdt_begin_node(theirs, "aliases"), 0);
    CHECK_EQ(fdt_property_string(theirs, "serial0", "/soc/serial@0"), 0);
    CHECK_EQ(libfdt_end_node(theirs) | libfdt_end_node(theirs) | libfdt_finish(theirs), 0);

    struct fdt ours = opened(buffer, write_machine(buffer, sizeof(buffer)));
    struct fdt reference = opened(theirs, fdt_totalsize(theirs));
    check_same_tree(&ours, &reference);
}

TEST(unit_addresses_have_no_leading_zeros)
{
    static const struct {
        u64 unit;
        const char *name;
    } cases[] = {
        {0, "n@0"},
        {0xf, "n@f"},
        {0x10, "n@10"},
        {0x10001000, "n@10001000"},
        {0xffffffff, "n@ffffffff"},
        {0x100000000, "n@100000000"},
        {0x0123456789abcdef, "n@123456789abcdef"},
        {UINT64_MAX, "n@ffffffffffffffff"},
    };
    struct fdt_writer w;

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        fdt_begin(&w, buffer, sizeof(buffer), 0);
        fdt_begin_node(&w, "");
        fdt_begin_unit(&w, "n", cases[i].unit);
        fdt_end_node(&w);
        fdt_end_node(&w);
        struct fdt fdt = opened(buffer, fdt_finish(&w));
        CHECK_STR(fdt_name(&fdt, fdt_first_child(&fdt, fdt_root(&fdt))), cases[i].name);
    }
}

TEST(padding_is_zero_and_the_result_the_same_each_time)
{
    static u8 again[sizeof(buffer)] __attribute__((aligned(8)));

    memset(buffer, 0xaa, sizeof(buffer));
    memset(again, 0x55, sizeof(again));
    u32 size = write_machine(buffer, sizeof(buffer));
    CHECK_EQ(write_machine(again, sizeof(again)), size);
    CHECK(!memcmp(buffer, again, size));
}

TEST(a_buffer_of_any_smaller_size_is_told_and_not_overrun)
{
    u32 size = write_machine(buffer, sizeof(buffer));

    for (u32 capacity = 0; capacity < size; capacity++) {
        u8 *small = malloc(capacity ? capacity : 1);
        u32 written = write_machine(small, capacity);
        free(small);
        CHECK_EQ(written, 0);
    }
    u8 *exact = malloc(size);
    u32 written = write_machine(exact, size);
    bool equal = !memcmp(exact, buffer, size);
    free(exact);
    CHECK_EQ(written, size);
    CHECK(equal);
}

TEST(a_full_buffer_stays_full)
{
    static const u8 big[256];
    struct fdt_writer w;

    fdt_begin(&w, buffer, 128, 0);
    fdt_begin_node(&w, "");
    fdt_put(&w, "big", big, sizeof(big));
    fdt_put_flag(&w, "small"); /* this one would fit */
    fdt_end_node(&w);
    CHECK_EQ(fdt_finish(&w), 0);
}

TEST(lengths_that_would_wrap_are_told)
{
    static const u32 lengths[] = {0x7ffffff0, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    struct fdt_writer w;

    for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
        fdt_begin(&w, buffer, UINT32_MAX, 0);
        fdt_begin_node(&w, "");
        fdt_put(&w, "p", buffer, lengths[i]);
        fdt_end_node(&w);
        CHECK_EQ(fdt_finish(&w), 0);
    }
}

TEST(property_names_up_to_the_limit)
{
    static char names[FDT_WRITE_STRINGS + 1][16];
    struct fdt_writer w;

    for (u32 count = FDT_WRITE_STRINGS; count <= FDT_WRITE_STRINGS + 1; count++) {
        fdt_begin(&w, buffer, sizeof(buffer), 0);
        fdt_begin_node(&w, "");
        for (u32 i = 0; i < count; i++) {
            snprintf(names[i], sizeof(names[i]), "p%u", i);
            fdt_put_u32(&w, names[i], i);
        }
        fdt_put_u32(&w, "p0", 7); /* a name met before takes no new place */
        fdt_end_node(&w);
        u32 size = fdt_finish(&w);
        CHECK_EQ(size > 0, count == FDT_WRITE_STRINGS);
        if (size == 0)
            continue;
        struct fdt fdt = opened(buffer, size);
        struct fdt_prop prop;
        for (u32 i = 0; i < count; i++) {
            CHECK(fdt_prop_at(&fdt, fdt_root(&fdt), i, &prop));
            CHECK_STR(prop.name, names[i]);
            CHECK_EQ(fdt_cell(&prop, 0), i);
        }
        CHECK_EQ(fdt_size_dt_strings(buffer), 10 * 3 + (FDT_WRITE_STRINGS - 10) * 4);
    }
}

TEST(an_empty_list_and_an_empty_tree)
{
    struct fdt_writer w;
    struct fdt_prop prop;

    fdt_begin(&w, buffer, sizeof(buffer), 0);
    fdt_begin_node(&w, "");
    fdt_put_strings(&w, "list", NULL, 0);
    fdt_put_cells(&w, "cells", NULL, 0);
    fdt_put(&w, "bytes", NULL, 0);
    fdt_end_node(&w);
    struct fdt fdt = opened(buffer, fdt_finish(&w));
    compare_with_libfdt(&fdt);
    CHECK(fdt_prop(&fdt, fdt_root(&fdt), "list", &prop) && prop.length == 0);

    fdt_begin(&w, buffer, sizeof(buffer), 0);
    fdt_begin_node(&w, "");
    fdt_end_node(&w);
    fdt = opened(buffer, fdt_finish(&w));
    compare_with_libfdt(&fdt);
}

/* Calls in an order that makes no tree, as letters: ( node, ) its end, p property. */
static u32 write_calls(const char *calls)
{
    struct fdt_writer w;
    bool root = true;

    fdt_begin(&w, buffer, sizeof(buffer), 0);
    for (; *calls; calls++) {
        if (*calls == '(')
            fdt_begin_node(&w, root ? "" : "n");
        else if (*calls == ')')
            fdt_end_node(&w);
        else
            fdt_put_flag(&w, "p");
        root = false;
    }
    return fdt_finish(&w);
}

TEST(calls_out_of_order_are_told)
{
    static const char *const wrong[] = {"",     "(",    "(()", "(()))",  ")",
                                        "p",    "()()", "()p", "p()",    "(()p)",
                                        "())(", "(p))", "()(", "(()))(", "((p)p)"};
    static const char *const right[] = {"()", "(p)", "(pp(p))", "(()())", "((()))", "(p(p)(p(p)))"};

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
        if (write_calls(wrong[i]) != 0)
            UNIT_FAIL("%s is taken", wrong[i]);
    for (u32 i = 0; i < ARRAY_SIZE(right); i++) {
        struct fdt fdt = opened(buffer, write_calls(right[i]));
        compare_with_libfdt(&fdt);
    }
}

UNIT_MAIN("fdt_write")
