/*
 * The device tree of a VM: taken by libfdt and by dtc, and compared node by node with the one that
 * QEMU's virt shows, which also serves as the tree of the host below. How the two differ, and why,
 * is in the tables.
 */
#include "tests/unit/unit.h"
#include "tests/unit/fdt_against_libfdt.h"
#include "tests/unit/fake_vm.h"
#include "hyp/core/chacha20.c"
#include "hyp/core/fdt_write.c"
#include "hyp/core/random.c"
#include "hyp/vm/guest_fdt.c"
#include "hyp/vm/guest_isa.c"

#define MEMORY    MIB(128)
#define INITRD    0x87000000ull
#define PATH_ROOM 128

struct machine machine;
struct features features;

bool vm_hardware_ad(const struct vm *vm)
{
    return features.guest_adue && !vm->config.shared;
}

/* The device handed through at this address; 0: none. */
static u32 handed_through;

bool passthrough_covers(const struct vm *vm, u32 base, u32 size)
{
    (void)vm;
    return handed_through && handed_through >= base && handed_through - base < size;
}

void passthrough_write_fdt(const struct vm *vm, struct fdt_writer *w, u32 plic_phandle)
{
    (void)vm;
    if (!handed_through)
        return;
    fdt_begin_unit(w, "copy", handed_through);
    fdt_put_u32(w, "interrupt-parent", plic_phandle);
    fdt_end_node(w);
}

void shared_regions_write_fdt(const struct vm *vm, struct fdt_writer *w, u32 plic_phandle)
{
    (void)vm;
    (void)w;
    (void)plic_phandle;
}

static struct vm vm;

static u8 host[65536] __attribute__((aligned(8)));
static u8 *guest; /* GUEST_FDT_MAX bytes from malloc, for ASan */

/* ---- The host ---- */

static char folder[] = P_tmpdir "/twofold-guest-fdt-XXXXXX";

