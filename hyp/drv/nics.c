#include "hyp/drv/nics.h"

#include "hyp/core/claim.h"
#include "hyp/core/printk.h"
#include "hyp/drv/virtio_nic.h"

/* Percent of a hart: however much comes in, guests have at least the rest. */
#define RECEIVE_CAP 50

static struct {
    struct virtio_drv *drv;
    struct virtio_nic *nic; /* NULL: it is another's, or cannot be driven */
    char name[24];
    u32 refused; /* frames for a card that is not driven */
} nics[VIRTIO_DRV_MAX];
static u32 count;

/* The cards' tasks run before any guest: who sends expects the wire to be fast. */
static struct sched_group group;

void nics_init(void)
{
    static const struct sched_share share = {
        .weight = SCHED_WEIGHT_DEFAULT, .cap = RECEIVE_CAP, .affinity = SCHED_ALL_HARTS};

    sched_group_init(&group, &share);
    group.urgent = true;
    for (struct virtio_drv *drv = virtio_drv_next(VIRTIO_NET, NULL); drv;
         drv = virtio_drv_next(VIRTIO_NET, drv), count++) {
        format_text(nics[count].name, sizeof(nics[count].name), "network card %u", count);
        nics[count].drv = drv;
        if (!claim_owner(drv->node))
            nics[count].nic = virtio_nic_start(drv, nics[count].name, &group);
    }
}

u32 nics_count(void)
{
    return count;
}

void nics_listen(u32 number, void (*receive)(void *ctx, const struct frame *frame), void *ctx)
{
    if (number < count && nics[number].nic)
        virtio_nic_listen(nics[number].nic, receive, ctx);
}

bool nics_send(u32 number, const struct frame *frame)
{
    if (number >= count)
        return false;
    if (nics[number].nic)
        return virtio_nic_send(nics[number].nic, frame);
    __atomic_fetch_add(&nics[number].refused, 1, __ATOMIC_RELAXED);
    return false;
}

const char *nics_describe(u32 number)
{
    static char text[128];
    const struct virtio_drv *drv;
    const char *owner;
    const u8 *mac;
    u32 end;

    if (number >= count)
        return "no card";
    drv = nics[number].drv;
    end =
        format_text(text, sizeof(text), "virtio %u at 0x%llx, ", drv->modern ? 2 : 1, drv->address);
    if (!nics[number].nic) {
        owner = claim_owner(drv->node);
        format_text(text + end, sizeof(text) - end, "%s", owner ? owner : "not driven");
        return text;
    }
    mac = nics[number].nic->mac;
    format_text(text + end, sizeof(text) - end, "%02x:%02x:%02x:%02x:%02x:%02x%s", mac[0], mac[1],
                mac[2], mac[3], mac[4], mac[5], virtio_nic_state(nics[number].nic));
    return text;
}

struct nic_counts nics_counts(u32 number)
{
    if (number >= count)
        return (struct nic_counts){0};
    if (!nics[number].nic)
        return (struct nic_counts){.no_room = nics[number].refused};
    return nics[number].nic->counts;
}
