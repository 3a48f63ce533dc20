/*
 * The description of a VM: every property with every right and wrong value, on bundles that libfdt
 * builds; the whole of what is said about a wrong one.
 */
#include "tests/unit/unit.h"
#include "tests/unit/fake_console.h"
#include "tests/unit/fdt_against_libfdt.h"
#include "hyp/core/nearest.c"
#include "hyp/vm/config.c"
#include "hyp/vm/config_value.c"

/* The machine: harts 4, 7 and 9, of which 7 did not come up. */
struct hart harts[MAX_HARTS] = {{.id = 4, .online = true}, {.id = 7}, {.id = 9, .online = true}};
u32 hart_count = 3;

#define BUNDLE_SIZE 32768

static u8 bundle[BUNDLE_SIZE] __attribute__((aligned(8)));
static struct vm_config config;

/* A value with its length: a string with its end, cells, bytes. */
struct value {
    const void *data;
    u32 length;
};
#define TEXT(text)  ((struct value){text, sizeof(text)})     /* with the NUL */
#define BYTES(text) ((struct value){text, sizeof(text) - 1}) /* without      */
#define FLAG        ((struct value){"", 0})

static void begin_bundle(void)
{
    CHECK_EQ(fdt_create(bundle, sizeof(bundle)) | fdt_finish_reservemap(bundle), 0);
    CHECK_EQ(libfdt_begin_node(bundle, ""), 0);
    CHECK_EQ(fdt_property_string(bundle, "compatible", "twofold,vms"), 0);
}

static void begin_vm(const char *name)
{
    CHECK_EQ(libfdt_begin_node(bundle, name), 0);
}

static void property(const char *name, struct value value)
{
    CHECK_EQ(fdt_property(bundle, name, value.data, (int)value.length), 0);
}

static void end_vm(void)
{
    CHECK_EQ(libfdt_end_node(bundle), 0);
}

/* Ends the bundle and parses its VM number `index`. */
static bool parse_vm(u32 index)
{
    static struct fdt fdt;
    fdt_node node;

    CHECK_EQ(libfdt_end_node(bundle) | libfdt_finish(bundle), 0);
    CHECK_EQ(fdt_open(&fdt, bundle, sizeof(bundle)), FDT_OK);
    node = fdt_first_child(&fdt, fdt_root(&fdt));
    while (index--)
        node = fdt_next_sibling(&fdt, node);
    memset(&config, 0xa5, sizeof(config));
    console_forget();
    return vm_config_parse(&fdt, node, &config);
}

/* Parses a VM called "web" that has this property and, besides, all that it must have. */
static bool parse_with(const char *name, struct value value)
{
    begin_bundle();
    begin_vm("web");
    property(name, value);
    if (strcmp(name, "memory"))
        property("memory", TEXT("64M"));
    if (strcmp(name, "kernel"))
        property("kernel", BYTES("kernel"));
    end_vm();
    return parse_vm(0);
}

static void check_refused(const char *name, struct value value, const char *said)
{
    char expected[1024];

    if (parse_with(name, value))
        UNIT_FAIL("%s is taken; expected: %s", name, said);
    snprintf(expected, sizeof(expected), "Twofold: VM \"web\", property \"%s\": %s\n", name, said);
    CHECK_STR(fake_console.text, expected);
}

static bool blob_is(const struct blob *blob, const char *text)
{
    return blob->size == strlen(text) && !memcmp(blob->data, text, blob->size);
}

TEST(the_least_that_makes_a_vm)
{
    begin_bundle();
    begin_vm("web");
    property("memory", TEXT("64M"));
    property("kernel", BYTES("kernel"));
    end_vm();
    CHECK(parse_vm(0));
    CHECK_STR(config.name, "web");
    CHECK_EQ(config.cpus, 1);
    CHECK_EQ(config.memory, MIB(64));
    CHECK(blob_is(&config.kernel, "kernel"));
    CHECK_EQ(config.initrd.size, 0);
    CHECK_STR(config.bootargs, "");
    CHECK(!config.counters_direct && !config.lazy && !config.small_leaves && !config.debug);
    CHECK_STR(fake_console.text, "");
}

