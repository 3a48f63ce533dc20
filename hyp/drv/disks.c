#include "hyp/drv/disks.h"

#include "arch/csr.h"
#include "hyp/core/claim.h"
#include "hyp/core/interrupts.h"
#include "hyp/core/machine.h"
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/virtio_disk.h"

#define READ_WAIT_S 5

static struct {
    struct virtio_drv *drv;
    struct block_device *device; /* NULL: it is another's, or cannot be driven */
    char name[24];
} disks[VIRTIO_DRV_MAX];
static u32 count;

void disks_init(void)
{
    for (struct virtio_drv *drv = virtio_drv_next(VIRTIO_BLOCK, NULL); drv;
         drv = virtio_drv_next(VIRTIO_BLOCK, drv), count++) {
        format_text(disks[count].name, sizeof(disks[count].name), "disk virtio%u", count);
        disks[count].drv = drv;
        if (!claim_owner(drv->node))
            disks[count].device = virtio_disk_start(drv, disks[count].name);
    }
}

u32 disks_count(void)
{
    return count;
}

struct block_device *disks_find(u32 number)
{
    return number < count ? disks[number].device : NULL;
}

const char *disks_describe(u32 number)
{
    static char text[128];
    const char *owner;
    u32 end;

    if (number >= count)
        return "no disk";
    end = format_text(text, sizeof(text), "virtio %u at 0x%llx, ",
                      disks[number].drv->modern ? 2 : 1, disks[number].drv->address);
    owner = claim_owner(disks[number].drv->node);
    if (disks[number].device)
        format_text(text + end, sizeof(text) - end, "%llu sectors", disks[number].device->sectors);
    else
        format_text(text + end, sizeof(text) - end, "%s", owner ? owner : "not driven");
    return text;
}

/*
 * A read that somebody waits for. It has memory of its own, for a disk that does not answer keeps
 * it: whoever comes last, the reader that gives up or `done`, frees it.
 */
struct read {
    struct block_request request;
    struct segment segment;
    u32 over; /* 1: for one of the two; exchanged */
    u8 *data; /* the page behind it               */
};

#define READ_ORDER   1
#define READ_SECTORS (PAGE_SIZE / SECTOR_SIZE)

static void read_done(struct block_request *request)
{
    struct read *read = container_of(request, struct read, request);

    if (__atomic_exchange_n(&read->over, 1, __ATOMIC_ACQ_REL))
        page_free_ptr(read, READ_ORDER);
}

static bool wait_for(const struct read *read)
{
    u64 end = time_now() + (u64)READ_WAIT_S * machine.timebase;

    while (!__atomic_load_n(&read->over, __ATOMIC_ACQUIRE)) {
        if (time_now() > end)
            return false;
        interrupts_handle();
    }
    return true;
}

/* Up to READ_SECTORS. */
static bool read_some(struct block_device *device, u64 sector, u32 sectors, void *to)
{
    struct read *read = page_alloc_ptr(READ_ORDER);
    bool fine;

    if (!read)
        return false;
    read->data = (u8 *)read + PAGE_SIZE;
    read->segment = (struct segment){.address = phys_of(read->data), .size = sectors * SECTOR_SIZE};
    read->request = (struct block_request){
        .op = BLOCK_READ,
        .sector = sector,
        .sectors = sectors,
        .segments = &read->segment,
        .segment_count = 1,
        .done = read_done,
    };
    block_submit(device, &read->request);
    /* A reader that gives up, only to find that it is done in this moment, did not wait in vain. */
    if (!wait_for(read) && !__atomic_exchange_n(&read->over, 1, __ATOMIC_ACQ_REL))
        return false;
    fine = read->request.result == BLOCK_OK;
    if (fine)
        memcpy(to, read->data, sectors * SECTOR_SIZE);
    page_free_ptr(read, READ_ORDER);
    return fine;
}

bool disks_read(struct block_device *device, u64 sector, u32 sectors, void *to)
{
    u8 *at = to;

    if (!block_has(device, sector, sectors))
        return false;
    for (u32 some; sectors; sectors -= some, sector += some, at += some * SECTOR_SIZE) {
        some = sectors < READ_SECTORS ? sectors : READ_SECTORS;
        if (!read_some(device, sector, some, at))
            return false;
    }
    return true;
}