/* A file for the programs that take part; gone at the end. */
static const char *scratch(const char *name)
{
    static char paths[2][sizeof(folder) + 16];
    static u32 turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

__attribute__((constructor)) static void make_folder(void)
{
    if (!mkdtemp(folder))
        exit(1);
}

__attribute__((destructor)) static void remove_folder(void)
{
    remove(scratch("host.dtb"));
    remove(scratch("guest.dtb"));
    remove(folder);
    free(guest);
}

/* Runs a command; its output, all of it, goes to `text`. */
static void run(const char *command, char *text, u32 size)
{
    FILE *output = popen(command, "r");
    size_t length = 0;

    CHECK(output);
    while (length + 1 < size && !feof(output) && !ferror(output))
        length += fread(text + length, 1, size - 1 - length, output);
    text[length] = '\0';
    if (pclose(output) != 0)
        UNIT_FAIL("%s: %s", command, text);
}

static void open_host(void)
{
    memset(&machine, 0, sizeof(machine));
    CHECK_EQ(fdt_open(&machine.fdt, host, sizeof(host)), FDT_OK);
    machine.hart_nodes[0] = fdt_path(&machine.fdt, "/cpus/cpu@0");
    machine.hart_count = 1;
    CHECK(machine.hart_nodes[0] != FDT_NONE);
    CHECK(fdt_u32(&machine.fdt, fdt_path(&machine.fdt, "/cpus"), "timebase-frequency",
                  &machine.timebase));
    features = (struct features){.sstc = true, .guest_adue = true};
    random_init();
}

/* The host is QEMU's virt with this many harts and this CPU. */
static void qemu_host(u32 harts, const char *cpu)
{
    char command[512], said[1024];
    FILE *file;

    snprintf(command, sizeof(command),
             "qemu-system-riscv32 -M virt,dumpdtb=%s -smp %u -m 128M -cpu %s 2>&1",
             scratch("host.dtb"), harts, cpu);
    run(command, said, sizeof(said));
    file = fopen(scratch("host.dtb"), "rb");
    CHECK(file);
    CHECK(fread(host, 1, sizeof(host), file) > 0);
    fclose(file);
    open_host();
}

/* A host of our own making: what its hart's node says, NULL for nothing. */
struct hart_says {
    const char *isa;
    const char *extensions; /* a string list of `extensions_size` bytes */
    u32 extensions_size;
    u32 block_size;
};

static void made_host(const struct hart_says *says)
{
    CHECK_EQ(fdt_create(host, sizeof(host)) | fdt_finish_reservemap(host), 0);
    CHECK_EQ(libfdt_begin_node(host, "") | libfdt_begin_node(host, "cpus"), 0);
    CHECK_EQ(fdt_property_u32(host, "timebase-frequency", 32768), 0);
    CHECK_EQ(libfdt_begin_node(host, "cpu@0"), 0);
    if (says->isa)
        CHECK_EQ(fdt_property_string(host, "riscv,isa", says->isa), 0);
    if (says->extensions)
        CHECK_EQ(fdt_property(host, "riscv,isa-extensions", says->extensions,
                              (int)says->extensions_size),
                 0);
    if (says->block_size) {
        CHECK_EQ(fdt_property_u32(host, "riscv,cbom-block-size", says->block_size), 0);
        CHECK_EQ(fdt_property_u32(host, "riscv,cboz-block-size", 2 * says->block_size), 0);
    }
    CHECK_EQ(libfdt_end_node(host) | libfdt_end_node(host) | libfdt_end_node(host), 0);
    CHECK_EQ(libfdt_finish(host), 0);
    open_host();
}

static void plain_host(void)
{
    made_host(&(struct hart_says){.isa = "rv32imafdch_zicsr"});
}

/* ---- The guest ---- */

static u32 write_guest(u32 cpus, u64 memory, const char *bootargs, gpa_t initrd, gpa_t initrd_end)
{
    vm.config =
        (struct vm_config){.name = "web", .cpus = cpus, .memory = memory, .bootargs = bootargs};
    vm.memory.base = PLATFORM_RAM_BASE;
    free(guest);
    guest = malloc(GUEST_FDT_MAX);
    memset(guest, 0xe7, GUEST_FDT_MAX);
    return guest_fdt_write(&vm, guest, initrd, initrd_end);
}

/* The guest's tree, which must be good for libfdt and for our own reader. */
static void make_guest(u32 cpus, const char *bootargs, gpa_t initrd, gpa_t initrd_end)
{
    struct fdt fdt;
    u32 size = write_guest(cpus, MEMORY, bootargs, initrd, initrd_end);

    CHECK(size > 0 && size <= GUEST_FDT_MAX);
    CHECK_EQ(fdt_check_full(guest, size), 0);
    CHECK_EQ(fdt_totalsize(guest), size);
    CHECK_EQ(fdt_open(&fdt, guest, size), FDT_OK);
    compare_with_libfdt(&fdt);
}

static const void *guest_prop(const char *path, const char *name, int *length)
{
    int node = fdt_path_offset(guest, path);

    return node < 0 ? NULL : fdt_getprop(guest, node, name, length);
}

static bool guest_has_string(const char *path, const char *name, const char *expected)
{
    int length;
    const char *text = guest_prop(path, name, &length);

    return text && length == (int)strlen(expected) + 1 && !strcmp(text, expected);
}

static bool guest_has_cells(const char *path, const char *name, const u32 *expected, u32 count)
{
    int length;
    const fdt32_t *cells = guest_prop(path, name, &length);

    if (!cells || length != (int)count * 4)
        return false;
    for (u32 i = 0; i < count; i++)
        if (fdt32_to_cpu(cells[i]) != expected[i])
            return false;
    return true;
}
#define HAS_CELLS(path, name, ...)                          \
    guest_has_cells(path, name, (const u32[]){__VA_ARGS__}, \
                    sizeof((const u32[]){__VA_ARGS__}) / sizeof(u32))

static bool guest_has(const char *path, const char *name)
{
    return guest_prop(path, name, NULL) != NULL;
}

/* ---- How it differs from QEMU's virt ---- */

/* Nodes that QEMU has and a VM has not, with all below them. */
static const struct {
    const char *path, *why;
} absent_nodes[] = {
    {"/platform-bus@4000000", "for devices that QEMU plugs in on its command line"},
    {"/flash@20000000", "firmware's"},
    {"/fw-cfg@10100000", "QEMU's own configuration"},
    {"/pmu", "the performance counters of M-mode"},
    {"/aliases", "stdout-path names the one UART"},
    {"/cpus/cpu-map", "vCPUs are all alike"},
    {"/soc/clint@2000000", "M-mode's timer and software interrupts"},
    {"/soc/pci@30000000", "a VM has its virtio slots"},
};

/* Properties that QEMU has and a VM has not, or has with another value. `*` is for any digits. */
static const struct {
    const char *path, *name, *why;
} other_properties[] = {
    {"/chosen", "rng-seed", "each life of a VM has its own"},
    {"/cpus/cpu@*", "phandle", "nothing refers to a hart without cpu-map"},
    {"/cpus/cpu@*", "riscv,isa", "some extensions are withheld"},
    {"/cpus/cpu@*", "riscv,isa-extensions", "some extensions are withheld"},
};

/* And the other way round. */
static const struct {
    const char *path, *name, *why;
} own_properties[] = {
    {"/cpus/cpu@*/interrupt-controller", "#address-cells", "the specification asks for it"},
    {"/soc/button@102000", "compatible", "the power button is ours"},
    {"/soc/button@102000", "reg", "the same"},
    {"/soc/button@102000", "interrupts", "the same"},
    {"/soc/button@102000", "interrupt-parent", "the same"},
};

/* A '*' of the pattern stands for digits. */
static bool matches(const char *path, const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern == '*')
            path += strspn(path, "0123456789");
        else if (*path++ != *pattern)
            return false;
    }
    return !*path;
}