TEST(all_that_can_be_said)
{
    begin_bundle();
    begin_vm("all");
    property("debug", FLAG);
    property("lazy", FLAG);
    property("leaf", TEXT("4K"));
    property("counters", TEXT("direct"));
    property("bootargs", TEXT("console=ttyS0 quiet"));
    property("initrd", BYTES("initrd\0with\0zeros"));
    property("kernel", BYTES("\x7f"
                             "ELF"));
    property("memory", TEXT("1G"));
    property("cpus", BYTES("\0\0\0\3"));
    end_vm();
    CHECK(parse_vm(0));
    CHECK_STR(config.name, "all");
    CHECK_EQ(config.cpus, 3);
    CHECK_EQ(config.memory, GIB(1));
    CHECK(blob_is(&config.kernel, "\x7f"
                                  "ELF"));
    CHECK_EQ(config.initrd.size, 17);
    CHECK(!memcmp(config.initrd.data, "initrd\0with\0zeros", 17));
    CHECK_STR(config.bootargs, "console=ttyS0 quiet");
    CHECK(config.counters_direct && config.lazy && config.small_leaves && config.debug);
    CHECK_STR(fake_console.text, "");
    /* Files and texts stay where they are, in the bundle. */
    CHECK(config.kernel.data > bundle && config.kernel.data < bundle + sizeof(bundle));
    CHECK(config.bootargs > (char *)bundle && config.bootargs < (char *)bundle + sizeof(bundle));
}

TEST(the_defaults_can_be_said_too)
{
    CHECK(parse_with("leaf", TEXT("4M")) && !config.small_leaves);
    CHECK(parse_with("counters", TEXT("virtual")) && !config.counters_direct);
    CHECK(parse_with("bootargs", TEXT("")) && !*config.bootargs);
    CHECK(parse_with("cpus", BYTES("\0\0\0\1")) && config.cpus == 1);
}

TEST(one_to_eight_cpus)
{
    char cell[4] = {0};
    char said[64];

    for (u32 cpus = 0; cpus <= 255; cpus++) {
        cell[3] = (char)cpus;
        if (cpus >= 1 && cpus <= 8) {
            CHECK(parse_with("cpus", (struct value){cell, 4}));
            CHECK_EQ(config.cpus, cpus);
            continue;
        }
        snprintf(said, sizeof(said), "%u is not between 1 and 8", cpus);
        check_refused("cpus", (struct value){cell, 4}, said);
    }
    check_refused("cpus", BYTES("\1\0\0\1"), "16777217 is not between 1 and 8");
    check_refused("cpus", BYTES("\xff\xff\xff\xff"), "4294967295 is not between 1 and 8");
}

TEST(sizes_of_memory)
{
    static const struct {
        struct value value;
        u64 size;
    } cases[] = {
        {TEXT("8M"), MIB(8)},
        {TEXT("8192K"), MIB(8)},
        {TEXT("12M"), MIB(12)},
        {TEXT("16384K"), MIB(16)},
        {TEXT("128M"), MIB(128)},
        {TEXT("0128M"), MIB(128)},
        {TEXT("1G"), GIB(1)},
        {TEXT("4G"), GIB(4)},
        {TEXT("4096M"), GIB(4)},
        {TEXT("4194304K"), GIB(4)},
        {TEXT("14G"), GIB(14)},
        {TEXT("14336M"), GIB(14)},
        {TEXT("14680064K"), GIB(14)},
        {TEXT("14332M"), GIB(14) - MIB(4)},
        {TEXT("00000000000014G"), GIB(14)},
    };

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        CHECK(parse_with("memory", cases[i].value));
        CHECK_EQ(config.memory, cases[i].size);
    }
}

TEST(what_is_no_size_is_refused)
{
    static const struct value wrong[] = {
        TEXT(""),
        TEXT("M"),
        TEXT("64"),
        TEXT("64m"),
        TEXT("64MB"),
        TEXT("64 M"),
        TEXT(" 64M"),
        TEXT("64M "),
        TEXT("-64M"),
        TEXT("+64M"),
        TEXT("6.4G"),
        TEXT("0x40M"),
        TEXT("64T"),
        TEXT("64MM"),
        TEXT("G64"),
        TEXT("64k"),
        TEXT("1e2M"),
        BYTES("64M"),
        BYTES("64M\0x"),
        TEXT("64M\0"),
        BYTES("\0\0\0\0"),
        FLAG,
        BYTES("\x04\0\0\0"),
        BYTES("\0\0\0\0\x04\0\0\0"),
        TEXT("64M\00064M"),
        TEXT("99999999999999999999M"),
        TEXT("18446744073709551616K"),
        TEXT("10000000000G"),
    };

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
        check_refused("memory", wrong[i], "expected a size in a string, like \"128M\"");
}

