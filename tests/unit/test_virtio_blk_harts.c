/*
 * The virtio block device with a disk that is done with its requests on another hart: none is lost,
 * and the service is woken whenever it must look again, though a wake is spared while it looks
 * anyway.
 */
#include <pthread.h>
#include <sched.h>

#include "tests/unit/unit.h"
#include "tests/unit/fake_lock.h"
#include "tests/unit/fake_virtio.h"
#include "hyp/dev/virtio_blk.c"
#include "hyp/dev/virtio_blk_data.c"
#include "hyp/dev/virtio_blk_request.c"
#include "hyp/dev/virtio_blk_type.c"

#define REQUESTS   4000
#define QUEUE_SIZE 64
#define AT_A_TIME  20 /* more than the device begins */

static _Alignas(4096) u8 room[PAGE_SIZE << VIRTIO_BLK_ORDER];

hpa_t phys_of(const void *ptr)
{
    CHECK(!ptr); /* nothing is bounced here */
    return 0;
}

/* The disk: what it has, first in, first out, for the thread that is its interrupt. */
static struct {
    struct spinlock lock;
    struct block_request *first, **end;
    u32 done;
    bool stop;
} line;

static void submit(struct block_device *device, struct block_request *request)
{
    (void)device;
    spin_lock(&line.lock);
    request->next = NULL;
    *line.end = request;
    line.end = &request->next;
    spin_unlock(&line.lock);
}

static struct block_request *take_first(void)
{
    struct block_request *request;

    spin_lock(&line.lock);
    request = line.first;
    if (request)
        line.first = request->next;
    if (!line.first)
        line.end = &line.first;
    spin_unlock(&line.lock);
    return request;
}

static void *disk_hart(void *unused)
{
    while (!__atomic_load_n(&line.stop, __ATOMIC_SEQ_CST)) {
        struct block_request *request = take_first();

        if (!request) {
            sched_yield();
            continue;
        }
        request->result = BLOCK_OK;
        __atomic_add_fetch(&line.done, 1, __ATOMIC_SEQ_CST);
        request->done(request);
    }
    return unused;
}

static struct block_device disk = {
    .submit = submit, .sectors = 1u << 20, .max_segments = 8, .max_sectors = 8};
static struct virtio_device *device;
static struct fake_queue queue;
static u32 woken; /* as the worker's flag in hyp/vm/devices.h */

static void wake(void *ctx)
{
    (void)ctx;
    __atomic_store_n(&woken, 1, __ATOMIC_SEQ_CST);
}

static pthread_t begin(void)
{
    struct virtio_host host = fake_virtio_host;
    pthread_t hart;

    fake_host_reset();
    memset(room, 0, sizeof(room));
    memset(&line, 0, sizeof(line));
    line.end = &line.first;
    woken = 0;
    host.wake = wake;
    device = virtio_blk_init(room, &disk, "harts", 1, false, &host, fake_irq);
    fake_driver_start(device, VIRTIO_BLK_F_FLUSH);
    fake_queue_open(&queue, device, 0, QUEUE_SIZE);
    CHECK(!pthread_create(&hart, NULL, disk_hart, NULL));
    return hart;
}

static void end(pthread_t hart)
{
    __atomic_store_n(&line.stop, true, __ATOMIC_SEQ_CST);
    CHECK(!pthread_join(hart, NULL));
}

static gpa_t header, data, status;

static void offer(u32 sectors)
{
    struct virtio_blk_header request = {VIRTIO_BLK_T_IN, 0, 7};

    memcpy(fake_ram(header, sizeof(request)), &request, sizeof(request));
    fake_queue_add(&queue,
                   (struct fake_buffer[]){{header, sizeof(request), false},
                                          {data, sectors * SECTOR_SIZE, true},
                                          {status, 1, true}},
                   3);
}

static u32 take_used(void)
{
    u32 count = 0, written;
    u16 id;

    while (fake_queue_take(&queue, &id, &written))
        count++;
    return count;
}

/* The worker: serves when it was woken, and after a notification. */
static void serve(void)
{
    while (virtio_service(device))
        ;
}

static void wait_for_wake(void)
{
    for (u32 i = 0; !__atomic_exchange_n(&woken, 0, __ATOMIC_SEQ_CST); i++) {
        CHECK(i < 5000000); /* a wake that was lost */
        sched_yield();
    }
}

TEST(no_request_and_no_wake_is_lost)
{
    pthread_t hart = begin();
    u32 offered = 0, used = 0;

    header = fake_alloc(16, 16);
    data = fake_alloc(16 * SECTOR_SIZE, 512);
    status = fake_alloc(1, 1);
    while (used < REQUESTS) {
        for (; offered < REQUESTS && offered - used < AT_A_TIME; offered++)
            offer(offered % 3 ? 1 : 16); /* some in two parts and more */
        serve();
        used += take_used();
        if (used < offered)
            wait_for_wake();
        serve();
        used += take_used();
    }
    end(hart);
    CHECK(virtio_is_idle(device));
    CHECK_EQ(virtio_blk_counts(device)->reads, REQUESTS);
    CHECK(line.done >= REQUESTS + REQUESTS / 3);
}

/* The device is idle only when the disk has told of the last request, and is not in `done` any
 * more: its pages may be freed then. */
TEST(resets_while_requests_end)
{
    pthread_t hart = begin();

    for (u32 round = 0; round < 500; round++) {
        fake_host.allocated = 0;
        fake_queue_open(&queue, device, 0, QUEUE_SIZE);
        header = fake_alloc(16, 16);
        data = fake_alloc(16 * SECTOR_SIZE, 512);
        status = fake_alloc(1, 1);
        for (u32 i = 0; i < 10; i++)
            offer(1 + i);
        serve();
        virtio_reset(device);
        while (!virtio_is_idle(device))
            sched_yield();
        CHECK_EQ(blk_of(device)->under_way, 0);
        fake_driver_start(device, VIRTIO_BLK_F_FLUSH);
    }
    end(hart);
}

UNIT_MAIN("virtio_blk_harts")
