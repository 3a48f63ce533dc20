#include "guest/lib/virtio_blk.h"

s32 blk_add(struct virtq *queue, struct blk_request *request, enum blk_type type, u64 sector,
            const struct virtq_buffer *data, u32 pieces)
{
    struct virtq_buffer buffers[BLK_MAX_PIECES + 2];
    bool device_writes = type == BLK_IN || type == BLK_GET_ID;

    if (pieces > BLK_MAX_PIECES)
        return -1;
    request->header = (struct blk_header){.type = type, .sector = sector};
    request->status = BLK_UNTOUCHED;
    buffers[0] = (struct virtq_buffer){&request->header, sizeof(request->header)};
    for (u32 i = 0; i < pieces; i++)
        buffers[1 + i] = data[i];
    buffers[1 + pieces] = (struct virtq_buffer){&request->status, 1};
    return virtq_add(queue, buffers, device_writes ? 1 : 1 + pieces,
                     device_writes ? 1 + pieces : 1);
}

enum blk_status blk_do(struct virtio *device, u32 index, struct virtq *queue, enum blk_type type,
                       u64 sector, const struct virtq_buffer *data, u32 pieces)
{
    static struct blk_request requests[VIRTIO_QUEUES];
    struct blk_request *request = &requests[index];

    if (blk_add(queue, request, type, sector, data, pieces) < 0)
        return BLK_LOST;
    virtio_kick(device, index, queue);
    if (!virtio_wait(queue) || !virtq_take(queue, NULL, NULL))
        return BLK_LOST;
    return (enum blk_status)request->status;
}

enum blk_status blk_simple(struct virtio *device, struct virtq *queue, enum blk_type type,
                           u64 sector, const volatile void *data, u32 size)
{
    struct virtq_buffer piece = {data, size};

    return blk_do(device, 0, queue, type, sector, &piece, size > 0);
}
