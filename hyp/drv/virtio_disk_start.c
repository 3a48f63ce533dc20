/* Starting a disk: what the device can do, and the memory that it is driven with. */
#include "arch/u64.h"
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/drv/virtio_disk_parts.h"

#define REQUEST_SECTORS 2048u /* 1 MiB: no request keeps the others waiting for longer */

#define TABLES_ORDER 4
_Static_assert(sizeof(struct virtio_descriptor) * DISK_CHAIN_MAX * VIRTIO_RING_SLOTS ==
                   PAGE_SIZE << TABLES_ORDER,
               "a table for each slot");
_Static_assert(sizeof(struct virtio_disk) <= PAGE_SIZE, "a disk lives in a page");

#define FEATURES                                                                              \
    (VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | \
     VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES)

#define CONFIG(field) offsetof(struct virtio_blk_config, field)

static u32 config(const struct virtio_drv *drv, u64 feature, u32 offset, u32 otherwise)
{
    return virtio_drv_has(drv, feature) ? virtio_drv_config32(drv, offset) : otherwise;
}

static u32 smaller(u32 a, u32 b)
{
    return a < b ? a : b;
}

/* In halves, the high one read until it stands still; a disk may grow while it is read. */
static u64 capacity(const struct virtio_drv *drv)
{
    u32 low, high, again = virtio_drv_config32(drv, CONFIG(capacity_high));

    do {
        high = again;
        low = virtio_drv_config32(drv, CONFIG(capacity));
        again = virtio_drv_config32(drv, CONFIG(capacity_high));
    } while (high != again);
    return u64_join(low, high);
}

static const char *read_config(struct virtio_disk *disk)
{
    const struct virtio_drv *drv = disk->drv;
    u32 size_max = config(drv, VIRTIO_BLK_F_SIZE_MAX, CONFIG(size_max), REQUEST_SECTORS << 9);
    u32 segments = DISK_CHAIN_MAX - DISK_CHAIN_ENDS;

    if (!virtio_drv_has(drv, VIRTIO_BLK_F_RO)) {
        disk->max_discard = config(drv, VIRTIO_BLK_F_DISCARD, CONFIG(max_discard_sectors), 0);
        disk->max_zeroes =
            config(drv, VIRTIO_BLK_F_WRITE_ZEROES, CONFIG(max_write_zeroes_sectors), 0);
    }
    if (!virtio_drv_has(drv, VIRTIO_F_INDIRECT_DESC))
        segments = DISK_CHAIN_SHORT - DISK_CHAIN_ENDS;
    disk->device = (struct block_device){
        .submit = disk_submit,
        .sectors = capacity(drv),
        .max_segments = smaller(segments, config(drv, VIRTIO_BLK_F_SEG_MAX, CONFIG(seg_max), ~0u)),
        .max_sectors = ALIGN_DOWN(smaller(size_max >> SECTOR_SHIFT, REQUEST_SECTORS), 8u),
        .read_only = virtio_drv_has(drv, VIRTIO_BLK_F_RO),
        .volatile_cache = virtio_drv_has(drv, VIRTIO_BLK_F_FLUSH),
        .discards = disk->max_discard != 0,
        .writes_zeroes = disk->max_zeroes != 0,
    };
    if (config(drv, VIRTIO_BLK_F_BLK_SIZE, CONFIG(blk_size), SECTOR_SIZE) != SECTOR_SIZE)
        return "its blocks are not of 512 bytes";
    if (disk->device.max_segments < 2 || !disk->device.max_sectors)
        return "it takes no requests of two pages";
    return NULL;
}

static bool allocate(struct virtio_disk *disk)
{
    disk->cells = page_alloc_ptr(0);
    if (virtio_drv_has(disk->drv, VIRTIO_F_INDIRECT_DESC))
        disk->tables = page_alloc_ptr(TABLES_ORDER);
    return disk->cells && (disk->tables || !virtio_drv_has(disk->drv, VIRTIO_F_INDIRECT_DESC));
}

/* Its queue is set up last: there is none to be freed. */
static void free_all(struct virtio_disk *disk)
{
    if (disk->cells)
        page_free_ptr(disk->cells, 0);
    if (disk->tables)
        page_free_ptr(disk->tables, TABLES_ORDER);
    page_free_ptr(disk, 0);
}

static const char *try_to_start(struct virtio_disk *disk)
{
    const char *refused = virtio_drv_open(disk->drv, FEATURES, disk->name);

    if (!refused)
        refused = read_config(disk);
    if (!refused && !allocate(disk))
        refused = "there is no memory for it";
    if (!refused)
        refused = virtio_drv_queue(disk->drv, 0, &disk->ring, DISK_CHAIN_SHORT);
    if (refused)
        return refused;
    /* No chain is longer than its queue ("Indirect Descriptors"). */
    disk->device.max_segments =
        smaller(disk->device.max_segments, disk->ring.size - DISK_CHAIN_ENDS);
    return NULL;
}

struct block_device *virtio_disk_start(struct virtio_drv *drv, const char *name)
{
    struct virtio_disk *disk = page_alloc_ptr(0);
    const char *refused;

    if (!disk) {
        complain(name, "there is no memory for it: it is left out");
        return NULL;
    }
    disk->drv = drv;
    disk->name = name;
    disk->tail = &disk->waiting;
    disk->watch.fire = disk_watch;
    refused = try_to_start(disk);
    if (refused) {
        complain(name, "%s: it is left out", refused);
        virtio_drv_close(drv);
        free_all(disk);
        return NULL;
    }
    virtio_drv_run(drv, disk_interrupted, disk);
    return &disk->device;
}
