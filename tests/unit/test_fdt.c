/*
 * The device-tree reader: against libfdt on real and random trees, against blobs damaged by rule
 * and at random, and its lookups one by one.
 */
#include "tests/unit/unit.h"
#include "tests/unit/fdt_against_libfdt.h"

#define BLOB_SIZE 65536

/* ---- Trees built by libfdt ---- */

static u8 blob[BLOB_SIZE] __attribute__((aligned(8)));
static struct fdt tree;

static void begin_tree(void)
{
    memset(blob, 0, sizeof(blob));
    CHECK_EQ(fdt_create(blob, sizeof(blob)), 0);
    CHECK_EQ(fdt_add_reservemap_entry(blob, 0x80000000, 0x40000), 0);
    CHECK_EQ(fdt_add_reservemap_entry(blob, 0x240000000, 0x1000), 0);
    CHECK_EQ(fdt_finish_reservemap(blob), 0);
    CHECK_EQ(libfdt_begin_node(blob, ""), 0);
}

static void node(const char *name)
{
    CHECK_EQ(libfdt_begin_node(blob, name), 0);
}

static void end(void)
{
    CHECK_EQ(libfdt_end_node(blob), 0);
}

static void put(const char *name, const void *data, u32 length)
{
    CHECK_EQ(fdt_property(blob, name, data, (int)length), 0);
}

#define STRING(name, text) put(name, text, (u32)strlen(text) + 1)
#define LIST(name, text)   put(name, text, (u32)sizeof(text)) /* "a\0b" */

static void put_cells(const char *name, const u32 *cells, u32 count)
{
    u8 bytes[64];

    CHECK(count * 4 <= sizeof(bytes));
    for (u32 i = 0; i < count * 4; i++)
        bytes[i] = (u8)(cells[i / 4] >> (24 - i % 4 * 8));
    put(name, bytes, count * 4);
}

#define CELLS(name, ...) \
    put_cells(name, (const u32[]){__VA_ARGS__}, sizeof((const u32[]){__VA_ARGS__}) / 4)

static void end_tree(void)
{
    end();
    CHECK_EQ(libfdt_finish(blob), 0);
    CHECK_EQ(fdt_pack(blob), 0);
    CHECK_EQ(fdt_open(&tree, blob, fdt_totalsize(blob)), FDT_OK);
}