static bool is_absent(const char *path)
{
    for (u32 i = 0; i < ARRAY_SIZE(absent_nodes); i++) {
        size_t length = strlen(absent_nodes[i].path);

        if (!strncmp(path, absent_nodes[i].path, length) &&
            (path[length] == '\0' || path[length] == '/'))
            return true;
    }
    return false;
}

static bool is_other(const char *path, const char *name)
{
    for (u32 i = 0; i < ARRAY_SIZE(other_properties); i++)
        if (matches(path, other_properties[i].path) && !strcmp(name, other_properties[i].name))
            return true;
    return false;
}

/* The path of what cell `index` refers to. */
static void referred(const void *blob, const void *cells, u32 index, char *path)
{
    u32 phandle = fdt32_to_cpu(((const fdt32_t *)cells)[index]);

    CHECK_EQ(fdt_get_path(blob, fdt_node_offset_by_phandle(blob, phandle), path, PATH_ROOM), 0);
}

static void check_same_reference(const void *theirs, const void *ours, u32 index)
{
    char their_path[PATH_ROOM], our_path[PATH_ROOM];

    referred(host, theirs, index, their_path);
    referred(guest, ours, index, our_path);
    CHECK_STR(our_path, their_path);
}

/* Pairs of controller and interrupt; M-mode's, 11, is "none" in a VM. */
static void check_same_contexts(const fdt32_t *theirs, const fdt32_t *ours, u32 cells)
{
    for (u32 i = 0; i < cells; i += 2) {
        u32 interrupt = fdt32_to_cpu(theirs[i + 1]);

        check_same_reference(theirs, ours, i);
        CHECK_EQ(fdt32_to_cpu(ours[i + 1]), interrupt == 11 ? 0xffffffff : interrupt);
    }
}