TEST(sizes_that_no_vm_can_have_are_refused)
{
    static const struct {
        struct value value;
        const char *text;
    } wrong[] = {
        {TEXT("0M"), "0M"},
        {TEXT("0K"), "0K"},
        {TEXT("0G"), "0G"},
        {TEXT("4M"), "4M"},
        {TEXT("7M"), "7M"},
        {TEXT("8191K"), "8191K"},
        {TEXT("8193K"), "8193K"},
        {TEXT("9M"), "9M"},
        {TEXT("10M"), "10M"},
        {TEXT("33M"), "33M"},
        {TEXT("15G"), "15G"},
        {TEXT("14340M"), "14340M"},
        {TEXT("16G"), "16G"},
        {TEXT("256G"), "256G"},
        {TEXT("16777216K"), "16777216K"},
        {TEXT("999999999G"), "999999999G"},
        {TEXT("1000000000K"), "1000000000K"},
        {TEXT("17179869G"), "17179869G"},
    };
    char said[128];

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
        snprintf(said, sizeof(said), "\"%s\": expected a multiple of 4M from 8M to 14G",
                 wrong[i].text);
        check_refused("memory", wrong[i].value, said);
    }
}

TEST(values_of_the_wrong_shape_are_refused)
{
    static const struct {
        const char *name;
        struct value value;
        const char *said;
    } cases[] = {
        {"cpus", FLAG, "expected one number, like <2>"},
        {"cpus", BYTES("\2"), "expected one number, like <2>"},
        {"cpus", BYTES("\0\0\2"), "expected one number, like <2>"},
        {"cpus", TEXT("2"), "expected one number, like <2>"},
        {"cpus", TEXT("three"), "expected one number, like <2>"},
        {"cpus", BYTES("\0\0\0\2\0\0\0\2"), "expected one number, like <2>"},
        {"kernel", FLAG, "is empty; expected /incbin/(\"FILE\")"},
        {"initrd", FLAG, "is empty; expected /incbin/(\"FILE\")"},
        {"bootargs", FLAG, "expected a string of at most 1023 characters"},
        {"bootargs", BYTES("quiet"), "expected a string of at most 1023 characters"},
        {"bootargs", TEXT("a\0b"), "expected a string of at most 1023 characters"},
        {"bootargs", TEXT("a\0"), "expected a string of at most 1023 characters"},
        {"counters", FLAG, "expected \"virtual\" (the default) or \"direct\""},
        {"counters", TEXT(""), "expected \"virtual\" (the default) or \"direct\""},
        {"counters", TEXT("Direct"), "expected \"virtual\" (the default) or \"direct\""},
        {"counters", TEXT("directly"), "expected \"virtual\" (the default) or \"direct\""},
        {"counters", BYTES("direct"), "expected \"virtual\" (the default) or \"direct\""},
        {"counters", TEXT("direct\0virtual"), "expected \"virtual\" (the default) or \"direct\""},
        {"counters", BYTES("\0\0\0\1"), "expected \"virtual\" (the default) or \"direct\""},
        {"leaf", FLAG, "expected \"4M\" (the default) or \"4K\""},
        {"leaf", TEXT("4k"), "expected \"4M\" (the default) or \"4K\""},
        {"leaf", TEXT("4096"), "expected \"4M\" (the default) or \"4K\""},
        {"leaf", TEXT("2M"), "expected \"4M\" (the default) or \"4K\""},
        {"leaf", BYTES("4K"), "expected \"4M\" (the default) or \"4K\""},
        {"leaf", TEXT("4K\0004M"), "expected \"4M\" (the default) or \"4K\""},
        {"lazy", TEXT(""), "takes no value: it is there or not"},
        {"lazy", BYTES("\0\0\0\0"), "takes no value: it is there or not"},
        {"debug", TEXT("yes"), "takes no value: it is there or not"},
        {"debug", BYTES("\0\0\0\1"), "takes no value: it is there or not"},
    };

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
        check_refused(cases[i].name, cases[i].value, cases[i].said);
}

