/* Which devices of the host can be handed to a VM, and what the guest is told of them. */
#include "tests/unit/unit.h"
#include "hyp/core/fdt.c"
#include "hyp/core/fdt_find.c"
#include "hyp/core/fdt_open.c"
#include "hyp/core/fdt_reg.c"
#include "hyp/core/fdt_write.c"
#include "hyp/vm/host_device.c"
#include "hyp/vm/host_device_write.c"

#include <unistd.h>

/* A host, as dtc takes it. */
static const char source_text[] =
    "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&plic>;"
    "aliases { clock = \"/soc/rtc@101000\"; };"
    "osc: oscillator { compatible = \"fixed-clock\"; #clock-cells = <0>;"
    "  clock-frequency = <24000000>; };"
    "pll: pll { compatible = \"acme,pll\"; #clock-cells = <1>; };"
    "memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x8000000>; };"
    "memory@100000000 { device_type = \"memory\"; reg = <1 0 0 0x8000000>; };"
    "cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { reg = <0>; }; };"
    "soc { #address-cells = <2>; #size-cells = <2>; ranges;"
    "  plic: plic@c000000 { compatible = \"riscv,plic0\"; #interrupt-cells = <1>;"
    "    interrupt-controller; reg = <0 0xc000000 0 0x600000>; };"
    "  other: other@d000000 { compatible = \"acme,intc\"; #interrupt-cells = <1>;"
    "    interrupt-controller; reg = <0 0xd000000 0 0x1000>; };"
    "  rtc@101000 { compatible = \"google,goldfish-rtc\"; reg = <0 0x101000 0 0x1000>;"
    "    interrupts = <11>; phandle = <77>; };"
    "  disk@1000 { compatible = \"virtio,mmio\"; reg = <0 0x10001000 0 0x1000>;"
    "    interrupts = <1>; };"
    "  variant@102000 { compatible = \"acme,fast-rtc\", \"google,goldfish-rtc\";"
    "    reg = <0 0x102000 0 0x1000>; };"
    "  nameless@103000 { reg = <0 0x103000 0 0x1000>; };"
    "  off@104000 { compatible = \"ns16550a\"; reg = <0 0x104000 0 0x100>;"
    "    status = \"disabled\"; };"
    "  none { compatible = \"ns16550a\"; };"
    "  empty@105000 { compatible = \"ns16550a\"; reg = <0 0x105000 0 0>; };"
    "  half@106000 { compatible = \"ns16550a\"; reg = <0 0x106000 0 0x100>; };"
    "  half@106800 { compatible = \"ns16550a\"; reg = <0 0x106800 0 0x100>; };"
    "  twice@107000 { compatible = \"ns16550a\"; reg = <0 0x107000 0 4>, <0 0x107010 0 4>; };"
    "  in-ram@87fff000 { compatible = \"ns16550a\"; reg = <0 0x87fffff0 0 0x20>; };"
    "  two@108000 { compatible = \"ns16550a\"; reg = <0 0x108000 0 0x100>; interrupts = <1 2>; };"
    "  elsewhere@109000 { compatible = \"ns16550a\"; reg = <0 0x109000 0 0x100>;"
    "    interrupt-parent = <&other>; interrupts = <3>; };"
    "  extended@10a000 { compatible = \"ns16550a\"; reg = <0 0x10a000 0 0x100>;"
    "    interrupts-extended = <&plic 3>; };"
    "  zero@10b000 { compatible = \"ns16550a\"; reg = <0 0x10b000 0 0x100>; interrupts = <0>; };"
    "  many@200000 { compatible = \"ns16550a\"; reg = <0 0x200000 0 4>, <0 0x201000 0 4>,"
    "    <0 0x202000 0 4>, <0 0x203000 0 4>, <0 0x204000 0 4>, <0 0x205000 0 4>,"
    "    <0 0x206000 0 4>, <0 0x207000 0 4>, <0 0x208000 0 4>; };"
    "  flash@20000000 { compatible = \"cfi-flash\"; bank-width = <4>;"
    "    reg = <0 0x20000000 0 0x2000000 0 0x22000000 0 0x2000001>; };"
    "  uart@300080 { compatible = \"snps,dw-apb-uart\", \"ns16550a\"; reg = <0 0x300080 0 0xf81>;"
    "    interrupts = <33>; reg-shift = <2>; clocks = <&osc>; clock-names = \"baudclk\";"
    "    resets = <&osc>; dmas = <&osc>, <&osc>; dma-names = \"tx\", \"rx\"; pinctrl-0 = <&osc>;"
    "    pinctrl-names = \"default\"; cts-gpios = <&osc>; vcc-supply = <&osc>; status = \"okay\";"
    "    label = \"third\"; acme,deep-fifo; child { compatible = \"x\"; }; };"
    "  pll-uart@302000 { compatible = \"ns16550a\"; reg = <0 0x302000 0 0x100>;"
    "    clocks = <&pll 3>; };"
    "  own-uart@303000 { compatible = \"ns16550a\"; reg = <0 0x303000 0 0x100>;"
    "    clocks = <&osc>; clock-frequency = <3686400>; };"
    "  bus@400000000 { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>;"
    "    ranges = <0x1000 0x4 0x00001000 0x10000>;"
    "    far@1000 { compatible = \"ns16550a\"; reg = <0x1000 0x100>; }; };"
    "}; };";

