/* From a request to a chain of descriptors, and from what the device says to a result. */
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/drv/virtio_disk_parts.h"

#define STATUS_NONE 0xff /* the device has not written one */

static const u32 types[] = {
    [BLOCK_READ] = VIRTIO_BLK_T_IN,
    [BLOCK_WRITE] = VIRTIO_BLK_T_OUT,
    [BLOCK_FLUSH] = VIRTIO_BLK_T_FLUSH,
    [BLOCK_DISCARD] = VIRTIO_BLK_T_DISCARD,
    [BLOCK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
};

static bool has_segments(const struct block_request *request)
{
    return request->op == BLOCK_READ || request->op == BLOCK_WRITE;
}

static bool has_range(const struct block_request *request)
{
    return request->op == BLOCK_DISCARD || request->op == BLOCK_WRITE_ZEROES;
}

/* A chain that is being made: in the slot's own descriptors, or in its table. */
struct chain {
    struct virtio_descriptor *at;
    u32 first, count; /* index of at[0]; descriptors so far */
};

static void add_part(struct chain *chain, hpa_t address, u32 size, u32 flags)
{
    struct virtio_descriptor *descriptor = &chain->at[chain->count++];

    virtio_describe(descriptor, address, size, flags | VIRTIO_DESC_NEXT,
                    chain->first + chain->count);
}

static void add_data(struct chain *chain, const struct block_request *request,
                     struct disk_cell *cell)
{
    u32 flags = request->op == BLOCK_READ ? VIRTIO_DESC_WRITE : 0;

    if (has_segments(request))
        for (u32 i = 0; i < request->segment_count; i++)
            add_part(chain, request->segments[i].address, request->segments[i].size, flags);
    else if (has_range(request))
        add_part(chain, phys_of(&cell->range), sizeof(cell->range), 0);
}

/* The status is the last byte of the writable part ("Block Device", "Device Operation"). */
static void make_chain(struct virtio_disk *disk, u32 slot)
{
    const struct block_request *request = disk->slots[slot].request;
    struct disk_cell *cell = &disk->cells[slot];
    struct virtio_descriptor *own = virtio_ring_chain(&disk->ring, slot);
    struct chain chain = {.at = own, .first = slot * DISK_CHAIN_SHORT};
    bool indirect =
        has_segments(request) && request->segment_count + DISK_CHAIN_ENDS > DISK_CHAIN_SHORT;

    if (indirect)
        chain = (struct chain){.at = disk->tables[slot]};
    add_part(&chain, phys_of(&cell->header), sizeof(cell->header), 0);
    add_data(&chain, request, cell);
    add_part(&chain, phys_of(&cell->status), 1, VIRTIO_DESC_WRITE);
    chain.at[chain.count - 1].flags = VIRTIO_DESC_WRITE;
    if (indirect)
        virtio_describe(own, phys_of(chain.at), chain.count * (u32)sizeof(*own),
                        VIRTIO_DESC_INDIRECT, 0);
}

/* Discards and zeroes go as far as the device does at once; the piece is taken off what is left. */
static void make_range(const struct virtio_disk *disk, struct disk_slot *slot,
                       struct disk_cell *cell)
{
    bool zeroes = slot->request->op == BLOCK_WRITE_ZEROES;
    u32 max = zeroes ? disk->max_zeroes : disk->max_discard;
    u32 sectors = slot->left < max ? slot->left : max;

    cell->range = (struct virtio_blk_range){
        .sector = slot->sector,
        .sectors = sectors,
        .flags = zeroes && slot->request->unmap ? VIRTIO_BLK_RANGE_UNMAP : 0,
    };
    slot->sector += sectors;
    slot->left -= sectors;
}

static void offer(struct virtio_disk *disk, u32 index)
{
    struct disk_slot *slot = &disk->slots[index];
    struct disk_cell *cell = &disk->cells[index];

    cell->header = (struct virtio_blk_header){
        .type = types[slot->request->op],
        .sector = has_segments(slot->request) ? slot->request->sector : 0,
    };
    cell->status = STATUS_NONE;
    if (has_range(slot->request))
        make_range(disk, slot, cell);
    make_chain(disk, index);
    virtio_ring_offer(&disk->ring, index);
}

void disk_request_start(struct virtio_disk *disk, u32 slot, struct block_request *request)
{
    ASSERT(!has_segments(request) || request->segment_count <= disk->device.max_segments);
    disk->slots[slot] = (struct disk_slot){
        .request = request,
        .sector = request->sector,
        .left = has_range(request) ? request->sectors : 0,
        .writable = (request->op == BLOCK_READ ? request->sectors * SECTOR_SIZE : 0) + 1,
    };
    offer(disk, slot);
}

/* Of a legacy device the status alone counts: it may tell any length ("Block Device", "Legacy
 * Interface: Device Operation"). */
static enum block_result result_of(const struct virtio_disk *disk, u32 slot, u32 written)
{
    u8 status = __atomic_load_n(&disk->cells[slot].status, __ATOMIC_RELAXED);

    if (status == VIRTIO_BLK_S_UNSUPP)
        return BLOCK_UNSUPPORTED;
    if (status != VIRTIO_BLK_S_OK || (disk->drv->modern && written < disk->slots[slot].writable))
        return BLOCK_IO_ERROR;
    return BLOCK_OK;
}

struct block_request *disk_request_end(struct virtio_disk *disk, u32 slot, u32 written,
                                       bool *nonsense)
{
    struct block_request *request = disk->slots[slot].request;

    if (disk->drv->modern && written > disk->slots[slot].writable)
        *nonsense = true;
    request->result = *nonsense ? BLOCK_IO_ERROR : result_of(disk, slot, written);
    if (request->result == BLOCK_OK && disk->slots[slot].left) {
        offer(disk, slot);
        return NULL;
    }
    disk->slots[slot].request = NULL;
    virtio_ring_free(&disk->ring, slot);
    return request;
}
