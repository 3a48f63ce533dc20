/* The block device: its configuration, its queues, and the requests that the disk has. */
#include "hyp/dev/virtio_blk.h"

#include "arch/u64.h"
#include "hyp/core/string.h"
#include "hyp/dev/virtio_blk_parts.h"

#define SERVICE_BYTES 65536 /* of data in one service */

static struct virtio_blk *blk_of(const struct virtio_device *device)
{
    return container_of(device, struct virtio_blk, device);
}

struct blk_request *blk_take_request(struct virtio_blk *blk)
{
    struct blk_request *request = blk->free;

    blk->free = request->next;
    return request;
}

void blk_free_request(struct blk_request *request)
{
    struct virtio_blk *blk = request->blk;

    if (blk->chain_user == request)
        blk->chain_user = NULL;
    request->next = blk->free;
    blk->free = request;
}

void blk_submit(struct blk_request *request)
{
    struct virtio_blk *blk = request->blk;

    spin_lock(&blk->lock);
    blk->under_way++;
    spin_unlock(&blk->lock);
    block_submit(blk->disk, &request->io);
}

/*
 * The disk has done a step, on any hart: only noted. To wake the service with the lock held keeps
 * the device from being idle, and then perhaps gone, before that is done.
 */
static void step_done(struct block_request *io)
{
    struct blk_request *request = container_of(io, struct blk_request, io);
    struct virtio_blk *blk = request->blk;

    spin_lock(&blk->lock);
    request->next = NULL;
    *blk->done_end = request;
    blk->done_end = &request->next;
    blk->under_way--;
    if (!blk->serving)
        blk->device.host.wake(blk->device.host.ctx);
    spin_unlock(&blk->lock);
}

/* The request that was done first; NULL: none. */
static struct blk_request *take_done(struct virtio_blk *blk)
{
    struct blk_request *request;

    spin_lock(&blk->lock);
    request = blk->done;
    if (request)
        blk->done = request->next;
    if (!blk->done)
        blk->done_end = &blk->done;
    spin_unlock(&blk->lock);
    return request;
}

/* From here on `done` need not wake the service: it looks again before it ends. */
static void begin_serving(struct virtio_blk *blk)
{
    spin_lock(&blk->lock);
    blk->serving = true;
    spin_unlock(&blk->lock);
}

/* True: some request was done meanwhile. */
static bool end_serving(struct virtio_blk *blk)
{
    bool more;

    spin_lock(&blk->lock);
    blk->serving = false;
    more = blk->done;
    spin_unlock(&blk->lock);
    return more;
}

/* There is room to begin another request. */
static bool has_room(const struct virtio_blk *blk)
{
    return blk->free && !blk->chain_user;
}

/* Begins the next request, of each queue in turn. Returns what it took; 0: there is none. */
static u32 begin_next(struct virtio_blk *blk)
{
    struct virtio_device *device = &blk->device;

    if (!has_room(blk))
        return 0;
    for (u32 i = 0; i < device->queue_count; i++) {
        u32 queue = (blk->turn + i) % device->queue_count;

        if (!virtio_pop(device, queue))
            continue;
        blk->turn = queue + 1;
        blk->touched |= BIT(queue);
        return blk_begin(blk, queue);
    }
    return 0;
}

/* Tells the driver of what was given back, once for all; true: there are more chains. */
static bool finish_queues(struct virtio_blk *blk)
{
    bool more = false;

    for (u32 queue = 0; queue < blk->device.queue_count; queue++)
        if (blk->touched & BIT(queue))
            more |= virtio_finish(&blk->device, queue);
    blk->touched = 0;
    return more && has_room(blk);
}

static bool blk_service(struct virtio_device *device)
{
    struct virtio_blk *blk = blk_of(device);
    u32 cost = 0, last = 1;
    bool more;

    begin_serving(blk);
    while (last && cost < SERVICE_BYTES && virtio_works(device)) {
        struct blk_request *done = take_done(blk);

        last = done ? blk_go_on(done) : begin_next(blk);
        cost += last;
    }
    more = finish_queues(blk);
    return end_serving(blk) || more || cost >= SERVICE_BYTES;
}

