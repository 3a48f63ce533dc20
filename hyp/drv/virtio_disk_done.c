/* What the device has done, and the end of a device that does not do what it should. */
#include "hyp/core/printk.h"
#include "hyp/drv/virtio_disk_parts.h"

#define ROUNDS 4 /* of taking what is done, in one interrupt */

/* Requests that are done, to be told so when the lock is not held any more. */
struct done_list {
    struct block_request *first, **tail;
    const struct block_request *error; /* one that failed, and is to be told of; NULL: none */
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

/* Once for each disk: whoever asked knows, but may be a guest that nobody looks at. */
static void tell_error(const struct virtio_disk *disk, const struct block_request *request)
{
    static const char *const names[] = {
        [BLOCK_READ] = "read",
        [BLOCK_WRITE] = "write",
        [BLOCK_FLUSH] = "flush",
        [BLOCK_DISCARD] = "discard",
        [BLOCK_WRITE_ZEROES] = "write of zeroes",
    };

    complain(disk->name, "a %s failed at sector %llu; only the first error is told of",
             names[request->op], request->sector);
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

/* For good. Its requests are told to have ended when the device has let go of memory; of one that
 * does not even stop, nothing better is known than to wait for a while. */
void disk_fail(struct virtio_disk *disk, const char *why)
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
        disk->silent_looks = 0;
        request = disk_request_end(disk, slot, written, &nonsense);
        if (!request)
            continue;
        done_add(list, request);
        if (request->result == BLOCK_IO_ERROR && !nonsense && !disk->error_told) {
            disk->error_told = true;
            list->error = request;
        }
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
        notify = disk_start_waiting(disk);
        round = virtio_ring_await(&disk->ring) ? ROUND_MORE : ROUND_LAST;
    }
    spin_unlock(&disk->lock);
    if (notify)
        virtio_drv_notify(disk->drv, 0);
    if (list.error && round != ROUND_NONSENSE)
        tell_error(disk, list.error);
    done_tell(list.first);
    return round;
}

/* What is left after some rounds, the timer sees to: this hart has other things to do, too. */
void disk_take_done(struct virtio_disk *disk)
{
    enum round round = ROUND_MORE;

    for (u32 i = 0; i < ROUNDS && round == ROUND_MORE; i++)
        round = take_round(disk);
    if (round == ROUND_NONSENSE)
        disk_fail(disk, "it answers what it was not asked");
    if (round != ROUND_MORE)
        return;
    spin_lock(&disk->lock);
    disk->watching = true;
    timer_arm(&disk->watch, timer_after(1));
    spin_unlock(&disk->lock);
}
