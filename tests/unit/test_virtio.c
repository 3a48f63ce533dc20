/* What all virtio devices have in common: from the driver's chains to its interrupt, and what
 * becomes of a device whose driver breaks the rules. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_virtio_echo.h"

#define MODERN (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)
#define PACKED (MODERN | VIRTIO_F_RING_PACKED)

static struct fake_queue ring;
static gpa_t text, room; /* of `offer` */

static void start(u64 features)
{
    echo_make(features & VIRTIO_F_VERSION_1);
    fake_driver_start(&echo.device, features);
    fake_queue_open(&ring, &echo.device, 0, 16);
    text = fake_alloc(256, 16);
    room = fake_alloc(256, 16);
    memcpy(fake_ram(text, 6), "ping?", 6);
}

static u16 offer(u32 readable, u32 writable)
{
    const struct fake_buffer buffers[] = {{text, readable, false}, {room, writable, true}};

    return fake_queue_add(&ring, buffers, 2);
}

static void break_ring(void)
{
    fake_queue_add(&ring, &(struct fake_buffer){room, 0, true}, 1);
}

TEST(a_device_begins_with_its_line_low_and_nothing_negotiated)
{
    echo_make(true);
    CHECK(!fake_host.line);
    CHECK_EQ(echo.device.status, 0);
    CHECK_EQ(echo.device.features, 0);
    CHECK_EQ(echo.resets, 0);
    CHECK(!virtio_works(&echo.device));
    CHECK(!virtio_service(&echo.device));
    CHECK_EQ(echo.services, 0);
}

TEST(what_the_queues_can_do_is_offered)
{
    u64 own = ECHO_FEATURE | ECHO_HIGH, both = VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC;

    echo_make(true);
    CHECK_EQ(echo.device.offered, own | both | VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED);
    echo_make(false);
    CHECK_EQ(echo.device.offered, own | both | VIRTIO_F_ANY_LAYOUT);
}

TEST(a_request_is_served_and_the_driver_interrupted)
{
    static const u64 kinds[] = {0, VIRTIO_F_EVENT_IDX, MODERN, PACKED};

    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        u32 written;
        u16 id, back;

        start(kinds[i]);
        id = offer(6, 100);
        CHECK(!virtio_service(&echo.device));
        CHECK(fake_queue_take(&ring, &back, &written));
        CHECK_EQ(back, id);
        CHECK_EQ(written, 6);
        CHECK_STR((char *)fake_ram(room, 6), "ping?");
        CHECK(fake_host.line);
        CHECK_EQ(echo.device.interrupts, VIRTIO_INTERRUPT_USED);
    }
}

TEST(the_line_is_high_until_all_is_acknowledged)
{
    start(MODERN);
    offer(1, 1);
    virtio_service(&echo.device);
    virtio_config_changed(&echo.device);
    CHECK_EQ(echo.device.interrupts, 3);
    CHECK_EQ(fake_host.rises, 1);
    virtio_acknowledge(&echo.device, VIRTIO_INTERRUPT_USED);
    CHECK(fake_host.line);
    virtio_acknowledge(&echo.device, 0xfffffffc);
    CHECK(fake_host.line);
    virtio_acknowledge(&echo.device, VIRTIO_INTERRUPT_CONFIG);
    CHECK(!fake_host.line);
}

TEST(a_driver_that_wants_no_interrupt_gets_none)
{
    start(0);
    fake_queue_interrupts(&ring, false);
    offer(1, 1);
    virtio_service(&echo.device);
    CHECK(!fake_host.line);
    CHECK_EQ(echo.device.interrupts, 0);
}

TEST(a_service_without_requests_interrupts_nobody)
{
    start(MODERN);
    CHECK(!virtio_service(&echo.device));
    CHECK(!fake_host.line);
}

TEST(what_does_not_fit_in_a_piece_is_told)
{
    start(MODERN);
    for (u32 i = 0; i < ECHO_PIECE; i++)
        fake_queue_add(&ring, &(struct fake_buffer){room, 1, true}, 1);
    CHECK(!virtio_service(&echo.device));
    for (u32 i = 0; i < 8; i++) {
        u32 written;
        u16 id;

        CHECK(fake_queue_take(&ring, &id, &written));
    }
    for (u32 i = 0; i < ECHO_PIECE + 1; i++)
        fake_queue_add(&ring, &(struct fake_buffer){room, 1, true}, 1);
    CHECK(virtio_service(&echo.device));
    CHECK(!virtio_service(&echo.device));
}

TEST(a_legacy_driver_may_begin_before_it_says_so)
{
    start(0);
    echo.device.status = VIRTIO_ACKNOWLEDGE;
    CHECK(!virtio_works(&echo.device));
    echo.device.early = true;
    CHECK(virtio_works(&echo.device));
}

TEST(a_broken_ring_breaks_its_device_and_nothing_else_happens)
{
    start(MODERN);
    break_ring();
    offer(1, 1);
    CHECK(!virtio_service(&echo.device));
    CHECK(echo.device.status & VIRTIO_NEEDS_RESET);
    CHECK(!virtio_works(&echo.device));
    CHECK_EQ(echo.device.interrupts, VIRTIO_INTERRUPT_CONFIG);
    CHECK(fake_host.line);
    CHECK_EQ(fake_get16(ring.setup.device + 2), 0);

    CHECK(!virtio_service(&echo.device));
    CHECK(!virtio_pop(&echo.device, 0));
    CHECK(!virtio_finish(&echo.device, 0));
    virtio_push(&echo.device, 0, 0, 1, 0);
    virtio_interrupt(&echo.device, 0);
    virtio_config_changed(&echo.device);
    CHECK_EQ(echo.services, 1);
    CHECK_EQ(fake_get16(ring.setup.device + 2), 0);
    CHECK_EQ(echo.device.interrupts, VIRTIO_INTERRUPT_CONFIG);
}