TEST(bootargs_up_to_their_length)
{
    static char text[VM_BOOTARGS_MAX + 1];

    memset(text, 'a', VM_BOOTARGS_MAX);
    text[VM_BOOTARGS_MAX - 1] = '\0';
    CHECK(parse_with("bootargs", (struct value){text, VM_BOOTARGS_MAX}));
    CHECK_EQ(strlen(config.bootargs), VM_BOOTARGS_MAX - 1);
    text[VM_BOOTARGS_MAX - 1] = 'a';
    check_refused("bootargs", (struct value){text, VM_BOOTARGS_MAX + 1},
                  "expected a string of at most 1023 characters");
}

static void check_missing(const char *name, const char *said)
{
    begin_bundle();
    begin_vm("web");
    if (strcmp(name, "memory"))
        property("memory", TEXT("64M"));
    if (strcmp(name, "kernel"))
        property("kernel", BYTES("kernel"));
    property("initrd", BYTES("initrd"));
    end_vm();
    CHECK(!parse_vm(0));
    CHECK_STR(fake_console.text, said);
}

TEST(memory_and_kernel_must_be_there)
{
    check_missing("memory", "Twofold: VM \"web\", property \"memory\": is missing; "
                            "expected a size, like \"128M\"\n");
    check_missing("kernel", "Twofold: VM \"web\", property \"kernel\": is missing; "
                            "expected /incbin/(\"FILE\")\n");
}

static void check_unknown(const char *name, const char *meant)
{
    char said[512];

    snprintf(said, sizeof(said),
             "is unknown%s%s%s The properties of a VM are:\n  cpus\n  memory\n  kernel\n  initrd\n"
             "  bootargs\n  counters\n  leaf\n  lazy\n  shared\n  weight\n  cap\n  cpu-affinity\n"
             "  start\n  restart\n  max-exits\n  debug\n  disk\n  net\n  virtio\n  entropy\n"
             "  balloon\n  virtio-console\n  shared-memory\n  passthrough\n  dma",
             meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : ".");
    check_refused(name, FLAG, said);
}

TEST(an_unknown_property_is_told_with_all_that_there_are)
{
    static const char *const unknown[][2] = {
        {"memroy", "memory"},
        {"cpu", "cpus"},
        {"cpuss", "cpus"},
        {"CPUS", NULL},
        {"compatible", NULL},
        {"reg", NULL},
        {"kernel0", "kernel"},
        {"boot-args", "bootargs"},
        {"Lazy", "lazy"},
        {"debug,", "debug"},
        {"#cpus", "cpus"},
        {"c", NULL},
        {"cpu-afinity", "cpu-affinity"},
        {"phandle", NULL},
        {"wieght", "weight"},
        {"max-exit", "max-exits"},
        {"restrat", "restart"},
        {"name", NULL},
    };

    for (u32 i = 0; i < ARRAY_SIZE(unknown); i++)
        check_unknown(unknown[i][0], unknown[i][1]);
}

TEST(lists_of_strings)
{
    CHECK(parse_with("disk", TEXT("virtio0")));
    CHECK_STR(string_list_at(config.disks, 0), "virtio0");
    CHECK(!string_list_at(config.disks, 1));
    CHECK(!string_list_at(config.nets, 0));
    CHECK(parse_with("net", TEXT("lan\0uplink0,rate=10M")));
    CHECK_STR(string_list_at(config.nets, 0), "lan");
    CHECK_STR(string_list_at(config.nets, 1), "uplink0,rate=10M");
    CHECK(!string_list_at(config.nets, 2));
    CHECK(parse_with("disk", TEXT("a\0b\0c\0d\0e\0f\0g\0h")));
    CHECK_STR(string_list_at(config.disks, 7), "h");
    CHECK(parse_with("shared-memory", TEXT("a 4K\0b 4K\0c 4K\0d 4K")));
    CHECK(parse_with("passthrough", TEXT("/soc/rtc@101000")));
    CHECK_STR(string_list_at(config.passthrough, 0), "/soc/rtc@101000");
}

TEST(lists_that_are_none)
{
    const char *said = "expected 1 to 8 strings, like \"one\", \"two\"";

    check_refused("disk", FLAG, said);
    check_refused("disk", TEXT(""), said);
    check_refused("disk", TEXT("a\0"), said);
    check_refused("disk", TEXT("a\0\0b"), said);
    check_refused("disk", BYTES("virtio0"), said);
    check_refused("net", TEXT("a\0b\0c\0d\0e\0f\0g\0h\0i"), said);
    check_refused("shared-memory", TEXT("a\0b\0c\0d\0e"),
                  "expected 1 to 4 strings, like \"one\", \"two\"");
}

