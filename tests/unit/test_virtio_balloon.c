/* The virtio balloon: pages that the guest gives and reports, in any order and of any kind. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_virtio.h"
#include "hyp/dev/virtio_balloon.c"

#define FRAMES 40000 /* page numbers that the host looks at; others are no RAM */

static _Alignas(4096) u8 room[PAGE_SIZE << VIRTIO_BALLOON_ORDER];
static struct virtio_device *device;
static struct fake_queue queues[QUEUES];

static struct {
    u8 given[FRAMES]; /* how often each page was given back, by number - first */
    u32 calls, pages; /* of give_back, and pages in them                        */
    u32 most;         /* pages since this was last zeroed                       */
    bool busy;        /* devices use RAM of the guest's                         */
} host;

#define FIRST 0x80000u /* page number of RAM */

static bool take_pages(void *ctx, gpa_t gpa, u64 size)
{
    CHECK(ctx == &host);
    CHECK(size && IS_ALIGNED(gpa | size, (u64)PAGE_SIZE));
    CHECK(gpa + size > gpa);
    if (host.busy)
        return false;
    host.calls++;
    for (u64 frame = gpa >> PAGE_SHIFT; frame < (gpa + size) >> PAGE_SHIFT; frame++) {
        host.pages++;
        host.most++;
        if (frame >= FIRST && frame - FIRST < FRAMES)
            host.given[frame - FIRST]++;
    }
    return true;
}

static void plug_in(bool modern, u64 features)
{
    const struct balloon_host balloon = {.give_back = take_pages, .ctx = &host};

    fake_host_reset();
    memset(&host, 0, sizeof(host));
    memset(room, 0, sizeof(room));
    device = virtio_balloon_init(room, &balloon, modern, &fake_virtio_host, fake_irq);
    fake_driver_start(device, features);
    for (u32 i = 0; i < QUEUES; i++)
        fake_queue_open(&queues[i], device, i, 32);
}

/* A chain of page numbers. */
static u16 list_frames(u32 queue, const u32 *frames, u32 count)
{
    gpa_t at = fake_alloc(count * 4, 4);

    memcpy(fake_ram(at, count * 4), frames, count * 4);
    return fake_queue_add(&queues[queue], &(struct fake_buffer){at, count * 4, false}, 1);
}

static bool is_used(u32 queue)
{
    u32 written;
    u16 id;

    if (!fake_queue_take(&queues[queue], &id, &written))
        return false;
    CHECK_EQ(written, 0);
    return true;
}

static bool given(u32 frame, u32 count)
{
    for (u32 i = 0; i < count; i++)
        if (host.given[frame - FIRST + i] != 1)
            return false;
    return true;
}

TEST(listed_pages_are_given_back)
{
    static const u32 frames[] = {FIRST + 10, FIRST + 11, FIRST + 12, FIRST + 300};
    static const u64 features[] = {0, VIRTIO_F_EVENT_IDX,
                                   VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED};

    for (u32 i = 0; i < ARRAY_SIZE(features); i++) {
        plug_in(features[i] & VIRTIO_F_VERSION_1, features[i]);
        CHECK_EQ(device->ops->id, 5);
        list_frames(0, frames, 4);
        CHECK(!virtio_service(device));
        CHECK(is_used(0));
        CHECK(given(FIRST + 10, 3) && given(FIRST + 300, 1));
        CHECK_EQ(host.pages, 4);
        CHECK_EQ(host.calls, 2);
        CHECK(fake_host.line);
    }
}

/* Linux takes pages one by one, from the top of a free block down or from its start up. */
TEST(the_order_in_which_pages_are_listed_is_any)
{
    u32 down[60], mixed[60];

    for (u32 i = 0; i < 60; i++) {
        down[i] = FIRST + 100 - i;
        mixed[i] = FIRST + 1000 + i * 7 % 60;
    }
    plug_in(false, 0);
    list_frames(0, down, 60);
    CHECK(!virtio_service(device));
    CHECK(given(FIRST + 41, 60));
    CHECK_EQ(host.calls, 1);
    list_frames(0, mixed, 60);
    CHECK(!virtio_service(device));
    CHECK(given(FIRST + 1000, 60));
    CHECK_EQ(host.calls, 2);
}

