/* The registers of a virtio-mmio slot, as drivers of both versions see them. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_virtio_echo.h"
#include "hyp/dev/virtio_mmio.c"
#include "hyp/dev/virtio_mmio_queue.c"

static struct virtio_mmio slot;
static bool notified; /* by the last store */

static void start_empty(void)
{
    virtio_mmio_init(&slot, NULL);
}

static void start(bool modern)
{
    echo_make(modern);
    virtio_mmio_init(&slot, &echo.device);
}

static u32 load(u32 offset, u32 width)
{
    u32 value = 0xdeadbeef;

    CHECK_EQ(virtio_mmio_read(&slot, offset, width, &value), MMIO_OK);
    return value;
}

static u32 get(u32 offset)
{
    return load(offset, 4);
}

static void put(u32 offset, u32 value)
{
    CHECK_EQ(virtio_mmio_write(&slot, offset, 4, value, &notified), MMIO_OK);
}

static u64 offered(void)
{
    u64 features;

    put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    features = (u64)get(VIRTIO_MMIO_DEVICE_FEATURES) << 32;
    put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return features | get(VIRTIO_MMIO_DEVICE_FEATURES);
}

static void take_features(u64 features)
{
    put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    put(VIRTIO_MMIO_DRIVER_FEATURES, (u32)features);
    put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    put(VIRTIO_MMIO_DRIVER_FEATURES, (u32)(features >> 32));
}

/* A modern driver's way to FEATURES_OK; whether it was granted. */
static bool negotiate(u64 features)
{
    put(VIRTIO_MMIO_STATUS, 0);
    put(VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    take_features(features);
    put(VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    return get(VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK;
}

static void put_queue(u32 number, u32 size, u64 descriptors, u64 driver, u64 device)
{
    put(VIRTIO_MMIO_QUEUE_SEL, number);
    put(VIRTIO_MMIO_QUEUE_NUM, size);
    put(VIRTIO_MMIO_QUEUE_DESC_LOW, (u32)descriptors);
    put(VIRTIO_MMIO_QUEUE_DESC_HIGH, (u32)(descriptors >> 32));
    put(VIRTIO_MMIO_QUEUE_DRIVER_LOW, (u32)driver);
    put(VIRTIO_MMIO_QUEUE_DRIVER_HIGH, (u32)(driver >> 32));
    put(VIRTIO_MMIO_QUEUE_DEVICE_LOW, (u32)device);
    put(VIRTIO_MMIO_QUEUE_DEVICE_HIGH, (u32)(device >> 32));
    put(VIRTIO_MMIO_QUEUE_READY, 1);
}

/* ---------------------------------------------------------------- an empty slot */

TEST(a_driver_finds_a_legacy_transport_with_no_device)
{
    start_empty();
    CHECK_EQ(get(0x00), 0x74726976);
    CHECK_EQ(get(0x04), 1);
    CHECK_EQ(get(0x08), 0);
    CHECK_EQ(get(0x0c), 0x554d4551);
}

TEST(everything_else_of_an_empty_slot_reads_zero)
{
    start_empty();
    for (u32 offset = 0x10; offset < VIRTIO_MMIO_SIZE; offset += 4)
        CHECK_EQ(get(offset), 0);
}

TEST(narrow_loads_of_an_empty_slot_are_those_of_virt)
{
    start_empty();
    CHECK_EQ(load(0x00, 1), 0x76);
    CHECK_EQ(load(0x00, 2), 0x6976);
    CHECK_EQ(load(0x0c, 1), 0x51);
    CHECK_EQ(load(0x0c, 2), 0x4551);
    CHECK_EQ(load(0x01, 1), 0); /* between registers there is nothing */
    CHECK_EQ(load(0x02, 2), 0);
    CHECK_EQ(load(0x100, 1), 0);
    CHECK_EQ(load(0x1ff, 1), 0);
}

TEST(stores_to_an_empty_slot_change_nothing)
{
    start_empty();
    for (u32 offset = 0; offset < VIRTIO_MMIO_SIZE; offset += 4)
        for (u32 width = 1; width <= 4; width *= 2) {
            CHECK_EQ(virtio_mmio_write(&slot, offset, width, 0xffffffff, &notified), MMIO_OK);
            CHECK(!notified);
        }
    CHECK_EQ(get(0x00), 0x74726976);
    for (u32 offset = 0x10; offset < VIRTIO_MMIO_SIZE; offset += 4)
        CHECK_EQ(get(offset), 0);
    virtio_mmio_reset(&slot);
    CHECK_EQ(get(0x04), 1);
}

TEST(offsets_past_the_window_fault)
{
    u32 value;

    for (u32 full = 0; full < 2; full++) {
        start_empty();
        if (full)
            start(true);
        CHECK_EQ(virtio_mmio_read(&slot, 0x200, 4, &value), MMIO_FAULT);
        CHECK_EQ(virtio_mmio_read(&slot, 0xfff, 1, &value), MMIO_FAULT);
        CHECK_EQ(virtio_mmio_write(&slot, 0x200, 4, 1, &notified), MMIO_FAULT);
        CHECK(!notified);
    }
}

/* ---------------------------------------------------------------- registers */

TEST(a_driver_finds_the_device)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern);
        CHECK_EQ(get(0x00), 0x74726976);
        CHECK_EQ(get(0x04), 1 + modern);
        CHECK_EQ(get(0x08), ECHO_ID);
        CHECK_EQ(get(0x0c), 0x554d4551);
        CHECK_EQ(get(0x70), 0);
        CHECK_EQ(get(0x60), 0);
        CHECK(!fake_host.line);
    }
}

