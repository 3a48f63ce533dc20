/*
 * What a disk and a network card cost, in instructions: one test, named in the bootargs, made
 * `count` times in batches of `batch`, between two reads of instret. Bootargs:
 *
 *   test=read|write size=BYTES     requests of the first disk
 *   test=send size=BYTES           frames to all, that nobody answers
 *   test=ask                       ARP requests for 10.0.2.2, each answered
 *   test=stream size=BYTES         frames to a guest with test=sink, which answers every batch
 *
 * The numbers mean something where instret counts the hart's own instructions, on a machine of one
 * hart: then all that is done for the test is counted, whoever does it.
 */
#include "guest/lib/csr.h"
#include "guest/lib/fdt.h"
#include "guest/lib/net.h"
#include "guest/lib/printf.h"
#include "guest/lib/string.h"
#include "guest/lib/trap.h"
#include "guest/lib/virtio_blk.h"

#define BATCH_MAX    16u
#define SIZE_LARGEST 65536u
#define ARP_SIZE     60u
#define CALL_MS      10u

static u32 count, batch, size;

static struct virtio disk;
static struct virtq disk_queue;
static struct blk_request requests[BATCH_MAX];
static u8 data[BATCH_MAX][SIZE_LARGEST] __attribute__((aligned(PAGE_SIZE)));

static struct net net;
static u8 frame[FRAME_MAX];

/* Without a limit: while nothing runs under icount, time jumps to the next timer, of which there is
 * none, and not past what the host does meanwhile. */
static void sleep_for(const struct virtq *queue)
{
    interrupts_off();
    while (!virtq_has_used(queue)) {
        wait_for_interrupt();
        interrupts_on();
        interrupts_off();
    }
    interrupts_on();
}

/* Waits until the device has given back all of a batch. */
static void take_batch(struct virtq *queue, u32 left)
{
    while (left) {
        if (virtq_take(queue, NULL, NULL))
            left--;
        else
            sleep_for(queue);
    }
}

/* ---- disks ---- */

static bool begin_disk(void)
{
    struct virtq_way way = {.event_index = true};

    if (!virtio_find(VIRTIO_BLOCK, 0, &disk) || !virtio_begin(&disk, BLK_F_FLUSH, way) ||
        !virtio_set_queue(&disk, 0, &disk_queue, 64))
        return false;
    virtio_go(&disk);
    virtio_take_interrupts(&disk);
    return true;
}

static bool disk_batch(enum blk_type type)
{
    for (u32 i = 0; i < batch; i++) {
        struct virtq_buffer piece = {data[i], size};

        blk_add(&disk_queue, &requests[i], type, i * (size / SECTOR_SIZE), &piece, 1);
    }
    virtq_interrupt(&disk_queue, VIRTQ_AT_LAST);
    virtio_kick(&disk, 0, &disk_queue);
    take_batch(&disk_queue, batch);
    for (u32 i = 0; i < batch; i++)
        if (requests[i].status != BLK_OK)
            return false;
    return true;
}

static bool read_batch(void)
{
    return disk_batch(BLK_IN);
}

static bool write_batch(void)
{
    return disk_batch(BLK_OUT);
}

/* ---- networks ---- */

static bool begin_net(void)
{
    if (!net_open(&net, 0, 0))
        return false;
    memset(frame, 0xff, MAC_SIZE);
    net_address(&net, frame, frame);
    virtio_take_interrupts(&net.card);
    return true;
}

/* All of a batch are the same frame. */
static bool send_batch(void)
{
    struct virtq *queue = &net.queues[NET_SEND];

    for (u32 i = 0; i < batch; i++) {
        struct virtq_buffer buffer = {net.out[i], net.header_size + size};

        virtq_add(queue, &buffer, 1, 0);
    }
    virtq_interrupt(queue, VIRTQ_AT_LAST);
    virtio_kick(&net.card, NET_SEND, queue);
    take_batch(queue, batch);
    return true;
}

static void fill_buffers(void)
{
    for (u32 i = 0; i < batch; i++)
        memcpy(net.out[i] + net.header_size, frame, size);
}

static bool begin_send(void)
{
    if (!begin_net())
        return false;
    fill_buffers();
    return true;
}

/* Sleeps until a frame has come, whose buffer is given back. */
static bool receive(void)
{
    virtq_interrupt(&net.queues[NET_RECEIVE], VIRTQ_AT_NEXT);
    sleep_for(&net.queues[NET_RECEIVE]);
    return net_skip(&net, 0);
}

/* Who has 10.0.2.2? Tell 10.0.2.15. */
static bool begin_ask(void)
{
    static const u8 question[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
    static const u8 own[] = {10, 0, 2, 15}, other[] = {10, 0, 2, 2};

    batch = 1;
    size = ARP_SIZE;
    if (!begin_net())
        return false;
    memcpy(frame + 12, question, sizeof(question));
    memcpy(frame + 22, net.mac, MAC_SIZE);
    memcpy(frame + 28, own, sizeof(own));
    memcpy(frame + 38, other, sizeof(other));
    fill_buffers();
    return true;
}

static bool ask(void)
{
    return send_batch() && receive();
}

/* Calls until the sink, which may not be there yet, answers. */
static bool begin_stream(void)
{
    if (!begin_send())
        return false;
    do
        net_send(&net, frame, ARP_SIZE);
    while (!net_take(&net, CALL_MS));
    return true;
}

static bool stream_batch(void)
{
    return send_batch() && receive();
}

static bool begin_sink(void)
{
    if (!begin_net() || !receive())
        return false;
    net_send(&net, frame, ARP_SIZE);
    return true;
}

/* Calls that came too often are not counted. */
static bool sink_batch(void)
{
    for (u32 left = batch; left; left -= net.length > ARP_SIZE)
        if (!receive())
            return false;
    net_send(&net, frame, ARP_SIZE);
    return true;
}

static const struct test {
    const char *name;
    bool (*begin)(void), (*run)(void);
} tests[] = {
    {"read", begin_disk, read_batch},       {"write", begin_disk, write_batch},
    {"send", begin_send, send_batch},       {"ask", begin_ask, ask},
    {"stream", begin_stream, stream_batch}, {"sink", begin_sink, sink_batch},
};

static const struct test *find_test(void)
{
    char name[16];

    fdt_bootarg("test", name, sizeof(name));
    for (u32 i = 0; i < ARRAY_SIZE(tests); i++)
        if (!strcmp(name, tests[i].name))
            return &tests[i];
    return NULL;
}

/* The first batch is not counted: rings and tables are touched for the first time. */
static bool measure(const struct test *test)
{
    u32 before;

    if (!test->begin() || !test->run())
        return false;
    before = csr_read(instret);
    for (u32 i = 0; i < count / batch; i++)
        if (!test->run())
            return false;
    printf("bench: %s %u instructions\n", test->name, (csr_read(instret) - before) / count);
    return true;
}

int main(void)
{
    const struct test *test = find_test();

    count = fdt_bootarg_number("count", BATCH_MAX);
    batch = fdt_bootarg_number("batch", 1);
    size = fdt_bootarg_number("size", 0);
    if (test && batch && batch <= BATCH_MAX && size <= SIZE_LARGEST && measure(test))
        return 0;
    printf("bench: the test cannot be made\n");
    return 1;
}