TEST(a_page_listed_twice_is_given_back_once)
{
    static const u32 frames[] = {FIRST + 5, FIRST + 4, FIRST + 5, FIRST + 5, FIRST + 6};

    plug_in(false, 0);
    list_frames(0, frames, 5);
    CHECK(!virtio_service(device));
    CHECK(given(FIRST + 4, 3));
    CHECK_EQ(host.calls, 1);
    CHECK_EQ(host.pages, 3);
}

/* The host is asked, with addresses that do not wrap; it knows what is RAM. */
TEST(page_numbers_that_are_none_do_no_harm)
{
    static const u32 frames[] = {0xffffffff, 0, 0xfffffffe, 1, FIRST - 1, FIRST, 0x80000000};

    plug_in(false, 0);
    list_frames(0, frames, 7);
    CHECK(!virtio_service(device));
    CHECK(is_used(0));
    CHECK(given(FIRST, 1));
    CHECK_EQ(host.pages, 7);
}

TEST(a_list_with_bytes_left_over_ends_before_them)
{
    gpa_t at;

    plug_in(false, 0);
    at = fake_alloc(16, 4);
    for (u32 i = 0; i < 4; i++)
        *(u32 *)fake_ram(at + 4 * i, 4) = FIRST + i;
    fake_queue_add(&queues[0], (struct fake_buffer[]){{at, 3, false}, {at + 3, 8, false}}, 2);
    fake_queue_add(&queues[0], &(struct fake_buffer){at, 3, false}, 1);
    CHECK(!virtio_service(device));
    CHECK(is_used(0) && is_used(0));
    CHECK(given(FIRST, 2));
    CHECK_EQ(host.pages, 2);
}

TEST(a_long_list_is_served_in_pieces)
{
    u32 frames[2000], services = 1;

    for (u32 i = 0; i < 2000; i++)
        frames[i] = FIRST + 2 * i; /* no two side by side */
    plug_in(false, 0);
    list_frames(0, frames, 2000);
    list_frames(0, frames, 1);
    while (virtio_service(device)) {
        CHECK(host.most <= PAGES_A_SERVICE);
        host.most = 0;
        services++;
    }
    CHECK(services >= 2000 / PAGES_A_SERVICE);
    CHECK(is_used(0) && is_used(0));
    CHECK_EQ(host.pages, 2001);
    for (u32 i = 1; i < 2000; i++)
        CHECK(given(frames[i], 1));
}

TEST(pages_taken_out_need_nothing)
{
    static const u32 frames[] = {FIRST};

    plug_in(false, 0);
    list_frames(1, frames, 1);
    CHECK(!virtio_service(device));
    CHECK(is_used(1));
    CHECK_EQ(host.pages, 0);
}

/* ---- Free page reporting ---- */

static void report_buffers(u32 queue, const struct fake_buffer *buffers, u32 count)
{
    fake_queue_add(&queues[queue], buffers, count);
}

/* Linux counts the queues that exist, the specification those that might. */
TEST(reports_come_by_any_queue_after_the_first_two)
{
    for (u32 queue = 2; queue < QUEUES; queue++) {
        struct fake_buffer buffers[] = {{(gpa_t)FIRST << 12, 64 << 12, true},
                                        {(gpa_t)(FIRST + 1000) << 12, 32 << 12, true}};
        u32 services = 1;

        plug_in(false, VIRTIO_BALLOON_F_REPORTING);
        report_buffers(queue, buffers, 2);
        while (virtio_service(device)) {
            CHECK(host.most <= PAGES_A_SERVICE);
            host.most = 0;
            services++;
        }
        CHECK(services >= 2);
        CHECK(is_used(queue));
        CHECK(given(FIRST, 64) && given(FIRST + 1000, 32));
        CHECK_EQ(host.pages, 96);
        CHECK_EQ(virtio_balloon_state(device).reported, 96);
    }
}