/* A machine like `virt`, with what its tree has that is hard to read. */
static void build_machine(void)
{
    begin_tree();
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    STRING("compatible", "riscv-virtio");
    node("aliases");
    STRING("serial0", "/soc/serial@10000000");
    STRING("loop", "loop");
    STRING("nowhere", "/no/such/node");
    STRING("bus", "/soc");
    put("broken", "/soc", 4);
    end();
    node("chosen");
    STRING("stdout-path", "serial0:115200n8");
    STRING("bootargs", "");
    CELLS("linux,initrd-start", 0x88000000);
    CELLS("linux,initrd-end", 2, 0x88001000);
    put("rng-seed", "\1\2\3", 3);
    end();
    node("memory@80000000");
    STRING("device_type", "memory");
    CELLS("reg", 0, 0x80000000, 0, 0x80000000, 1, 0, 2, 0);
    end();
    node("cpus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 0);
    CELLS("timebase-frequency", 10000000);
    node("cpu@0");
    CELLS("reg", 0);
    STRING("status", "okay");
    node("interrupt-controller");
    CELLS("phandle", 7);
    end();
    end();
    node("cpu@1");
    CELLS("reg", 1);
    STRING("status", "disabled");
    end();
    end();
    node("soc");
    LIST("compatible", "simple-bus\0acme,bus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    /* identity below 0x20000000, 0x40000000 moved to 0x1_40000000 */
    CELLS("ranges", 0, 0, 0, 0x20000000, 0x40000000, 1, 0x40000000, 0x1000);
    node("serialport@10000100");
    LIST("compatible", "acme,ns16550a");
    end();
    node("serial@10000000");
    LIST("compatible", "acme,uart\0ns16550a");
    CELLS("reg", 0x10000000, 0x100);
    CELLS("linux,phandle", 9);
    STRING("status", "ok");
    end();
    node("serial@10000200");
    LIST("compatible", "ns16550a");
    CELLS("reg", 0x40000ff0, 0x10, 0x40000ff0, 0x11, 0x30000000, 0x10);
    STRING("status", "fail");
    end();
    end();
    end_tree();
}

TEST(a_machine_reads_as_libfdt_reads_it)
{
    build_machine();
    compare_with_libfdt(&tree);
}

/* ---- Walking ---- */

TEST(siblings_children_and_parents)
{
    static const char *const top[] = {"aliases", "chosen", "memory@80000000", "cpus", "soc"};

    build_machine();
    fdt_node root = fdt_root(&tree), child = fdt_first_child(&tree, root);
    for (u32 i = 0; i < ARRAY_SIZE(top); i++) {
        CHECK_STR(fdt_name(&tree, child), top[i]);
        CHECK_EQ(fdt_parent(&tree, child), root);
        child = fdt_next_sibling(&tree, child);
    }
    CHECK_EQ(child, FDT_NONE);
    CHECK_EQ(fdt_parent(&tree, root), FDT_NONE);
    CHECK_EQ(fdt_next_sibling(&tree, root), FDT_NONE);
    CHECK_EQ(fdt_first_child(&tree, fdt_path(&tree, "/chosen")), FDT_NONE);
    CHECK_STR(fdt_name(&tree, root), "");
}

TEST(every_function_takes_none)
{
    struct fdt_prop prop;
    const char *text;
    u64 address, size;
    u32 cell;

    build_machine();
    CHECK_EQ(fdt_first_child(&tree, FDT_NONE), FDT_NONE);
    CHECK_EQ(fdt_next_sibling(&tree, FDT_NONE), FDT_NONE);
    CHECK_EQ(fdt_next_node(&tree, FDT_NONE), FDT_NONE);
    CHECK_EQ(fdt_parent(&tree, FDT_NONE), FDT_NONE);
    CHECK_EQ(fdt_child(&tree, FDT_NONE, "soc"), FDT_NONE);
    CHECK(!fdt_is_compatible(&tree, FDT_NONE, "riscv-virtio"));
    CHECK(!fdt_is_available(&tree, FDT_NONE));
    CHECK_STR(fdt_name(&tree, FDT_NONE), "");
    CHECK(!fdt_prop_at(&tree, FDT_NONE, 0, &prop));
    CHECK(!fdt_prop(&tree, FDT_NONE, "reg", &prop));
    CHECK(!fdt_u32(&tree, FDT_NONE, "reg", &cell));
    CHECK(!fdt_string(&tree, FDT_NONE, "reg", &text));
    CHECK(!fdt_number(&tree, FDT_NONE, "reg", &address));
    CHECK(!fdt_reg(&tree, FDT_NONE, 0, &address, &size));
}

/* ---- Lookups ---- */

TEST(child_by_name_with_and_without_unit)
{
    build_machine();
    fdt_node soc = fdt_child(&tree, fdt_root(&tree), "soc");
    CHECK_STR(fdt_name(&tree, fdt_child(&tree, soc, "serial")), "serial@10000000");
    CHECK_STR(fdt_name(&tree, fdt_child(&tree, soc, "serial@10000200")), "serial@10000200");
    CHECK_STR(fdt_name(&tree, fdt_child(&tree, soc, "serialport")), "serialport@10000100");
    CHECK_EQ(fdt_child(&tree, soc, "serial@1000020"), FDT_NONE);
    CHECK_EQ(fdt_child(&tree, soc, "serial@"), FDT_NONE);
    CHECK_EQ(fdt_child(&tree, soc, "seria"), FDT_NONE);
    CHECK_EQ(fdt_child(&tree, soc, ""), FDT_NONE);
}

TEST(paths)
{
    build_machine();
    CHECK_EQ(fdt_path(&tree, "/"), fdt_root(&tree));
    CHECK_STR(fdt_name(&tree, fdt_path(&tree, "/soc/serial@10000200")), "serial@10000200");
    CHECK_STR(fdt_name(&tree, fdt_path(&tree, "/soc/serial")), "serial@10000000");
    CHECK_STR(fdt_name(&tree, fdt_path(&tree, "//soc//serial/")), "serial@10000000");
    CHECK_STR(fdt_name(&tree, fdt_path(&tree, "/cpus/cpu@0/interrupt-controller")),
              "interrupt-controller");
    CHECK_EQ(fdt_path(&tree, "/soc/serial@10000000/x"), FDT_NONE);
    CHECK_EQ(fdt_path(&tree, "/nope/serial"), FDT_NONE);
    CHECK_EQ(fdt_path(&tree, ""), FDT_NONE);
}

TEST(aliases_and_the_console_path)
{
    const char *console;

    build_machine();
    fdt_node serial = fdt_path(&tree, "/soc/serial@10000000");
    CHECK(serial != FDT_NONE);
    CHECK_EQ(fdt_path(&tree, "serial0"), serial);
    CHECK_EQ(fdt_path(&tree, "bus/serial"), serial);
    CHECK_EQ(fdt_path(&tree, "/soc/serial@10000000:115200/8"), serial);
    CHECK(fdt_string(&tree, fdt_path(&tree, "/chosen"), "stdout-path", &console));
    CHECK_EQ(fdt_path(&tree, console), serial);
    CHECK_EQ(fdt_path(&tree, "loop"), FDT_NONE);
    CHECK_EQ(fdt_path(&tree, "nowhere"), FDT_NONE);
    CHECK_EQ(fdt_path(&tree, "broken"), FDT_NONE);
    CHECK_EQ(fdt_path(&tree, "serial00"), FDT_NONE);
    CHECK_EQ(fdt_path(&tree, "soc"), FDT_NONE);
    CHECK_EQ(fdt_path(&tree, "a-name-longer-than-a-property-name-can-be/x"), FDT_NONE);
}

TEST(phandles_of_both_names)
{
    build_machine();
    CHECK_STR(fdt_name(&tree, fdt_by_phandle(&tree, 7)), "interrupt-controller");
    CHECK_STR(fdt_name(&tree, fdt_by_phandle(&tree, 9)), "serial@10000000");
    CHECK_EQ(fdt_by_phandle(&tree, 8), FDT_NONE);
    CHECK_EQ(fdt_by_phandle(&tree, 0), FDT_NONE);
    CHECK_EQ(fdt_by_phandle(&tree, UINT32_MAX), FDT_NONE);
}

TEST(the_values_that_are_no_phandle_are_never_found)
{
    begin_tree();
    node("zero");
    CELLS("phandle", 0);
    end();
    node("ones");
    CELLS("phandle", UINT32_MAX);
    end();
    end_tree();
    CHECK_EQ(fdt_by_phandle(&tree, 0), FDT_NONE);
    CHECK_EQ(fdt_by_phandle(&tree, UINT32_MAX), FDT_NONE);
}

TEST(compatible_nodes_one_after_another)
{
    build_machine();
    fdt_node one = fdt_next_compatible(&tree, FDT_NONE, "ns16550a");
    CHECK_STR(fdt_name(&tree, one), "serial@10000000");
    fdt_node two = fdt_next_compatible(&tree, one, "ns16550a");
    CHECK_STR(fdt_name(&tree, two), "serial@10000200");
    CHECK_EQ(fdt_next_compatible(&tree, two, "ns16550a"), FDT_NONE);
    CHECK_EQ(fdt_next_compatible(&tree, FDT_NONE, "riscv-virtio"), fdt_root(&tree));
    CHECK_EQ(fdt_next_compatible(&tree, FDT_NONE, "ns16550"), FDT_NONE);
    CHECK_EQ(fdt_next_compatible(&tree, FDT_NONE, ""), FDT_NONE);
}

TEST(status_okay_ok_and_others)
{
    build_machine();
    CHECK(fdt_is_available(&tree, fdt_path(&tree, "/soc")));
    CHECK(fdt_is_available(&tree, fdt_path(&tree, "/cpus/cpu@0")));
    CHECK(fdt_is_available(&tree, fdt_path(&tree, "/soc/serial@10000000")));
    CHECK(!fdt_is_available(&tree, fdt_path(&tree, "/cpus/cpu@1")));
    CHECK(!fdt_is_available(&tree, fdt_path(&tree, "/soc/serial@10000200")));
    begin_tree();
    put("status", "okay", 4); /* no NUL */
    end_tree();
    CHECK(!fdt_is_available(&tree, fdt_root(&tree)));
}

/* ---- Values ---- */

TEST(typed_values_refuse_other_shapes_and_leave_the_result_alone)
{
    const char *text = "before";
    u64 number = 5;
    u32 cell = 5;

    begin_tree();
    CELLS("one", 0x12345678);
    CELLS("two", 1, 2);
    CELLS("three", 1, 2, 3);
    put("odd", "\1\2\3", 3);
    put("empty", NULL, 0);
    STRING("text", "words");
    STRING("nothing", "");
    LIST("list", "a\0b");
    put("open", "abcd", 4);
    end_tree();
    fdt_node root = fdt_root(&tree);
    CHECK(!fdt_u32(&tree, root, "two", &cell) && !fdt_u32(&tree, root, "odd", &cell));
    CHECK(!fdt_u32(&tree, root, "empty", &cell) && !fdt_u32(&tree, root, "absent", &cell));
    CHECK_EQ(cell, 5);
    CHECK(fdt_u32(&tree, root, "one", &cell));
    CHECK_EQ(cell, 0x12345678);
    CHECK(!fdt_number(&tree, root, "three", &number) && !fdt_number(&tree, root, "odd", &number));
    CHECK(!fdt_number(&tree, root, "empty", &number) && !fdt_number(&tree, root, "no", &number));
    CHECK_EQ(number, 5);
    CHECK(fdt_number(&tree, root, "one", &number));
    CHECK_EQ(number, 0x12345678);
    CHECK(fdt_number(&tree, root, "two", &number));
    CHECK_EQ(number, 0x100000002);
    CHECK(!fdt_string(&tree, root, "list", &text) && !fdt_string(&tree, root, "open", &text));
    CHECK(!fdt_string(&tree, root, "empty", &text) && !fdt_string(&tree, root, "no", &text));
    CHECK_STR(text, "before");
    CHECK(fdt_string(&tree, root, "text", &text));
    CHECK_STR(text, "words");
    CHECK(fdt_string(&tree, root, "nothing", &text));
    CHECK_STR(text, "");
}

TEST(string_lists)
{
    struct fdt_prop prop;

    begin_tree();
    LIST("list", "a\0\0bcd");
    put("tail", "ab\0cd", 5);
    put("empty", NULL, 0);
    end_tree();
    CHECK(fdt_prop(&tree, fdt_root(&tree), "list", &prop));
    CHECK_STR(fdt_string_at(&prop, 0), "a");
    CHECK_STR(fdt_string_at(&prop, 1), "");
    CHECK_STR(fdt_string_at(&prop, 2), "bcd");
    CHECK(!fdt_string_at(&prop, 3) && !fdt_string_at(&prop, UINT32_MAX));
    CHECK(fdt_prop(&tree, fdt_root(&tree), "tail", &prop));
    CHECK_STR(fdt_string_at(&prop, 0), "ab");
    CHECK(!fdt_string_at(&prop, 1));
    CHECK(fdt_prop(&tree, fdt_root(&tree), "empty", &prop));
    CHECK(!fdt_string_at(&prop, 0));
}

TEST(cells_of_the_initrd_and_of_the_timebase)
{
    u64 start, past;
    u32 frequency;

    build_machine();
    fdt_node chosen = fdt_path(&tree, "/chosen");
    CHECK(fdt_number(&tree, chosen, "linux,initrd-start", &start));
    CHECK(fdt_number(&tree, chosen, "linux,initrd-end", &past));
    CHECK_EQ(start, 0x88000000);
    CHECK_EQ(past, 0x288001000);
    CHECK(fdt_u32(&tree, fdt_path(&tree, "/cpus"), "timebase-frequency", &frequency));
    CHECK_EQ(frequency, 10000000);
}

/* ---- Addresses ---- */

static void check_reg(const char *path, u32 index, u64 expected_address, u64 expected_size)
{
    u64 address, size;

    if (!fdt_reg(&tree, fdt_path(&tree, path), index, &address, &size))
        UNIT_FAIL("%s has no reg %u", path, index);
    CHECK_EQ(address, expected_address);
    CHECK_EQ(size, expected_size);
}

static void check_no_reg(const char *path, u32 index)
{
    u64 address = 1, size = 2;

    if (fdt_path(&tree, path) == FDT_NONE)
        UNIT_FAIL("%s is not there", path);
    if (fdt_reg(&tree, fdt_path(&tree, path), index, &address, &size))
        UNIT_FAIL("%s has reg %u at 0x%llx", path, index, address);
    CHECK(address == 1 && size == 2);
}

TEST(reg_below_the_root_has_64_bits)
{
    build_machine();
    check_reg("/memory", 0, 0x80000000, 0x80000000);
    check_reg("/memory", 1, 0x100000000, 0x200000000);
    check_no_reg("/memory", 2);
    check_no_reg("/memory", UINT32_MAX);
    check_no_reg("/chosen", 0);
    check_no_reg("/", 0);
}

TEST(reg_goes_through_ranges)
{
    build_machine();
    check_reg("/soc/serial@10000000", 0, 0x10000000, 0x100);
    check_reg("/soc/serial@10000200", 0, 0x140000ff0, 0x10);
    check_no_reg("/soc/serial@10000200", 1); /* its last byte lies past the range */
    check_no_reg("/soc/serial@10000200", 2); /* between the ranges */
    check_no_reg("/cpus/cpu@0", 0);          /* a hart id is no address: no ranges */
}

TEST(reg_goes_through_several_buses)
{
    begin_tree();
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 1);
    node("outer");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    CELLS("ranges", 0x1000, 3, 0x20000000, 0x1000);
    node("same");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    put("ranges", NULL, 0);
    node("inner");
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    CELLS("ranges", 0, 0, 0x1800, 0, 0x100);
    node("device@10");
    CELLS("reg", 0, 0x10, 0, 0x20, 0, 0xf0, 0, 0x10, 0, 0xf0, 0, 0x11);
    end();
    end();
    end();
    end();
    end_tree();
    check_reg("/outer/same/inner/device", 0, 0x320000810, 0x20);
    check_reg("/outer/same/inner/device", 1, 0x3200008f0, 0x10);
    check_no_reg("/outer/same/inner/device", 2);
    compare_with_libfdt(&tree);
}

TEST(reg_without_cell_counts_has_two_and_one)
{
    begin_tree();
    node("device");
    CELLS("reg", 1, 2, 3, 4, 5, 6);
    end();
    end_tree();
    check_reg("/device", 0, 0x100000002, 3);
    check_reg("/device", 1, 0x400000005, 6);
    check_no_reg("/device", 2);
}

/* One device on a bus with these properties. */
static void build_bus(u32 address_cells, u32 size_cells, const u32 *ranges, u32 range_bytes,
                      const u32 *reg, u32 reg_bytes)
{
    begin_tree();
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    node("bus");
    CELLS("#address-cells", address_cells);
    CELLS("#size-cells", size_cells);
    put("ranges", ranges, range_bytes);
    node("device");
    put("reg", reg, reg_bytes);
    end();
    end();
    end_tree();
}

TEST(reg_of_shapes_that_are_not_read)
{
    static const u32 zeros[16];

    build_bus(3, 2, NULL, 0, zeros, 20); /* a PCI bus */
    check_no_reg("/bus/device", 0);
    build_bus(2, 3, NULL, 0, zeros, 20);
    check_no_reg("/bus/device", 0);
    build_bus(0, 1, NULL, 0, zeros, 4);
    check_no_reg("/bus/device", 0);
    build_bus(UINT32_MAX, 1, NULL, 0, zeros, 4);
    check_no_reg("/bus/device", 0);
    build_bus(1, 1, NULL, 0, zeros, 12); /* one entry and a half */
    check_no_reg("/bus/device", 0);
    build_bus(1, 1, NULL, 0, zeros, 7);
    check_no_reg("/bus/device", 0);
    build_bus(1, 1, NULL, 0, zeros, 0);
    check_no_reg("/bus/device", 0);
    build_bus(1, 1, zeros, 12, zeros, 8); /* ranges of 16 bytes an entry */
    check_no_reg("/bus/device", 0);
    build_bus(1, 1, zeros, 16, zeros, 8); /* a range of no bytes */
    check_no_reg("/bus/device", 0);
}

TEST(reg_with_sizes_of_no_cells)
{
    static const u32 zeros[1];

    build_bus(1, 0, NULL, 0, zeros, 4);
    check_reg("/bus/device", 0, 0, 0);
}

TEST(reg_with_a_malformed_cell_count)
{
    begin_tree();
    CELLS("#address-cells", 1, 1);
    node("device");
    CELLS("reg", 1, 2, 3);
    end();
    end_tree();
    check_no_reg("/device", 0);
}

TEST(reg_that_wraps_is_refused)
{
    begin_tree();
    CELLS("#address-cells", 2);
    CELLS("#size-cells", 2);
    node("last");
    CELLS("reg", 0xffffffff, 0xfffff000, 0, 0x1000, 0xffffffff, 0xfffff000, 0, 0x1001);
    end();
    node("bus");
    CELLS("#address-cells", 1);
    CELLS("#size-cells", 1);
    CELLS("ranges", 0, 0xffffffff, 0xfffff000, 0x2000);
    node("device");
    CELLS("reg", 0x1000, 4, 0xfff, 2, 0xfff, 1);
    end();
    end();
    end_tree();
    check_reg("/last", 0, 0xfffffffffffff000, 0x1000);
    check_no_reg("/last", 1);
    check_no_reg("/bus/device", 0); /* the translation wraps */
    check_no_reg("/bus/device", 1); /* the region wraps after it */
    check_reg("/bus/device", 2, UINT64_MAX, 1);
}

TEST(reservations_in_order)
{
    u64 address, size;

    build_machine();
    CHECK(fdt_reservation(&tree, 0, &address, &size));
    CHECK(address == 0x80000000 && size == 0x40000);
    CHECK(fdt_reservation(&tree, 1, &address, &size));
    CHECK(address == 0x240000000 && size == 0x1000);
    CHECK(!fdt_reservation(&tree, 2, &address, &size));
    CHECK(!fdt_reservation(&tree, UINT32_MAX, &address, &size));
}

/* ---- Blobs of another kind ---- */

TEST(nops_are_passed_over)
{
    build_machine();
    CHECK_EQ(fdt_nop_node(blob, fdt_path(&tree, "/chosen")), 0);
    CHECK_EQ(fdt_nop_node(blob, fdt_path(&tree, "/soc/serialport")), 0);
    CHECK_EQ(fdt_nop_property(blob, fdt_path(&tree, "/soc/serial"), "compatible"), 0);
    CHECK_EQ(fdt_nop_property(blob, fdt_root(&tree), "compatible"), 0);
    CHECK_EQ(fdt_open(&tree, blob, fdt_totalsize(blob)), FDT_OK);
    compare_with_libfdt(&tree);
    CHECK_EQ(fdt_path(&tree, "/chosen"), FDT_NONE);
    check_reg("/soc/serial", 0, 0x10000000, 0x100);
}

/* A copy of its own exact size, so that ASan sees a byte read past it. */
static enum fdt_status open_copy(struct fdt *fdt, const void *bytes, u32 size, u8 **copy)
{
    *copy = malloc(size ? size : 1);
    memcpy(*copy, bytes, size);
    return fdt_open(fdt, *copy, size);
}

TEST(a_blob_may_lie_anywhere)
{
    static u8 shifted[BLOB_SIZE + 1];
    struct fdt fdt;
    u64 address, size;

    build_machine();
    u32 total = fdt_totalsize(blob);
    memcpy(shifted + 1, blob, total);
    CHECK_EQ(fdt_open(&fdt, shifted + 1, total + 100), FDT_OK);
    CHECK(fdt_reg(&fdt, fdt_path(&fdt, "/memory"), 1, &address, &size));
    CHECK_EQ(size, 0x200000000);
}

TEST(a_blob_cut_anywhere_is_refused)
{
    build_machine();
    for (u32 size = 0; size < fdt_totalsize(blob); size++) {
        struct fdt fdt;
        u8 *copy;
        enum fdt_status status = open_copy(&fdt, blob, size, &copy);
        free(copy);
        CHECK_EQ(status, FDT_TRUNCATED);
    }
}

static u32 random_state = 1;

static u32 random_below(u32 limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

static void random_node(u32 depth)
{
    static const char *const names[] = {"compatible", "reg", "a", "phandle", "ranges"};
    static const char *const children[] = {"a", "b@1", "b@2", "b", "soc", "serial@10000000"};
    u32 props = random_below(5), nodes = depth > 5 ? 0 : random_below(5);

    for (u32 i = 0; i < props; i++) {
        u8 data[24];
        for (u32 j = 0; j < sizeof(data); j++)
            data[j] = random_below(2) ? 0 : "ab\1\2"[random_below(4)];
        put(names[random_below(ARRAY_SIZE(names))], data, random_below(sizeof(data) + 1));
    }
    for (u32 i = 0; i < nodes; i++) {
        node(children[random_below(ARRAY_SIZE(children))]);
        random_node(depth + 1);
        end();
    }
}

TEST(random_trees_read_as_libfdt_reads_them)
{
    for (u32 i = 0; i < 300; i++) {
        begin_tree();
        random_node(1);
        end_tree();
        compare_with_libfdt(&tree);
    }
}

static bool check_damaged(const u8 *bytes, u32 size)
{
    struct fdt fdt;
    u8 *copy;
    bool opened = open_copy(&fdt, bytes, size, &copy) == FDT_OK;

    if (opened)
        compare_with_libfdt(&fdt);
    free(copy);
    return opened;
}

TEST(every_byte_damaged_is_refused_or_read_safely)
{
    static const u8 damage[] = {0x01, 0xff};
    u32 opened = 0, refused = 0;

    build_machine();
    for (u32 at = 0; at < tree.size; at++)
        for (u32 i = 0; i < ARRAY_SIZE(damage); i++) {
            blob[at] ^= damage[i];
            if (check_damaged(blob, tree.size))
                opened++;
            else
                refused++;
            blob[at] ^= damage[i];
        }
    CHECK(opened > 100 && refused > 100);
}

TEST(random_damage_is_refused_or_read_safely)
{
    build_machine();
    for (u32 i = 0; i < 4000; i++) {
        u8 damaged[sizeof(blob)];
        memcpy(damaged, blob, tree.size);
        for (u32 n = 1 + random_below(4); n > 0; n--) {
            static const u32 words[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000, 0xffffffff};
            u32 at = random_below(tree.size / 4) * 4, word = words[random_below(9)];
            for (u32 j = 0; j < 4; j++)
                damaged[at + j] = (u8)(word >> (24 - 8 * j));
        }
        check_damaged(damaged, tree.size);
    }
}

/* ---- Every error status ---- */

/* Sets a header field of the machine's blob and opens a copy. */
static enum fdt_status with_header(u32 offset, u32 value)
{
    struct fdt fdt;
    u8 *copy;

    build_machine();
    for (u32 i = 0; i < 4; i++)
        blob[offset + i] = (u8)(value >> (24 - 8 * i));
    enum fdt_status status = open_copy(&fdt, blob, tree.size, &copy);
    free(copy);
    return status;
}

TEST(headers_that_are_refused)
{
    build_machine();
    CHECK_EQ(with_header(HEADER_MAGIC, 0xd00dfeee), FDT_BAD_MAGIC);
    CHECK_EQ(with_header(HEADER_MAGIC, 0xedfe0dd0), FDT_BAD_MAGIC);
    CHECK_EQ(with_header(HEADER_VERSION, 16), FDT_BAD_VERSION);
    CHECK_EQ(with_header(HEADER_VERSION, 0), FDT_BAD_VERSION);
    CHECK_EQ(with_header(HEADER_LAST_COMPATIBLE, 18), FDT_BAD_VERSION);
    CHECK_EQ(with_header(HEADER_VERSION, 18), FDT_OK); /* compatible with 16 and up */
    CHECK_EQ(with_header(HEADER_TOTAL_SIZE, tree.size + 1), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_TOTAL_SIZE, UINT32_MAX), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_TOTAL_SIZE, 39), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRUCTURE, tree.size), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRUCTURE, 0xfffffffc), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRUCTURE, 42), FDT_BAD_STRUCTURE); /* no multiple of 4 */
    CHECK_EQ(with_header(HEADER_STRUCTURE, 36), FDT_BAD_STRUCTURE); /* in the header */
    CHECK_EQ(with_header(HEADER_STRUCTURE_SIZE, 0xfffffffc), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRUCTURE_SIZE, tree.structure_size - 4), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRUCTURE_SIZE, 0), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRINGS, tree.size), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRINGS_SIZE, UINT32_MAX), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRINGS_SIZE, 0), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_RESERVATIONS, ALIGN_DOWN(tree.size, 8) - 8), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_RESERVATIONS, 0xfffffff8), FDT_TRUNCATED);
    CHECK_EQ(with_header(HEADER_STRINGS, 39), FDT_BAD_STRUCTURE);
    CHECK_EQ(with_header(HEADER_RESERVATIONS, 44), FDT_BAD_STRUCTURE); /* no multiple of 8 */
    CHECK_EQ(with_header(HEADER_RESERVATIONS, 32), FDT_BAD_STRUCTURE);
}

