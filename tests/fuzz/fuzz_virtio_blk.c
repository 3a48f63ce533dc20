/*
 * Fuzzes the virtio block device, on a split ring in which anything may stand: requests of any
 * shape, pokes into the guest's RAM, disks that are quick, slow, small and failing, resets at any
 * time. The disk gets only requests that it may get, all of them come back, and after a reset the
 * device is as new. The input is a disk (a byte) and then a list of actions.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_virtio_blk.c
 */
#include "arch/types.h"

static void check(bool condition)
{
    if (!condition)
        __builtin_trap();
}

#define CHECK(condition)   check(condition)
#define FAKE_RAM_SIZE      0x10000u
#define FAKE_BLOCK_SECTORS 64u

#include "tests/unit/fake_block.h"
#include "tests/unit/fake_virtio.h"
#include "hyp/dev/virtio_blk.c"
#include "hyp/dev/virtio_blk_data.c"
#include "hyp/dev/virtio_blk_request.c"
#include "hyp/dev/virtio_blk_type.c"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define ROOM_HOST  0x90000000ull
#define QUEUE_SIZE 128
#define QUEUES     2

static _Alignas(4096) u8 room[PAGE_SIZE << VIRTIO_BLK_ORDER];

hpa_t phys_of(const void *ptr)
{
    return ROOM_HOST + (u64)((const u8 *)ptr - room);
}

static u8 *ram_at(hpa_t at, u32 size)
{
    if (at < ROOM_HOST || at >= ROOM_HOST + sizeof(room))
        return fake_host_bytes(at, size);
    check(size <= ROOM_HOST + sizeof(room) - at);
    return room + (at - ROOM_HOST);
}

static struct virtio_device *device;
static struct fake_queue queues[QUEUES];

static struct input {
    const u8 *bytes;
    size_t size;
} input;

static u32 next_byte(void)
{
    if (!input.size)
        return 0;
    input.size--;
    return *input.bytes++;
}

static u32 next_half(void)
{
    u32 low = next_byte();

    return low | next_byte() << 8;
}

static void start_driver(u32 kind)
{
    fake_host.allocated = 0;
    fake_driver_start(device, (kind & 1 ? VIRTIO_BLK_F_FLUSH : 0) |
                                  (kind & 2 ? VIRTIO_F_EVENT_IDX : 0) | VIRTIO_F_INDIRECT_DESC);
    for (u32 i = 0; i < QUEUES; i++)
        fake_queue_open(&queues[i], device, i, QUEUE_SIZE);
}

static void plug_in(u32 kind)
{
    fake_block_begin(ram_at);
    fake_block.device.max_segments = kind & 4 ? 2 : 5;
    fake_block.device.max_sectors = kind & 8 ? 8 : 1024;
    fake_block.device.max_range = kind & 128 ? 8 : 0;
    fake_block.device.read_only = kind & 16;
    fake_block.device.volatile_cache = kind & 32;
    fake_host_reset();
    fake_host.run = kind & 64 ? 64 : 4096;
    memset(room, 0, sizeof(room));
    device = virtio_blk_init(room, &fake_block.device, "fuzz", QUEUES, false, &fake_virtio_host,
                             fake_irq);
    start_driver(kind);
}

/* A descriptor of a chain: mostly in RAM, of any size. */
static void put_descriptor(const struct fake_queue *queue, u32 index, bool last)
{
    u32 shape = next_byte(), size = next_half();
    u64 address = FAKE_RAM_BASE + 0x8000 + (shape & 0x7f) * 256;
    u32 flags = (shape & 0x80 ? FAKE_WRITE : 0) | (last ? 0 : FAKE_NEXT);

    if (size & 0x8000)
        size &= 0x600; /* whole sectors are what requests have */
    if ((shape & 0x7f) == 0x7f)
        address = next_half() * 0x10001ull;
    fake_put_descriptor(queue->setup.descriptors + 16 * index, address, size, flags, index + 1);
}

/* A chain with a header in front and a status behind, unless the input says otherwise. */
static void offer(void)
{
    static const u8 types[] = {0, 1, 4, 8, 11, 13};
    u32 kind = next_byte(), count = next_byte() % 120, head = 0, at = count + 1;
    struct fake_queue *queue = &queues[kind % QUEUES];
    gpa_t place = FAKE_RAM_BASE + 0x7000 + (kind & 0x70);
    u32 type = types[next_byte() % sizeof(types)];
    struct virtio_blk_header header = {type, 0, next_byte() % 70};

    memcpy(fake_ram(place, sizeof(header)), &header, sizeof(header));
    fake_put_descriptor(queue->setup.descriptors, place, 16, FAKE_NEXT, 1);
    for (u32 i = 0; i < count; i++)
        put_descriptor(queue, i + 1, false);
    fake_put_descriptor(queue->setup.descriptors + 16 * at, place + 0x100, 1, FAKE_WRITE, 0);
    if (kind & 0x80)
        head = next_byte() % QUEUE_SIZE;
    fake_put16(queue->setup.driver + 4 + 2 * (queue->next % QUEUE_SIZE), head);
    fake_put16(queue->setup.driver + 2, ++queue->next);
}

static void poke(void)
{
    u32 at = next_half() % FAKE_RAM_SIZE, count = next_byte() % 32;

    for (u32 i = 0; i < count && at + i < FAKE_RAM_SIZE; i++)
        fake_host.ram[at + i] = (u8)next_byte();
}

/* A piece more as long as there is one, which is not for ever. */
static void serve(void)
{
    for (u32 i = 0; virtio_service(device); i++)
        check(i < 100000);
    check(blk_of(device)->under_way == fake_block.kept_count);
}

static void end_one(void)
{
    if (fake_block.kept_count)
        fake_block_do(next_byte() % fake_block.kept_count);
}

static void reset(void)
{
    u32 kind = next_byte();

    virtio_reset(device);
    check(virtio_is_idle(device) == !fake_block.kept_count);
    start_driver(kind);
}

static void act(void)
{
    switch (next_byte() % 16) {
    case 0:
        poke();
        break;
    case 1:
        end_one();
        break;
    case 2:
        reset();
        break;
    case 3:
        fake_block.keeps = !fake_block.keeps;
        break;
    case 4:
        fake_block.fail_in = next_byte() % 8;
        break;
    case 5:
        fake_host.gone = next_byte() == 0xff;
        break;
    case 6:
    case 7:
    case 8:
        serve();
        break;
    default:
        offer();
    }
}

/* A reset, and what is under way ends: the device is as new, and knows nothing of the requests. */
static void end(void)
{
    struct virtio_blk *blk = blk_of(device);
    u32 free_requests = 0;

    virtio_reset(device);
    while (fake_block.kept_count)
        fake_block_do(0);
    check(virtio_is_idle(device));
    virtio_reset(device);
    check(!blk->done && !blk->chain_user);
    for (const struct blk_request *request = blk->free; request; request = request->next)
        check(++free_requests <= BLK_REQUESTS);
    check(free_requests == BLK_REQUESTS);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    input = (struct input){data, size};
    plug_in(next_byte());
    while (input.size)
        act();
    serve();
    end();
    return 0;
}
