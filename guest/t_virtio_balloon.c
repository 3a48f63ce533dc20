/*
 * The balloon: pages that the guest puts into it are the host's, and come back empty; pages that it
 * reports free may be taken as well; its other pages are left alone, whatever it says.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/virtio_blk.h"
#include "guest/lib/virtio_ways.h"

#define INFLATE 0
#define DEFLATE 1

#define BALLOON_F_STATS_VQ       (1ull << 1)
#define BALLOON_F_FREE_PAGE_HINT (1ull << 3)
#define BALLOON_F_REPORTING      (1ull << 5)

/* Offsets in the configuration space. */
#define NUM_PAGES 0
#define ACTUAL    4

/* RAM that no image fills. */
#define PAGES      0x80c00000u
#define PAGE_COUNT 64u
#define WORDS      (PAGE_SIZE / 4)
#define MARK       0x5eed0000u

static struct virtio balloon;
static struct virtq queues[3];
static u32 numbers[PAGE_COUNT];

static volatile u32 *page(u32 index)
{
    return (volatile u32 *)(PAGES + index * PAGE_SIZE);
}

static void fill_pages(void)
{
    for (u32 i = 0; i < PAGE_COUNT; i++)
        for (u32 word = 0; word < WORDS; word++)
            page(i)[word] = MARK + i;
}

/* How many words of a page are not `value`. */
static u32 wrong_words(u32 index, u32 value)
{
    u32 wrong = 0;

    for (u32 word = 0; word < WORDS; word++)
        wrong += page(index)[word] != value;
    return wrong;
}

/* Queues of features that are offered are there, in this order, whether or not they are taken. */
static u32 reporting_queue(void)
{
    return 2u + ((balloon.offered & BALLOON_F_STATS_VQ) != 0) +
           ((balloon.offered & BALLOON_F_FREE_PAGE_HINT) != 0);
}

static bool open_balloon(void)
{
    if (!virtio_find(VIRTIO_BALLOON, 0, &balloon) ||
        !virtio_begin(&balloon, BALLOON_F_REPORTING, virtio_way) ||
        !virtio_set_queue(&balloon, INFLATE, &queues[INFLATE], 16) ||
        !virtio_set_queue(&balloon, DEFLATE, &queues[DEFLATE], 16)) {
        test_fail("no balloon to work with");
        return false;
    }
    if (balloon.features & BALLOON_F_REPORTING &&
        !virtio_set_queue(&balloon, reporting_queue(), &queues[2], 16)) {
        test_fail("there is no queue %u to report with", reporting_queue());
        return false;
    }
    virtio_go(&balloon);
    fill_pages();
    return true;
}

/* Hands numbers[0 .. count) over; waits until they are taken. */
static bool hand_over(u32 queue, u32 count)
{
    struct virtq_buffer buffer = {numbers, count * sizeof(numbers[0])};

    virtq_add(&queues[queue], &buffer, 1, 0);
    virtio_kick(&balloon, queue, &queues[queue]);
    return virtio_wait(&queues[queue]) && virtq_take(&queues[queue], NULL, NULL);
}

static void nothing_is_wanted_at_first(void)
{
    if (!open_balloon())
        return;
    CHECK_EQ(virtio_read(&balloon, VIRTIO_CONFIG + NUM_PAGES), 0);
    virtio_write(&balloon, VIRTIO_CONFIG + ACTUAL, 0);
    CHECK_EQ(virtio_read(&balloon, VIRTIO_CONFIG + ACTUAL), 0);
}

static void actual_is_what_the_guest_says(void)
{
    if (!open_balloon())
        return;
    virtio_write(&balloon, VIRTIO_CONFIG + ACTUAL, 3);
    CHECK_EQ(virtio_read(&balloon, VIRTIO_CONFIG + ACTUAL), 3);
    CHECK_EQ(virtio_read(&balloon, VIRTIO_CONFIG + NUM_PAGES), 0);
    virtio_write(&balloon, VIRTIO_CONFIG + ACTUAL, 0);
}

static void inflated_pages_come_back_empty(void)
{
    if (!open_balloon())
        return;
    for (u32 i = 0; i < 16; i++) /* every other page */
        numbers[i] = (u32)page(2 * i) >> PAGE_SHIFT;
    CHECK(hand_over(INFLATE, 16), "the buffer does not come back");
    CHECK(hand_over(DEFLATE, 16), "the buffer does not come back");
    for (u32 i = 0; i < PAGE_COUNT; i++)
        CHECK(wrong_words(i, i < 32 && i % 2 == 0 ? 0 : MARK + i) == 0, "page %u: 0x%x", i,
              page(i)[0]);
}

/* The same pages, again and again: each is new memory. */
static void in_and_out(void)
{
    for (u32 round = 0; round < 10; round++) {
        if (!open_balloon())
            return;
        for (u32 i = 0; i < PAGE_COUNT; i++)
            numbers[i] = (u32)page(PAGE_COUNT - 1 - i) >> PAGE_SHIFT;
        CHECK(hand_over(INFLATE, PAGE_COUNT), "the buffer does not come back");
        for (u32 i = 0; i < PAGE_COUNT; i++)
            CHECK_EQ(wrong_words(i, 0), 0);
        CHECK(hand_over(DEFLATE, PAGE_COUNT), "the buffer does not come back");
    }
}