static u8 blob[65536] __attribute__((aligned(8)));
static struct fdt fdt;
static struct host_device device;

__attribute__((constructor)) static void compile_host(void)
{
    char path[] = P_tmpdir "/twofold-host-XXXXXX", command[128];
    FILE *dtc, *file;

    close(mkstemp(path));
    snprintf(command, sizeof(command), "dtc -q -I dts -O dtb -o %s", path);
    dtc = popen(command, "w");
    if (!dtc || fputs(source_text, dtc) < 0 || pclose(dtc))
        exit(1);
    file = fopen(path, "rb");
    if (!file || !fread(blob, 1, sizeof(blob), file))
        exit(1);
    fclose(file);
    remove(path);
    if (fdt_open(&fdt, blob, sizeof(blob)) != FDT_OK)
        exit(1);
}

static enum host_device_status check(const char *path)
{
    memset(&device, 0x5a, sizeof(device));
    return host_device_check(&fdt, fdt_path(&fdt, path), &device);
}

TEST(a_device_by_its_path_or_alias)
{
    CHECK_EQ(check("/soc/rtc@101000"), HOST_DEVICE_FINE);
    CHECK_EQ(device.source, 11);
    CHECK(!device.may_dma);
    CHECK_EQ(check("clock"), HOST_DEVICE_FINE);
    CHECK_EQ(check("/soc/flash"), HOST_DEVICE_FINE);
    CHECK_EQ(device.source, 0);
}

TEST(a_path_to_nowhere)
{
    CHECK_EQ(check("/soc/rtc@101001"), HOST_DEVICE_NO_NODE);
    CHECK_EQ(check("rtc"), HOST_DEVICE_NO_NODE);
    CHECK_EQ(check(""), HOST_DEVICE_NO_NODE);
}

TEST(nodes_that_are_no_devices)
{
    CHECK_EQ(check("/"), HOST_DEVICE_NO_REGISTERS);
    CHECK_EQ(check("/soc"), HOST_DEVICE_NO_REGISTERS);
    CHECK_EQ(check("/cpus/cpu@0"), HOST_DEVICE_NO_REGISTERS);
    CHECK_EQ(check("/memory@80000000"), HOST_DEVICE_NO_REGISTERS);
    CHECK_EQ(check("/memory@100000000"), HOST_DEVICE_NO_REGISTERS);
    CHECK_EQ(check("/soc/none"), HOST_DEVICE_NO_REGISTERS);
    CHECK_EQ(check("/soc/empty@105000"), HOST_DEVICE_NO_REGISTERS);
    CHECK_EQ(check("/soc/many@200000"), HOST_DEVICE_NO_REGISTERS);
    CHECK_EQ(check("/soc/off@104000"), HOST_DEVICE_DISABLED);
}

