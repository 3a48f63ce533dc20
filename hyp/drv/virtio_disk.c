/* Requests on their way to the device, and who looks after those that it has. */
#include "arch/csr.h"
#include "hyp/drv/virtio_disk_parts.h"

/*
 * A device that has requests is looked at now and then, and given up when it does none of them for
 * a minute: until it lets go of their memory, no VM that waits for one can be reset or ended.
 *
 * What counts is the looks in a row that found nothing done, not the time since the last answer:
 * the clock jumps when a machine was asleep, and under QEMU's icount with sleep=off whenever all
 * its harts wait, from one timer to the next, while its disks do their work in real time. So a look
 * goes on for a while, in which this hart runs and time passes for the device, too. Only the first
 * does not: it may come right after a request, or an answer, and means nothing by itself. Six whole
 * intervals follow it.
 */
#define WATCH_MS     10000
#define LOOK_MS      10
#define SILENT_LOOKS 7

static void end(struct block_request *request, enum block_result result)
{
    request->result = result;
    request->next = NULL;
    request->done(request);
}

bool disk_start_waiting(struct virtio_disk *disk)
{
    while (disk->waiting) {
        struct block_request *request = disk->waiting;
        u32 slot = virtio_ring_take(&disk->ring);

        if (slot == VIRTIO_RING_NO_SLOT)
            break;
        disk->waiting = request->next;
        if (!disk->waiting)
            disk->tail = &disk->waiting;
        disk_request_start(disk, slot, request);
    }
    return virtio_ring_publish(&disk->ring);
}

static bool is_busy(const struct virtio_disk *disk)
{
    return disk->ring.free_count < disk->ring.slots;
}

/* The lock is held. */
static void watch_while_busy(struct virtio_disk *disk)
{
    if (disk->watching || !is_busy(disk))
        return;
    disk->watching = true;
    timer_arm(&disk->watch, timer_after(WATCH_MS));
}

static void look_for_trouble(struct virtio_disk *disk)
{
    const char *trouble = virtio_drv_trouble(disk->drv);

    if (trouble)
        disk_fail(disk, trouble);
}

void disk_interrupted(void *ctx, u32 causes)
{
    struct virtio_disk *disk = ctx;

    disk_take_done(disk);
    if (causes & VIRTIO_INTERRUPT_CONFIG)
        look_for_trouble(disk);
}

/* How many in a row have found nothing done, this one included. */
static u32 silent_looks(struct virtio_disk *disk)
{
    u32 looks;

    spin_lock(&disk->lock);
    looks = disk->gone ? 0 : disk->silent_looks;
    spin_unlock(&disk->lock);
    return looks;
}

void disk_watch(struct timer *timer)
{
    struct virtio_disk *disk = container_of(timer, struct virtio_disk, watch);
    u64 end = timer_after(LOOK_MS);

    spin_lock(&disk->lock);
    disk->watching = false;
    disk->silent_looks = is_busy(disk) ? disk->silent_looks + 1 : 0;
    spin_unlock(&disk->lock);
    do {
        disk_take_done(disk);
        look_for_trouble(disk);
    } while (silent_looks(disk) > 1 && time_now() <= end);
    if (silent_looks(disk) >= SILENT_LOOKS)
        disk_fail(disk, "it does not answer");
    spin_lock(&disk->lock);
    if (!disk->gone)
        watch_while_busy(disk);
    spin_unlock(&disk->lock);
}

static bool can_do(const struct virtio_disk *disk, const struct block_request *request)
{
    const struct block_device *device = &disk->device;

    switch (request->op) {
    case BLOCK_READ:
        return true;
    case BLOCK_FLUSH:
        return device->volatile_cache;
    case BLOCK_WRITE:
        return !device->read_only;
    case BLOCK_DISCARD:
        return device->discards;
    case BLOCK_WRITE_ZEROES:
        return device->writes_zeroes;
    }
    return false;
}

void disk_submit(struct block_device *device, struct block_request *request)
{
    struct virtio_disk *disk = container_of(device, struct virtio_disk, device);
    bool notify = false, gone;

    if (!can_do(disk, request)) {
        end(request, request->op == BLOCK_FLUSH ? BLOCK_OK : BLOCK_UNSUPPORTED);
        return;
    }
    request->next = NULL;
    spin_lock(&disk->lock);
    gone = disk->gone;
    if (!gone) {
        *disk->tail = request;
        disk->tail = &request->next;
        notify = disk_start_waiting(disk);
        watch_while_busy(disk);
    }
    spin_unlock(&disk->lock);
    if (notify)
        virtio_drv_notify(disk->drv, 0);
    if (gone)
        end(request, BLOCK_IO_ERROR);
}
