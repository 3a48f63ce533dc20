/* The entropy device: random bytes on demand, and nothing written past what was asked for. */
#include "guest/lib/string.h"
#include "guest/lib/virtio_ways.h"

#define MARK 0xa5

static struct virtio device;
static struct virtq queue;
static u8 bytes[2][PAGE_SIZE];

static bool open_device(void)
{
    if (!virtio_find(VIRTIO_ENTROPY, 0, &device) || !virtio_begin(&device, 0, virtio_way) ||
        !virtio_set_queue(&device, 0, &queue, 8)) {
        test_fail("no entropy device to work with");
        return false;
    }
    virtio_go(&device);
    memset(bytes, MARK, sizeof(bytes));
    return true;
}

/* Has `size` bytes put at `to`; returns how many the device says that it has written. */
static u32 ask(u8 *to, u32 size)
{
    struct virtq_buffer buffer = {to, size};
    u32 written = 0;

    if (virtq_add(&queue, &buffer, 0, 1) < 0)
        return 0;
    virtio_kick(&device, 0, &queue);
    if (!virtio_wait(&queue) || !virtq_take(&queue, NULL, &written))
        return 0;
    return written;
}

static u32 count_other(const u8 *at, u32 size, u8 byte)
{
    u32 count = 0;

    for (u32 i = 0; i < size; i++)
        count += at[i] != byte;
    return count;
}

static void has_one_queue(void)
{
    if (!open_device())
        return;
    virtio_write(&device, VIRTIO_QUEUE_SEL, 1);
    CHECK_EQ(virtio_read(&device, VIRTIO_QUEUE_NUM_MAX), 0);
}

static void bytes_are_not_all_the_same(void)
{
    if (!open_device())
        return;
    u32 written = ask(bytes[0], 256);
    CHECK(written > 0 && written <= 256, "%u bytes", written);
    CHECK(count_other(bytes[0], written, bytes[0][0]) > written / 2, "all bytes are alike");
    CHECK_EQ(count_other(bytes[0] + written, PAGE_SIZE - written, MARK), 0);
}

static void never_the_same_twice(void)
{
    if (!open_device())
        return;
    u32 first = ask(bytes[0], 64), second = ask(bytes[1], 64);
    CHECK(first >= 8 && second >= 8, "%u and %u bytes", first, second);
    CHECK(memcmp(bytes[0], bytes[1], 8) != 0, "the same 8 bytes again");
}

static void one_byte(void)
{
    if (!open_device())
        return;
    CHECK_EQ(ask(bytes[0] + 7, 1), 1);
    CHECK_EQ(count_other(bytes[0], 7, MARK), 0);
    CHECK_EQ(count_other(bytes[0] + 8, PAGE_SIZE - 8, MARK), 0);
}

/* A chain of several buffers, across pages, is one request. */
static void in_pieces(void)
{
    struct virtq_buffer pieces[] = {
        {bytes[0] + 10, 30}, {bytes[0] + PAGE_SIZE - 20, 40}, {bytes[1] + 100, 1}};
    u32 written = 0;

    if (!open_device())
        return;
    CHECK(virtq_add(&queue, pieces, 0, ARRAY_SIZE(pieces)) >= 0, "no room");
    virtio_kick(&device, 0, &queue);
    CHECK(virtio_wait(&queue) && virtq_take(&queue, NULL, &written), "no answer");
    CHECK(written > 0 && written <= 71, "%u bytes", written);
    CHECK_EQ(count_other(bytes[0], 10, MARK), 0);
    CHECK_EQ(count_other(bytes[0] + 40, PAGE_SIZE - 60, MARK), 0);
    CHECK_EQ(count_other(bytes[1] + 20, 80, MARK), 0);
    CHECK_EQ(count_other(bytes[1] + 101, PAGE_SIZE - 101, MARK), 0);
}

/* More chains than the queue has entries, so that all its slots come round again. */
static void many_times_round(void)
{
    if (!open_device())
        return;
    for (u32 i = 0; i < 100; i++) {
        u32 written = ask(bytes[0], 16);
        CHECK(written > 0 && written <= 16, "request %u: %u bytes", i, written);
    }
}

static void by_interrupt(void)
{
    struct virtq_buffer buffer = {bytes[0], 32};
    u32 written = 0;

    if (!open_device())
        return;
    virtio_take_interrupts(&device);
    virtq_interrupt(&queue, VIRTQ_AT_NEXT);
    virtq_add(&queue, &buffer, 0, 1);
    virtio_kick(&device, 0, &queue);
    bool used = virtio_sleep(&queue);
    virtio_leave_interrupts(&device);
    CHECK(used, "no answer");
    CHECK(virtq_take(&queue, NULL, &written) && written > 0, "%u bytes", written);
    CHECK(device.interrupts >= 1, "no interrupt");
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(has_one_queue),
        CASE(bytes_are_not_all_the_same),
        CASE(never_the_same_twice),
        CASE(one_byte),
        CASE(in_pieces),
        CASE(many_times_round),
        CASE(by_interrupt),
    };
    static const struct virtio_cases all = {.cases = cases, .count = ARRAY_SIZE(cases)};

    test_begin("t_virtio_entropy");
    if (virtio_find(VIRTIO_ENTROPY, 0, &device))
        virtio_run_ways(&device, &all, 1);
    return test_end();
}