TEST(narrow_accesses_to_registers_do_nothing)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern);
        for (u32 offset = 0; offset < 0x100; offset++) {
            CHECK_EQ(load(offset, 1), 0);
            CHECK_EQ(virtio_mmio_write(&slot, offset, 1, 0xff, &notified), MMIO_OK);
            if (offset % 2 == 0) {
                CHECK_EQ(load(offset, 2), 0);
                CHECK_EQ(virtio_mmio_write(&slot, offset, 2, 0xffff, &notified), MMIO_OK);
            }
        }
        CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0);
        CHECK_EQ(slot.queue_select, 0);
    }
}

TEST(write_only_and_unknown_registers_read_zero)
{
    static const u32 legacy[] = {0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x38, 0x3c,
                                 0x44, 0x48, 0x50, 0x54, 0x58, 0x5c, 0x64, 0x68, 0x6c, 0x74,
                                 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0xac, 0xc0, 0xfc};

    for (u32 modern = 0; modern < 2; modern++) {
        start(modern);
        for (u32 i = 0; i < ARRAY_SIZE(legacy); i++)
            CHECK_EQ(get(legacy[i]), 0);
        for (u32 offset = 0xb0; offset <= 0xbc; offset += 4)
            CHECK_EQ(get(offset), 0xffffffff); /* no shared memory */
    }
}

TEST(features_are_shown_by_words)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern);
        CHECK_EQ(get(VIRTIO_MMIO_DEVICE_FEATURES), (u32)echo.device.offered);
        CHECK_EQ(offered(), echo.device.offered);
        put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
        CHECK_EQ(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
        put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0xffffffff);
        CHECK_EQ(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
    }
}