TEST(virtio_devices)
{
    CHECK(parse_with("virtio", TEXT("modern")) && config.virtio_modern);
    CHECK(parse_with("virtio", TEXT("legacy")) && !config.virtio_modern);
    CHECK(!config.entropy && !config.balloon && !config.virtio_console && !config.dma_trusted);
    CHECK(parse_with("entropy", FLAG) && config.entropy);
    CHECK(parse_with("balloon", FLAG) && config.balloon);
    CHECK(parse_with("virtio-console", FLAG) && config.virtio_console);
    CHECK(parse_with("dma", TEXT("trusted")) && config.dma_trusted);
    CHECK(parse_with("dma", TEXT("refused")) && !config.dma_trusted);
    check_refused("virtio", TEXT("1.0"), "expected \"legacy\" (the default) or \"modern\"");
    check_refused("dma", FLAG, "expected \"refused\" (the default) or \"trusted\"");
}

#define CELL(byte) BYTES("\0\0\0" byte)

TEST(shares_of_the_harts)
{
    CHECK(parse_with("memory", TEXT("64M")));
    CHECK_EQ(config.share.weight, 256);
    CHECK_EQ(config.share.cap, 0);
    CHECK_EQ(config.share.affinity, 0xffffffff);
    CHECK(parse_with("weight", BYTES("\0\0\20\0")) && config.share.weight == 4096);
    CHECK(parse_with("weight", CELL("\20")) && config.share.weight == 16);
    CHECK(parse_with("cap", CELL("\62")) && config.share.cap == 50);
    CHECK(parse_with("cap", CELL("\1")) && config.share.cap == 1);
    CHECK(parse_with("max-exits", BYTES("\0\1\0\0")) && config.max_exits == 65536);
    check_refused("weight", CELL("\17"), "15 is not between 16 and 4096");
    check_refused("weight", BYTES("\0\0\20\1"), "4097 is not between 16 and 4096");
    check_refused("weight", TEXT("heavy"), "expected one number, like <16>");
    check_refused("cap", CELL("\0"), "0 is not between 1 and 3200");
    check_refused("cap", BYTES("\0\0\14\201"), "3201 is not between 1 and 3200");
    check_refused("max-exits", CELL("\1"), "1 is not between 1000 and 1000000000");
}

TEST(affinity_names_harts_by_their_ids)
{
    CHECK(parse_with("cpu-affinity", CELL("\4")) && config.share.affinity == 1);
    CHECK(parse_with("cpu-affinity", CELL("\11")) && config.share.affinity == 4);
    CHECK(parse_with("cpu-affinity", BYTES("\0\0\0\4\0\0\0\11")) && config.share.affinity == 5);
    check_refused("cpu-affinity", CELL("\0"), "this machine has no hart 0 that is online");
    check_refused("cpu-affinity", CELL("\7"), "this machine has no hart 7 that is online");
    check_refused("cpu-affinity", BYTES("\0\0\0\4\0\0\0\7"),
                  "this machine has no hart 7 that is online");
    check_refused("cpu-affinity", FLAG, "expected hart ids, like <0 1>");
    check_refused("cpu-affinity", BYTES("\0\4"), "expected hart ids, like <0 1>");
}

TEST(policies)
{
    CHECK(parse_with("memory", TEXT("64M")) && config.restart == RESTART_NEVER && !config.manual);
    CHECK(parse_with("restart", TEXT("never")) && config.restart == RESTART_NEVER);
    CHECK(parse_with("restart", TEXT("on-failure")) && config.restart == RESTART_ON_FAILURE);
    CHECK(parse_with("restart", TEXT("always")) && config.restart == RESTART_ALWAYS);
    CHECK(parse_with("start", TEXT("manual")) && config.manual);
    CHECK(parse_with("start", TEXT("auto")) && !config.manual);
    CHECK(parse_with("shared", FLAG) && config.shared && config.lazy);
    check_refused("restart", TEXT("sometimes"),
                  "expected \"never\" (the default), \"on-failure\" or \"always\"");
    check_refused("start", FLAG, "expected \"auto\" (the default) or \"manual\"");
    check_refused("shared", TEXT(""), "takes no value: it is there or not");
}