TEST(a_device_that_breaks_twice_interrupts_once)
{
    start(MODERN);
    virtio_break(&echo.device);
    virtio_acknowledge(&echo.device, 3);
    virtio_break(&echo.device);
    CHECK(!fake_host.line);
}

TEST(a_device_that_breaks_before_driver_ok_interrupts_nobody)
{
    echo_make(true);
    virtio_break(&echo.device);
    CHECK_EQ(echo.device.status, VIRTIO_NEEDS_RESET);
    CHECK(!fake_host.line);
}

TEST(a_reset_makes_all_well_again)
{
    start(PACKED);
    break_ring();
    virtio_service(&echo.device);
    virtio_reset(&echo.device);
    CHECK_EQ(echo.resets, 1);
    CHECK_EQ(echo.device.status, 0);
    CHECK_EQ(echo.device.features, 0);
    CHECK_EQ(echo.device.interrupts, 0);
    CHECK(!fake_host.line);
    CHECK(!echo.device.queues[0].ready);

    fake_driver_start(&echo.device, MODERN);
    fake_queue_open(&ring, &echo.device, 0, 8);
    offer(6, 6);
    CHECK(!virtio_service(&echo.device));
    CHECK_EQ(fake_get16(ring.setup.device + 2), 1);
}

TEST(a_buffer_that_is_not_ram_breaks_the_device)
{
    const struct fake_buffer out[] = {{0x1000, 8, false}, {room, 8, true}};
    const struct fake_buffer in[] = {{0x80000000, 8, false}, {0x1000, 8, true}};

    start(MODERN);
    fake_queue_add(&ring, out, 2);
    virtio_service(&echo.device);
    CHECK(echo.device.status & VIRTIO_NEEDS_RESET);
    start(MODERN);
    fake_queue_add(&ring, in, 2);
    virtio_service(&echo.device);
    CHECK(echo.device.status & VIRTIO_NEEDS_RESET);
}

TEST(copies_out_of_range_break_the_device)
{
    static const struct {
        u32 offset, size;
    } wrong[] = {{0, 7}, {6, 1}, {7, 0}, {0xffffffff, 2}, {2, 0xffffffff}};
    u8 bytes[8] = {0};

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
        start(MODERN);
        offer(6, 6);
        CHECK(virtio_pop(&echo.device, 0));
        CHECK(virtio_copy_in(&echo.device, 0, bytes, 6));
        CHECK(virtio_copy_out(&echo.device, 6, bytes, 0));
        CHECK(virtio_works(&echo.device));
        CHECK(!virtio_copy_in(&echo.device, wrong[i].offset, bytes, wrong[i].size));
        CHECK(!virtio_works(&echo.device));

        start(MODERN);
        offer(6, 6);
        CHECK(virtio_pop(&echo.device, 0));
        CHECK(!virtio_copy_out(&echo.device, wrong[i].offset, bytes, wrong[i].size));
        CHECK(!virtio_works(&echo.device));
    }
}

TEST(chains_given_back_together_are_seen_together)
{
    static const u64 kinds[] = {MODERN, PACKED};

    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct virtio_used used[2];
        u32 written;
        u16 id;

        start(kinds[i]);
        offer(1, 1);
        offer(1, 1);
        for (u32 j = 0; j < 2; j++) {
            CHECK(virtio_pop(&echo.device, 0));
            used[j] = (struct virtio_used){echo.chain.id, echo.chain.slots, 7 + j};
        }
        virtio_push_all(&echo.device, 0, used, 2);
        CHECK(!fake_queue_take(&ring, &id, &written));
        virtio_interrupt(&echo.device, 0);
        CHECK(fake_queue_take(&ring, &id, &written) && written == 7);
        CHECK(fake_queue_take(&ring, &id, &written) && written == 8);
        CHECK(fake_host.line);
    }
}

TEST(a_change_of_the_configuration_is_told_to_a_driver_that_is_there)
{
    echo_make(true);
    virtio_config_changed(&echo.device);
    CHECK_EQ(echo.device.generation, 1);
    CHECK(!fake_host.line);
    fake_driver_start(&echo.device, MODERN);
    virtio_config_changed(&echo.device);
    CHECK_EQ(echo.device.generation, 2);
    CHECK_EQ(echo.device.interrupts, VIRTIO_INTERRUPT_CONFIG);
}

TEST(bytes_of_a_structure)
{
    static const u8 bytes[] = {1, 2, 3, 4, 5, 6, 7, 0xf8};

    CHECK_EQ(virtio_bytes(bytes, 0, 4), 0x04030201);
    CHECK_EQ(virtio_bytes(bytes, 3, 4), 0x07060504);
    CHECK_EQ(virtio_bytes(bytes, 6, 2), 0xf807);
    CHECK_EQ(virtio_bytes(bytes, 7, 1), 0xf8);
}

UNIT_MAIN("virtio")