TEST(queues_that_there_are_have_a_size)
{
    for (u32 modern = 0; modern < 2; modern++) {
        static const u32 none[] = {2, 8, 9, 0x80000000, 0xffffffff};

        start(modern);
        CHECK_EQ(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 256);
        put(VIRTIO_MMIO_QUEUE_SEL, 1);
        CHECK_EQ(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 256);
        for (u32 i = 0; i < ARRAY_SIZE(none); i++) {
            put(VIRTIO_MMIO_QUEUE_SEL, none[i]);
            CHECK_EQ(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
            put(VIRTIO_MMIO_QUEUE_NUM, 8);
            put(VIRTIO_MMIO_QUEUE_ALIGN, 4096);
            put(VIRTIO_MMIO_QUEUE_DESC_LOW, 8);
            if (modern)
                put(VIRTIO_MMIO_QUEUE_READY, 1);
            else
                put(VIRTIO_MMIO_QUEUE_PFN, 1);
            CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
            CHECK_EQ(get(VIRTIO_MMIO_QUEUE_PFN), 0);
        }
        CHECK_EQ(echo.device.status, 0);
    }
}

/* ---------------------------------------------------------------- configuration */

TEST(the_configuration_is_read_in_every_width)
{
    start(false);
    CHECK_EQ(load(0x100, 1), 0x11);
    CHECK_EQ(load(0x10b, 1), 0xcc);
    CHECK_EQ(load(0x102, 2), 0x4433);
    CHECK_EQ(load(0x108, 4), 0xccbbaa99);
}

TEST(past_the_configuration_there_are_ones)
{
    start(true);
    CHECK_EQ(load(0x10c, 1), 0xff);
    CHECK_EQ(load(0x10c, 2), 0xffff);
    CHECK_EQ(load(0x10c, 4), 0xffffffff);
    CHECK_EQ(load(0x1ff, 1), 0xff);
    CHECK_EQ(load(0x1fc, 4), 0xffffffff);
}

TEST(the_configuration_is_stored_to_within_its_size)
{
    start(true);
    CHECK_EQ(virtio_mmio_write(&slot, 0x101, 1, 0xab, &notified), MMIO_OK);
    CHECK_EQ(virtio_mmio_write(&slot, 0x102, 2, 0xcdef, &notified), MMIO_OK);
    CHECK_EQ(load(0x100, 4), 0xcdefab11);
    CHECK_EQ(virtio_mmio_write(&slot, 0x10c, 4, 0, &notified), MMIO_OK);
    CHECK_EQ(virtio_mmio_write(&slot, 0x1fc, 4, 0, &notified), MMIO_OK);
    CHECK_EQ(echo.stored, 3);
}

TEST(a_configuration_that_nothing_can_be_stored_to_ignores_stores)
{
    struct virtio_ops fixed = echo_ops;

    start(true);
    fixed.config_write = NULL;
    echo.device.ops = &fixed;
    put(0x100, 0);
    CHECK_EQ(load(0x100, 1), 0x11);
}

TEST(the_generation_is_a_modern_register)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern);
        virtio_config_changed(&echo.device);
        CHECK_EQ(get(VIRTIO_MMIO_CONFIG_GENERATION), modern);
    }
}

/* ---------------------------------------------------------------- status and features */

TEST(a_modern_driver_takes_features)
{
    u64 some = VIRTIO_F_VERSION_1 | ECHO_FEATURE;

    start(true);
    CHECK(negotiate(some));
    CHECK_EQ(echo.device.features, some);
    take_features(0); /* too late */
    put(VIRTIO_MMIO_STATUS, 15);
    CHECK_EQ(echo.device.features, some);
    CHECK(notified); /* it may have made chains available */
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 15);
    CHECK(virtio_works(&echo.device));
}

TEST(features_that_are_not_offered_are_refused)
{
    for (u32 bit = 0; bit < 64; bit++) {
        bool is_offered;

        start(true);
        is_offered = echo.device.offered >> bit & 1;
        CHECK_EQ(negotiate(VIRTIO_F_VERSION_1 | 1ull << bit), is_offered);
        CHECK_EQ(get(VIRTIO_MMIO_STATUS), is_offered ? 11 : 3);
        if (!is_offered)
            CHECK_EQ(echo.device.features, 0);
    }
}

TEST(after_a_refusal_other_features_may_be_taken)
{
    start(true);
    CHECK(!negotiate(1));
    take_features(VIRTIO_F_VERSION_1);
    put(VIRTIO_MMIO_STATUS, 11);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 11);
    CHECK_EQ(echo.device.features, VIRTIO_F_VERSION_1);
}

TEST(a_driver_may_do_without_version_1)
{
    start(true);
    put(VIRTIO_MMIO_DRIVER_FEATURES, ECHO_FEATURE); /* the other word is never written */
    put(VIRTIO_MMIO_STATUS, 11);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 11);
    CHECK_EQ(echo.device.features, ECHO_FEATURE);
}

TEST(words_of_features_that_do_not_exist_change_nothing)
{
    start(true);
    put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 2);
    put(VIRTIO_MMIO_DRIVER_FEATURES, 0xffffffff);
    put(VIRTIO_MMIO_STATUS, 11);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 11);
    CHECK_EQ(echo.device.features, 0);
}

