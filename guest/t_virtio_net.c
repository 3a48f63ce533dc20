/*
 * The network card, its queues: what is sent comes back as used, what is received lies where the
 * driver wants it, with the right header. The network is QEMU's user network, whose gateway answers
 * to ARP.
 */
#include "guest/lib/hart.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/virtio_ways.h"

#define NET_F_CSUM      (1ull << 0)
#define NET_F_MAC       (1ull << 5)
#define NET_F_MRG_RXBUF (1ull << 15)
#define NET_F_STATUS    (1ull << 16)

#define RECEIVE 0
#define SEND    1

#define BUFFERS     8
#define BUFFER_SIZE 2048u
#define FRAME_MAX   1514u
#define MARK        0xa5

/* In front of every frame; the last member is there with mergeable buffers and modern devices. */
struct net_header {
    u8 flags, segmentation;
    u16 header_size, segment_size, checksum_start, checksum_offset;
    u16 buffers;
};

#define LEGACY_HEADER 10u

static struct virtio card;
static struct virtq queues[2];
static u8 received[BUFFERS][BUFFER_SIZE], out[BUFFER_SIZE];
static u8 mac[6];
static u32 header_size;

static bool open_with(u64 features, bool with_buffers)
{
    if (!virtio_find(VIRTIO_NET, 0, &card) ||
        !virtio_begin(&card, NET_F_MAC | NET_F_STATUS | features, virtio_way) ||
        !virtio_set_queue(&card, RECEIVE, &queues[RECEIVE], 16) ||
        !virtio_set_queue(&card, SEND, &queues[SEND], 16)) {
        test_fail("no card to work with");
        return false;
    }
    header_size = card.modern || (card.features & NET_F_MRG_RXBUF) ? sizeof(struct net_header)
                                                                   : LEGACY_HEADER;
    memset(received, MARK, sizeof(received));
    memset(out, 0, sizeof(out));
    for (u32 i = 0; i < sizeof(mac); i++)
        mac[i] = read8(card.base + VIRTIO_CONFIG + i);
    virtio_go(&card);
    for (u32 i = 0; with_buffers && i < BUFFERS; i++) {
        struct virtq_buffer buffer = {received[i], BUFFER_SIZE};
        virtq_add(&queues[RECEIVE], &buffer, 0, 1);
    }
    virtio_kick(&card, RECEIVE, &queues[RECEIVE]);
    return true;
}

static bool open_card(void)
{
    return open_with(0, true);
}