TEST(dma_is_what_is_not_known_to_do_none)
{
    CHECK_EQ(check("/soc/disk@1000"), HOST_DEVICE_FINE);
    CHECK(device.may_dma);
    CHECK_EQ(check("/soc/variant@102000"), HOST_DEVICE_FINE);
    CHECK(device.may_dma);
    CHECK_EQ(check("/soc/nameless@103000"), HOST_DEVICE_FINE);
    CHECK(device.may_dma);
    CHECK_EQ(check("/soc/uart@300080"), HOST_DEVICE_FINE);
    CHECK(!device.may_dma);
    CHECK_EQ(device.source, 33);
}

TEST(a_page_with_others_registers_is_not_handed_over)
{
    CHECK_EQ(check("/soc/half@106000"), HOST_DEVICE_SHARES_PAGE);
    CHECK_EQ(device.other, fdt_path(&fdt, "/soc/half@106800"));
    CHECK_EQ(check("/soc/half@106800"), HOST_DEVICE_SHARES_PAGE);
    CHECK_EQ(device.other, fdt_path(&fdt, "/soc/half@106000"));
    CHECK_EQ(check("/soc/twice@107000"), HOST_DEVICE_SHARES_PAGE);
    CHECK_EQ(device.other, fdt_path(&fdt, "/soc/twice@107000"));
    CHECK_EQ(check("/soc/in-ram@87fff000"), HOST_DEVICE_SHARES_PAGE);
    CHECK_EQ(device.other, fdt_path(&fdt, "/memory"));
}

TEST(interrupts_that_cannot_be_forwarded)
{
    CHECK_EQ(check("/soc/two@108000"), HOST_DEVICE_INTERRUPTS);
    CHECK_EQ(check("/soc/elsewhere@109000"), HOST_DEVICE_INTERRUPTS);
    CHECK_EQ(check("/soc/extended@10a000"), HOST_DEVICE_INTERRUPTS);
    CHECK_EQ(check("/soc/zero@10b000"), HOST_DEVICE_INTERRUPTS);
}

TEST(every_reason_has_a_text)
{
    for (u32 status = HOST_DEVICE_FINE; status <= HOST_DEVICE_INTERRUPTS; status++)
        CHECK(strlen(host_device_text((enum host_device_status)status)) > 3);
}

TEST(registers_are_whole_pages)
{
    fdt_node uart = fdt_path(&fdt, "/soc/uart@300080");
    fdt_node flash = fdt_path(&fdt, "/soc/flash");
    u64 start, end;

    CHECK(host_device_pages(&fdt, uart, 0, &start, &end));
    CHECK_EQ(start, 0x300000);
    CHECK_EQ(end, 0x302000);
    CHECK(!host_device_pages(&fdt, uart, 1, &start, &end));
    CHECK(host_device_pages(&fdt, flash, 1, &start, &end));
    CHECK_EQ(start, 0x22000000);
    CHECK_EQ(end, 0x24001000);
    CHECK(host_device_pages(&fdt, fdt_path(&fdt, "/soc/bus/far"), 0, &start, &end));
    CHECK_EQ(start, 0x400001000);
}

/* ---- What the guest is told ---- */

static u8 guest_blob[8192] __attribute__((aligned(8)));
static struct fdt guest;

/* The node of `path`, copied, alone in a bus of two cells each. */
static fdt_node copy(const char *path, u32 source)
{
    struct fdt_writer w;

    fdt_begin(&w, guest_blob, sizeof(guest_blob), 0);
    fdt_begin_node(&w, "");
    fdt_put_u32(&w, "#address-cells", 2);
    fdt_put_u32(&w, "#size-cells", 2);
    host_device_write(&fdt, fdt_path(&fdt, path), &w, source, 5);
    fdt_end_node(&w);
    CHECK(fdt_finish(&w));
    CHECK_EQ(fdt_open(&guest, guest_blob, sizeof(guest_blob)), FDT_OK);
    return fdt_first_child(&guest, fdt_root(&guest));
}