TEST(a_legacy_driver_takes_features_at_once)
{
    start(false);
    take_features(0xffffffffffffffff);
    CHECK_EQ(echo.device.features, (u32)echo.device.offered);
    put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    put(VIRTIO_MMIO_DRIVER_FEATURES, ECHO_FEATURE);
    CHECK_EQ(echo.device.features, ECHO_FEATURE);
    put(VIRTIO_MMIO_STATUS, 11); /* some say FEATURES_OK to a legacy device */
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 11);
    put(VIRTIO_MMIO_DRIVER_FEATURES, 0);
    CHECK_EQ(echo.device.features, ECHO_FEATURE);
}

TEST(legacy_features_that_come_after_the_queues_hold)
{
    start(false);
    put(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
    put(VIRTIO_MMIO_QUEUE_PFN, 0x80000);
    CHECK(!echo.device.queues[0].setup.event_idx);
    put(VIRTIO_MMIO_DRIVER_FEATURES, (u32)VIRTIO_F_EVENT_IDX);
    CHECK(echo.device.queues[0].setup.event_idx);
    CHECK(!echo.device.queues[0].setup.indirect);
}

TEST(the_driver_neither_sets_nor_clears_needs_reset)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern);
        put(VIRTIO_MMIO_STATUS, 0xffffff00 | VIRTIO_NEEDS_RESET | VIRTIO_DRIVER);
        CHECK_EQ(get(VIRTIO_MMIO_STATUS), VIRTIO_DRIVER);
        put(VIRTIO_MMIO_STATUS, 7);
        virtio_break(&echo.device);
        CHECK_EQ(get(VIRTIO_MMIO_STATUS), VIRTIO_NEEDS_RESET | 7);
        CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_CONFIG);
        put(VIRTIO_MMIO_STATUS, 7);
        CHECK_EQ(get(VIRTIO_MMIO_STATUS), VIRTIO_NEEDS_RESET | 7);
        put(VIRTIO_MMIO_STATUS, 0);
        CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0);
        CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    }
}

TEST(interrupts_are_acknowledged)
{
    start(true);
    negotiate(VIRTIO_F_VERSION_1);
    put(VIRTIO_MMIO_STATUS, 15);
    virtio_config_changed(&echo.device);
    CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), 2);
    put(VIRTIO_MMIO_INTERRUPT_ACK, 1);
    CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), 2);
    CHECK(fake_host.line);
    put(VIRTIO_MMIO_INTERRUPT_ACK, 0xffffffff);
    CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    CHECK(!fake_host.line);
}

/* ---------------------------------------------------------------- modern queues */

TEST(a_modern_queue_is_set_up)
{
    const struct virtqueue *queue = &echo.device.queues[1];

    start(true);
    negotiate(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX);
    put_queue(1, 100, 0x1122334455667780, 0x8877665544332210, 0x0102030405060708);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 1);
    CHECK_EQ(queue->setup.size, 100);
    CHECK(queue->setup.packed && queue->setup.event_idx && !queue->setup.indirect);
    CHECK_EQ(queue->setup.descriptors, 0x1122334455667780);
    CHECK_EQ(queue->setup.driver, 0x8877665544332210);
    CHECK_EQ(queue->setup.device, 0x0102030405060708);
    put(VIRTIO_MMIO_QUEUE_SEL, 0);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
}

TEST(a_queue_of_no_possible_size_breaks_the_device)
{
    static const u32 sizes[] = {0, 3, 257, 512, 0x8000, 0x10008, 0xffffffff, 0x80000000};

    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        start(true);
        negotiate(VIRTIO_F_VERSION_1);
        put_queue(0, sizes[i], 0x80000000, 0x80001000, 0x80002000);
        CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
        CHECK(get(VIRTIO_MMIO_STATUS) & VIRTIO_NEEDS_RESET);

        start(false);
        put(VIRTIO_MMIO_QUEUE_NUM, sizes[i]);
        put(VIRTIO_MMIO_QUEUE_PFN, 0x80000);
        CHECK(!echo.device.queues[0].ready);
        CHECK(get(VIRTIO_MMIO_STATUS) & VIRTIO_NEEDS_RESET);
    }
}

