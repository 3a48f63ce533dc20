/*
 * Fuzzes virtqueues. A driver that keeps the rules gets back each chain that it offers, once, with
 * what the device wrote. One that does not gets an answer, after which its queue is broken; the
 * device writes nowhere but where its part of the ring is, never takes more chains than there can
 * be, and each that it takes has the form that a chain has.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_virtqueue.c
 */
#define CHECK(condition)      \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)
#define FAKE_RAM_SIZE 0x8000u

#include "tests/fuzz/input.h"
#include "tests/unit/fake_virtio.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct fake_queue ring;
static struct virtqueue queue;
static struct virtio_chain chain;

struct taken {
    u16 id, slots;
};
static struct taken taken[VIRTQUEUE_MAX];
static u32 taken_count;

static bool is_inside(gpa_t at, u32 size, gpa_t area, u32 area_size)
{
    return at >= area && at + size <= area + area_size;
}

/* The device stores only to what is its own in the ring. */
static bool guarded_write(void *ctx, gpa_t to, const void *from, u32 size)
{
    const struct virtqueue_setup *setup = &ring.setup;

    if (setup->packed)
        CHECK(is_inside(to, size, setup->descriptors, 16u * setup->size) ||
              is_inside(to, size, setup->device, 4));
    else
        CHECK(is_inside(to, size, setup->device, 6 + 8u * setup->size));
    return fake_write(ctx, to, from, size);
}

static const struct virtio_host host = {
    .read = fake_read, .write = guarded_write, .ctx = &fake_host};

static void open_queue(struct input *input)
{
    u8 flags = input_byte(input);
    struct virtqueue_setup kind = {
        .packed = flags & 1, .event_idx = flags & 2, .indirect = flags & 4};

    kind.size = kind.packed ? 1 + input_byte(input) : (u16)(1 << input_byte(input) % 9);
    fake_host.allocated = 0;
    memset(fake_host.ram, 0, sizeof(fake_host.ram));
    fake_queue_make(&ring, &kind);
    CHECK(virtqueue_start(&queue, &ring.setup));
    taken_count = 0;
}

static void check_chain(void)
{
    u64 sizes[2] = {0, 0};
    u32 count = chain.readable + chain.writable;

    CHECK(count && count <= ring.setup.size);
    CHECK(chain.slots && chain.slots <= ring.setup.size);
    for (u32 i = 0; i < count; i++) {
        const struct virtio_buffer *buffer = &chain.buffers[i];

        CHECK(buffer->size && buffer->address + buffer->size > buffer->address);
        sizes[i >= chain.readable] += buffer->size;
    }
    CHECK(sizes[0] == chain.readable_size && sizes[1] == chain.writable_size);
}

/* False: the queue is broken. */
static bool take(void)
{
    enum virtqueue_result result = virtqueue_pop(&queue, &host, &chain);

    if (result != VIRTQUEUE_CHAIN)
        return result == VIRTQUEUE_EMPTY;
    check_chain();
    CHECK(taken_count < ring.setup.size);
    taken[taken_count++] = (struct taken){chain.id, chain.slots};
    return true;
}

static bool give_back(u32 which, u32 written)
{
    struct taken one;

    if (!taken_count)
        return true;
    which %= taken_count;
    one = taken[which];
    taken[which] = taken[--taken_count];
    return virtqueue_push(&queue, &host, one.id, one.slots, written);
}

/* ---------------------------------------------------------------- a driver that keeps the rules */

static u32 owed[VIRTQUEUE_MAX]; /* by id: 1 + what the device is to write */

static void offer(struct input *input)
{
    struct fake_buffer buffers[VIRTQUEUE_MAX];
    u32 count = 1 + input_byte(input) % 16, writable = input_byte(input) % (count + 1);
    bool indirect = ring.setup.indirect && (input_byte(input) & 1) &&
                    FAKE_RAM_SIZE - fake_host.allocated > 0x200 && count <= ring.setup.size;
    u16 id;

    if (ring.room < (indirect ? 1 : count))
        return;
    for (u32 i = 0; i < count; i++)
        buffers[i] = (struct fake_buffer){FAKE_RAM_BASE + i, 1 + i, i >= count - writable};
    id = indirect ? fake_queue_add_indirect(&ring, buffers, count)
                  : fake_queue_add(&ring, buffers, count);
    CHECK(!owed[id]);
    owed[id] = 1;
}

