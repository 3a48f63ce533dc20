/* The MMIO bus of a VM: who answers at which address. */
#include "tests/unit/fake_panic.h"
#include "hyp/vm/bus.c"

static struct bus bus;
static const struct mmio_ops ops_a, ops_b;
static int device_a, device_b;

static void reset(void)
{
    bus = (struct bus){0};
}

static const struct mmio_region *find(u32 address)
{
    return bus_find(&bus, address);
}

TEST(an_empty_bus_answers_nowhere)
{
    reset();
    CHECK(!find(0));
    CHECK(!find(0x10000000));
    CHECK(!find(UINT32_MAX));
}

TEST(a_region_has_its_first_and_its_last_byte_and_none_beside)
{
    reset();
    bus_add(&bus, "device", 0x10000000, 8, &ops_a, &device_a);
    CHECK(!find(0x0fffffff));
    CHECK(find(0x10000000) == &bus.regions[0]);
    CHECK(find(0x10000007) == &bus.regions[0]);
    CHECK(!find(0x10000008));
    CHECK_EQ(bus.regions[0].base, 0x10000000);
    CHECK_EQ(bus.regions[0].size, 8);
    CHECK(bus.regions[0].ops == &ops_a && bus.regions[0].device == &device_a);
}

TEST(neighbours_are_told_apart)
{
    reset();
    bus_add(&bus, "device", 0x10001000, 0x1000, &ops_a, &device_a);
    bus_add(&bus, "device", 0x10000000, 0x1000, &ops_b, &device_b);
    CHECK(find(0x10000fff)->device == &device_b);
    CHECK(find(0x10001000)->device == &device_a);
    CHECK(find(0x10001fff)->ops == &ops_a);
    CHECK(!find(0x10002000));
}

TEST(regions_at_both_ends_of_the_address_space)
{
    reset();
    bus_add(&bus, "device", 0, 4, &ops_a, &device_a);
    bus_add(&bus, "device", 0xfffffffc, 4, &ops_b, &device_b);
    CHECK(find(0) == &bus.regions[0]);
    CHECK(find(3) == &bus.regions[0]);
    CHECK(!find(4));
    CHECK(!find(0xfffffffb));
    CHECK(find(0xfffffffc) == &bus.regions[1]);
    CHECK(find(UINT32_MAX) == &bus.regions[1]);
}

TEST(regions_have_names_and_numbers_in_the_order_in_which_they_came)
{
    reset();
    bus_add(&bus, "first", 0x1000, 0x1000, &ops_a, &device_a);
    bus_add(&bus, "second", 0, 0x1000, &ops_b, &device_b);
    CHECK_STR(find(0x1000)->name, "first");
    CHECK_EQ(bus_index(&bus, find(0x1000)), 0);
    CHECK_STR(find(0)->name, "second");
    CHECK_EQ(bus_index(&bus, find(0)), 1);
}

TEST(nowhere_has_no_address)
{
    CHECK(!region_has(&bus_nowhere, 0));
    CHECK(!region_has(&bus_nowhere, 0x10000000));
    CHECK(!region_has(&bus_nowhere, UINT32_MAX));
}

TEST(sixteen_regions_and_no_more)
{
    reset();
    for (u32 i = 0; i < BUS_REGIONS; i++)
        bus_add(&bus, "device", i * 0x2000, 0x1000, &ops_a, &bus.regions[i]);
    for (u32 i = 0; i < BUS_REGIONS; i++) {
        CHECK(find(i * 0x2000 + 0xfff)->device == &bus.regions[i]);
        CHECK(!find(i * 0x2000 + 0x1000));
    }
    CHECK_PANIC(bus_add(&bus, "device", 0x80000, 0x1000, &ops_a, &device_a), "bus->count");
    CHECK_EQ(bus.count, BUS_REGIONS);
}

TEST(windows_are_whole_words)
{
    reset();
    CHECK_PANIC(bus_add(&bus, "device", 0x1001, 4, &ops_a, &device_a), "IS_ALIGNED(base");
    CHECK_PANIC(bus_add(&bus, "device", 0x1002, 4, &ops_a, &device_a), "IS_ALIGNED(base");
    CHECK_PANIC(bus_add(&bus, "device", 0x1000, 6, &ops_a, &device_a), "IS_ALIGNED(size");
    CHECK_PANIC(bus_add(&bus, "device", 0x1000, 1, &ops_a, &device_a), "IS_ALIGNED(size");
    CHECK_EQ(bus.count, 0);
}

UNIT_MAIN("bus")