TEST(a_queue_that_is_ready_keeps_its_place)
{
    start(true);
    negotiate(VIRTIO_F_VERSION_1);
    put_queue(0, 8, 0x80000000, 0x80001000, 0x80002000);
    echo.device.queues[0].next_available = 5;
    put_queue(0, 16, 0x80003000, 0x80001000, 0x80002000);
    CHECK_EQ(echo.device.queues[0].setup.descriptors, 0x80000000);
    CHECK_EQ(echo.device.queues[0].next_available, 5);
}

TEST(a_queue_ends_when_nothing_uses_ram)
{
    start(true);
    negotiate(VIRTIO_F_VERSION_1);
    put_queue(0, 8, 0x80000000, 0x80001000, 0x80002000);
    echo.busy = true;
    CHECK_EQ(virtio_mmio_write(&slot, VIRTIO_MMIO_QUEUE_READY, 4, 0, &notified), MMIO_AGAIN);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
    CHECK_EQ(virtio_mmio_write(&slot, VIRTIO_MMIO_QUEUE_READY, 4, 1, &notified), MMIO_AGAIN);
    echo.busy = false;
    put(VIRTIO_MMIO_QUEUE_READY, 0);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 11);
    CHECK_EQ(echo.resets, 1); /* that of negotiate */
}

TEST(notifications_are_for_queues_that_are_ready)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern);
        put(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
        CHECK(!notified);
        CHECK(!virtio_works(&echo.device));
        if (modern)
            put_queue(1, 8, 0x80000000, 0x80001000, 0x80002000);
        put(VIRTIO_MMIO_QUEUE_SEL, 1);
        if (!modern)
            put(VIRTIO_MMIO_QUEUE_PFN, 0x80000000);
        put(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
        CHECK(!notified);
        put(VIRTIO_MMIO_QUEUE_NOTIFY, 2);
        CHECK(!notified);
        put(VIRTIO_MMIO_QUEUE_NOTIFY, 0xffffffff);
        CHECK(!notified);
        put(VIRTIO_MMIO_QUEUE_NOTIFY, 1);
        CHECK(notified);
        CHECK_EQ(virtio_works(&echo.device), !modern); /* legacy: before DRIVER_OK, too */
    }
}

/* ---------------------------------------------------------------- legacy queues */

/* How a teaching kernel does it: no features, no FEATURES_OK, one queue. */
TEST(a_legacy_queue_is_set_up)
{
    const struct virtqueue *queue = &echo.device.queues[0];

    start(false);
    put(VIRTIO_MMIO_STATUS, 0);
    put(VIRTIO_MMIO_STATUS, 1);
    put(VIRTIO_MMIO_STATUS, 3);
    put(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
    put(VIRTIO_MMIO_QUEUE_SEL, 0);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_PFN), 0);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 256);
    put(VIRTIO_MMIO_QUEUE_NUM, 8);
    put(VIRTIO_MMIO_QUEUE_ALIGN, 4096);
    put(VIRTIO_MMIO_QUEUE_PFN, 0x80002);
    put(VIRTIO_MMIO_STATUS, 7);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_PFN), 0x80002);
    CHECK(queue->ready);
    CHECK(!queue->setup.packed && !queue->setup.event_idx && !queue->setup.indirect);
    CHECK_EQ(queue->setup.size, 8);
    CHECK_EQ(queue->setup.descriptors, 0x80002000);
    CHECK_EQ(queue->setup.driver, 0x80002080);
    CHECK_EQ(queue->setup.device, 0x80003000);
}

TEST(a_page_size_and_an_alignment_that_were_told_outlive_a_reset)
{
    start(false);
    put(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096); /* Linux tells it first and resets then */
    put(VIRTIO_MMIO_QUEUE_ALIGN, 64);
    put(VIRTIO_MMIO_STATUS, 0);
    put(VIRTIO_MMIO_QUEUE_NUM, 8);
    put(VIRTIO_MMIO_QUEUE_PFN, 0x80002);
    CHECK_EQ(echo.device.queues[0].setup.descriptors, 0x80002000);
    CHECK_EQ(echo.device.queues[0].setup.device, 0x800020c0);
    virtio_mmio_reset(&slot);
    put(VIRTIO_MMIO_QUEUE_PFN, 0x80002000); /* not told: a page is a byte */
    CHECK_EQ(echo.device.queues[0].setup.descriptors, 0x80002000);
}