/* A blob of this structure block; the strings are "p" and "" at 0 and 1, then one not ended. */
static enum fdt_status open_structure(const u32 *words, u32 count)
{
    static const u8 strings[] = {'p', 0, 'x'};
    u32 structure = 56, size = structure + count * 4 + (u32)sizeof(strings);
    const u32 header[] = {0xd00dfeed, size, structure, structure + count * 4, 40,
                          17,         16,   0,         sizeof(strings),       count * 4};
    u8 *bytes = calloc(1, size);
    struct fdt fdt;

    for (u32 i = 0; i < sizeof(header); i++)
        bytes[i] = (u8)(header[i / 4] >> (24 - i % 4 * 8));
    for (u32 i = 0; i < count * 4; i++)
        bytes[structure + i] = (u8)(words[i / 4] >> (24 - i % 4 * 8));
    memcpy(bytes + structure + count * 4, strings, sizeof(strings));
    enum fdt_status status = fdt_open(&fdt, bytes, size);
    if (status == FDT_OK)
        compare_with_libfdt(&fdt);
    free(bytes);
    return status;
}

#define STRUCTURE_OF(...) \
    open_structure((const u32[]){__VA_ARGS__}, sizeof((const u32[]){__VA_ARGS__}) / 4)

enum { BEGIN = 1, CLOSE = 2, PROP = 3, NOP = 4, FINAL = 9, NAME_A = 0x61000000 };

