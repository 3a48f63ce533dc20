/* What the files of the network card's driver share. */
#ifndef DRV_VIRTIO_NIC_PARTS_H
#define DRV_VIRTIO_NIC_PARTS_H

#include "hyp/drv/virtio_nic.h"

enum { NIC_QUEUE_IN, NIC_QUEUE_OUT };

/* Descriptors of a slot: a legacy card may want the header in one of its own. */
#define NIC_CHAIN 2

static inline u8 *nic_buffer(u8 *buffers, u32 slot)
{
    return buffers + slot * NIC_BUFFER_SIZE;
}

static inline struct virtio_net_header *nic_header(const struct virtio_nic *nic, u8 *buffer)
{
    return (struct virtio_net_header *)(buffer + NIC_FRAME_AT - nic->header_size);
}

/* Makes the chain of a slot, whose frame has `length` bytes, and offers it. */
void nic_offer(const struct virtio_nic *nic, struct virtio_ring *ring, u32 slot, u8 *buffer,
               u32 length, u32 flags);

static inline bool nic_is_gone(const struct virtio_nic *nic)
{
    return __atomic_load_n(&nic->gone, __ATOMIC_RELAXED) != 0;
}

/* The card is of no use any more, for good: says why, once. Any hart, with no lock held. */
void nic_fail(struct virtio_nic *nic, const char *why);

/* What the card's interrupt calls: virtio_nic.c. */
void nic_interrupted(void *ctx, u32 causes);

/* The task that hands frames on, and the buffers that it waits with: virtio_nic_receive.c. */
enum task_result nic_run(struct task *task);
void nic_offer_all(struct virtio_nic *nic); /* before the card runs */

#endif