TEST(pages_lie_anywhere)
{
    static const struct {
        u32 page_size, page;
        u64 base;
    } cases[] = {
        {4096, 0x3fffff, 0x3fffff000}, {4096, 0xffffffff, 0xffffffff000},
        {0x80000000, 3, 0x180000000},  {0, 0x80001000, 0x80001000},
        {0x3000, 0x80000, 0x80000000}, {0x80000000, 0xffffffff, 0x7fffffff80000000},
    };

    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        start(false);
        put(VIRTIO_MMIO_GUEST_PAGE_SIZE, cases[i].page_size);
        put(VIRTIO_MMIO_QUEUE_PFN, cases[i].page);
        CHECK_EQ(echo.device.queues[0].setup.descriptors, cases[i].base);
        CHECK_EQ(get(VIRTIO_MMIO_QUEUE_PFN), cases[i].page);
    }
}

TEST(used_rings_are_aligned_as_told)
{
    start(false);
    put(VIRTIO_MMIO_QUEUE_NUM, 2);
    put(VIRTIO_MMIO_QUEUE_PFN, 0x80001000);
    for (u32 shift = 0; shift < 32; shift++) {
        u64 end = 0x80001000ull + 2 * 16 + 6 + 2 * 2, align = 1ull << shift;

        put(VIRTIO_MMIO_QUEUE_ALIGN, 1u << shift);
        CHECK_EQ(echo.device.queues[0].setup.device, (end + align - 1) / align * align);
    }
    put(VIRTIO_MMIO_QUEUE_ALIGN, 0); /* no power of two: as before */
    put(VIRTIO_MMIO_QUEUE_ALIGN, 0x1800);
    CHECK_EQ(echo.device.queues[0].setup.device, 0x100000000);
}

TEST(size_align_and_page_come_in_any_order)
{
    static const u32 registers[] = {VIRTIO_MMIO_QUEUE_NUM, VIRTIO_MMIO_QUEUE_ALIGN,
                                    VIRTIO_MMIO_QUEUE_PFN};
    static const u32 values[] = {8, 64, 0x80000};

    for (u32 first = 0; first < 3; first++)
        for (u32 second = 0; second < 3; second++) {
            u32 third = 3 - first - second;

            if (first == second)
                continue;
            start(false);
            put(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
            put(registers[first], values[first]);
            put(registers[second], values[second]);
            put(registers[third], values[third]);
            CHECK_EQ(echo.device.queues[0].setup.size, 8);
            CHECK_EQ(echo.device.queues[0].setup.device, 0x800000c0);
        }
}

TEST(a_page_number_of_zero_resets_the_device)
{
    start(false);
    put(VIRTIO_MMIO_STATUS, 7);
    put(VIRTIO_MMIO_QUEUE_PFN, 0x80001000);
    put(VIRTIO_MMIO_QUEUE_PFN, 0);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_PFN), 0);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0);
    CHECK(!echo.device.queues[0].ready);
    CHECK_EQ(echo.resets, 1);
}

/* ---------------------------------------------------------------- registers of the other version
 */

TEST(a_modern_device_has_no_legacy_registers)
{
    start(true);
    put(VIRTIO_MMIO_STATUS, 3);
    put(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
    put(VIRTIO_MMIO_QUEUE_ALIGN, 64);
    put(VIRTIO_MMIO_QUEUE_PFN, 0x80000);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_PFN), 0);
    CHECK(!echo.device.queues[0].ready);
    put(VIRTIO_MMIO_QUEUE_PFN, 0);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 3);
}

