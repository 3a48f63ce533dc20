/* An empty virtio-mmio slot, as a driver probes it. */
#include "tests/unit/unit.h"
#include "hyp/dev/virtio_mmio.c"

static struct virtio_mmio slot;
static bool line_level;

static void line(void *controller, u32 source, bool level)
{
    CHECK(controller == &slot);
    CHECK_EQ(source, 3);
    line_level = level;
}

static void start(void)
{
    struct irq_line irq = {.set = line, .controller = &slot, .source = 3};

    line_level = true;
    virtio_mmio_init(&slot, irq);
}

static u32 load(u32 offset, u32 width)
{
    u32 value = 0xdeadbeef;

    CHECK_EQ(virtio_mmio_ops.read(&slot, offset, width, &value), MMIO_OK);
    return value;
}

TEST(a_driver_finds_a_legacy_transport_with_no_device)
{
    start();
    CHECK_EQ(load(0x00, 4), 0x74726976);
    CHECK_EQ(load(0x04, 4), 1);
    CHECK_EQ(load(0x08, 4), 0);
    CHECK_EQ(load(0x0c, 4), 0x554d4551);
}

TEST(everything_else_reads_zero)
{
    start();
    for (u32 offset = 0x10; offset < VIRTIO_MMIO_SIZE; offset += 4)
        CHECK_EQ(load(offset, 4), 0);
}

TEST(narrow_loads_are_those_of_virt)
{
    start();
    CHECK_EQ(load(0x00, 1), 0x76);
    CHECK_EQ(load(0x00, 2), 0x6976);
    CHECK_EQ(load(0x0c, 1), 0x51);
    CHECK_EQ(load(0x0c, 2), 0x4551);
    CHECK_EQ(load(0x01, 1), 0); /* between registers there is nothing */
    CHECK_EQ(load(0x02, 2), 0);
    CHECK_EQ(load(0x100, 1), 0);
    CHECK_EQ(load(0x1ff, 1), 0);
}

TEST(stores_change_nothing)
{
    start();
    for (u32 offset = 0; offset < VIRTIO_MMIO_SIZE; offset += 4)
        for (u32 width = 1; width <= 4; width *= 2)
            CHECK_EQ(virtio_mmio_ops.write(&slot, offset, width, 0xffffffff), MMIO_OK);
    CHECK_EQ(load(0x00, 4), 0x74726976);
    CHECK_EQ(load(0x08, 4), 0);
    CHECK_EQ(load(0x10, 4), 0);
    CHECK_EQ(load(0x70, 4), 0);
    CHECK_EQ(load(0x100, 4), 0);
}

TEST(offsets_past_the_window_fault)
{
    u32 value;

    start();
    CHECK_EQ(virtio_mmio_ops.read(&slot, 0x200, 4, &value), MMIO_FAULT);
    CHECK_EQ(virtio_mmio_ops.read(&slot, 0xfff, 1, &value), MMIO_FAULT);
    CHECK_EQ(virtio_mmio_ops.write(&slot, 0x200, 4, 1), MMIO_FAULT);
}

TEST(the_line_is_low_after_init_and_reset)
{
    start();
    CHECK(!line_level);
    line_level = true;
    virtio_mmio_reset(&slot);
    CHECK(!line_level);
    CHECK_EQ(load(0x00, 4), 0x74726976);
}

UNIT_MAIN("virtio_mmio")