static u32 count_props(fdt_node node)
{
    struct fdt_prop prop;
    u32 count = 0;

    while (fdt_prop_at(&guest, node, count, &prop))
        count++;
    return count;
}

TEST(the_copy_has_registers_and_interrupt)
{
    fdt_node node = copy("/soc/rtc@101000", 11);
    u64 address, size;
    u32 value;

    CHECK(!strcmp(fdt_name(&guest, node), "rtc@101000"));
    CHECK(fdt_is_compatible(&guest, node, "google,goldfish-rtc"));
    CHECK(fdt_reg(&guest, node, 0, &address, &size) && address == 0x101000 && size == 0x1000);
    CHECK(fdt_u32(&guest, node, "interrupts", &value) && value == 11);
    CHECK(fdt_u32(&guest, node, "interrupt-parent", &value) && value == 5);
    CHECK_EQ(count_props(node), 4); /* no phandle */
}

TEST(plain_properties_stay_and_references_go)
{
    fdt_node node = copy("/soc/uart@300080", 33);
    struct fdt_prop prop;
    const char *text;
    u32 value;

    CHECK(!strcmp(fdt_name(&guest, node), "uart@300080"));
    CHECK(fdt_u32(&guest, node, "reg-shift", &value) && value == 2);
    CHECK(fdt_string(&guest, node, "label", &text) && !strcmp(text, "third"));
    CHECK(fdt_prop(&guest, node, "acme,deep-fifo", &prop) && !prop.length);
    CHECK(fdt_prop(&guest, node, "compatible", &prop) && prop.length == 26);
    CHECK(fdt_u32(&guest, node, "clock-frequency", &value) && value == 24000000);
    /* With reg, interrupts and interrupt-parent these are all. */
    CHECK_EQ(count_props(node), 8);
    CHECK_EQ(fdt_first_child(&guest, node), FDT_NONE);
}

TEST(only_a_fixed_clock_is_told)
{
    struct fdt_prop prop;
    u32 value;
    fdt_node node = copy("/soc/pll-uart@302000", 0);

    CHECK(!fdt_prop(&guest, node, "clock-frequency", &prop));
    node = copy("/soc/own-uart@303000", 0);
    CHECK(fdt_u32(&guest, node, "clock-frequency", &value) && value == 3686400);
    CHECK(!fdt_prop(&guest, node, "clocks", &prop));
    CHECK(!fdt_prop(&guest, node, "interrupts", &prop));
    CHECK(!fdt_prop(&guest, node, "interrupt-parent", &prop));
}

TEST(addresses_are_those_of_the_cpu)
{
    fdt_node node = copy("/soc/bus/far", 0);
    u64 address, size;

    CHECK(!strcmp(fdt_name(&guest, node), "far@400001000"));
    CHECK(fdt_reg(&guest, node, 0, &address, &size) && address == 0x400001000 && size == 0x100);
    node = copy("/soc/flash", 0);
    CHECK(fdt_reg(&guest, node, 1, &address, &size));
    CHECK_EQ(address, 0x22000000);
    CHECK_EQ(size, 0x2000001);
}

TEST(a_full_buffer_is_told_and_not_overrun)
{
    struct fdt_writer w;

    for (u32 room = 64; room < 320; room += 4) {
        u8 *small = malloc(room);

        fdt_begin(&w, small, room, 0);
        fdt_begin_node(&w, "");
        host_device_write(&fdt, fdt_path(&fdt, "/soc/uart@300080"), &w, 33, 5);
        fdt_end_node(&w);
        CHECK(!fdt_finish(&w));
        free(small);
    }
}

UNIT_MAIN("host_device")