static void check_same_property(const char *path, const char *name, const void *theirs, int length)
{
    int our_length;
    const void *ours = guest_prop(path, name, &our_length);

    if (!ours)
        UNIT_FAIL("%s has no %s", path, name);
    if (our_length != length)
        UNIT_FAIL("%s of %s has %d bytes, expected %d", name, path, our_length, length);
    if (!strcmp(name, "interrupt-parent") || !strcmp(name, "regmap"))
        check_same_reference(theirs, ours, 0);
    else if (!strcmp(name, "interrupts-extended"))
        check_same_contexts(theirs, ours, (u32)length / 4);
    else if (strcmp(name, "phandle") && memcmp(ours, theirs, (size_t)length))
        UNIT_FAIL("%s of %s has another value", name, path);
}

/* Calls `check` with every property of every node of the tree. */
static void each_property(const void *blob, void (*check)(const char *path, const char *name,
                                                          const void *data, int length))
{
    char path[PATH_ROOM];

    for (int depth = 0, node = 0; node >= 0 && depth >= 0;
         node = libfdt_next_node(blob, node, &depth)) {
        int property;

        CHECK_EQ(fdt_get_path(blob, node, path, sizeof(path)), 0);
        fdt_for_each_property_offset(property, blob, node)
        {
            const char *name;
            int length;
            const void *data = fdt_getprop_by_offset(blob, property, &name, &length);

            check(path, name, data, length);
        }
    }
}

static void check_theirs(const char *path, const char *name, const void *data, int length)
{
    if (!is_absent(path) && !is_other(path, name))
        check_same_property(path, name, data, length);
}

static bool is_own(const char *path, const char *name)
{
    for (u32 i = 0; i < ARRAY_SIZE(own_properties); i++)
        if (matches(path, own_properties[i].path) && !strcmp(name, own_properties[i].name))
            return true;
    return false;
}

/* Nothing else is in the guest's tree that QEMU's has not. */
static void check_ours(const char *path, const char *name, const void *data, int length)
{
    int node = fdt_path_offset(host, path);
    bool is_theirs = node >= 0 && fdt_getprop(host, node, name, NULL);

    (void)data, (void)length;
    if (is_theirs == is_own(path, name))
        UNIT_FAIL("QEMU has %s %s in %s", is_theirs ? "a" : "no", name, path);
}

TEST(node_by_node_it_is_the_tree_of_qemu)
{
    for (u32 cpus = 1; cpus <= VM_MAX_VCPUS; cpus++) {
        qemu_host(cpus, "rv32");
        make_guest(cpus, "", 0, 0);
        each_property(host, check_theirs);
        each_property(guest, check_ours);
    }
}

TEST(the_differences_are_there)
{
    qemu_host(2, "rv32");
    make_guest(2, "", 0, 0);
    for (u32 i = 0; i < ARRAY_SIZE(absent_nodes); i++) {
        CHECK(fdt_path_offset(host, absent_nodes[i].path) >= 0);
        CHECK(fdt_path_offset(guest, absent_nodes[i].path) < 0);
    }
    CHECK(!guest_has("/cpus/cpu@1", "phandle"));
}

/* ---- What dtc says ---- */

/* It takes the tree without an error or a warning. */
static void check_dtc(void)
{
    char command[256], said[4096];
    FILE *file = fopen(scratch("guest.dtb"), "wb");

    CHECK(file);
    fwrite(guest, 1, fdt_totalsize(guest), file);
    fclose(file);
    snprintf(command, sizeof(command), "dtc -I dtb -O dts %s 2>&1 >/dev/null",
             scratch("guest.dtb"));
    run(command, said, sizeof(said));
    CHECK_STR(said, "");
}

TEST(dtc_has_nothing_to_say)
{
    qemu_host(1, "rv32");
    for (u32 cpus = 1; cpus <= VM_MAX_VCPUS; cpus++) {
        make_guest(cpus, "", 0, 0);
        check_dtc();
        make_guest(cpus, "console=ttyS0", 0, 0);
        check_dtc();
        make_guest(cpus, "", INITRD, INITRD + 12345);
        check_dtc();
        make_guest(cpus, "quiet", INITRD, INITRD + 12345);
        check_dtc();
    }
}