TEST(of_a_buffer_only_whole_pages_are_free)
{
    gpa_t start = (gpa_t)FIRST << 12;
    struct fake_buffer buffers[] = {{start + 1, 8192, true},        /* page 1            */
                                    {start + 0x10000, 4095, true},  /* none              */
                                    {start + 0x20fff, 4097, true},  /* page 0x21         */
                                    {start + 0x30000, 8191, true}}; /* page 0x30         */

    plug_in(false, VIRTIO_BALLOON_F_REPORTING);
    report_buffers(2, buffers, 4);
    CHECK(!virtio_service(device));
    CHECK(is_used(2));
    CHECK(given(FIRST + 1, 1) && given(FIRST + 0x21, 1) && given(FIRST + 0x30, 1));
    CHECK_EQ(host.pages, 3);
}

TEST(buffers_of_any_address_and_size_do_no_harm)
{
    struct fake_buffer buffers[] = {{0, 4096, true},
                                    {0xfffffff0, 0x20000, true},
                                    {~(gpa_t)0 - 0xffff, 0xffff, true},
                                    {~(gpa_t)0 - 0xffe, 0x500, true},
                                    {(gpa_t)1 << 40, 0x100000, true}};

    plug_in(false, VIRTIO_BALLOON_F_REPORTING);
    report_buffers(2, buffers, ARRAY_SIZE(buffers));
    while (virtio_service(device))
        host.most = 0;
    CHECK(is_used(2));
    CHECK_EQ(host.pages, 1 + 31 + 15 + 256);
    CHECK_EQ(virtio_balloon_state(device).reported, host.pages);
}

static u32 take_all(void)
{
    u32 count = 0;

    for (u32 queue = 0; queue < QUEUES; queue++)
        while (is_used(queue))
            count++;
    return count;
}

TEST(a_service_is_short_however_many_chains_there_are)
{
    struct fake_buffer buffer = {(gpa_t)FIRST << 12, 16, true};

    plug_in(false, VIRTIO_BALLOON_F_REPORTING);
    for (u32 queue = 0; queue < QUEUES; queue++)
        for (u32 i = 0; i < 32; i++)
            report_buffers(queue, &buffer, 1);
    CHECK(virtio_service(device));
    CHECK_EQ(take_all(), CHAINS_A_SERVICE);
    while (virtio_service(device))
        ;
    CHECK_EQ(take_all(), QUEUES * 32 - CHAINS_A_SERVICE);
}

TEST(free_pages_that_hold_a_value_are_left_with_the_guest)
{
    struct fake_buffer buffer = {(gpa_t)FIRST << 12, 4096, true};
    u64 features = VIRTIO_BALLOON_F_REPORTING | VIRTIO_BALLOON_F_PAGE_POISON;

    plug_in(false, features);
    device->ops->config_write(device, 12, 4, 0xaa);
    report_buffers(2, &buffer, 1);
    CHECK(!virtio_service(device));
    CHECK(is_used(2));
    CHECK_EQ(host.pages, 0);

    device->ops->config_write(device, 12, 4, 0); /* zeros, as what was given back has */
    report_buffers(2, &buffer, 1);
    CHECK(!virtio_service(device));
    CHECK_EQ(host.pages, 1);
}

/* ---- A host that cannot take them now ---- */

TEST(while_devices_use_ram_the_balloon_waits)
{
    struct fake_buffer buffer = {(gpa_t)(FIRST + 100) << 12, 4096, true};
    static const u32 frames[] = {FIRST, FIRST + 1};

    plug_in(false, VIRTIO_BALLOON_F_REPORTING);
    host.busy = true;
    list_frames(0, frames, 2);
    list_frames(1, frames, 1);
    report_buffers(4, &buffer, 1);
    CHECK(!virtio_service(device));
    CHECK(!virtio_service(device));
    CHECK(!is_used(0) && is_used(1) && !is_used(4));
    host.busy = false;
    CHECK(!virtio_service(device));
    CHECK(is_used(0) && is_used(4));
    CHECK(given(FIRST, 2) && given(FIRST + 100, 1));
}

