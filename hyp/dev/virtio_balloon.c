#include "hyp/dev/virtio_balloon.h"

#include "hyp/core/string.h"

/*
 * Pages that the guest reports free come by the last queue. The specification numbers all queues
 * that there might be, Linux only those that exist: so without the queues of statistics and hints,
 * neither of which is offered, reports come by number 4 or by number 2.
 */
enum { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_REPORT_FIRST, QUEUE_REPORT_LAST = 4, QUEUES };

#define VIRTIO_BALLOON_F_PAGE_POISON (1ull << 4)
#define VIRTIO_BALLOON_F_REPORTING   (1ull << 5)

struct virtio_balloon_config {
    u32 pages, actual, hint_command, poison;
};

/* What one service gives back at most, and the work that is not in pages; of all queues. */
#define PAGES_A_SERVICE  64
#define CHAINS_A_SERVICE 64

/* What has been done of the next chain of a queue. The guest may have changed it meanwhile, for one
 * that is shorter. */
struct part {
    u32 index;  /* inflate: page numbers; report: buffers    */
    u32 offset; /* report: bytes of the buffer               */
};

struct virtio_balloon {
    struct virtio_device device; /* the first: see balloon_of */
    struct balloon_host balloon;
    struct virtio_balloon_config config;
    u32 actual;   /* as the driver has written it, whole */
    u32 reported; /* pages                               */
    struct part parts[QUEUES];
    struct virtio_chain chain;
};

_Static_assert(sizeof(struct virtio_balloon) <= PAGE_SIZE << VIRTIO_BALLOON_ORDER, "its room");

static struct virtio_balloon *balloon_of(const struct virtio_device *device)
{
    return (struct virtio_balloon *)device;
}

/* What became of the chain that was popped. */
enum progress {
    CHAIN_DONE,
    CHAIN_IN_PARTS, /* the rest at the next service          */
    CHAIN_WAITS,    /* the host cannot take pages at this moment, and will call wake */
    CHAIN_BROKEN,
};

/* What a service may still do: give pages back, look at chains. */
struct budget {
    u32 pages, chains;
};

static bool give_back(struct virtio_balloon *balloon, gpa_t gpa, u64 size)
{
    return balloon->balloon.give_back(balloon->balloon.ctx, gpa, size);
}

static void sort(u32 *frames, u32 count)
{
    for (u32 i = 1; i < count; i++) {
        u32 frame = frames[i], at = i;

        for (; at && frames[at - 1] > frame; at--)
            frames[at] = frames[at - 1];
        frames[at] = frame;
    }
}

/* How many of the sorted page numbers follow one another; some may be there more than once. */
static u32 run_length(const u32 *frames, u32 count)
{
    u32 length = 1;

    while (length < count && frames[length] - frames[length - 1] <= 1)
        length++;
    return length;
}

/* Gives back what is side by side together: the order in which a guest lists its pages is any. */
static bool give_back_frames(struct virtio_balloon *balloon, u32 *frames, u32 count)
{
    sort(frames, count);
    for (u32 i = 0, length; i < count; i += length) {
        length = run_length(&frames[i], count - i);
        if (!give_back(balloon, (gpa_t)frames[i] << PAGE_SHIFT,
                       (u64)(frames[i + length - 1] - frames[i] + 1) << PAGE_SHIFT))
            return false;
    }
    return true;
}

/* An array of page numbers, whatever the guest's own page size: the unit is always 4 KiB. Bytes at
 * the end that make no number are left alone. */
static enum progress inflate(struct virtio_balloon *balloon, struct part *part,
                             struct budget *budget)
{
    u32 total = balloon->device.chain->readable_size / (u32)sizeof(u32);
    u32 frames[PAGES_A_SERVICE], count;

    if (part->index >= total)
        return CHAIN_DONE;
    count = total - part->index < budget->pages ? total - part->index : budget->pages;
    if (!count)
        return CHAIN_IN_PARTS;
    if (!virtio_copy_in(&balloon->device, part->index * (u32)sizeof(u32), frames,
                        count * (u32)sizeof(u32)))
        return CHAIN_BROKEN;
    if (!give_back_frames(balloon, frames, count))
        return CHAIN_WAITS;
    part->index += count;
    budget->pages -= count;
    return part->index == total ? CHAIN_DONE : CHAIN_IN_PARTS;
}

/* The driver takes pages out of its balloon. It need not ask: they are backed when they are
 * touched. */
static enum progress deflate(struct virtio_balloon *balloon, struct part *part,
                             struct budget *budget)
{
    (void)balloon, (void)part, (void)budget;
    return CHAIN_DONE;
}

/*
 * The whole pages of a buffer of a report, from its byte *done on, as many as may be. False: not
 * now.
 */
static bool report_buffer(struct virtio_balloon *balloon, const struct virtio_buffer *buffer,
                          u32 *done, struct budget *budget)
{
    gpa_t start = ALIGN_UP(buffer->address + *done, (gpa_t)PAGE_SIZE);
    gpa_t end = ALIGN_DOWN(buffer->address + buffer->size, (gpa_t)PAGE_SIZE);
    bool wraps = start < buffer->address; /* in the last page of all addresses */
    u32 pages = start < end && !wraps ? (u32)((end - start) >> PAGE_SHIFT) : 0;
    u32 count = pages < budget->pages ? pages : budget->pages;

    if (count && !give_back(balloon, start, (u64)count << PAGE_SHIFT))
        return false;
    balloon->reported += count;
    budget->pages -= count;
    *done =
        count == pages ? buffer->size : (u32)(start + ((u64)count << PAGE_SHIFT) - buffer->address);
    return true;
}