/* A bundle with an image called "linux", and a VM whose kernel is `kernel`. */
static bool parse_with_image(const char *kernel)
{
    begin_bundle();
    begin_vm("images");
    begin_vm("linux");
    property("data", BYTES("the image"));
    end_vm();
    begin_vm("empty");
    property("data", FLAG);
    end_vm();
    end_vm();
    begin_vm("web");
    property("memory", TEXT("64M"));
    property("kernel", (struct value){kernel, (u32)strlen(kernel) + 1});
    end_vm();
    return parse_vm(1);
}

static void check_no_image(const char *path)
{
    char said[256];

    CHECK(!parse_with_image(path));
    snprintf(said, sizeof(said),
             "Twofold: VM \"web\", property \"kernel\": %s: expected a node there with "
             "data = /incbin/(\"FILE\")\n",
             path);
    CHECK_STR(fake_console.text, said);
}

TEST(images_that_several_vms_share)
{
    CHECK(parse_with_image("/images/linux"));
    CHECK(blob_is(&config.kernel, "the image"));
    check_no_image("/images/none");
    check_no_image("/images/empty");
    check_no_image("/images/");
    /* Not below /images: a file that happens to be a short text. */
    CHECK(parse_with_image("/imagesque"));
    CHECK_EQ(config.kernel.size, sizeof("/imagesque"));
}

static bool parse_named(const char *name)
{
    begin_bundle();
    begin_vm(name);
    property("memory", TEXT("64M"));
    property("kernel", BYTES("kernel"));
    end_vm();
    return parse_vm(0);
}

TEST(names_up_to_24_characters)
{
    CHECK(parse_named("abcdefghijklmnopqrstuvwx"));
    CHECK_STR(config.name, "abcdefghijklmnopqrstuvwx");
    CHECK(!parse_named("abcdefghijklmnopqrstuvwxy"));
    CHECK_STR(fake_console.text, "Twofold: VM \"abcdefghijklmnopqrstuvwxy\", property \"(name)\": "
                                 "is longer than 24 characters\n");
}

TEST(a_name_of_any_length_is_told_on_one_line)
{
    static char name[4000];

    memset(name, 'n', sizeof(name) - 1);
    CHECK(!parse_named(name));
    CHECK(!strncmp(fake_console.text, "Twofold: VM \"nnnn", 17));
    CHECK(strstr(fake_console.text, ": is longer than 24 characters\n"));
    CHECK(console_line_ended());
}

TEST(an_unknown_property_of_any_length_is_told)
{
    static char name[2000];

    memset(name, 'p', sizeof(name) - 1);
    CHECK(!parse_with(name, FLAG));
    CHECK(!strncmp(fake_console.text, "Twofold: VM \"web\", property \"pppp", 32));
    CHECK(strstr(fake_console.text, ": is unknown. The properties of a VM are:\n  cpus\n"));
}

TEST(a_value_longer_than_a_line_does_not_take_its_end)
{
    static char size[1000];

    memset(size, '0', sizeof(size));
    strcpy(size + sizeof(size) - 3, "9M");
    CHECK(!parse_with("memory", (struct value){size, sizeof(size)}));
    CHECK(!strncmp(fake_console.text, "Twofold: VM \"web\", property \"memory\": \"0000", 43));
    CHECK(console_line_ended());
}

TEST(the_first_wrong_property_is_the_one_told)
{
    begin_bundle();
    begin_vm("web");
    property("memory", TEXT("64M"));
    property("leaf", TEXT("8K"));
    property("cpus", FLAG);
    end_vm();
    CHECK(!parse_vm(0));
    CHECK_STR(fake_console.text,
              "Twofold: VM \"web\", property \"leaf\": expected \"4M\" (the default) or \"4K\"\n");
}

TEST(each_vm_has_its_own_properties)
{
    static const char *const names[] = {"a", "b", "c"};

    for (u32 index = 0; index < ARRAY_SIZE(names); index++) {
        begin_bundle();
        for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
            begin_vm(names[i]);
            property("memory", i == 1 ? TEXT("32M") : TEXT("64M"));
            property("kernel", (struct value){names[i], 1});
            if (i == 1)
                property("lazy", FLAG);
            end_vm();
        }
        CHECK(parse_vm(index));
        CHECK_STR(config.name, names[index]);
        CHECK_EQ(config.memory, index == 1 ? MIB(32) : MIB(64));
        CHECK(blob_is(&config.kernel, names[index]));
        CHECK_EQ(config.lazy, index == 1);
    }
}

UNIT_MAIN("config")