TEST(structures_that_are_taken)
{
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, CLOSE, FINAL), FDT_OK);
    CHECK_EQ(STRUCTURE_OF(NOP, BEGIN, 0, NOP, CLOSE, NOP, FINAL), FDT_OK);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 0, 0, PROP, 5, 0, 0, 0, CLOSE, FINAL), FDT_OK);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, BEGIN, NAME_A, PROP, 0, 0, CLOSE, CLOSE, FINAL), FDT_OK);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, CLOSE, FINAL, BEGIN, 0xffffffff), FDT_OK); /* past END */
}

TEST(structures_that_are_cut_short)
{
    CHECK_EQ(STRUCTURE_OF(NOP), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, CLOSE), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, BEGIN, 0x61616161), FDT_TRUNCATED); /* no NUL */
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 0), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 13, 0, 0, CLOSE, FINAL), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 12, 0, 0, CLOSE, FINAL), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 0xfffffffd, 0, CLOSE, FINAL), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 0x7fffffff, 0, CLOSE, FINAL), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 0, 3, CLOSE, FINAL), FDT_TRUNCATED);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 0, 2, CLOSE, FINAL), FDT_TRUNCATED); /* not ended */
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 0, 0xffffffff, CLOSE, FINAL), FDT_TRUNCATED);
}

