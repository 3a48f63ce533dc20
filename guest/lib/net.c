#include "guest/lib/net.h"

#include "guest/lib/csr.h"
#include "guest/lib/hart.h"
#include "guest/lib/string.h"

#define TICKS_A_MS 10000u
#define QUEUE_SIZE 64

static void give_buffer(struct net *net, u32 index)
{
    struct virtq_buffer buffer = {net->in[index], NET_BUFFER_SIZE};
    s32 id = virtq_add(&net->queues[NET_RECEIVE], &buffer, 0, 1);

    net->in_of_id[id] = (u8)index;
}

bool net_open(struct net *net, u32 nth, u64 features)
{
    struct virtq_way way = {.event_index = true};

    if (!virtio_find(VIRTIO_NET, nth, &net->card) ||
        !virtio_begin(&net->card, NET_F_MAC | features, way) ||
        !virtio_set_queue(&net->card, NET_RECEIVE, &net->queues[NET_RECEIVE], QUEUE_SIZE) ||
        !virtio_set_queue(&net->card, NET_SEND, &net->queues[NET_SEND], QUEUE_SIZE))
        return false;
    net->header_size = net->card.modern || (net->card.features & NET_F_MRG_RXBUF) ? 12 : 10;
    for (u32 i = 0; i < MAC_SIZE; i++)
        net->mac[i] = read8(net->card.base + VIRTIO_CONFIG + i);
    for (u32 i = 0; i < 2; i++)
        virtq_interrupt(&net->queues[i], VIRTQ_AT_NONE);
    virtio_go(&net->card);
    net->sending = net->next_out = 0;
    for (u32 i = 0; i < NET_BUFFERS; i++)
        give_buffer(net, i);
    virtio_kick(&net->card, NET_RECEIVE, &net->queues[NET_RECEIVE]);
    return true;
}

void net_address(const struct net *net, u8 *frame, const u8 to[MAC_SIZE])
{
    memcpy(frame, to, MAC_SIZE);
    memcpy(frame + MAC_SIZE, net->mac, MAC_SIZE);
    frame[12] = NET_TYPE >> 8;
    frame[13] = NET_TYPE & 0xff;
}

/* The card uses buffers in their order: the next one is free when not all are out. */
static void wait_for_buffer(struct net *net)
{
    struct virtq *queue = &net->queues[NET_SEND];

    if (net->sending == NET_BUFFERS)
        net_flush(net);
    while (virtq_has_used(queue) || (net->sending == NET_BUFFERS && virtio_wait(queue)))
        if (virtq_take(queue, NULL, NULL))
            net->sending--;
}

void net_add(struct net *net, const u8 *frame, u32 length, const struct net_header *header)
{
    static const struct net_header plain;

    wait_for_buffer(net);
    u8 *out = net->out[net->next_out++ % NET_BUFFERS];
    struct virtq_buffer buffer = {out, net->header_size + length};
    memcpy(out, header ? header : &plain, net->header_size);
    memcpy(out + net->header_size, frame, length);
    virtq_add(&net->queues[NET_SEND], &buffer, 1, 0);
    net->sending++;
}

void net_flush(struct net *net)
{
    virtio_kick(&net->card, NET_SEND, &net->queues[NET_SEND]);
}

void net_send(struct net *net, const u8 *frame, u32 length)
{
    net_add(net, frame, length, NULL);
    net_flush(net);
}

/* The buffer of the next frame, whose length is then known; -1: none came in time. */
static s32 take_buffer(struct net *net, u32 ms)
{
    struct virtq *queue = &net->queues[NET_RECEIVE];
    u64 limit = read_time() + (u64)ms * TICKS_A_MS;
    u32 written;
    u16 id;

    while (!virtq_has_used(queue)) {
        if (read_time() > limit)
            return -1;
        hart_relax();
    }
    virtq_take(queue, &id, &written);
    net->length = written - net->header_size;
    return net->in_of_id[id];
}

static void return_buffer(struct net *net, u32 index)
{
    give_buffer(net, index);
    virtio_kick(&net->card, NET_RECEIVE, &net->queues[NET_RECEIVE]);
}

bool net_take(struct net *net, u32 ms)
{
    s32 index = take_buffer(net, ms);

    if (index < 0)
        return false;
    net->header = (struct net_header){.flags = 0};
    memcpy(&net->header, net->in[index], net->header_size);
    memcpy(net->frame, net->in[index] + net->header_size, net->length);
    return_buffer(net, (u32)index);
    return true;
}

bool net_skip(struct net *net, u32 ms)
{
    s32 index = take_buffer(net, ms);

    if (index >= 0)
        return_buffer(net, (u32)index);
    return index >= 0;
}