TEST(a_legacy_device_has_no_modern_registers)
{
    start(false);
    put(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
    put(VIRTIO_MMIO_STATUS, 3);
    put_queue(0, 8, 0x80000000, 0x80001000, 0x80002000);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
    CHECK(!echo.device.queues[0].ready);
    put(VIRTIO_MMIO_QUEUE_PFN, 0x80000);
    put(VIRTIO_MMIO_QUEUE_READY, 0);
    CHECK(echo.device.queues[0].ready);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
}

/* ---------------------------------------------------------------- reset */

TEST(a_reset_waits_until_nothing_uses_ram)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern);
        put(VIRTIO_MMIO_STATUS, 7);
        echo.busy = true;
        for (u32 i = 0; i < 3; i++) {
            CHECK_EQ(virtio_mmio_write(&slot, VIRTIO_MMIO_STATUS, 4, 0, &notified), MMIO_AGAIN);
            CHECK(!notified);
            CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0);
            CHECK_EQ(echo.resets, 1);
        }
        /* Another vCPU gets no further either. */
        CHECK_EQ(virtio_mmio_write(&slot, VIRTIO_MMIO_STATUS, 4, 7, &notified), MMIO_AGAIN);
        echo.busy = false;
        put(VIRTIO_MMIO_STATUS, 0);
        put(VIRTIO_MMIO_STATUS, 7);
        CHECK_EQ(get(VIRTIO_MMIO_STATUS), 7);
    }
}

TEST(a_reset_forgets_what_was_negotiated)
{
    start(true);
    negotiate(VIRTIO_F_VERSION_1 | ECHO_FEATURE);
    put_queue(1, 8, 0x80000000, 0x80001000, 0x80002000);
    put(VIRTIO_MMIO_STATUS, 15);
    virtio_config_changed(&echo.device);
    put(VIRTIO_MMIO_STATUS, 0);
    CHECK(!fake_host.line);
    CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    CHECK_EQ(echo.device.features, 0);
    CHECK_EQ(slot.queue_select, 0);
    put(VIRTIO_MMIO_QUEUE_SEL, 1);
    CHECK_EQ(get(VIRTIO_MMIO_QUEUE_READY), 0);
    put(VIRTIO_MMIO_STATUS, 11); /* no features were taken since */
    CHECK_EQ(echo.device.features, 0);
}

TEST(the_power_on_state_comes_back_whole)
{
    start(true);
    negotiate(VIRTIO_F_VERSION_1);
    put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    put_queue(1, 8, 0x80000000, 0x80001000, 0x80002000);
    put(VIRTIO_MMIO_STATUS, 15);
    virtio_config_changed(&echo.device);
    virtio_mmio_reset(&slot);
    CHECK(!fake_host.line);
    CHECK_EQ(get(VIRTIO_MMIO_STATUS), 0);
    CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    CHECK_EQ(get(VIRTIO_MMIO_DEVICE_FEATURES), (u32)echo.device.offered);
    CHECK_EQ(slot.queue_select, 0);
    CHECK_EQ(slot.driver_features_select, 0);
    CHECK_EQ(slot.driver_features, 0);
    CHECK_EQ(slot.guest_page_size, 1);
    CHECK_EQ(slot.queues[1].size, 256);
    CHECK_EQ(slot.queues[1].descriptors, 0);
    CHECK(!echo.device.queues[1].ready);
}

/* ---------------------------------------------------------------- all of it */

TEST(a_request_goes_all_the_way)
{
    static const u64 kinds[] = {0, VIRTIO_F_EVENT_IDX, VIRTIO_F_RING_PACKED};

    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct virtqueue_setup kind = {
            .size = 8, .packed = i == 2, .event_idx = kinds[i] == VIRTIO_F_EVENT_IDX};
        struct fake_queue ring;
        u32 written;
        u16 id;

        start(true);
        CHECK(negotiate(VIRTIO_F_VERSION_1 | kinds[i]));
        fake_queue_make(&ring, &kind);
        put_queue(0, 8, ring.setup.descriptors, ring.setup.driver, ring.setup.device);
        put(VIRTIO_MMIO_STATUS, 15);
        fake_queue_add(
            &ring,
            (struct fake_buffer[]){{fake_alloc(64, 4), 64, false}, {fake_alloc(64, 4), 64, true}},
            2);
        put(VIRTIO_MMIO_QUEUE_NOTIFY, 0);
        CHECK(notified);
        CHECK(!virtio_service(&echo.device));
        CHECK(fake_queue_take(&ring, &id, &written));
        CHECK_EQ(written, 64);
        CHECK_EQ(get(VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_USED);
        CHECK(fake_host.line);
        put(VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_INTERRUPT_USED);
        CHECK(!fake_host.line);
    }
}

UNIT_MAIN("virtio_mmio")
