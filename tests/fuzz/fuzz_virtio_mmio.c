/*
 * Fuzzes the registers of a virtio-mmio slot, of both versions, with a device behind: whatever a
 * driver loads, stores and puts into its rings, each access has an answer, the line is high exactly
 * while an interrupt is to be acknowledged, and what is not to be stored to does not change.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_virtio_mmio.c
 */
#define CHECK(condition)      \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)
#define FAKE_RAM_SIZE 0x4000u

#include "tests/fuzz/input.h"
#include "tests/unit/fake_virtio_echo.h"
#include "hyp/dev/virtio_mmio.c"
#include "hyp/dev/virtio_mmio_queue.c"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct virtio_mmio slot;

static void check_state(void)
{
    const struct virtio_device *device = &echo.device;

    CHECK(fake_host.line == (device->interrupts != 0));
    CHECK(!(device->features & ~device->offered));
    for (u32 i = 0; i < VIRTIO_QUEUES; i++) {
        const struct virtqueue *queue = &device->queues[i];

        CHECK(!queue->ready ||
              (i < device->queue_count && queue->setup.size && queue->setup.size <= VIRTQUEUE_MAX));
        CHECK(!queue->ready || queue->setup.packed ||
              !(queue->setup.size & (queue->setup.size - 1)));
    }
}

/* Registers that matter are met often, and all others sometimes. */
static u32 some_offset(struct input *input)
{
    static const u16 often[] = {0x10, 0x14, 0x20, 0x24, 0x28, 0x30, 0x38, 0x3c, 0x40, 0x44,
                                0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4};
    u8 which = input_byte(input);

    return which < 4 * ARRAY_SIZE(often) ? often[which / 4] : input_half(input) % 0x400;
}

static u32 some_value(struct input *input)
{
    u8 kind = input_byte(input);

    switch (kind % 4) {
    case 0:
        return kind / 4;
    case 1:
        return (u32)FAKE_RAM_BASE + (kind / 4 * 128) % FAKE_RAM_SIZE;
    case 2:
        return BIT(kind / 4 % 32);
    default:
        return input_word(input);
    }
}

static void load(struct input *input)
{
    u32 width = 1u << input_byte(input) % 3, offset = ALIGN_DOWN(some_offset(input), width);
    u32 value = 0xdeadbeef;
    enum mmio_result result = virtio_mmio_read(&slot, offset, width, &value);

    CHECK(result == (offset < VIRTIO_MMIO_SIZE ? MMIO_OK : MMIO_FAULT));
    CHECK(result == MMIO_FAULT || width == 4 || !(value >> 8 * width));
    if (offset == VIRTIO_MMIO_MAGIC_VALUE && width == 4)
        CHECK(value == VIRTIO_MMIO_MAGIC);
}

static void store(struct input *input)
{
    u32 width = input_byte(input) % 16 ? 4 : 1u << input_byte(input) % 2;
    u32 offset = ALIGN_DOWN(some_offset(input), width), value = some_value(input);
    bool broken = echo.device.status & VIRTIO_NEEDS_RESET, notified;
    u32 resets = echo.resets;
    enum mmio_result result = virtio_mmio_write(&slot, offset, width, value, &notified);

    CHECK((result == MMIO_FAULT) == (offset >= VIRTIO_MMIO_SIZE));
    CHECK(result != MMIO_AGAIN || echo.busy);
    CHECK(!broken || (echo.device.status & VIRTIO_NEEDS_RESET) || echo.resets > resets);
    if (notified)
        virtio_service(&echo.device);
}

static void store_to_ram(struct input *input)
{
    u32 at = input_half(input) % (FAKE_RAM_SIZE - 16);

    if (at & 1)
        fake_put16(FAKE_RAM_BASE + at - 1, input_half(input));
    else
        fake_put_descriptor(FAKE_RAM_BASE + at / 16 * 16, FAKE_RAM_BASE + input_half(input),
                            input_half(input), input_half(input), input_half(input));
}

/* A driver in haste: the queue is set up as it should be, and has a chain. */
static void set_up(struct input *input)
{
    u8 number = input_byte(input) % 2, flags = input_byte(input);
    struct fake_queue ring;
    const struct virtqueue_setup kind = {.size = (u16)(1 << flags % 4),
                                         .packed = virtio_has(&echo.device, VIRTIO_F_RING_PACKED)};
    bool notified;

    fake_host.allocated = flags * 32;
    fake_queue_make(&ring, &kind);
    fake_queue_add(&ring, &(struct fake_buffer){FAKE_RAM_BASE, 64, true}, 1);
    if (echo.device.modern)
        virtqueue_start(&echo.device.queues[number], &ring.setup);
    virtio_mmio_write(&slot, VIRTIO_MMIO_STATUS, 4, 15, &notified);
    virtio_mmio_write(&slot, VIRTIO_MMIO_QUEUE_NOTIFY, 4, number, &notified);
    if (notified)
        virtio_service(&echo.device);
}

static void step(struct input *input)
{
    switch (input_byte(input) % 16) {
    case 0:
    case 1:
        load(input);
        break;
    case 2:
    case 3:
    case 4:
        store_to_ram(input);
        break;
    case 5:
        set_up(input);
        break;
    case 6:
        echo.busy = !echo.busy;
        break;
    case 7:
        virtio_service(&echo.device);
        break;
    case 8:
        virtio_config_changed(&echo.device);
        break;
    case 9:
        echo.busy = false;
        virtio_mmio_reset(&slot);
        break;
    default:
        store(input);
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct input input = {data, data + size};

    echo_make(input_byte(&input) & 1);
    memset(fake_host.ram, 0, sizeof(fake_host.ram));
    virtio_mmio_init(&slot, &echo.device);
    while (!input_ended(&input)) {
        step(&input);
        check_state();
    }
    return 0;
}