/* ---- What a kernel is told ---- */

TEST(chosen_tells_of_console_bootargs_and_initrd)
{
    plain_host();
    make_guest(1, "", 0, 0);
    CHECK(guest_has_string("/chosen", "stdout-path", "/soc/serial@10000000"));
    CHECK(fdt_path_offset(guest, "/soc/serial@10000000") > 0);
    CHECK(!guest_has("/chosen", "bootargs"));
    CHECK(!guest_has("/chosen", "linux,initrd-start") && !guest_has("/chosen", "linux,initrd-end"));
    make_guest(1, "console=ttyS0 root=\"a b\"", 0, 0);
    CHECK(guest_has_string("/chosen", "bootargs", "console=ttyS0 root=\"a b\""));
    CHECK(!guest_has("/chosen", "linux,initrd-start"));
    make_guest(1, "", INITRD, INITRD + 12345);
    CHECK(!guest_has("/chosen", "bootargs"));
    CHECK(HAS_CELLS("/chosen", "linux,initrd-start", 0, 0x87000000));
    CHECK(HAS_CELLS("/chosen", "linux,initrd-end", 0, 0x87003039));
    make_guest(1, "", 0x340001000, 0x3ffffffff);
    CHECK(HAS_CELLS("/chosen", "linux,initrd-start", 3, 0x40001000));
    CHECK(HAS_CELLS("/chosen", "linux,initrd-end", 3, 0xffffffff));
}

TEST(every_tree_has_a_seed_of_its_own)
{
    u8 seeds[8][RANDOM_SEED_SIZE];
    const void *seed;
    int length;

    qemu_host(1, "rv32");
    for (u32 i = 0; i < ARRAY_SIZE(seeds); i++) {
        make_guest(1, "", 0, 0);
        seed = guest_prop("/chosen", "rng-seed", &length);
        CHECK(seed);
        CHECK_EQ(length, RANDOM_SEED_SIZE);
        memcpy(seeds[i], seed, RANDOM_SEED_SIZE);
        for (u32 other = 0; other < i; other++)
            CHECK(memcmp(seeds[i], seeds[other], RANDOM_SEED_SIZE));
        seed = fdt_getprop(host, fdt_path_offset(host, "/chosen"), "rng-seed", &length);
        CHECK(memcmp(seeds[i], seed, RANDOM_SEED_SIZE));
    }
    plain_host(); /* which has none */
    make_guest(1, "", 0, 0);
    CHECK(!guest_has("/chosen", "rng-seed"));
}

TEST(memory_of_every_size)
{
    plain_host();
    CHECK(write_guest(1, MIB(8), "", 0, 0));
    CHECK(HAS_CELLS("/memory@80000000", "reg", 0, 0x80000000, 0, 0x800000));
    CHECK(write_guest(1, GIB(2), "", 0, 0));
    CHECK(HAS_CELLS("/memory@80000000", "reg", 0, 0x80000000, 0, 0x80000000));
    CHECK(write_guest(1, GIB(14), "", 0, 0));
    CHECK(HAS_CELLS("/memory@80000000", "reg", 0, 0x80000000, 3, 0x80000000));
}

TEST(each_cpu_and_its_interrupt_controller)
{
    plain_host();
    for (u32 cpus = 1; cpus <= VM_MAX_VCPUS; cpus++) {
        make_guest(cpus, "", 0, 0);
        for (u32 id = 0; id <= VM_MAX_VCPUS; id++) {
            char path[PATH_ROOM], controller[PATH_ROOM + 32];

            snprintf(path, sizeof(path), "/cpus/cpu@%u", id);
            snprintf(controller, sizeof(controller), "%s/interrupt-controller", path);
            CHECK_EQ(fdt_path_offset(guest, path) > 0, id < cpus);
            if (id >= cpus)
                continue;
            CHECK(HAS_CELLS(path, "reg", id));
            CHECK(guest_has_string(path, "mmu-type", "riscv,sv32"));
            CHECK(guest_has_string(controller, "compatible", "riscv,cpu-intc"));
            CHECK(guest_has(controller, "interrupt-controller"));
        }
        CHECK(HAS_CELLS("/cpus", "timebase-frequency", 32768));
    }
}