/* A broadcast that asks who has 10.0.2.2: 42 bytes, sent as 60. */
static u32 make_arp(u8 *frame)
{
    static const u8 question[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
    static const u8 own_address[] = {10, 0, 2, 15}, wanted[] = {10, 0, 2, 2};

    memset(frame, 0, 60);
    memset(frame, 0xff, 6);
    memcpy(frame + 6, mac, 6);
    memcpy(frame + 12, question, sizeof(question));
    memcpy(frame + 22, mac, 6);
    memcpy(frame + 28, own_address, 4);
    memcpy(frame + 38, wanted, 4);
    return 60;
}

/* Sends what is in out[], in one buffer with its header or in two. */
static bool send(u32 frame_size, bool apart)
{
    struct virtq_buffer pieces[] = {
        {out, apart ? header_size : header_size + frame_size},
        {out + header_size, frame_size},
    };

    virtq_add(&queues[SEND], pieces, apart ? 2 : 1, 0);
    virtio_kick(&card, SEND, &queues[SEND]);
    return virtio_wait(&queues[SEND]) && virtq_take(&queues[SEND], NULL, NULL);
}

static void address_and_link(void)
{
    if (!open_card())
        return;
    CHECK(card.features & NET_F_MAC, "no address is offered");
    CHECK(!(mac[0] & 1), "the address is that of a group");
    CHECK((mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) != 0, "the address is 0");
    if (card.features & NET_F_STATUS)
        CHECK_EQ(read16(card.base + VIRTIO_CONFIG + 6) & 1, 1);
}

static void send_in_one_buffer(void)
{
    if (!open_card())
        return;
    CHECK(send(make_arp(out + header_size), false), "the buffer does not come back");
}

static void send_header_apart(void)
{
    if (!open_card())
        return;
    CHECK(send(make_arp(out + header_size), true), "the buffers do not come back");
}

/* Every size of a frame there is; the device gives back all, with nothing written. */
static void send_every_size(void)
{
    if (!open_card())
        return;
    for (u32 size = 14; size <= FRAME_MAX; size += 25) {
        make_arp(out + header_size);
        CHECK(send(size, size & 1), "%u bytes: the buffer does not come back", size);
    }
    CHECK(send(FRAME_MAX, false), "the largest frame does not come back");
}

/* No frames: they are dropped, and the card works on. */
static void send_what_is_no_frame(void)
{
    static const u32 sizes[] = {0, 1, 13, FRAME_MAX + 1, BUFFER_SIZE - 12};

    if (!open_card())
        return;
    if (runs_natively())
        SKIP("QEMU takes some of them for the end of the device");
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
        CHECK(send(sizes[i], false), "%u bytes do not come back", sizes[i]);
    CHECK(send(make_arp(out + header_size), false), "a frame does not come back afterwards");
}

static void many_in_a_batch(void)
{
    struct virtq_buffer buffer = {out, header_size + 60};

    if (!open_card())
        return;
    buffer.size = header_size + make_arp(out + header_size);
    for (u32 round = 0; round < 10; round++) {
        u32 before = card.notifications;
        for (u32 i = 0; i < 16; i++)
            CHECK(virtq_add(&queues[SEND], &buffer, 1, 0) >= 0, "no room for frame %u", i);
        virtio_kick(&card, SEND, &queues[SEND]);
        for (u32 i = 0; i < 16; i++)
            CHECK(virtio_wait(&queues[SEND]) && virtq_take(&queues[SEND], NULL, NULL),
                  "round %u: %u of 16 came back", round, i);
        CHECK(card.notifications - before <= 1, "more than one notification");
    }
}

static void sent_by_interrupt(void)
{
    struct virtq_buffer buffer = {out, 0};

    if (!open_card())
        return;
    buffer.size = header_size + make_arp(out + header_size);
    virtio_take_interrupts(&card);
    virtq_interrupt(&queues[SEND], VIRTQ_AT_NEXT);
    virtq_add(&queues[SEND], &buffer, 1, 0);
    virtio_kick(&card, SEND, &queues[SEND]);
    bool used = virtio_sleep(&queues[SEND]) && virtq_take(&queues[SEND], NULL, NULL);
    bool interrupted = hart_wait_value(&card.interrupts, 1);
    virtio_leave_interrupts(&card);
    CHECK(used, "the buffer does not come back");
    CHECK(interrupted, "no interrupt");
}

/* What came in: the answer to make_arp(). */
static void check_answer(const u8 *frame)
{
    CHECK(memcmp(frame, mac, 6) == 0, "it is for somebody else");
    CHECK(frame[12] == 0x08 && frame[13] == 0x06 && frame[21] == 2, "it is no answer to ARP");
    CHECK(memcmp(frame + 32, mac, 6) == 0, "another one is asked for");
}

/* Receives one answer; its length, with header, in *written. Returns the buffer, NULL: none. */
static u8 *ask(u32 *written)
{
    u16 id;

    if (!send(make_arp(out + header_size), false) || !virtio_wait(&queues[RECEIVE]) ||
        !virtq_take(&queues[RECEIVE], &id, written))
        return NULL;
    for (u32 i = 0; i < BUFFERS; i++)
        if (received[i][0] != MARK)
            return received[i];
    return NULL;
}

static void receives(void)
{
    u32 written = 0;

    if (!open_card())
        return;
    u8 *buffer = ask(&written);
    CHECK(buffer, "nothing comes in");
    CHECK(written >= header_size + 42 && written <= header_size + 64, "%u bytes", written);
    check_answer(buffer + header_size);
    CHECK_EQ(buffer[written], MARK);
}

/* Buffers too small for a frame: with MRG_RXBUF it is spread over several, and they are counted. */
static void receives_into_small_buffers(void)
{
    static u8 small[BUFFERS][32];
    u32 written[BUFFERS], count = 0, total = 0;

    if (!open_with(NET_F_MRG_RXBUF, false))
        return;
    CHECK(card.features & NET_F_MRG_RXBUF, "no mergeable buffers");
    for (u32 i = 0; i < BUFFERS; i++) {
        struct virtq_buffer buffer = {small[i], sizeof(small[i])};
        CHECK(virtq_add(&queues[RECEIVE], &buffer, 0, 1) == (s32)i, "ids not in order");
    }
    virtio_kick(&card, RECEIVE, &queues[RECEIVE]);
    CHECK(send(make_arp(out + header_size), false), "cannot ask");
    CHECK(virtio_wait(&queues[RECEIVE]), "nothing comes in");
    u32 expected = ((struct net_header *)small[0])->buffers;
    CHECK(expected >= 2 && expected <= BUFFERS, "it is said to be in %u buffers", expected);
    for (; count < expected && virtq_take(&queues[RECEIVE], NULL, &written[count]); count++)
        total += written[count];
    CHECK_EQ(count, expected); /* more may follow: another frame */
    CHECK(total >= header_size + 42, "%u bytes in all", total);
    for (u32 i = 0; i + 1 < count; i++)
        CHECK_EQ(written[i], sizeof(small[i]));
    u8 *at = out;
    for (u32 i = 0; i < count; at += written[i++])
        memcpy(at, small[i], written[i]);
    check_answer(out + header_size);
}

/* Without buffers there is nowhere to put a frame: it waits or is lost, and nothing else. */
static void nowhere_to_receive(void)
{
    if (!open_with(0, false))
        return;
    for (u32 i = 0; i < 20; i++)
        CHECK(send(make_arp(out + header_size), false), "frame %u does not come back", i);
    for (u32 i = 0; i < 10; i++)
        hart_relax();
    CHECK(!virtq_has_used(&queues[RECEIVE]), "something came in");
    CHECK(!(virtio_read(&card, VIRTIO_STATUS) & VIRTIO_NEEDS_RESET), "it needs a reset");
}

/* After a reset no frame reaches the buffers that the driver gave before. */
static void reset_while_receiving(void)
{
    for (u32 round = 0; round < 10; round++) {
        if (!open_card())
            return;
        CHECK(send(make_arp(out + header_size), false), "cannot send");
        virtio_reset(&card);
        memset(received, MARK, sizeof(received));
        for (u32 i = 0; i < 10; i++)
            hart_relax();
        for (u32 i = 0; i < sizeof(received); i++)
            CHECK(((u8 *)received)[i] == MARK, "written after the reset, at %u", i);
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(address_and_link),
        CASE(send_in_one_buffer),
        CASE(send_header_apart),
        CASE(send_every_size),
        CASE(send_what_is_no_frame),
        CASE(many_in_a_batch),
        CASE(sent_by_interrupt),
        CASE(receives),
        CASE(receives_into_small_buffers),
        CASE(nowhere_to_receive),
        CASE(reset_while_receiving),
    };
    static const struct virtio_cases all = {.cases = cases, .count = ARRAY_SIZE(cases)};

    test_begin("t_virtio_net");
    if (virtio_find(VIRTIO_NET, 0, &card))
        virtio_run_ways(&card, &all, 1);
    return test_end();
}
