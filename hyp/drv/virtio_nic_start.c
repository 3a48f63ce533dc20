/* Starting a network card. */
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/drv/virtio_nic_parts.h"

#define FEATURES \
    (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS)

#define BUFFERS_ORDER 5
_Static_assert(NIC_BUFFER_SIZE *VIRTIO_RING_SLOTS == PAGE_SIZE << BUFFERS_ORDER,
               "a buffer for each slot");
_Static_assert(NIC_FRAME_AT + FRAME_MAX <= NIC_BUFFER_SIZE, "a frame fits in");
_Static_assert(sizeof(struct virtio_nic) <= PAGE_SIZE, "a card lives in a page");

static void read_config(struct virtio_nic *nic)
{
    const struct virtio_drv *drv = nic->drv;

    /* Without its own descriptor, the header lies before the frame (legacy "Message Framing"). */
    nic->split_header = !drv->modern && !virtio_drv_has(drv, VIRTIO_F_ANY_LAYOUT);
    nic->header_size =
        drv->modern ? (u32)sizeof(struct virtio_net_header) : VIRTIO_NET_HEADER_LEGACY;
    for (u32 i = 0; i < MAC_SIZE && virtio_drv_has(drv, VIRTIO_NET_F_MAC); i++)
        nic->mac[i] = virtio_drv_config8(drv, i);
}

static const char *try_to_start(struct virtio_nic *nic)
{
    const char *refused = virtio_drv_open(nic->drv, FEATURES, nic->name);

    if (refused)
        return refused;
    read_config(nic);
    nic->in_buffers = page_alloc_ptr(BUFFERS_ORDER);
    nic->out_buffers = page_alloc_ptr(BUFFERS_ORDER);
    if (!nic->in_buffers || !nic->out_buffers)
        return "there is no memory for it";
    refused = virtio_drv_queue(nic->drv, NIC_QUEUE_IN, &nic->in, NIC_CHAIN);
    return refused ? refused : virtio_drv_queue(nic->drv, NIC_QUEUE_OUT, &nic->out, NIC_CHAIN);
}

static void free_all(struct virtio_nic *nic)
{
    virtio_drv_free_queue(&nic->in);
    virtio_drv_free_queue(&nic->out);
    if (nic->in_buffers)
        page_free_ptr(nic->in_buffers, BUFFERS_ORDER);
    if (nic->out_buffers)
        page_free_ptr(nic->out_buffers, BUFFERS_ORDER);
    page_free_ptr(nic, 0);
}

struct virtio_nic *virtio_nic_start(struct virtio_drv *drv, const char *name,
                                    struct sched_group *group)
{
    struct virtio_nic *nic = page_alloc_ptr(0);
    const char *refused;

    if (!nic) {
        complain(name, "there is no memory for it: it is left out");
        return NULL;
    }
    nic->drv = drv;
    nic->name = name;
    refused = try_to_start(nic);
    if (refused) {
        complain(name, "%s: it is left out", refused);
        virtio_drv_close(drv);
        free_all(nic);
        return NULL;
    }
    sched_init_task(&nic->task, group, nic_run);
    virtio_ring_ignore(&nic->out);
    nic_offer_all(nic); /* while no task can run yet */
    virtio_drv_run(drv, nic_interrupted, nic);
    virtio_drv_notify(drv, NIC_QUEUE_IN);
    nic_interrupted(nic, VIRTIO_INTERRUPT_CONFIG); /* how is the link? */
    return nic;
}
