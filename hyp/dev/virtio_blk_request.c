/*
 * A request of the guest's, from its chain to its status ("Device Operation"). A chain without room
 * for a header or a status, or with buffers that are not RAM, breaks the device; a request that is
 * well-formed but cannot be done gets a status that says so.
 */
#include "hyp/core/string.h"
#include "hyp/dev/virtio_blk_parts.h"

/* What a step costs that moves no data, and a buffer of a chain, in bytes of data: 64 such steps
 * are a service, or 8 of the longest chains. */
#define STEP_COST   1024u
#define BUFFER_COST 32u

/* The next range, or as much of it as the disk does at once: pieces end at multiples of that, so
 * that none of them has a part of a page where the whole range has a page. */
static void next_range(struct blk_request *request)
{
    struct virtio_blk_range *range = &request->ranges[request->range];
    u32 max = request->blk->disk->max_range, sectors = range->sectors;

    if (max && sectors > max - (u32)(range->sector & (max - 1)))
        sectors = max - (u32)(range->sector & (max - 1));
    request->io.sector = range->sector;
    request->io.sectors = sectors;
    request->io.unmap = range->flags & VIRTIO_BLK_RANGE_UNMAP;
    range->sector += sectors;
    range->sectors -= sectors;
    if (!range->sectors)
        request->range++;
}

/* Fills in the next step; false: there is none, or the device is broken. */
static bool next_step(struct blk_request *request)
{
    if (request->data.left) {
        if (blk_data_part(request))
            return true;
        virtio_break(&request->blk->device);
        return false;
    }
    request->io.segment_count = 0;
    if (request->range < request->range_count) {
        next_range(request);
        return true;
    }
    if (request->flush_due) {
        request->flush_due = false;
        request->io.op = BLOCK_FLUSH;
        request->io.sectors = 0;
        return true;
    }
    return false;
}

/*
 * Gives the chain back. All of the writable part counts as written, for its last byte is the
 * status, and a driver need not look further than what counts.
 */
static void finish(struct blk_request *request, u8 status)
{
    struct virtio_blk *blk = request->blk;
    const struct virtio_host *host = &blk->device.host;

    if (virtio_works(&blk->device)) {
        ++*(status == VIRTIO_BLK_S_OK ? request->counter : &blk->counts.errors);
        if (host->write(host->ctx, request->status, &status, sizeof(status)))
            virtio_push(&blk->device, request->queue, request->id, request->slots,
                        request->written);
        else
            virtio_break(&blk->device);
        blk->touched |= BIT(request->queue);
    }
    blk_free_request(request);
}

/* The next step, or the end. Returns what it costs. */
static u32 step(struct blk_request *request)
{
    u32 cost;

    if (!next_step(request)) {
        finish(request, VIRTIO_BLK_S_OK);
        return STEP_COST;
    }
    cost = request->io.segment_count ? request->io.sectors << SECTOR_SHIFT : STEP_COST;
    blk_submit(request);
    return cost;
}

/* Where the last byte of the writable part is. */
static gpa_t status_place(const struct virtio_chain *chain)
{
    const struct virtio_buffer *last = &chain->buffers[chain->readable + chain->writable - 1];

    return last->address + last->size - 1;
}

static struct blk_request *take(struct virtio_blk *blk, u32 queue)
{
    struct blk_request *request = blk_take_request(blk);

    request->orphan = false;
    request->id = blk->chain.id;
    request->slots = blk->chain.slots;
    request->queue = (u8)queue;
    request->written = blk->chain.writable_size;
    request->status = status_place(&blk->chain);
    request->counter = &blk->counts.others;
    request->flush_due = false;
    request->data.left = 0;
    request->range = request->range_count = 0;
    return request;
}

u32 blk_begin(struct virtio_blk *blk, u32 queue)
{
    u32 cost = (blk->chain.readable + blk->chain.writable) * BUFFER_COST;
    struct blk_request *request;
    struct virtio_blk_header header;
    u8 status;

    if (blk->chain.readable_size < sizeof(header) || !blk->chain.writable_size) {
        virtio_break(&blk->device);
        return STEP_COST;
    }
    if (!virtio_copy_in(&blk->device, 0, &header, sizeof(header)))
        return STEP_COST;
    request = take(blk, queue);
    request->sector = header.sector;
    status = blk_prepare(request, header.type);
    if (status == VIRTIO_BLK_S_OK)
        return cost + step(request);
    finish(request, status);
    return cost + STEP_COST;
}

static void count_data(struct virtio_blk *blk, const struct block_request *io)
{
    u32 size = io->sectors << SECTOR_SHIFT;

    if (io->op == BLOCK_READ)
        blk->counts.bytes_read += size;
    else if (io->op == BLOCK_WRITE)
        blk->counts.bytes_written += size;
}

u32 blk_go_on(struct blk_request *request)
{
    const struct block_request *io = &request->io;

    if (request->orphan) {
        blk_free_request(request);
        return STEP_COST;
    }
    if (io->result != BLOCK_OK) {
        finish(request, io->result == BLOCK_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR);
        return STEP_COST;
    }
    count_data(request->blk, io);
    if (io->op == BLOCK_READ && !blk_data_read(request)) {
        virtio_break(&request->blk->device);
        blk_free_request(request);
        return STEP_COST;
    }
    return step(request);
}