TEST(a_list_that_became_shorter_meanwhile_is_no_more_than_that)
{
    u32 frames[200];
    u16 id;

    for (u32 i = 0; i < 200; i++)
        frames[i] = FIRST + 2 * i;
    plug_in(false, 0);
    id = list_frames(0, frames, 200);
    CHECK(virtio_service(device));
    fake_put_descriptor(queues[0].setup.descriptors + 16u * id, FAKE_RAM_BASE, 16, 0, 0);
    CHECK(!virtio_service(device));
    CHECK(is_used(0));
    CHECK_EQ(host.pages, PAGES_A_SERVICE);
}

TEST(a_list_outside_of_ram_breaks_the_device)
{
    plug_in(false, 0);
    fake_queue_add(&queues[0], &(struct fake_buffer){0x1000, 16, false}, 1);
    CHECK(!virtio_service(device));
    CHECK(!virtio_works(device));
    CHECK_EQ(host.calls, 0);
}

/* ---- The configuration ---- */

TEST(the_guest_is_told_what_is_wanted)
{
    plug_in(false, 0);
    CHECK_EQ(device->ops->config_size, 16);
    virtio_balloon_ask(device, 5000);
    CHECK_EQ(device->interrupts, VIRTIO_INTERRUPT_CONFIG);
    CHECK(fake_host.line);
    CHECK_EQ(device->ops->config_read(device, 0, 4), 5000);
    CHECK_EQ(device->ops->config_read(device, 1, 1), 5000 >> 8);
    CHECK_EQ(virtio_balloon_state(device).wanted, 5000);
    device->ops->config_write(device, 0, 4, 1); /* not the driver's to change */
    device->ops->config_write(device, 8, 4, 1);
    CHECK_EQ(device->ops->config_read(device, 0, 4), 5000);
    CHECK_EQ(device->ops->config_read(device, 8, 4), 0);
}

TEST(what_the_guest_has_given_counts_when_it_is_whole)
{
    plug_in(false, 0);
    device->ops->config_write(device, 4, 4, 0x12345);
    CHECK_EQ(virtio_balloon_state(device).actual, 0x12345);
    CHECK_EQ(device->ops->config_read(device, 4, 4), 0x12345);
    for (u32 byte = 0; byte < 4; byte++) {
        CHECK_EQ(virtio_balloon_state(device).actual, 0x12345);
        device->ops->config_write(device, 4 + byte, 1, 0x10 + byte);
    }
    CHECK_EQ(virtio_balloon_state(device).actual, 0x13121110);
}

/* The guest of the next life finds what its host wants, and begins with an empty balloon. */
TEST(a_reset_empties_the_balloon)
{
    u32 frames[200] = {0};

    plug_in(false, VIRTIO_BALLOON_F_PAGE_POISON);
    virtio_balloon_ask(device, 7);
    device->ops->config_write(device, 4, 4, 6);
    device->ops->config_write(device, 12, 4, 0xaa);
    list_frames(0, frames, 200);
    CHECK(virtio_service(device));
    virtio_reset(device);
    CHECK_EQ(virtio_balloon_state(device).actual, 0);
    CHECK_EQ(virtio_balloon_state(device).wanted, 7);
    CHECK_EQ(device->ops->config_read(device, 4, 4), 0);
    CHECK_EQ(device->ops->config_read(device, 12, 4), 0);
    fake_driver_start(device, 0);
    fake_queue_open(&queues[0], device, 0, 32);
    list_frames(0, (u32[]){FIRST + 3}, 1);
    CHECK(!virtio_service(device));
    CHECK(given(FIRST + 3, 1)); /* from its start */
}

UNIT_MAIN("virtio_balloon")