/* A node is referred to by one number, and that number is no other node's. */
TEST(phandles_are_unique)
{
    plain_host();
    for (u32 cpus = 1; cpus <= VM_MAX_VCPUS; cpus++) {
        u64 seen = 0;
        u32 count = 0;

        make_guest(cpus, "", 0, 0);
        for (int depth = 0, node = 0; node >= 0 && depth >= 0;
             node = libfdt_next_node(guest, node, &depth)) {
            u32 phandle = fdt_get_phandle(guest, node);

            if (!phandle)
                continue;
            CHECK(phandle < 64 && !(seen >> phandle & 1));
            seen |= 1ull << phandle;
            count++;
        }
        CHECK_EQ(count, cpus + 2); /* the PLIC, the finisher and one for each hart */
    }
}

TEST(contexts_of_the_plic_are_numbered_as_on_virt)
{
    plain_host();
    for (u32 cpus = 1; cpus <= VM_MAX_VCPUS; cpus++) {
        const fdt32_t *contexts;
        int length;

        make_guest(cpus, "", 0, 0);
        contexts = guest_prop("/soc/plic@c000000", "interrupts-extended", &length);
        CHECK_EQ(length, cpus * 16);
        for (u32 id = 0; id < cpus; id++) {
            char expected[PATH_ROOM], path[PATH_ROOM];

            snprintf(expected, sizeof(expected), "/cpus/cpu@%u/interrupt-controller", id);
            referred(guest, contexts, 4 * id, path);
            CHECK_STR(path, expected);
            referred(guest, contexts, 4 * id + 2, path);
            CHECK_STR(path, expected);
            CHECK_EQ(fdt32_to_cpu(contexts[4 * id + 1]), 0xffffffff);
            CHECK_EQ(fdt32_to_cpu(contexts[4 * id + 3]), 9);
        }
    }
}

/* The addresses and interrupts that kernels without a device tree know by heart. */
TEST(devices_are_where_every_kernel_expects_them)
{
    static const struct {
        const char *path, *compatible;
        u32 address, size, interrupt;
    } devices[] = {
        {"/soc/serial@10000000", "ns16550a", 0x10000000, 0x100, 10},
        {"/soc/rtc@101000", "google,goldfish-rtc", 0x101000, 0x1000, 11},
        {"/soc/button@102000", "google,goldfish-events-keypad", 0x102000, 0x1000, 12},
        {"/soc/test@100000", "sifive,test1", 0x100000, 0x1000, 0},
        {"/soc/plic@c000000", "sifive,plic-1.0.0", 0xc000000, 0x600000, 0},
        {"/soc/virtio_mmio@10001000", "virtio,mmio", 0x10001000, 0x1000, 1},
        {"/soc/virtio_mmio@10002000", "virtio,mmio", 0x10002000, 0x1000, 2},
        {"/soc/virtio_mmio@10007000", "virtio,mmio", 0x10007000, 0x1000, 7},
        {"/soc/virtio_mmio@10008000", "virtio,mmio", 0x10008000, 0x1000, 8},
    };

    plain_host();
    make_guest(1, "", 0, 0);
    for (u32 i = 0; i < ARRAY_SIZE(devices); i++) {
        const char *path = devices[i].path;
        char parent[PATH_ROOM];
        int length;

        CHECK_EQ(
            fdt_node_check_compatible(guest, fdt_path_offset(guest, path), devices[i].compatible),
            0);
        CHECK(HAS_CELLS(path, "reg", 0, devices[i].address, 0, devices[i].size));
        if (!devices[i].interrupt) {
            CHECK(!guest_has(path, "interrupts"));
            continue;
        }
        CHECK(HAS_CELLS(path, "interrupts", devices[i].interrupt));
        referred(guest, guest_prop(path, "interrupt-parent", &length), 0, parent);
        CHECK_STR(parent, "/soc/plic@c000000");
    }
    CHECK(fdt_path_offset(guest, "/soc/virtio_mmio@10009000") < 0);
    CHECK(HAS_CELLS("/soc/plic@c000000", "riscv,ndev", 95));
    CHECK(HAS_CELLS("/soc/serial@10000000", "clock-frequency", 3686400));
}

