/*
 * The switch for unit tests and fuzzers, with what is around it: pages, the host's network cards,
 * frames of senders. A fuzzer brings its own CHECK(condition).
 */
#ifndef UNIT_FAKE_SWITCH_H
#define UNIT_FAKE_SWITCH_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_console.h"
#ifndef CHECK
#include "tests/unit/unit.h"
#endif
#include "hyp/drv/switch.c"
#include "hyp/drv/switch_address.c"
#include "hyp/drv/switch_port.c"
#include "hyp/drv/switch_queue.c"
#include "hyp/drv/switch_rate.c"
#include "hyp/drv/switch_uplink.c"

#define FAKE_TIMEBASE 10000000u
#define FAKE_NICS     16

struct machine machine = {.timebase = FAKE_TIMEBASE};

static struct {
    u32 rooms; /* of connected ports that are allocated */
    bool no_memory;
} fake_switch;

static struct {
    u32 count;
    bool full;
    u32 sent[FAKE_NICS];
    u8 last[FRAME_MAX]; /* that was sent by any */
    void (*receive[FAKE_NICS])(void *ctx, const struct frame *frame);
    void *ctx[FAKE_NICS];
} fake_nics;

/* The cards' ports stay for ever: so does what they have learned into. */
static u8 fake_card_rooms[CARDS_MAX][PAGE_SIZE << LEARNED_ORDER]
    __attribute__((aligned(sizeof(u64))));
static u32 fake_card_rooms_given;

/* A switch without ports, at power-on. */
static inline void fake_switch_reset(void)
{
    switch_ports = NULL;
    card_count = 0;
    fake_card_rooms_given = 0;
    memset(buckets, 0, sizeof(buckets));
    memset(cards, 0, sizeof(cards));
    memset(&fake_switch, 0, sizeof(fake_switch));
    memset(&fake_nics, 0, sizeof(fake_nics));
}

/* Exactly what the port needs, so that ASan sees who goes past it. */
void *page_alloc_ptr(u32 order)
{
    if (fake_switch.no_memory)
        return NULL;
    if (order == LEARNED_ORDER) {
        CHECK(fake_card_rooms_given < CARDS_MAX);
        memset(fake_card_rooms[fake_card_rooms_given], 0, sizeof(fake_card_rooms[0]));
        return fake_card_rooms[fake_card_rooms_given++];
    }
    CHECK(order == ROOM_ORDER);
    __atomic_fetch_add(&fake_switch.rooms, 1, __ATOMIC_RELAXED);
    return calloc(1, sizeof(struct port_room));
}

void page_free_ptr(void *block, u32 order)
{
    CHECK(order == ROOM_ORDER);
    __atomic_fetch_sub(&fake_switch.rooms, 1, __ATOMIC_RELAXED);
    free(block);
}

u32 nics_count(void)
{
    return fake_nics.count;
}

void nics_listen(u32 number, void (*receive)(void *ctx, const struct frame *frame), void *ctx)
{
    CHECK(number < fake_nics.count && !fake_nics.receive[number]);
    fake_nics.receive[number] = receive;
    fake_nics.ctx[number] = ctx;
}

bool nics_send(u32 number, const struct frame *frame)
{
    CHECK(number < fake_nics.count && frame->length <= FRAME_MAX);
    CHECK(!switch_lock.held); /* it may wait for the sender's memory */
    if (fake_nics.full || !frame->copy(frame, 0, fake_nics.last, frame->length))
        return false;
    fake_nics.sent[number]++;
    return true;
}

/* A frame, and its sender. */
struct fake_frame {
    struct frame frame;
    u8 bytes[FRAME_MAX];
    u32 copies_left;      /* that succeed                                              */
    const u8 *turns_into; /* the source address that is there after the first copy; NULL */
};

static inline bool fake_frame_copy(const struct frame *frame, u32 offset, void *to, u32 size)
{
    struct fake_frame *fake = frame->source;

    CHECK(offset <= frame->length && size <= frame->length - offset);
    if (!fake->copies_left)
        return false;
    fake->copies_left--;
    memcpy(to, fake->bytes + offset, size);
    if (fake->turns_into)
        memcpy(fake->bytes + MAC_SIZE, fake->turns_into, MAC_SIZE);
    return true;
}

static inline void fake_frame_make(struct fake_frame *fake, const void *to, const void *from,
                                   u32 length)
{
    memset(fake, 0, sizeof(*fake));
    fake->copies_left = ~0u;
    fake->frame = (struct frame){.length = length, .copy = fake_frame_copy, .source = fake};
    for (u32 i = 0; i < FRAME_MAX; i++)
        fake->bytes[i] = (u8)(i * 7);
    memcpy(fake->bytes, to, MAC_SIZE);
    memcpy(fake->bytes + MAC_SIZE, from, MAC_SIZE);
}

/* 60 bytes come in by a card of the host, the last of them `tag`. */
static inline void fake_nics_receive(u32 number, const void *to, const void *from, u8 tag)
{
    struct fake_frame frame;

    fake_frame_make(&frame, to, from, 60);
    frame.bytes[59] = tag;
    fake_nics.receive[number](fake_nics.ctx[number], &frame.frame);
}

#endif