TEST(structures_that_are_not_as_specified)
{
    CHECK_EQ(STRUCTURE_OF(FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, CLOSE, CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(PROP, 0, 0, BEGIN, 0, CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, CLOSE, PROP, 0, 0, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, CLOSE, BEGIN, 0, CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, NAME_A, CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, BEGIN, 0, CLOSE, CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, BEGIN, 0x612f6100, CLOSE, CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, PROP, 0, 1, CLOSE, FINAL), FDT_BAD_STRUCTURE); /* no name */
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, BEGIN, NAME_A, CLOSE, PROP, 0, 0, CLOSE, FINAL),
             FDT_BAD_STRUCTURE); /* a property after a child */
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, 0, CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, 5, CLOSE, FINAL), FDT_BAD_STRUCTURE);
    CHECK_EQ(STRUCTURE_OF(BEGIN, 0, 0x01000000, CLOSE, FINAL), FDT_BAD_STRUCTURE);
}

static enum fdt_status open_nested(u32 depth)
{
    u32 words[4 * FDT_MAX_DEPTH + 8], count = 0;

    for (u32 i = 0; i < depth; i++) {
        words[count++] = BEGIN;
        words[count++] = i == 0 ? 0 : NAME_A;
    }
    for (u32 i = 0; i < depth; i++)
        words[count++] = CLOSE;
    words[count++] = FINAL;
    return open_structure(words, count);
}

TEST(nesting_up_to_the_limit)
{
    CHECK_EQ(open_nested(FDT_MAX_DEPTH), FDT_OK);
    CHECK_EQ(open_nested(FDT_MAX_DEPTH + 1), FDT_TOO_DEEP);
}

TEST(every_status_has_a_phrase)
{
    for (enum fdt_status status = FDT_OK; status <= FDT_TOO_DEEP; status++) {
        CHECK(strlen(fdt_status_text(status)) > 5);
        for (enum fdt_status other = FDT_OK; other < status; other++)
            CHECK(strcmp(fdt_status_text(status), fdt_status_text(other)) != 0);
    }
}

UNIT_MAIN("fdt")