/* The guest fills free pages with this: what was given back would not have it when it returns. */
static bool keeps_pages(const struct virtio_balloon *balloon)
{
    return virtio_has(&balloon->device, VIRTIO_BALLOON_F_PAGE_POISON) && balloon->config.poison;
}

/* Free pages themselves, as buffers that the device may write to. */
static enum progress report(struct virtio_balloon *balloon, struct part *part,
                            struct budget *budget)
{
    const struct virtio_chain *chain = balloon->device.chain;

    if (keeps_pages(balloon))
        return CHAIN_DONE;
    for (; part->index < chain->writable; part->index++, part->offset = 0) {
        const struct virtio_buffer *buffer = &chain->buffers[chain->readable + part->index];

        if (part->offset < buffer->size && !report_buffer(balloon, buffer, &part->offset, budget))
            return CHAIN_WAITS;
        if (part->offset < buffer->size)
            return CHAIN_IN_PARTS;
    }
    return CHAIN_DONE;
}

/* What a queue's chains are for. */
typedef enum progress handler(struct virtio_balloon *balloon, struct part *part,
                              struct budget *budget);

/* True: there is more to do. */
static bool serve_queue(struct virtio_balloon *balloon, u32 queue, handler *handle,
                        struct budget *budget)
{
    struct virtio_device *device = &balloon->device;

    for (; budget->chains; budget->chains--) {
        enum progress progress;

        if (!virtio_pop(device, queue))
            return virtio_finish(device, queue);
        progress = handle(balloon, &balloon->parts[queue], budget);
        if (progress != CHAIN_DONE) {
            virtio_unpop(device, queue);
            virtio_interrupt(device, queue);
            return progress == CHAIN_IN_PARTS;
        }
        balloon->parts[queue] = (struct part){0};
        virtio_push(device, queue, device->chain->id, device->chain->slots, 0);
    }
    virtio_interrupt(device, queue);
    return true;
}

static bool serve(struct virtio_device *device)
{
    struct virtio_balloon *balloon = balloon_of(device);
    struct budget budget = {PAGES_A_SERVICE, CHAINS_A_SERVICE};
    bool more = serve_queue(balloon, QUEUE_INFLATE, inflate, &budget);

    more |= serve_queue(balloon, QUEUE_DEFLATE, deflate, &budget);
    for (u32 queue = QUEUE_REPORT_FIRST; queue <= QUEUE_REPORT_LAST; queue++)
        more |= serve_queue(balloon, queue, report, &budget);
    return more;
}

static u32 read_config(const struct virtio_device *device, u32 offset, u32 width)
{
    return virtio_bytes(&balloon_of(device)->config, offset, width);
}

/* Is [offset, offset + width) within the word at `field`? */
static bool is_in_word(u32 offset, u32 width, u32 field)
{
    return offset >= field && offset + width <= field + sizeof(u32);
}

/* A driver may write `actual` byte by byte, the most significant last: before that it means nothing
 * ("Legacy Interface: Device Operation"). */
static void write_config(struct virtio_device *device, u32 offset, u32 width, u32 value)
{
    const u32 actual = offsetof(struct virtio_balloon_config, actual);
    struct virtio_balloon *balloon = balloon_of(device);

    if (!is_in_word(offset, width, actual) &&
        !is_in_word(offset, width, offsetof(struct virtio_balloon_config, poison)))
        return;
    memcpy((u8 *)&balloon->config + offset, &value, width);
    if (offset + width == actual + sizeof(u32))
        balloon->actual = balloon->config.actual;
}

/* What the host wants stays: it is not the driver's. */
static void reset(struct virtio_device *device)
{
    struct virtio_balloon *balloon = balloon_of(device);

    balloon->config.actual = balloon->actual = 0;
    balloon->config.poison = 0;
    memset(balloon->parts, 0, sizeof(balloon->parts));
}

static const struct virtio_ops ops = {
    .id = VIRTIO_BALLOON,
    .config_size = sizeof(struct virtio_balloon_config),
    .config_read = read_config,
    .config_write = write_config,
    .reset = reset,
    .service = serve,
};

struct virtio_device *virtio_balloon_init(void *room, const struct balloon_host *host_balloon,
                                          bool modern, const struct virtio_host *host,
                                          struct irq_line irq)
{
    struct virtio_balloon *balloon = room;

    balloon->balloon = *host_balloon;
    balloon->config = (struct virtio_balloon_config){0};
    balloon->reported = 0;
    virtio_init(&balloon->device, &ops, VIRTIO_BALLOON_F_PAGE_POISON | VIRTIO_BALLOON_F_REPORTING,
                QUEUES, modern, &balloon->chain, host, irq);
    reset(&balloon->device);
    return &balloon->device;
}

void virtio_balloon_ask(struct virtio_device *device, u32 pages)
{
    balloon_of(device)->config.pages = pages;
    virtio_config_changed(device);
}

struct balloon_state virtio_balloon_state(const struct virtio_device *device)
{
    const struct virtio_balloon *balloon = balloon_of(device);

    return (struct balloon_state){
        .wanted = balloon->config.pages,
        .actual = balloon->actual,
        .reported = balloon->reported,
    };
}