TEST(a_device_of_the_host_takes_the_place_of_an_emulated_one)
{
    handed_through = PLATFORM_VIRTIO_BASE + 7 * PLATFORM_VIRTIO_STRIDE;
    write_guest(1, MEMORY, "", 0, 0);
    handed_through = 0;
    CHECK(fdt_path_offset(guest, "/soc/virtio_mmio@10007000") >= 0);
    CHECK_EQ(fdt_path_offset(guest, "/soc/virtio_mmio@10008000"), -FDT_ERR_NOTFOUND);
    CHECK(fdt_path_offset(guest, "/soc/copy@10008000") >= 0);
}

TEST(power_off_and_reboot_by_the_finisher)
{
    static const char *const names[] = {"/poweroff", "/reboot"};
    char path[PATH_ROOM];
    int length;

    plain_host();
    make_guest(1, "", 0, 0);
    for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
        referred(guest, guest_prop(names[i], "regmap", &length), 0, path);
        CHECK_STR(path, "/soc/test@100000");
        CHECK(HAS_CELLS(names[i], "offset", 0));
    }
    CHECK(guest_has_string("/poweroff", "compatible", "syscon-poweroff"));
    CHECK(HAS_CELLS("/poweroff", "value", 0x5555));
    CHECK(guest_has_string("/reboot", "compatible", "syscon-reboot"));
    CHECK(HAS_CELLS("/reboot", "value", 0x7777));
}

/* ---- The ISA ---- */

#define CPU        "/cpus/cpu@0"
#define LIST(text) text, sizeof(text)

static bool guest_has_list(const char *name, const char *list, u32 size)
{
    int length;
    const void *data = guest_prop(CPU, name, &length);

    return data && (u32)length == size && !memcmp(data, list, size);
}

TEST(the_isa_is_the_hosts_without_what_is_withheld)
{
    made_host(&(struct hart_says){
        .isa = "rv32imafdch_zicsr_shtvala_sstc_svadu_zba",
        .extensions = "i\0m\0a\0f\0d\0c\0h\0zicsr\0shtvala\0sstc\0svadu\0zba",
        .extensions_size = sizeof("i\0m\0a\0f\0d\0c\0h\0zicsr\0shtvala\0sstc\0svadu\0zba"),
        .block_size = 64,
    });
    make_guest(2, "", 0, 0);
    CHECK(guest_has_string(CPU, "riscv,isa", "rv32imafdc_zicsr_sstc_svadu_zba"));
    CHECK(guest_has_string("/cpus/cpu@1", "riscv,isa", "rv32imafdc_zicsr_sstc_svadu_zba"));
    CHECK(guest_has_string(CPU, "riscv,isa-base", "rv32i"));
    CHECK(
        guest_has_list("riscv,isa-extensions", LIST("i\0m\0a\0f\0d\0c\0zicsr\0sstc\0svadu\0zba")));
    CHECK(HAS_CELLS(CPU, "riscv,cbom-block-size", 64));
    CHECK(HAS_CELLS(CPU, "riscv,cboz-block-size", 128));
    CHECK(!guest_has(CPU, "riscv,cbop-block-size"));
    features = (struct features){0};
    make_guest(1, "", 0, 0);
    CHECK(guest_has_string(CPU, "riscv,isa", "rv32imafdc_zicsr_zba"));
    CHECK(guest_has_list("riscv,isa-extensions", LIST("i\0m\0a\0f\0d\0c\0zicsr\0zba")));
}

