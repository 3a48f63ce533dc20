/* The virtio console: what the guest prints and what is typed, in parts of any size. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_virtio.h"
#include "hyp/dev/virtio_console.c"

static _Alignas(4096) u8 room[PAGE_SIZE << VIRTIO_CONSOLE_ORDER];
static struct virtio_device *device;
static struct fake_queue input, output;

static struct {
    u8 printed[200000];
    u32 printed_count;
    u8 typed[20000];
    u32 typed_count, taken;
} host;

static void put(void *ctx, u8 byte)
{
    CHECK(ctx == &host);
    CHECK(host.printed_count < sizeof(host.printed));
    host.printed[host.printed_count++] = byte;
}

static u32 take(void *ctx, u8 *to, u32 size)
{
    u32 left = host.typed_count - host.taken;
    u32 count = left < size ? left : size;

    CHECK(ctx == &host);
    memcpy(to, host.typed + host.taken, count);
    host.taken += count;
    return count;
}

static void plug_in(bool modern, u64 features)
{
    const struct virtio_console_host console = {.put = put, .take = take, .ctx = &host};

    fake_host_reset();
    memset(&host, 0, sizeof(host));
    memset(room, 0, sizeof(room));
    device = virtio_console_init(room, &console, modern, &fake_virtio_host, fake_irq);
    fake_driver_start(device, features);
    fake_queue_open(&input, device, 0, 64);
    fake_queue_open(&output, device, 1, 64);
}

/* A buffer that the guest prints from. */
static u16 print_bytes(const void *bytes, u32 size)
{
    gpa_t at = fake_alloc(size, 1);

    memcpy(fake_ram(at, size), bytes, size);
    return fake_queue_add(&output, &(struct fake_buffer){at, size, false}, 1);
}

static void type(const char *text)
{
    memcpy(host.typed + host.typed_count, text, strlen(text));
    host.typed_count += (u32)strlen(text);
}

static gpa_t give_buffer(u32 size)
{
    gpa_t at = fake_alloc(size, 1);

    fake_queue_add(&input, &(struct fake_buffer){at, size, true}, 1);
    return at;
}

static u32 take_used(struct fake_queue *queue)
{
    u32 written;
    u16 id;

    CHECK(fake_queue_take(queue, &id, &written));
    return written;
}

static bool nothing_used(struct fake_queue *queue)
{
    u32 written;
    u16 id;

    return !fake_queue_take(queue, &id, &written);
}

static bool printed(const char *text)
{
    return host.printed_count == strlen(text) && !memcmp(host.printed, text, strlen(text));
}

TEST(what_the_guest_prints_comes_out_in_order)
{
    static const u64 features[] = {0, VIRTIO_F_EVENT_IDX,
                                   VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED};

    for (u32 i = 0; i < ARRAY_SIZE(features); i++) {
        gpa_t at;

        plug_in(features[i] & VIRTIO_F_VERSION_1, features[i]);
        CHECK_EQ(device->ops->id, 3);
        print_bytes("one, ", 5);
        at = fake_alloc(20, 1);
        memcpy(fake_ram(at, 10), "two, three", 10);
        fake_queue_add(
            &output, (struct fake_buffer[]){{at, 5, false}, {at + 5, 2, false}, {at + 7, 3, false}},
            3);
        CHECK(!virtio_service(device));
        CHECK(printed("one, two, three"));
        CHECK_EQ(take_used(&output), 0);
        CHECK_EQ(take_used(&output), 0);
        CHECK(fake_host.line);
    }
}

/* What is typed is for the console that the guest prints on. */
static void plug_in_and_print(void)
{
    plug_in(false, 0);
    print_bytes("> ", 2);
}

TEST(what_is_typed_waits_for_a_buffer_and_a_buffer_for_what_is_typed)
{
    gpa_t at;

    plug_in_and_print();
    type("early");
    CHECK(!virtio_service(device));
    CHECK_EQ(host.taken, 0);
    at = give_buffer(64);
    CHECK(!virtio_service(device));
    CHECK_EQ(take_used(&input), 5);
    CHECK(!memcmp(fake_ram(at, 5), "early", 5));
    CHECK_EQ(*fake_ram(at + 5, 1), 0xa5);

    at = give_buffer(64);
    CHECK(!virtio_service(device));
    CHECK(nothing_used(&input));
    type("late");
    CHECK(!virtio_service(device));
    CHECK_EQ(take_used(&input), 4);
    CHECK(!memcmp(fake_ram(at, 4), "late", 4));
    CHECK(nothing_used(&input));
}

TEST(small_buffers_share_a_long_line)
{
    gpa_t at[4];

    plug_in_and_print();
    for (u32 i = 0; i < 4; i++)
        at[i] = give_buffer(3);
    type("0123456789");
    CHECK(!virtio_service(device));
    for (u32 i = 0; i < 3; i++) {
        CHECK_EQ(take_used(&input), 3);
        CHECK(!memcmp(fake_ram(at[i], 3), &"0123456789"[3 * i], 3));
    }
    CHECK_EQ(take_used(&input), 1);
    CHECK_EQ(*fake_ram(at[3], 1), '9');
}

