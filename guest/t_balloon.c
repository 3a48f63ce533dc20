/*
 * Does what its balloon is asked for: gives pages to the host, from the end of its RAM down, and
 * takes them back, which must then be empty; what it has not given stays as it was. Ends when it
 * has everything again after `rounds` (bootargs, 1 if not said) times that it had not.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/io.h"
#include "guest/lib/test.h"
#include "guest/lib/virtio.h"

#define INFLATE 0
#define DEFLATE 1

/* Offsets in the configuration space. */
#define NUM_PAGES 0
#define ACTUAL    4

/* From here on there is nothing but numbered pages, up to the device tree. */
#define FIRST    (RAM_BASE + 0x00800000u)
#define PER_LIST 256u
#define WORDS    (PAGE_SIZE / 4)

static struct virtio balloon;
static struct virtq queues[2];
static u32 count; /* numbered pages             */
static u32 given; /* of them, the last so many  */
static u32 numbers[PER_LIST];

static volatile u32 *page(u32 index)
{
    return (volatile u32 *)(FIRST + index * PAGE_SIZE);
}

static void number_page(u32 index)
{
    page(index)[0] = page(index)[WORDS - 1] = 0x5eed0000u + index;
}

static bool is_numbered(u32 index)
{
    return page(index)[0] == 0x5eed0000u + index && page(index)[WORDS - 1] == 0x5eed0000u + index;
}

static bool is_empty(u32 index)
{
    for (u32 i = 0; i < WORDS; i++)
        if (page(index)[i])
            return false;
    return true;
}

/* Hands the pages [first, first + size) over. */
static bool hand_over(u32 queue, u32 first, u32 size)
{
    struct virtq_buffer list = {numbers, size * sizeof(numbers[0])};

    for (u32 i = 0; i < size; i++)
        numbers[i] = (u32)page(first + i) >> PAGE_SHIFT;
    return virtq_add(&queues[queue], &list, 1, 0) >= 0 &&
           (virtio_kick(&balloon, queue, &queues[queue]), virtio_wait(&queues[queue])) &&
           virtq_take(&queues[queue], NULL, NULL);
}

static u32 smaller(u32 a, u32 b)
{
    return a < b ? a : b;
}

static bool give(u32 wanted)
{
    for (u32 size; given < wanted; given += size) {
        size = smaller(wanted - given, PER_LIST);
        if (!hand_over(INFLATE, count - given - size, size))
            return false;
    }
    return true;
}

static bool take(u32 wanted)
{
    for (u32 size; given > wanted; given -= size) {
        u32 first = count - given;

        size = smaller(given - wanted, PER_LIST);
        if (!hand_over(DEFLATE, first, size))
            return false;
        for (u32 i = first; i < first + size; i++) {
            if (!is_empty(i))
                return false;
            number_page(i);
        }
    }
    return true;
}

static u32 changes(u32 wanted)
{
    while (virtio_read(&balloon, VIRTIO_CONFIG + NUM_PAGES) == wanted)
        for (volatile u32 i = 0; i < 100000; i++)
            ;
    return smaller(virtio_read(&balloon, VIRTIO_CONFIG + NUM_PAGES), count);
}

static void follows_the_host(void)
{
    u32 wanted = 0, rounds = fdt_bootarg_number("rounds", 1);

    for (u32 i = 0; i < count; i++)
        number_page(i);
    printf("t_balloon: has %u pages\n", count);
    while (rounds) {
        wanted = changes(wanted);
        CHECK(given < wanted ? give(wanted) : take(wanted), "a page came back that was not empty");
        virtio_write(&balloon, VIRTIO_CONFIG + ACTUAL, given);
        printf("t_balloon: %u pages are the host's\n", given);
        for (u32 i = 0; i < count - given; i++)
            CHECK(is_numbered(i), "page %u is 0x%x", i, page(i)[0]);
        rounds -= !given;
    }
}

int main(void)
{
    static const struct test_case cases[] = {CASE(follows_the_host)};

    count = (RAM_BASE + fdt_ram_size() - 0x00400000u - FIRST) / PAGE_SIZE;
    if (!virtio_find(VIRTIO_BALLOON, 0, &balloon) ||
        !virtio_begin(&balloon, 0, (struct virtq_way){0}) ||
        !virtio_set_queue(&balloon, INFLATE, &queues[INFLATE], 16) ||
        !virtio_set_queue(&balloon, DEFLATE, &queues[DEFLATE], 16)) {
        printf("t_balloon: there is no balloon\n");
        return 1;
    }
    virtio_go(&balloon);
    return test_run("t_balloon", cases, ARRAY_SIZE(cases));
}