/* What is taken is in taken[] and was offered; what comes back was to. */
static void collect(void)
{
    u32 written;
    u16 id;

    while (fake_queue_take(&ring, &id, &written)) {
        CHECK(owed[id] == 1 + written);
        owed[id] = 0;
    }
}

static void obey(struct input *input)
{
    memset(owed, 0, sizeof(owed));
    while (!input_ended(input)) {
        u8 op = input_byte(input);
        u32 before = taken_count;

        switch (op % 8) {
        case 0:
        case 1:
            offer(input);
            break;
        case 2:
        case 3:
            CHECK(take());
            CHECK(taken_count == before || owed[chain.id] == 1);
            break;
        case 4:
            if (taken_count) {
                u32 which = input_byte(input) % taken_count, written = input_byte(input);

                owed[taken[which].id] = 1 + written;
                CHECK(give_back(which, written));
            }
            break;
        case 5:
            CHECK(virtqueue_publish(&queue, &host));
            virtqueue_interrupts(&queue, &host);
            collect();
            break;
        case 6:
            CHECK(virtqueue_notify(&queue, &host, op & 8) != VIRTQUEUE_BROKEN);
            break;
        case 7:
            CHECK(take());
            if (taken_count > before) {
                virtqueue_unpop(&queue, &chain);
                taken_count--;
            }
            break;
        }
    }
    while (taken_count) {
        owed[taken[0].id] = 1;
        CHECK(give_back(0, 0));
    }
    CHECK(virtqueue_publish(&queue, &host));
    collect();
}

/* ---------------------------------------------------------------- a driver that does not */

/* Addresses near what matters: the ring, the ends of RAM and of the address space. */
static u64 hostile_address(struct input *input)
{
    u8 kind = input_byte(input);
    u32 offset = input_half(input);

    switch (kind % 4) {
    case 0:
        return FAKE_RAM_BASE + offset % FAKE_RAM_SIZE;
    case 1:
        return ring.setup.descriptors + offset % 256 * 16;
    case 2:
        return FAKE_RAM_BASE + FAKE_RAM_SIZE - offset % 64;
    default:
        return 0 - (u64)offset;
    }
}

static void store_descriptor(struct input *input)
{
    u64 address = hostile_address(input);
    u32 slot = input_byte(input), length = input_half(input);

    if (length & 0x8000)
        length = 0 - (length & 0xfff);
    fake_put_descriptor(FAKE_RAM_BASE + slot * 16, address, length, input_half(input),
                        input_half(input));
}

static bool attack(struct input *input)
{
    u32 at;

    switch (input_byte(input) % 10) {
    case 0:
    case 1:
        store_descriptor(input);
        return true;
    case 2:
        at = input_half(input) % (FAKE_RAM_SIZE - 1);
        fake_put16(FAKE_RAM_BASE + at, input_half(input));
        return true;
    case 3:
        at = 2 + 2 * (input_byte(input) % 16); /* the index, or one of the first entries */
        fake_put16(ring.setup.driver + at % (ring.setup.packed ? 4 : 22), input_half(input));
        return true;
    case 4:
    case 5:
        return take();
    case 6:
        return give_back(input_byte(input), input_half(input));
    case 7:
        if (!virtqueue_publish(&queue, &host))
            return false;
        virtqueue_interrupts(&queue, &host);
        return true;
    case 8:
        return virtqueue_notify(&queue, &host, input_byte(input) & 1) != VIRTQUEUE_BROKEN;
    default:
        if (taken_count && chain.id == taken[taken_count - 1].id) {
            chain.slots = taken[--taken_count].slots;
            virtqueue_unpop(&queue, &chain);
        }
        return true;
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct input input = {data, data + size};

    if (input_byte(&input) & 1) {
        open_queue(&input);
        obey(&input);
        return 0;
    }
    open_queue(&input);
    while (!input_ended(&input) && attack(&input))
        ;
    return 0;
}
