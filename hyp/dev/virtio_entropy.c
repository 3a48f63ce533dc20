#include "hyp/dev/virtio_entropy.h"

enum { QUEUE_REQUESTS, QUEUES };

/* Random bytes take long to make: so many are given at a service, and in one buffer. A driver takes
 * what it gets ("Entropy Device", "Device Operation"). */
#define BYTES_A_SERVICE  2048
#define CHAINS_A_SERVICE 64
#define BYTES_AT_ONCE    256

struct virtio_entropy {
    struct virtio_device device; /* the first: see entropy_of */
    entropy_source *source;
    struct virtio_chain chain;
};

_Static_assert(sizeof(struct virtio_entropy) <= PAGE_SIZE << VIRTIO_ENTROPY_ORDER, "its room");

static struct virtio_entropy *entropy_of(struct virtio_device *device)
{
    return (struct virtio_entropy *)device;
}

/* Fills the first `size` bytes of the chain. False: there is nothing random, or the device is
 * broken. */
static bool fill(struct virtio_entropy *entropy, u32 size)
{
    u8 bytes[BYTES_AT_ONCE];

    for (u32 done = 0, count; done < size; done += count) {
        count = size - done < BYTES_AT_ONCE ? size - done : BYTES_AT_ONCE;
        if (!entropy->source(bytes, count) ||
            !virtio_copy_out(&entropy->device, done, bytes, count))
            return false;
    }
    return true;
}

/* Serves the chain that was popped; `*left` bytes may be made. */
static bool serve_request(struct virtio_device *device, u32 *left)
{
    u32 size = device->chain->writable_size < *left ? device->chain->writable_size : *left;

    if (!fill(entropy_of(device), size))
        return false;
    virtio_push(device, QUEUE_REQUESTS, device->chain->id, device->chain->slots, size);
    *left -= size;
    return true;
}

static bool serve(struct virtio_device *device)
{
    u32 left = BYTES_A_SERVICE;

    for (u32 i = 0; i < CHAINS_A_SERVICE && left; i++) {
        if (!virtio_pop(device, QUEUE_REQUESTS))
            return virtio_finish(device, QUEUE_REQUESTS);
        if (!serve_request(device, &left)) {
            /* The guest waits for ever: bytes that are not random would be worse. */
            virtio_unpop(device, QUEUE_REQUESTS);
            virtio_interrupt(device, QUEUE_REQUESTS);
            return false;
        }
    }
    virtio_interrupt(device, QUEUE_REQUESTS);
    return true;
}

static const struct virtio_ops ops = {
    .id = VIRTIO_ENTROPY,
    .service = serve,
};

struct virtio_device *virtio_entropy_init(void *room, entropy_source *source, bool modern,
                                          const struct virtio_host *host, struct irq_line irq)
{
    struct virtio_entropy *entropy = room;

    entropy->source = source;
    virtio_init(&entropy->device, &ops, 0, QUEUES, modern, &entropy->chain, host, irq);
    return &entropy->device;
}
