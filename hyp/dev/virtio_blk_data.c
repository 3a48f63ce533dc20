/*
 * The guest's RAM as a disk takes it: runs of host memory, no more at once than the disk and the
 * room for the list allow. A part is a multiple of a sector. Buffers may be so small that not even
 * one sector fits: such a sector is bounced, copied to or from one piece.
 */
#include "hyp/core/physmem.h"
#include "hyp/core/string.h"
#include "hyp/dev/virtio_blk_parts.h"

static u32 smaller(u32 a, u32 b)
{
    return a < b ? a : b;
}

void blk_data_set(struct blk_request *request, const struct virtio_buffer *buffers, u32 count,
                  u32 skip, u32 size)
{
    struct virtio_blk *blk = request->blk;
    u64 covered = 0;
    u32 used = 0;

    for (; count && skip >= buffers->size; count--)
        skip -= buffers++->size;
    while (used < count && covered < (u64)skip + size)
        covered += buffers[used++].size;
    request->data = (struct blk_data){.buffers = buffers, .offset = skip, .left = size};
    if (used > BLK_BUFFERS) {
        blk->chain_user = request;
        return;
    }
    memcpy(request->buffers, buffers, used * sizeof(*buffers));
    request->data.buffers = request->buffers;
}

/* At most `size` bytes that are next in one buffer, at least one; there are some left. */
static u32 next_run(struct blk_data *data, u32 size)
{
    while (data->offset == data->buffers->size) {
        data->buffers++;
        data->offset = 0;
    }
    return smaller(data->buffers->size - data->offset, size);
}

static void skip_data(struct blk_data *data, u32 size)
{
    while (size) {
        u32 run = next_run(data, size);

        data->offset += run;
        data->left -= run;
        size -= run;
    }
}

/* Adds a run to a list of `count`; false: there is no room for it. */
static bool add_run(struct segment *segments, u32 *count, u32 max, hpa_t at, u32 size)
{
    struct segment *last = *count ? &segments[*count - 1] : NULL;

    if (last && last->address + last->size == at) {
        last->size += size;
        return true;
    }
    if (*count == max)
        return false;
    segments[(*count)++] = (struct segment){.address = at, .size = size};
    return true;
}

/* Takes `size` bytes off the end of a list, which has them; returns the new count. */
static u32 trim(struct segment *segments, u32 count, u32 size)
{
    while (count && segments[count - 1].size <= size)
        size -= segments[--count].size;
    if (size)
        segments[count - 1].size -= size;
    return count;
}

/* Lists runs of up to `limit` bytes of data; *size: how many it became. False: not RAM. */
static bool list_runs(struct blk_request *request, u32 limit, u32 *size)
{
    const struct virtio_host *host = &request->blk->device.host;
    struct blk_data at = request->data;
    u32 max = smaller(BLK_SEGMENTS, request->blk->disk->max_segments);
    u32 count = 0;

    for (*size = 0; *size < limit;) {
        u32 run = next_run(&at, limit - *size);
        hpa_t where;

        run = host->locate(host->ctx, at.buffers->address + at.offset, run,
                           request->io.op == BLOCK_READ, &where);
        if (!run)
            return false;
        if (!add_run(request->segments, &count, max, where, run))
            break;
        skip_data(&at, run);
        *size += run;
    }
    request->io.segment_count = count;
    return true;
}

/* Copies the bounced sector from the guest's RAM, or to it. */
static bool copy_bounced(struct blk_request *request, bool to_guest)
{
    const struct virtio_host *host = &request->blk->device.host;
    u8 *bytes = request->bounce;

    for (u32 left = SECTOR_SIZE, run; left; left -= run, bytes += run) {
        struct blk_data *data = &request->data;
        gpa_t gpa;

        run = next_run(data, left);
        gpa = data->buffers->address + data->offset;
        if (to_guest ? !host->write(host->ctx, gpa, bytes, run)
                     : !host->read(host->ctx, gpa, bytes, run))
            return false;
        skip_data(data, run);
    }
    return true;
}

static bool bounce_sector(struct blk_request *request)
{
    request->bounced = true;
    request->segments[0] = (struct segment){phys_of(request->bounce), SECTOR_SIZE};
    request->io.segment_count = 1;
    return request->io.op == BLOCK_READ || copy_bounced(request, false);
}

bool blk_data_part(struct blk_request *request)
{
    u32 max_sectors = request->blk->disk->max_sectors;
    u32 sectors = smaller(request->data.left >> SECTOR_SHIFT, max_sectors);
    u32 size, excess;

    request->bounced = false;
    request->io.segments = request->segments;
    if (!list_runs(request, sectors << SECTOR_SHIFT, &size))
        return false;
    excess = size & (SECTOR_SIZE - 1);
    request->io.segment_count = trim(request->segments, request->io.segment_count, excess);
    size -= excess;
    if (!size && !bounce_sector(request))
        return false;
    skip_data(&request->data, size);
    request->io.sector = request->sector;
    request->io.sectors = request->bounced ? 1 : size >> SECTOR_SHIFT;
    request->sector += request->io.sectors;
    return true;
}

bool blk_data_read(struct blk_request *request)
{
    return !request->bounced || copy_bounced(request, true);
}
