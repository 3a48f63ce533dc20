/*
 * A virtio device for the tests of what all have in common: it writes the readable part of each
 * chain to the writable one, counted from its first byte. Its configuration is 12 bytes.
 */
#ifndef UNIT_FAKE_VIRTIO_ECHO_H
#define UNIT_FAKE_VIRTIO_ECHO_H

#include "tests/unit/fake_virtio.h"

#define ECHO_ID      77
#define ECHO_FEATURE (1ull << 3)
#define ECHO_HIGH    (1ull << 41)
#define ECHO_PIECE   8 /* chains in one service */

static struct {
    struct virtio_device device;
    struct virtio_chain chain;
    u8 config[12];
    bool busy; /* a request uses RAM of the guest's */
    u32 resets, services;
    u32 stored; /* bytes stored to the configuration */
} echo;

static inline u32 echo_config_read(const struct virtio_device *device, u32 offset, u32 width)
{
    CHECK(device == &echo.device && offset + width <= sizeof(echo.config));
    return virtio_bytes(echo.config, offset, width);
}

static inline void echo_config_write(struct virtio_device *device, u32 offset, u32 width, u32 value)
{
    CHECK(device == &echo.device && offset + width <= sizeof(echo.config));
    memcpy(echo.config + offset, &value, width);
    echo.stored += width;
}

static inline void echo_reset(struct virtio_device *device)
{
    CHECK(device == &echo.device);
    echo.resets++;
}

static inline bool echo_is_idle(const struct virtio_device *device)
{
    CHECK(device == &echo.device);
    return !echo.busy;
}

static inline void echo_one(u32 queue)
{
    struct virtio_chain *chain = &echo.chain;
    u32 size = chain->readable_size;
    u8 bytes[64];

    if (size > chain->writable_size)
        size = chain->writable_size;
    for (u32 done = 0, piece; done < size; done += piece) {
        piece = size - done < sizeof(bytes) ? size - done : sizeof(bytes);
        if (!virtio_copy_in(&echo.device, done, bytes, piece) ||
            !virtio_copy_out(&echo.device, done, bytes, piece))
            return;
    }
    virtio_push(&echo.device, queue, chain->id, chain->slots, size);
}

static inline bool echo_service(struct virtio_device *device)
{
    bool more = false;

    CHECK(device == &echo.device && virtio_works(device));
    echo.services++;
    for (u32 queue = 0; queue < device->queue_count; queue++) {
        for (u32 i = 0; i < ECHO_PIECE && virtio_pop(device, queue); i++)
            echo_one(queue);
        more |= virtio_finish(device, queue);
    }
    return more;
}

static const struct virtio_ops echo_ops = {
    .id = ECHO_ID,
    .config_size = sizeof(echo.config),
    .config_read = echo_config_read,
    .config_write = echo_config_write,
    .reset = echo_reset,
    .is_idle = echo_is_idle,
    .service = echo_service,
};

/* A new device with two queues, in a new machine. */
static inline void echo_make(bool modern)
{
    fake_host_reset();
    fake_host.line = true;
    memset(&echo, 0, sizeof(echo));
    for (u32 i = 0; i < sizeof(echo.config); i++)
        echo.config[i] = (u8)(0x11 * (i + 1));
    virtio_init(&echo.device, &echo_ops, ECHO_FEATURE | ECHO_HIGH, 2, modern, &echo.chain,
                &fake_virtio_host, fake_irq);
}

#endif