/* What is no RAM of the guest's is nothing to give. */
static void pages_that_are_not_there(void)
{
    if (!open_balloon())
        return;
    u32 end = (RAM_BASE + fdt_ram_size()) >> PAGE_SHIFT;
    const u32 wrong[] = {0,
                         1,
                         UART_BASE >> PAGE_SHIFT,
                         VIRTIO_BASE >> PAGE_SHIFT,
                         (RAM_BASE >> PAGE_SHIFT) - 1,
                         end,
                         end + 1,
                         0x000fffff,
                         0x00100000,
                         0x003fffff,
                         0x00400000 + (PAGES >> PAGE_SHIFT),
                         0x7fffffff,
                         0xffffffff};
    memcpy(numbers, wrong, sizeof(wrong));
    CHECK(hand_over(INFLATE, ARRAY_SIZE(wrong)), "the buffer does not come back");
    CHECK(hand_over(DEFLATE, ARRAY_SIZE(wrong)), "the buffer does not come back");
    for (u32 i = 0; i < PAGE_COUNT; i++)
        CHECK_EQ(wrong_words(i, MARK + i), 0);
    numbers[0] = (u32)page(0) >> PAGE_SHIFT;
    CHECK(hand_over(INFLATE, 1), "the balloon works no more");
}

/* A list that is no whole number of page numbers, or none at all: used, and no more than that. */
static void odd_lists(void)
{
    struct virtq_buffer odd = {(u8 *)numbers, 7};

    if (!open_balloon())
        return;
    numbers[0] = (u32)page(0) >> PAGE_SHIFT;
    numbers[1] = 0x0badbadb;
    virtq_add(&queues[INFLATE], &odd, 1, 0);
    virtio_kick(&balloon, INFLATE, &queues[INFLATE]);
    CHECK(virtio_wait(&queues[INFLATE]) && virtq_take(&queues[INFLATE], NULL, NULL),
          "the buffer does not come back");
    for (u32 i = 1; i < PAGE_COUNT; i++)
        CHECK_EQ(wrong_words(i, MARK + i), 0);
}

/* Runs of free pages, not all of them whole: what is reported may be lost, the rest may not. */
static void reported_pages(void)
{
    struct virtq_buffer runs[] = {{(void *)page(0), 8 * PAGE_SIZE},
                                  {(void *)page(16), 4 * PAGE_SIZE}};

    if (!open_balloon())
        return;
    if (!(balloon.features & BALLOON_F_REPORTING))
        SKIP("not offered");
    virtq_add(&queues[2], runs, 0, ARRAY_SIZE(runs));
    virtio_kick(&balloon, reporting_queue(), &queues[2]);
    CHECK(virtio_wait(&queues[2]) && virtq_take(&queues[2], NULL, NULL),
          "the report does not come back");
    for (u32 i = 0; i < PAGE_COUNT; i++) {
        bool reported = i < 8 || (i >= 16 && i < 20);
        u32 first = page(i)[0];
        CHECK(first == MARK + i || (reported && first == 0), "page %u: 0x%x", i, first);
        CHECK_EQ(wrong_words(i, first), 0);
    }
    page(0)[0] = 1; /* they can be used again at once */
    CHECK_EQ(page(0)[0], 1);
}

static struct virtio disk;
static struct virtq disk_queue;

/* Pages go while a disk writes to others: neither harms the other. */
static void beside_a_busy_disk(void)
{
    static struct blk_request requests[16];

    if (!open_balloon())
        return;
    CHECK(virtio_find(VIRTIO_BLOCK, 0, &disk) && virtio_begin(&disk, 0, virtio_way) &&
              virtio_set_queue(&disk, 0, &disk_queue, 64),
          "no disk");
    virtio_go(&disk);
    for (u32 round = 0; round < 10; round++) {
        for (u32 i = 0; i < 16; i++) {
            struct virtq_buffer data = {(void *)page(i), PAGE_SIZE};
            CHECK(blk_add(&disk_queue, &requests[i], BLK_IN, 8 * i, &data, 1) >= 0, "no room");
            numbers[i] = (u32)page(16 + i) >> PAGE_SHIFT;
        }
        virtio_kick(&disk, 0, &disk_queue);
        CHECK(hand_over(INFLATE, 16), "the buffer does not come back");
        for (u32 i = 0; i < 16; i++)
            CHECK(virtio_wait(&disk_queue) && virtq_take(&disk_queue, NULL, NULL),
                  "a read is lost");
        for (u32 i = 0; i < 16; i++) {
            CHECK_EQ(requests[i].status, BLK_OK);
            CHECK_EQ(page(i)[0], 8 * i); /* of sector n, every word is n */
            CHECK_EQ(page(i)[WORDS - 1], 8 * i + 7);
            CHECK_EQ(wrong_words(16 + i, 0), 0);
        }
    }
    virtio_reset(&disk);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(nothing_is_wanted_at_first),
        CASE(actual_is_what_the_guest_says),
        CASE(inflated_pages_come_back_empty),
        CASE(in_and_out),
        CASE(pages_that_are_not_there),
        CASE(odd_lists),
        CASE(reported_pages),
        CASE(beside_a_busy_disk),
    };
    static const struct virtio_cases all = {.cases = cases, .count = ARRAY_SIZE(cases)};

    test_begin("t_virtio_balloon");
    if (virtio_find(VIRTIO_BALLOON, 0, &balloon))
        virtio_run_ways(&balloon, &all, 1);
    return test_end();
}
