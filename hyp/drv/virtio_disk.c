#include "hyp/core/printk.h"
#include "hyp/drv/virtio_disk_parts.h"

#define WATCH_MS 10000 /* how often a device is looked at that does not answer */
#define ROUNDS   4     /* of taking what is done, in one interrupt */

/* Requests that are done, to be told so when the lock is not held any more. */
struct done_list {
    struct block_request *first, **tail;
};

static void done_add(struct done_list *list, struct block_request *request)
{
    request->next = NULL;
    *list->tail = request;
    list->tail = &request->next;
}

static void done_tell(struct block_request *first)
{
    for (struct block_request *request = first, *next; request; request = next) {
        next = request->next; /* then it is its owner's again */
        request->done(request);
    }
}

static void end(struct block_request *request, enum block_result result)
{
    request->result = result;
    request->next = NULL;
    request->done(request);
}

/* Gives the device what waits for it. The lock is held. True: it is to be notified. */
static bool start_waiting(struct virtio_disk *disk)
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

/* Whoever waits for an answer has it looked for now and then. The lock is held. */
static void watch_while_busy(struct virtio_disk *disk, u32 milliseconds)
{
    if (disk->watching || !is_busy(disk))
        return;
    disk->watching = true;
    timer_arm(&disk->watch, timer_after(milliseconds));
}

/* All that is under way or waits; the disk is gone, so nobody else touches any of it. */
static void gather_all(struct virtio_disk *disk, struct done_list *list)
{
    for (u32 slot = 0; slot < disk->ring.slots; slot++)
        if (disk->slots[slot].request)
            done_add(list, disk->slots[slot].request);
    *list->tail = disk->waiting;
    for (struct block_request *request = list->first; request; request = request->next)
        request->result = BLOCK_IO_ERROR;
}

/* For good. Only when the device has let go of memory are its requests told to have ended. */
static void fail(struct virtio_disk *disk, const char *why)
{
    struct done_list list = {.tail = &list.first};
    bool was_gone, stopped;

    spin_lock(&disk->lock);
    was_gone = disk->gone;
    disk->gone = true;
    spin_unlock(&disk->lock);
    if (was_gone)
        return;
    stopped = virtio_drv_stop(disk->drv);
    complain(disk->name, "%s%s: from now on, whatever is asked of it fails", why,
             stopped ? "" : ", and does not stop");
    gather_all(disk, &list);
    done_tell(list.first);
}

/* Takes what the device has used, a ring of it at most. The lock is held. False: it talks nonsense.
 */
static bool collect(struct virtio_disk *disk, struct done_list *list)
{
    bool nonsense = false;

    for (u32 i = 0; i < disk->ring.slots && !nonsense; i++) {
        enum virtio_ring_result result;
        struct block_request *request;
        u32 slot, written;

        result = virtio_ring_used(&disk->ring, &slot, &written);
        if (result != VIRTIO_RING_USED)
            return result == VIRTIO_RING_EMPTY;
        request = disk_request_end(disk, slot, written, &nonsense);
        if (request)
            done_add(list, request);
    }
    return !nonsense;
}

enum round { ROUND_LAST, ROUND_MORE, ROUND_NONSENSE };

/* Once through the used ring; what is done makes room for what waits. */
static enum round take_round(struct virtio_disk *disk)
{
    struct done_list list = {.tail = &list.first};
    enum round round = ROUND_LAST;
    bool notify = false;

    spin_lock(&disk->lock);
    if (!disk->gone && !collect(disk, &list)) {
        round = ROUND_NONSENSE;
    } else if (!disk->gone) {
        notify = start_waiting(disk);
        round = virtio_ring_await(&disk->ring) ? ROUND_MORE : ROUND_LAST;
    }
    spin_unlock(&disk->lock);
    if (notify)
        virtio_drv_notify(disk->drv, 0);
    done_tell(list.first);
    return round;
}

/* What is left after some rounds, the timer sees to: this hart has other things to do, too. */
static void take_done(struct virtio_disk *disk)
{
    enum round round = ROUND_MORE;

    for (u32 i = 0; i < ROUNDS && round == ROUND_MORE; i++)
        round = take_round(disk);
    if (round == ROUND_NONSENSE)
        fail(disk, "it answers what it was not asked");
    if (round != ROUND_MORE)
        return;
    spin_lock(&disk->lock);
    disk->watching = true;
    timer_arm(&disk->watch, timer_after(1));
    spin_unlock(&disk->lock);
}

static void look_for_trouble(struct virtio_disk *disk)
{
    const char *trouble = virtio_drv_trouble(disk->drv);

    if (trouble)
        fail(disk, trouble);
}

void disk_interrupted(void *ctx, u32 causes)
{
    struct virtio_disk *disk = ctx;

    take_done(disk);
    if (causes & VIRTIO_INTERRUPT_CONFIG)
        look_for_trouble(disk);
}

void disk_watch(struct timer *timer)
{
    struct virtio_disk *disk = container_of(timer, struct virtio_disk, watch);

    spin_lock(&disk->lock);
    disk->watching = false;
    spin_unlock(&disk->lock);
    take_done(disk);
    look_for_trouble(disk);
    spin_lock(&disk->lock);
    if (!disk->gone)
        watch_while_busy(disk, WATCH_MS);
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
        notify = start_waiting(disk);
        watch_while_busy(disk, WATCH_MS);
    }
    spin_unlock(&disk->lock);
    if (notify)
        virtio_drv_notify(disk->drv, 0);
    if (gone)
        end(request, BLOCK_IO_ERROR);
}
