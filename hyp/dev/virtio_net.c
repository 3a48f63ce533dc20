#include "hyp/dev/virtio_net.h"

#include "hyp/core/string.h"
#include "hyp/dev/virtio_net_parts.h"

static struct virtio_net *net_of(const struct virtio_device *device)
{
    return (struct virtio_net *)device;
}

static bool net_service(struct virtio_device *device)
{
    struct virtio_net *net = net_of(device);
    bool more_to_send = net_send_frames(net);

    return net_receive_frames(net) || more_to_send;
}

/* What came for the driver that was there is not for the next one. Frames may come all the while:
 * it ends with those that were there. */
static void net_reset(struct virtio_device *device)
{
    struct virtio_net *net = net_of(device);

    net->asks_for_buffers = true; /* as it is when a queue starts */
    for (u32 i = 0; i < VIRTQUEUE_MAX && net->net.receive(net->net.ctx); i++)
        net->net.received(net->net.ctx);
}

static u32 net_config_read(const struct virtio_device *device, u32 offset, u32 width)
{
    return virtio_bytes(&net_of(device)->config, offset, width);
}

static const struct virtio_ops net_ops = {
    .id = VIRTIO_NET,
    .config_size = offsetof(struct virtio_net_config, max_virtqueue_pairs),
    .config_read = net_config_read,
    .reset = net_reset,
    .service = net_service,
};

struct virtio_device *virtio_net_init(void *room, const u8 mac[MAC_SIZE],
                                      const struct net_host *net, bool modern,
                                      const struct virtio_host *host, struct irq_line irq)
{
    struct virtio_net *card = room;
    u64 features = VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MAC |
                   VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS;

    card->net = *net;
    card->asks_for_buffers = true;
    card->config.status = VIRTIO_NET_S_LINK_UP;
    memcpy(card->config.mac, mac, MAC_SIZE);
    virtio_init(&card->device, &net_ops, features, QUEUES, modern, &card->first, host, irq);
    return &card->device;
}

const struct virtio_net_counts *virtio_net_counts(const struct virtio_device *device)
{
    return &net_of(device)->counts;
}
