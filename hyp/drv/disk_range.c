/* A stretch of a disk of the host, or all of it: requests go on to there, moved. */
#include "hyp/drv/disk_parts.h"

static bool changes(enum block_op op)
{
    return op == BLOCK_WRITE || op == BLOCK_DISCARD || op == BLOCK_WRITE_ZEROES;
}

static bool can(const struct block_device *device, enum block_op op)
{
    if (changes(op) && device->read_only)
        return false;
    return (op != BLOCK_DISCARD || device->discards) &&
           (op != BLOCK_WRITE_ZEROES || device->writes_zeroes);
}

bool disk_permits(const struct block_device *device, struct block_request *request)
{
    bool inside =
        request->op == BLOCK_FLUSH || block_has(device, request->sector, request->sectors);

    if (inside && can(device, request->op))
        return true;
    request->result = inside ? BLOCK_UNSUPPORTED : BLOCK_IO_ERROR;
    request->done(request);
    return false;
}

void disk_range_submit(struct block_device *device, struct block_request *request)
{
    const struct disk *disk = container_of(device, struct disk, device);

    if (!disk_permits(device, request))
        return;
    request->sector += disk->first;
    block_submit(disk->under, request);
}