static u32 blk_config_read(const struct virtio_device *device, u32 offset, u32 width)
{
    return virtio_bytes(&blk_of(device)->config, offset, width);
}

/* What is under way is forgotten when it is done. The service is woken all the same, for somebody
 * may wait for the device to be idle (virtio_ops.is_idle). */
static void blk_reset(struct virtio_device *device)
{
    struct virtio_blk *blk = blk_of(device);
    struct blk_request *done;

    for (u32 i = 0; i < BLK_REQUESTS; i++)
        blk->requests[i].orphan = true;
    while ((done = take_done(blk)))
        blk_free_request(done);
    blk->chain_user = NULL;
    blk->touched = 0;
    blk->turn = 0;
}

static bool blk_is_idle(const struct virtio_device *device)
{
    struct virtio_blk *blk = blk_of(device);
    bool idle;

    spin_lock(&blk->lock);
    idle = !blk->under_way;
    spin_unlock(&blk->lock);
    return idle;
}

static const struct virtio_ops blk_ops = {
    .id = VIRTIO_BLOCK,
    .config_size = sizeof(struct virtio_blk_config),
    .config_read = blk_config_read,
    .reset = blk_reset,
    .is_idle = blk_is_idle,
    .service = blk_service,
};

static u64 features_of(const struct block_device *disk, u32 queues)
{
    u64 features = VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH;

    if (disk->read_only)
        features |= VIRTIO_BLK_F_RO;
    if (queues > 1)
        features |= VIRTIO_BLK_F_MQ;
    if (disk->discards && !disk->read_only)
        features |= VIRTIO_BLK_F_DISCARD;
    if (disk->writes_zeroes && !disk->read_only)
        features |= VIRTIO_BLK_F_WRITE_ZEROES;
    return features;
}

static void fill_config(struct virtio_blk_config *config, u64 features,
                        const struct block_device *disk, u32 queues)
{
    *config = (struct virtio_blk_config){
        .capacity = u64_low(disk->sectors),
        .capacity_high = u64_high(disk->sectors),
        .seg_max = BLK_BUFFERS,
        .blk_size = SECTOR_SIZE,
        .num_queues = (u16)queues,
    };
    if (features & VIRTIO_BLK_F_DISCARD) {
        config->max_discard_sectors = VIRTIO_BLK_RANGE_MAX;
        config->max_discard_seg = BLK_RANGES;
        config->discard_sector_alignment = 1;
    }
    if (features & VIRTIO_BLK_F_WRITE_ZEROES) {
        config->max_write_zeroes_sectors = VIRTIO_BLK_RANGE_MAX;
        config->max_write_zeroes_seg = BLK_RANGES;
        config->write_zeroes_may_unmap = 1;
    }
}

struct virtio_device *virtio_blk_init(void *room, struct block_device *disk, const char *id,
                                      u32 queues, bool modern, const struct virtio_host *host,
                                      struct irq_line irq)
{
    struct virtio_blk *blk = room;
    u64 features = features_of(disk, queues);

    blk->disk = disk;
    blk->done_end = &blk->done;
    for (u32 i = 0; i < VIRTIO_BLK_ID_SIZE && id[i]; i++)
        blk->id[i] = id[i];
    for (u32 i = 0; i < BLK_REQUESTS; i++) {
        blk->requests[i].blk = blk;
        blk->requests[i].io.done = step_done;
        blk_free_request(&blk->requests[i]);
    }
    fill_config(&blk->config, features, disk, queues);
    virtio_init(&blk->device, &blk_ops, features, queues, modern, &blk->chain, host, irq);
    return &blk->device;
}

const struct virtio_blk_counts *virtio_blk_counts(const struct virtio_device *device)
{
    return &blk_of(device)->counts;
}