TEST(a_host_with_the_old_binding_only)
{
    made_host(&(struct hart_says){.isa = "rv32imah"});
    make_guest(1, "", 0, 0);
    CHECK(guest_has_string(CPU, "riscv,isa", "rv32ima"));
    CHECK(!guest_has(CPU, "riscv,isa-base") && !guest_has(CPU, "riscv,isa-extensions"));
    CHECK(!guest_has(CPU, "riscv,cbom-block-size"));
}

TEST(a_host_with_the_new_binding_only)
{
    made_host(&(struct hart_says){.extensions = "i\0m\0a\0h\0zicsr",
                                  .extensions_size = sizeof("i\0m\0a\0h\0zicsr")});
    make_guest(1, "", 0, 0);
    CHECK(!guest_has(CPU, "riscv,isa"));
    CHECK(guest_has_string(CPU, "riscv,isa-base", "rv32i"));
    CHECK(guest_has_list("riscv,isa-extensions", LIST("i\0m\0a\0zicsr")));
}

TEST(a_host_that_says_nothing_of_its_isa)
{
    made_host(&(struct hart_says){0});
    make_guest(1, "", 0, 0);
    CHECK(!guest_has(CPU, "riscv,isa") && !guest_has(CPU, "riscv,isa-extensions"));
}

/* What the host's hart lists, the guest's lists in both bindings alike, however much it is. */
TEST(nothing_is_lost_of_the_longest_isa)
{
    static char filtered[4096];
    const char *isa, *name;
    int count, node;

    qemu_host(1, "max");
    make_guest(VM_MAX_VCPUS, "", 0, 0);
    CHECK(fdt_string(&machine.fdt, machine.hart_nodes[0], "riscv,isa", &isa));
    guest_isa_filter(isa, true, filtered, sizeof(filtered));
    CHECK(guest_has_string(CPU, "riscv,isa", filtered));
    node = fdt_path_offset(host, CPU);
    count = fdt_stringlist_count(host, node, "riscv,isa-extensions");
    CHECK(count > 100);
    for (int i = 0; i < count; i++) {
        name = fdt_stringlist_get(host, node, "riscv,isa-extensions", i, NULL);
        CHECK_EQ(fdt_stringlist_search(guest, fdt_path_offset(guest, CPU), "riscv,isa-extensions",
                                       name) >= 0,
                 guest_isa_keeps(name, (u32)strlen(name), true));
    }
}

TEST(the_largest_tree_fits)
{
    static char bootargs[VM_BOOTARGS_MAX];

    memset(bootargs, 'b', sizeof(bootargs) - 1);
    qemu_host(1, "max");
    make_guest(VM_MAX_VCPUS, bootargs, INITRD, INITRD + 1);
    CHECK(guest_has_string("/chosen", "bootargs", bootargs));
}

TEST(a_tree_that_does_not_fit_is_told)
{
    static char names[4000];

    memset(names, 'x', sizeof(names) - 1);
    made_host(&(struct hart_says){.extensions = names, .extensions_size = sizeof(names)});
    CHECK_EQ(write_guest(VM_MAX_VCPUS, MEMORY, "", 0, 0), 0);
    CHECK(write_guest(1, MEMORY, "", 0, 0) > 0);
}

TEST(a_damaged_list_of_extensions_does_no_harm)
{
    made_host(&(struct hart_says){.extensions = "i\0m\0no end", .extensions_size = 10});
    make_guest(1, "", 0, 0);
    CHECK(guest_has_list("riscv,isa-extensions", LIST("i\0m")));
    made_host(&(struct hart_says){.extensions = "", .extensions_size = 0});
    make_guest(1, "", 0, 0);
    made_host(&(struct hart_says){.isa = ""});
    make_guest(1, "", 0, 0);
    CHECK(guest_has_string(CPU, "riscv,isa", ""));
}

UNIT_MAIN("guest_fdt")
