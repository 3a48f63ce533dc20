/*
 * Fuzzes the network card: a driver that adds buffers properly, and writes whatever it likes into
 * its rings and buffers, while frames come in. The card does bounded work, sends only what is a
 * frame, and for a driver that keeps to the rules it goes on working.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_virtio_net.c
 */
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)      \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)

#define FAKE_RAM_SIZE 0x20000u
#include "tests/fuzz/input.h"
#include "tests/unit/fake_virtio.h"
#include "hyp/core/checksum.c"
#include "hyp/dev/virtio_net.c"
#include "hyp/dev/virtio_net_receive.c"
#include "hyp/dev/virtio_net_send.c"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { RX, TX };

#define FRAMES 8 /* that wait for the guest at most */

static struct virtio_device *device;
static struct fake_queue queues[QUEUES];
static u8 *room;
static bool honest; /* the driver has kept to the rules so far */

static struct {
    struct packet in[FRAMES];
    u32 first, count;
} net;

/* What is left of it. */
static struct input input;

static u32 next(u32 size)
{
    return input_number(&input, size);
}

/* As the switch does: the header first, then all; in exact room, so that ASan sees what is more. */
static void net_send(void *ctx, const struct frame *frame)
{
    const struct frame_checksum *checksum = &frame->checksum;
    u8 *bytes = malloc(frame->length);

    CHECK(ctx == &net);
    CHECK(frame->length >= FRAME_MIN && frame->length <= FRAME_MAX);
    CHECK(!checksum->checked);
    CHECK(!checksum->wanted || checksum->start + checksum->offset + 2u <= frame->length);
    if (frame->copy(frame, 0, bytes, FRAME_HEADER))
        frame->copy(frame, 0, bytes, frame->length);
    free(bytes);
}

static const struct packet *net_receive(void *ctx)
{
    CHECK(ctx == &net);
    return net.first != net.count ? &net.in[net.first % FRAMES] : NULL;
}

static void net_received(void *ctx)
{
    CHECK(ctx == &net && net.first != net.count);
    net.first++;
}

static void come_in(void)
{
    struct packet *packet = &net.in[net.count % FRAMES];
    u32 length = next(2), flags = next(1);

    if (net.count - net.first == FRAMES)
        return;
    packet->length = FRAME_MIN + length % (FRAME_MAX - FRAME_MIN + 1);
    packet->checksum = (struct frame_checksum){.wanted = flags & 1, .checked = flags & 2};
    if (packet->checksum.wanted) {
        packet->checksum.start = (u16)next(2);
        packet->checksum.offset = (u16)next(2);
    }
    memset(packet->bytes, (u8)net.count, sizeof(packet->bytes));
    net.count++;
}

static void start(void)
{
    static const struct net_host host = {net_send, net_receive, net_received, &net};
    u32 kind = next(2);
    u64 features = 0;

    fake_host_reset();
    memset(room, 0, sizeof(struct virtio_net));
    device = virtio_net_init(room, (const u8 *)"\2\1\2\3\4\5", &host, kind & 1, &fake_virtio_host,
                             fake_irq);
    for (u32 bit = 0; bit < 40; bit++)
        if (device->offered >> bit & 1 && kind >> (1 + bit % 13) & 1)
            features |= 1ull << bit;
    fake_driver_start(device, features);
    for (u32 i = 0; i < QUEUES; i++)
        fake_queue_open(&queues[i], device, i, 16);
    honest = true;
}

/* A chain of buffers in RAM, its header what was there or zeroes. */
static void add(u32 number)
{
    struct fake_queue *queue = &queues[number];
    struct fake_buffer buffers[4];
    u32 shape = next(1), count = 1 + shape % 4;

    if (queue->room < count)
        return;
    for (u32 i = 0; i < count; i++) {
        buffers[i].size = 1 + next(2) % 2048;
        buffers[i].address = FAKE_RAM_BASE + 0x8000 + next(2) % 0x10000;
        buffers[i].writable = number == RX;
    }
    if (shape & 128)
        memset(fake_ram(buffers[0].address, 16), 0, 16);
    fake_queue_add(queue, buffers, count);
}

static void take(u32 number)
{
    u32 written;
    u16 id;

    while (honest && fake_queue_take(&queues[number], &id, &written))
        CHECK(number == RX || !written);
}

/* Bytes of a ring, or of anything. */
static void scribble(void)
{
    const struct virtqueue_setup *setup = &queues[next(1) % QUEUES].setup;
    gpa_t bases[] = {setup->descriptors, setup->driver, setup->device, FAKE_RAM_BASE};
    u32 base = next(1) % ARRAY_SIZE(bases);
    gpa_t at = bases[base] + next(base == 3 ? 2 : 1);

    for (u32 count = 1 + next(1) % 16; count; count--)
        *fake_ram(at++, 1) = (u8)next(1);
    honest = false;
}

static void service(void)
{
    for (u32 i = 0; i < 4 && virtio_service(device); i++)
        ;
    CHECK(!honest || virtio_works(device));
    take(RX);
    take(TX);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    input.next = data;
    input.end = data + size;
    memset(&net, 0, sizeof(net));
    room = malloc(sizeof(struct virtio_net));
    start();
    while (input.next < input.end) {
        u32 what = next(1);

        if (what < 60)
            add(RX);
        else if (what < 120)
            add(TX);
        else if (what < 170)
            come_in();
        else if (what < 210)
            service();
        else if (what < 245)
            scribble();
        else if (what < 250)
            fake_host.gone = !fake_host.gone, honest = false;
        else
            virtio_reset(device), start();
    }
    service();
    free(room);
    return 0;
}
