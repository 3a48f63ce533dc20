/* The virtio entropy device: buffers of any number and size are filled, and nothing else. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_virtio.h"
#include "hyp/dev/virtio_entropy.c"

static _Alignas(4096) u8 room[PAGE_SIZE << VIRTIO_ENTROPY_ORDER];
static struct virtio_device *device;
static struct fake_queue queue;
static u32 made; /* bytes that the source has given, numbered */
static bool dry; /* it has no more                            */

static bool source(void *to, u32 size)
{
    u8 *out = to;

    for (u32 i = 0; i < size; i++)
        out[i] = (u8)(made + i);
    if (!dry)
        made += size;
    return !dry;
}

static void plug_in(bool modern, u64 features)
{
    fake_host_reset();
    memset(room, 0, sizeof(room));
    made = 0;
    dry = false;
    device = virtio_entropy_init(room, source, modern, &fake_virtio_host, fake_irq);
    fake_driver_start(device, features);
    fake_queue_open(&queue, device, 0, 64);
}

static u16 ask(u32 size)
{
    return fake_queue_add(&queue, &(struct fake_buffer){fake_alloc(size, 1), size, true}, 1);
}

static void check_used(u16 id, u32 written)
{
    u32 got;
    u16 used;

    CHECK(fake_queue_take(&queue, &used, &got));
    CHECK_EQ(used, id);
    CHECK_EQ(got, written);
}

TEST(a_buffer_is_filled_with_what_the_source_gives)
{
    static const u64 features[] = {0, VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC,
                                   VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED};

    for (u32 i = 0; i < ARRAY_SIZE(features); i++) {
        gpa_t at;
        u16 id;

        plug_in(features[i] & VIRTIO_F_VERSION_1, features[i]);
        CHECK_EQ(device->ops->id, 4);
        at = fake_alloc(700, 1);
        id = fake_queue_add(
            &queue,
            (struct fake_buffer[]){{at, 100, true}, {at + 100, 1, true}, {at + 101, 500, true}}, 3);
        CHECK(!virtio_service(device));
        check_used(id, 601);
        for (u32 byte = 0; byte < 601; byte++)
            CHECK_EQ(*fake_ram(at + byte, 1), byte & 0xff);
        CHECK_EQ(*fake_ram(at + 601, 1), 0xa5);
        CHECK_EQ(made, 601);
        CHECK(fake_host.line);
    }
}

TEST(every_buffer_gets_its_own_bytes)
{
    u16 first, second;

    plug_in(false, 0);
    first = ask(32);
    second = ask(64);
    CHECK(!virtio_service(device));
    check_used(first, 32);
    check_used(second, 64);
    CHECK_EQ(made, 96);
}

/* Half a GiB of randomness would take minutes. */
TEST(a_large_buffer_gets_a_part)
{
    u16 id;

    plug_in(false, 0);
    id = ask(100000);
    CHECK(virtio_service(device)); /* it may have more chains */
    CHECK(!virtio_service(device));
    check_used(id, BYTES_A_SERVICE);
    CHECK_EQ(made, BYTES_A_SERVICE);
}

TEST(a_service_is_bounded_and_the_next_goes_on)
{
    u16 ids[40];
    u32 services = 1;

    plug_in(false, 0);
    for (u32 i = 0; i < 40; i++)
        ids[i] = ask(256);
    while (virtio_service(device)) {
        CHECK(made <= services * BYTES_A_SERVICE);
        services++;
    }
    CHECK(services >= 40 * 256 / BYTES_A_SERVICE);
    for (u32 i = 0; i < 40; i++)
        check_used(ids[i], 256);
}

TEST(a_buffer_that_cannot_be_written_to_gets_nothing)
{
    u16 id;

    plug_in(false, 0);
    id = fake_queue_add(&queue, &(struct fake_buffer){fake_alloc(16, 1), 16, false}, 1);
    CHECK(!virtio_service(device));
    check_used(id, 0);
    CHECK_EQ(made, 0);
}

TEST(without_randomness_buffers_wait)
{
    u16 id, used;
    u32 written;

    plug_in(false, 0);
    dry = true;
    id = ask(32);
    CHECK(!virtio_service(device));
    CHECK(!virtio_service(device));
    CHECK(!fake_queue_take(&queue, &used, &written));
    CHECK(virtio_works(device));
    dry = false;
    CHECK(!virtio_service(device));
    check_used(id, 32);
}

TEST(a_buffer_outside_of_ram_breaks_the_device)
{
    plug_in(false, 0);
    fake_queue_add(&queue, &(struct fake_buffer){0x1000, 32, true}, 1);
    CHECK(!virtio_service(device));
    CHECK(!virtio_works(device));
    CHECK(!virtio_service(device));
}

TEST(a_driver_that_is_not_ready_gets_nothing)
{
    plug_in(false, 0);
    ask(32);
    device->status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;
    CHECK(!virtio_service(device));
    CHECK_EQ(made, 0);
}

UNIT_MAIN("virtio_entropy")
