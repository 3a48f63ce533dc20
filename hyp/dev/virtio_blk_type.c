/*
 * What the types of requests mean ("Device Operation"): each is looked at as a whole before
 * anything of it is done.
 */
#include "hyp/dev/virtio_blk_parts.h"

#define T_FLUSH_OUT 5 /* legacy: VIRTIO_BLK_T_FLUSH */

/*
 * Each of these looks at a request of one type, whose header was read, and notes what its steps
 * are. Any status but OK ends it; the device is broken when the guest's RAM is none.
 */
typedef u8 prepare(struct blk_request *request);

static u8 prepare_data(struct blk_request *request, u32 size)
{
    const struct block_device *disk = request->blk->disk;

    if (size % SECTOR_SIZE || !block_has(disk, request->sector, size >> SECTOR_SHIFT))
        return VIRTIO_BLK_S_IOERR;
    request->data.left = size;
    return VIRTIO_BLK_S_OK;
}

static u8 prepare_read(struct blk_request *request)
{
    const struct virtio_chain *chain = &request->blk->chain;
    u32 size = chain->writable_size - 1; /* the last byte is the status */
    u8 status = prepare_data(request, size);

    request->counter = &request->blk->counts.reads;
    request->io.op = BLOCK_READ;
    if (status == VIRTIO_BLK_S_OK && size)
        blk_data_set(request, chain->buffers + chain->readable, chain->writable, 0, size);
    return status;
}

/* Of a driver that knows no flush, a write is durable when it is done ("Device Operation"). */
static bool writes_through(const struct virtio_blk *blk)
{
    return blk->disk->volatile_cache && !virtio_has(&blk->device, VIRTIO_BLK_F_FLUSH);
}

static u8 prepare_write(struct blk_request *request)
{
    struct virtio_blk *blk = request->blk;
    u32 size = blk->chain.readable_size - (u32)sizeof(struct virtio_blk_header);
    u8 status = prepare_data(request, size);

    request->counter = &blk->counts.writes;
    request->io.op = BLOCK_WRITE;
    if (blk->disk->read_only)
        return VIRTIO_BLK_S_IOERR;
    request->flush_due = writes_through(blk);
    if (status == VIRTIO_BLK_S_OK && size)
        blk_data_set(request, blk->chain.buffers, blk->chain.readable,
                     sizeof(struct virtio_blk_header), size);
    return status;
}

static u8 prepare_flush(struct blk_request *request)
{
    request->counter = &request->blk->counts.flushes;
    request->flush_due = request->blk->disk->volatile_cache;
    return VIRTIO_BLK_S_OK;
}

static u8 prepare_get_id(struct blk_request *request)
{
    struct virtio_blk *blk = request->blk;
    u32 room = blk->chain.writable_size - 1;

    if (room > VIRTIO_BLK_ID_SIZE)
        room = VIRTIO_BLK_ID_SIZE;
    virtio_copy_out(&blk->device, 0, blk->id, room);
    return VIRTIO_BLK_S_OK;
}

static u8 check_range(const struct blk_request *request, const struct virtio_blk_range *range)
{
    const struct virtio_blk *blk = request->blk;
    bool zeroes = request->io.op == BLOCK_WRITE_ZEROES;

    if (range->flags & ~(zeroes ? VIRTIO_BLK_RANGE_UNMAP : 0))
        return VIRTIO_BLK_S_UNSUPP;
    if (range->sectors > VIRTIO_BLK_RANGE_MAX ||
        !block_has(blk->disk, range->sector, range->sectors))
        return VIRTIO_BLK_S_IOERR;
    return VIRTIO_BLK_S_OK;
}

static u8 prepare_ranges(struct blk_request *request, bool can)
{
    struct virtio_blk *blk = request->blk;
    u32 size = blk->chain.readable_size - (u32)sizeof(struct virtio_blk_header);
    u8 status = VIRTIO_BLK_S_OK;

    if (blk->disk->read_only)
        return VIRTIO_BLK_S_IOERR;
    if (!can)
        return VIRTIO_BLK_S_UNSUPP;
    if (size % sizeof(struct virtio_blk_range) || size > sizeof(request->ranges))
        return VIRTIO_BLK_S_IOERR;
    if (!virtio_copy_in(&blk->device, sizeof(struct virtio_blk_header), request->ranges, size))
        return VIRTIO_BLK_S_IOERR;
    request->range_count = size / (u32)sizeof(struct virtio_blk_range);
    for (u32 i = 0; i < request->range_count && status == VIRTIO_BLK_S_OK; i++)
        status = check_range(request, &request->ranges[i]);
    return status;
}

static u8 prepare_discard(struct blk_request *request)
{
    request->io.op = BLOCK_DISCARD;
    return prepare_ranges(request, request->blk->disk->discards);
}

static u8 prepare_write_zeroes(struct blk_request *request)
{
    request->io.op = BLOCK_WRITE_ZEROES;
    request->flush_due = writes_through(request->blk);
    return prepare_ranges(request, request->blk->disk->writes_zeroes);
}

u8 blk_prepare(struct blk_request *request, u32 type)
{
    static const struct {
        u32 type;
        prepare *prepare;
    } types[] = {
        {VIRTIO_BLK_T_IN, prepare_read},
        {VIRTIO_BLK_T_OUT, prepare_write},
        {VIRTIO_BLK_T_FLUSH, prepare_flush},
        {T_FLUSH_OUT, prepare_flush},
        {VIRTIO_BLK_T_GET_ID, prepare_get_id},
        {VIRTIO_BLK_T_DISCARD, prepare_discard},
        {VIRTIO_BLK_T_WRITE_ZEROES, prepare_write_zeroes},
    };

    for (u32 i = 0; i < ARRAY_SIZE(types); i++)
        if (types[i].type == type)
            return types[i].prepare(request);
    return VIRTIO_BLK_S_UNSUPP;
}