/* A guest that prints much is served piece by piece; nothing is lost or printed twice. */
TEST(a_long_text_comes_in_pieces)
{
    static u8 text[50000];
    u32 services = 1;

    for (u32 i = 0; i < sizeof(text); i++)
        text[i] = (u8)(i * 7 + (i >> 8));
    plug_in(false, 0);
    print_bytes(text, 30000);
    print_bytes(text + 30000, 20000);
    while (virtio_service(device)) {
        CHECK(host.printed_count <= services * BYTES_A_SERVICE);
        services++;
    }
    CHECK(services > sizeof(text) / BYTES_A_SERVICE);
    CHECK_EQ(host.printed_count, sizeof(text));
    CHECK(!memcmp(host.printed, text, sizeof(text)));
    CHECK_EQ(take_used(&output), 0);
    CHECK_EQ(take_used(&output), 0);
}

TEST(input_is_served_while_much_is_printed)
{
    static u8 text[50000];

    plug_in(false, 0);
    print_bytes(text, sizeof(text));
    give_buffer(16);
    type("q");
    CHECK(virtio_service(device));
    CHECK_EQ(take_used(&input), 1);
}

/* The chain that is half printed is another one at the next service. */
TEST(a_chain_that_became_shorter_is_no_more_than_that)
{
    static u8 text[20000];
    u16 id;

    plug_in(false, 0);
    memset(text, 'x', sizeof(text));
    id = print_bytes(text, sizeof(text));
    CHECK(virtio_service(device));
    fake_put_descriptor(output.setup.descriptors + 16u * id, FAKE_RAM_BASE, 10, 0, 0);
    CHECK(!virtio_service(device));
    CHECK_EQ(host.printed_count, BYTES_A_SERVICE);
    CHECK_EQ(take_used(&output), 0);
    print_bytes("next", 4);
    CHECK(!virtio_service(device));
    CHECK(!memcmp(host.printed + BYTES_A_SERVICE, "next", 4));
}

TEST(buffers_of_the_wrong_kind_are_given_back_empty)
{
    gpa_t at;

    plug_in(false, 0);
    at = fake_alloc(32, 1);
    type("text");
    fake_queue_add(&input, &(struct fake_buffer){at, 16, false}, 1);
    fake_queue_add(&output, &(struct fake_buffer){at + 16, 16, true}, 1);
    CHECK(!virtio_service(device));
    CHECK_EQ(take_used(&input), 0);
    CHECK_EQ(take_used(&output), 0);
    CHECK_EQ(host.taken, 0);
    CHECK(printed(""));
}

TEST(a_byte_can_be_printed_before_anything_is_set_up)
{
    plug_in(false, 0);
    virtio_reset(device);
    device->ops->config_write(device, 8, 4, 0x12345600 + '!');
    CHECK(printed("!"));
    device->ops->config_write(device, 0, 4, '?'); /* columns and rows */
    device->ops->config_write(device, 4, 4, '?');
    CHECK(printed("!"));
    CHECK_EQ(device->ops->config_read(device, 0, 4), 0);
    CHECK_EQ(device->ops->config_size, 12);
    CHECK(device->offered & VIRTIO_CONSOLE_F_EMERG_WRITE);
}

/* Linux gives buffers as soon as it finds the device, with its console on the UART. */
TEST(who_has_printed_gets_what_is_typed)
{
    plug_in(false, 0);
    give_buffer(16);
    type("for the UART");
    virtio_service(device);
    CHECK(!virtio_console_reads(device));
    CHECK_EQ(host.taken, 0);
    CHECK(nothing_used(&input));
    print_bytes("login: ", 7);
    virtio_service(device);
    CHECK(virtio_console_reads(device));
    CHECK_EQ(take_used(&input), strlen("for the UART"));
    virtio_reset(device);
    CHECK(!virtio_console_reads(device));
}

TEST(a_buffer_outside_of_ram_breaks_the_device)
{
    for (u32 i = 0; i < 2; i++) {
        plug_in_and_print();
        type("text");
        fake_queue_add(i ? &input : &output, &(struct fake_buffer){0x1000, 32, i}, 1);
        CHECK(!virtio_service(device));
        CHECK(!virtio_works(device));
        CHECK(!virtio_console_reads(device));
    }
}

TEST(a_reset_forgets_what_was_half_printed)
{
    static u8 text[20000];

    plug_in(false, 0);
    print_bytes(text, sizeof(text));
    CHECK(virtio_service(device));
    virtio_reset(device);
    fake_driver_start(device, 0);
    fake_queue_open(&output, device, 1, 64);
    host.printed_count = 0;
    print_bytes("new", 3);
    CHECK(!virtio_service(device));
    CHECK(printed("new"));
}

UNIT_MAIN("virtio_console")
