#include "hyp/dev/virtio_console.h"

#include "hyp/core/string.h"

enum { QUEUE_RECEIVE, QUEUE_SEND, QUEUES };

#define VIRTIO_CONSOLE_F_EMERG_WRITE (1ull << 2)

struct virtio_console_config {
    u16 columns, rows;
    u32 max_ports, emergency;
};

/* What one service moves in each direction. */
#define BYTES_A_SERVICE  512 /* 45 ms of a console with 115200 bits a second */
#define CHAINS_A_SERVICE 64
#define BYTES_AT_ONCE    256

struct virtio_console {
    struct virtio_device device; /* the first: see console_of */
    struct virtio_console_host console;
    u32 sent;      /* bytes of the next chain of the guest's that have been printed already */
    bool has_sent; /* the guest has printed something since it began to use the device      */
    struct virtio_chain chain;
};

_Static_assert(sizeof(struct virtio_console) <= PAGE_SIZE << VIRTIO_CONSOLE_ORDER, "its room");

static struct virtio_console *console_of(const struct virtio_device *device)
{
    return (struct virtio_console *)device;
}

/* Prints of the chain that was popped what comes next, at most `size` bytes. */
static bool print_part(struct virtio_console *console, u32 size)
{
    u8 bytes[BYTES_AT_ONCE];

    for (u32 done = 0, count; done < size; done += count) {
        count = size - done < BYTES_AT_ONCE ? size - done : BYTES_AT_ONCE;
        if (!virtio_copy_in(&console->device, console->sent, bytes, count))
            return false;
        for (u32 i = 0; i < count; i++)
            console->console.put(console->console.ctx, bytes[i]);
        console->sent += count;
    }
    return true;
}

/* What is left of the chain that was popped, or as much as may be: `*left` bytes. True: that was
 * all of it. The guest may have changed it meanwhile, for one that is shorter. */
static bool print_chain(struct virtio_console *console, u32 *left)
{
    u32 size = console->device.chain->readable_size;
    u32 rest = size > console->sent ? size - console->sent : 0;
    u32 count = rest < *left ? rest : *left;

    console->has_sent = true;
    *left -= count;
    return print_part(console, count) && count == rest;
}

static bool send(struct virtio_console *console)
{
    struct virtio_device *device = &console->device;
    u32 left = BYTES_A_SERVICE;

    for (u32 i = 0; i < CHAINS_A_SERVICE; i++) {
        if (!virtio_pop(device, QUEUE_SEND))
            return virtio_finish(device, QUEUE_SEND);
        if (!print_chain(console, &left)) {
            virtio_unpop(device, QUEUE_SEND);
            break;
        }
        console->sent = 0;
        virtio_push(device, QUEUE_SEND, device->chain->id, device->chain->slots, 0);
    }
    virtio_interrupt(device, QUEUE_SEND);
    return true;
}

/* Fills the chain that was popped with what was typed; returns how many bytes that is. */
static u32 receive_chain(struct virtio_console *console)
{
    u8 bytes[BYTES_AT_ONCE];
    u32 room = console->device.chain->writable_size;
    u32 count = console->console.take(console->console.ctx, bytes,
                                      room < BYTES_AT_ONCE ? room : BYTES_AT_ONCE);

    return virtio_copy_out(&console->device, 0, bytes, count) ? count : 0;
}

/* Buffers wait in the queue until something is typed; what is typed waits for the UART, while that
 * is the console in use. */
static bool receive(struct virtio_console *console)
{
    struct virtio_device *device = &console->device;

    if (!virtio_console_reads(device))
        return false;
    for (u32 i = 0; i < CHAINS_A_SERVICE; i++) {
        u32 count;

        if (!virtio_pop(device, QUEUE_RECEIVE))
            return virtio_finish(device, QUEUE_RECEIVE);
        count = receive_chain(console);
        if (!count && device->chain->writable_size) {
            virtio_unpop(device, QUEUE_RECEIVE);
            virtio_interrupt(device, QUEUE_RECEIVE);
            return false;
        }
        virtio_push(device, QUEUE_RECEIVE, device->chain->id, device->chain->slots, count);
    }
    virtio_interrupt(device, QUEUE_RECEIVE);
    return true;
}

static bool serve(struct virtio_device *device)
{
    bool more = send(console_of(device));

    return receive(console_of(device)) || more;
}

static u32 read_config(const struct virtio_device *device, u32 offset, u32 width)
{
    static const struct virtio_console_config config;

    (void)device;
    return virtio_bytes(&config, offset, width);
}

/* "The device MUST allow a write to emerg_wr, even on an unconfigured device." */
static void write_config(struct virtio_device *device, u32 offset, u32 width, u32 value)
{
    struct virtio_console *console = console_of(device);

    (void)width;
    if (offset == offsetof(struct virtio_console_config, emergency))
        console->console.put(console->console.ctx, (u8)value);
}

static void reset(struct virtio_device *device)
{
    console_of(device)->sent = 0;
    console_of(device)->has_sent = false;
}

static const struct virtio_ops ops = {
    .id = VIRTIO_CONSOLE,
    .config_size = sizeof(struct virtio_console_config),
    .config_read = read_config,
    .config_write = write_config,
    .reset = reset,
    .service = serve,
};

struct virtio_device *virtio_console_init(void *room,
                                          const struct virtio_console_host *host_console,
                                          bool modern, const struct virtio_host *host,
                                          struct irq_line irq)
{
    struct virtio_console *console = room;

    console->console = *host_console;
    virtio_init(&console->device, &ops, VIRTIO_CONSOLE_F_EMERG_WRITE, QUEUES, modern,
                &console->chain, host, irq);
    reset(&console->device);
    return &console->device;
}

/* Drivers give buffers to receive as soon as they find the device, whether or not anybody reads
 * them. So it takes a sign that this is a console in use: text. */
bool virtio_console_reads(const struct virtio_device *device)
{
    return virtio_works(device) && device->queues[QUEUE_RECEIVE].ready &&
           console_of(device)->has_sent;
}
