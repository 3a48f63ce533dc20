/* The doorbell: its registers, the line, and rings from other VMs at any time. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_lock.h"
#include "hyp/dev/doorbell.c"

#include <pthread.h>

#define ID     3
#define SIZE   0x10000
#define SOURCE 48

static struct doorbell doorbell;
static u32 rung, rings;
static bool level;

static u32 peers(void *ctx)
{
    CHECK(ctx == &rung);
    CHECK(!doorbell.lock.held);
    return 0x8000000b;
}

static void ring(void *ctx, u32 numbers)
{
    CHECK(ctx == &rung);
    CHECK(!doorbell.lock.held);
    rung = numbers;
    rings++;
}

static void set_line(void *controller, u32 source, bool now)
{
    CHECK(controller == &level);
    CHECK_EQ(source, SOURCE);
    level = now;
}

static void start(void)
{
    const struct doorbell_host host = {.peers = peers, .ring = ring, .ctx = &rung};

    memset(&doorbell, 0x5a, sizeof(doorbell));
    rung = rings = 0;
    level = false;
    doorbell_init(&doorbell, ID, SIZE, &host, (struct irq_line){set_line, &level, SOURCE});
    doorbell_reset(&doorbell);
}

static u32 load(u32 offset)
{
    u32 value = 0xdeadbeef;

    CHECK_EQ(doorbell_ops.read(&doorbell, offset, 4, &value), MMIO_OK);
    return value;
}

static void store(u32 offset, u32 value)
{
    CHECK_EQ(doorbell_ops.write(&doorbell, offset, 4, value), MMIO_OK);
}

TEST(says_who_it_is)
{
    start();
    CHECK_EQ(load(0x00), ID);
    CHECK_EQ(load(0x04), 0x8000000b);
    CHECK_EQ(load(0x10), SIZE);
    CHECK_EQ(load(0x08), 0); /* RING is for stores */
    CHECK_EQ(load(0x0c), 0);
    CHECK(!level);
}

TEST(a_store_rings_the_numbers_stored)
{
    start();
    store(0x08, 0xffffffff);
    CHECK_EQ(rung, 0xffffffff);
    CHECK_EQ(rings, 1);
    CHECK_EQ(doorbell.pending, 0);
}

TEST(the_line_is_high_until_all_who_rang_are_cleared)
{
    start();
    doorbell_ring(&doorbell, 0);
    doorbell_ring(&doorbell, 31);
    doorbell_ring(&doorbell, 0);
    CHECK(level);
    CHECK_EQ(load(0x0c), 0x80000001);
    store(0x0c, 0x00000001);
    CHECK(level);
    CHECK_EQ(load(0x0c), 0x80000000);
    store(0x0c, 0x7fffffff); /* others than those that rang */
    CHECK(level);
    store(0x0c, 0x80000000);
    CHECK(!level);
    CHECK_EQ(load(0x0c), 0);
}

TEST(read_only_registers_ignore_stores)
{
    static const u32 offsets[] = {0x00, 0x04, 0x10, 0x14, 0xffc};

    start();
    doorbell_ring(&doorbell, 1);
    for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
        u32 before = load(offsets[i]);

        store(offsets[i], ~before);
        CHECK_EQ(load(offsets[i]), before);
    }
    CHECK_EQ(doorbell.pending, 2);
    CHECK(level);
    CHECK_EQ(rings, 0);
}

TEST(the_rest_of_the_page_reads_zero)
{
    start();
    doorbell_ring(&doorbell, 1);
    for (u32 offset = 0x14; offset < DOORBELL_SIZE; offset += 4)
        CHECK_EQ(load(offset), 0);
}

TEST(only_words_are_accessible)
{
    u32 value;

    start();
    for (u32 offset = 0; offset < 0x20; offset++) {
        CHECK_EQ(doorbell_ops.read(&doorbell, offset, 1, &value), MMIO_FAULT);
        CHECK_EQ(doorbell_ops.write(&doorbell, offset, 1, 0xff), MMIO_FAULT);
        CHECK_EQ(doorbell_ops.read(&doorbell, offset & ~1u, 2, &value), MMIO_FAULT);
        CHECK_EQ(doorbell_ops.write(&doorbell, offset & ~1u, 2, 0xffff), MMIO_FAULT);
    }
    CHECK_EQ(rings, 0);
}

TEST(reset_forgets_who_rang)
{
    start();
    doorbell_ring(&doorbell, 7);
    doorbell_reset(&doorbell);
    CHECK(!level);
    CHECK_EQ(load(0x0c), 0);
    CHECK_EQ(load(0x00), ID);
}

#define ROUNDS 20000

static void *ring_often(void *number)
{
    for (u32 i = 0; i < ROUNDS; i++)
        doorbell_ring(&doorbell, (u32)(size_t)number);
    return NULL;
}

/* The line agrees with PENDING whatever the order of rings and stores. */
TEST(no_ring_is_lost_between_harts)
{
    pthread_t threads[2];

    start();
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        CHECK(!pthread_create(&threads[i], NULL, ring_often, (void *)i));
    for (u32 i = 0; i < ROUNDS; i++)
        store(0x0c, load(0x0c));
    for (u32 i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    CHECK_EQ(level, load(0x0c) != 0);
    doorbell_ring(&doorbell, 0);
    store(0x0c, 2);
    CHECK_EQ(load(0x0c), 1);
    CHECK(level);
}

UNIT_MAIN("doorbell")
