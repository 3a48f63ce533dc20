/* The driver of the host's virtio network cards, against cards that do right and wrong. */
#include "tests/unit/fake_virtio_card.h"
#include "hyp/core/checksum.c"
#include "hyp/drv/nics.c"
#include "hyp/drv/virtio_nic.c"
#include "hyp/drv/virtio_nic_receive.c"
#include "hyp/drv/virtio_nic_start.c"

#define NORMAL (VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_F_ANY_LAYOUT | VIRTIO_F_EVENT_IDX)
#define SLOTS  VIRTIO_RING_SLOTS

static struct card *const card = &cards[0];

/* ---- The scheduler ---- */

static struct {
    struct task *task;
    bool ready;
    u32 wakes;
} sched;

void sched_group_init(struct sched_group *of, const struct sched_share *share)
{
    CHECK(share->weight == SCHED_WEIGHT_DEFAULT && share->cap && share->cap < 100);
    memset(of, 0, sizeof(*of));
}

void sched_init_task(struct task *task, struct sched_group *of,
                     enum task_result (*run)(struct task *task))
{
    CHECK(of == &group && of->urgent);
    task->run = run;
    sched.task = task;
}

void sched_wake(struct task *task)
{
    CHECK(task->run);
    sched.ready = true;
    sched.wakes++;
}

/* Runs the task as long as it wants; returns how often. */
static u32 run_task(void)
{
    u32 runs = 0;

    while (sched.ready) {
        CHECK(++runs < 1000);
        sched.ready = false;
        if (sched.task->run(sched.task) == TASK_YIELD)
            sched.ready = true;
    }
    return runs;
}

/* ---- The listener ---- */

static struct {
    u32 count;
    u32 length;
    struct frame_checksum checksum;
    u8 bytes[FRAME_MAX];
} heard;

static void listen(void *ctx, const struct frame *frame)
{
    CHECK(ctx == &heard);
    heard.count++;
    heard.length = frame->length;
    heard.checksum = frame->checksum;
    CHECK(frame->length <= FRAME_MAX);
    CHECK(frame->copy(frame, 0, heard.bytes, frame->length));
    if (frame->length > 20) {
        u8 part[4];

        CHECK(frame->copy(frame, 16, part, 4));
        CHECK(!memcmp(part, &heard.bytes[16], 4));
    }
}

static void start_with(bool modern, u64 features)
{
    static const u8 mac[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    cards_forget();
    memset(nics, 0, sizeof(nics));
    memset(&sched, 0, sizeof(sched));
    memset(&heard, 0, sizeof(heard));
    count = 0;
    card_make(0, VIRTIO_NET, modern, features);
    memcpy(card->config.net.mac, mac, sizeof(mac));
    card->config.net.status = VIRTIO_NET_S_LINK_UP;
}

static void start(bool modern, u64 features)
{
    start_with(modern, features);
    nics_init();
    CHECK_EQ(nics_count(), 1);
    CHECK(nics[0].nic);
    nics_listen(0, listen, &heard);
    run_task();
    CHECK_STR(fake_console.text, "");
}

/* ---- Frames that come in ---- */

#define HEADER(modern) ((modern) ? 12u : 10u)

/* The whole buffer of a chain, header and all, and where it is. */
static u32 buffer_size(const struct card_chain *chain)
{
    u32 size = 0;

    for (u32 i = 0; i < chain->count; i++)
        size += chain->parts[i].size;
    return size;
}

static void put_bytes(const struct card_chain *chain, const void *from, u32 size)
{
    const u8 *at = from;

    for (u32 i = 0; i < chain->count && size; i++) {
        u32 some = size < chain->parts[i].size ? size : chain->parts[i].size;

        CHECK(chain->parts[i].flags & VIRTIO_DESC_WRITE);
        phys_write(chain->parts[i].address, at, some);
        at += some;
        size -= some;
    }
    CHECK_EQ(size, 0);
}

static struct virtio_net_header in_header;

/* A frame of `length` bytes comes in; the first is `mark`. */
static struct card_chain come_in(u32 length, u8 mark)
{
    struct card_chain chain = card_take(card, NIC_QUEUE_IN);
    u32 header = HEADER(card->modern);
    u8 bytes[12 + FRAME_MAX];

    memcpy(bytes, &in_header, header);
    for (u32 i = 0; i < length; i++)
        bytes[header + i] = (u8)(mark + i);
    put_bytes(&chain, bytes, header + length);
    card_use(card, NIC_QUEUE_IN, chain.id, header + length);
    return chain;
}

static void come_in_and_tell(u32 length, u8 mark)
{
    come_in(length, mark);
    if (card_wanted(card, NIC_QUEUE_IN, 1))
        card_interrupt(card, VIRTIO_INTERRUPT_USED);
}

/* ---- Frames that go out ---- */

static struct {
    struct frame frame;
    u8 bytes[FRAME_MAX];
    bool gone; /* the sender's memory */
} sent;

static bool copy_sent(const struct frame *frame, u32 offset, void *to, u32 size)
{
    CHECK(frame == &sent.frame && offset + size <= frame->length);
    CHECK(!nics[0].nic->lock.held);
    memcpy(to, sent.bytes + offset, size);
    return !sent.gone;
}

static const struct frame *frame_of(u32 length)
{
    memset(&sent, 0, sizeof(sent));
    sent.frame = (struct frame){.length = length, .copy = copy_sent};
    for (u32 i = 0; i < length && i < FRAME_MAX; i++)
        sent.bytes[i] = (u8)(i * 3 + 1);
    return &sent.frame;
}

static struct {
    struct virtio_net_header header;
    u32 length;
    u8 bytes[FRAME_MAX];
    u16 id;
} gone_out;

/* The card takes a frame out of its queue. */
static struct card_chain take_out(void)
{
    struct card_chain chain = card_take(card, NIC_QUEUE_OUT);
    u32 header = HEADER(card->modern), size = buffer_size(&chain), at = 0;
    u8 bytes[12 + FRAME_MAX];

    CHECK(size >= header && size <= header + FRAME_MAX);
    for (u32 i = 0; i < chain.count; i++) {
        CHECK(!(chain.parts[i].flags & VIRTIO_DESC_WRITE));
        phys_read(chain.parts[i].address, bytes + at, chain.parts[i].size);
        at += chain.parts[i].size;
    }
    memset(&gone_out, 0, sizeof(gone_out));
    memcpy(&gone_out.header, bytes, header);
    gone_out.length = size - header;
    memcpy(gone_out.bytes, bytes + header, gone_out.length);
    return chain;
}

/* ---- Starting ---- */

TEST(a_card_is_started_with_all_its_buffers)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern, NORMAL);
        CHECK_EQ(card_pending(card, NIC_QUEUE_IN), SLOTS);
        CHECK_EQ(card->queues[NIC_QUEUE_IN].notified, 1);
        CHECK_EQ(card_pending(card, NIC_QUEUE_OUT), 0);
        CHECK(card->status & VIRTIO_DRIVER_OK);
        CHECK_STR(claim_owner(1), "network card 0");
        CHECK_STR(nics_describe(0), modern ? "virtio 2 at 0x10001000, 52:54:00:12:34:56"
                                           : "virtio 1 at 0x10001000, 52:54:00:12:34:56");
        for (u32 i = 0; i < SLOTS; i++) {
            struct card_chain chain = card_take(card, NIC_QUEUE_IN);

            CHECK_EQ(chain.count, 1);
            CHECK_EQ(chain.parts[0].size, HEADER(modern) + FRAME_MAX);
            CHECK_EQ(chain.parts[0].flags, VIRTIO_DESC_WRITE);
            CHECK_EQ((chain.parts[0].address + HEADER(modern)) % 4, 2);
        }
    }
}

TEST(a_legacy_card_without_any_layout_has_its_header_apart)
{
    start(false, NORMAL & ~VIRTIO_F_ANY_LAYOUT);
    for (u32 i = 0; i < SLOTS; i++) {
        struct card_chain chain = card_take(card, NIC_QUEUE_IN);

        CHECK_EQ(chain.count, 2);
        CHECK_EQ(chain.parts[0].size, 10);
        CHECK_EQ(chain.parts[1].size, FRAME_MAX);
        CHECK(chain.parts[0].flags & chain.parts[1].flags & VIRTIO_DESC_WRITE);
    }
    CHECK(nics_send(0, frame_of(60)));
    CHECK_EQ(take_out().count, 2);
    CHECK_EQ(gone_out.length, 60);
    CHECK(!memcmp(gone_out.bytes, sent.bytes, 60));
}

TEST(cards_that_are_not_driven_keep_their_numbers)
{
    start_with(true, NORMAL);
    card->offers = 0;
    card_make(2, VIRTIO_NET, false, NORMAL);
    card_make(3, VIRTIO_NET, false, NORMAL);
    cards[3].config.net.status = VIRTIO_NET_S_LINK_UP;
    CHECK(claim_node(3, "the VM web"));
    nics_init();
    CHECK_EQ(nics_count(), 3);
    CHECK(!nics[0].nic && !nics[1].nic && nics[2].nic);
    CHECK_STR(nics_describe(0), "virtio 2 at 0x10001000, not driven");
    CHECK_STR(nics_describe(1), "virtio 1 at 0x10003000, the VM web");
    nics_listen(0, listen, &heard);
    CHECK(!nics_send(0, frame_of(60)) && !nics_send(1, frame_of(60)) &&
          !nics_send(7, frame_of(60)));
    CHECK_EQ(nics_counts(0).no_room, 1);
    CHECK_EQ(nics_counts(7).no_room, 0);
    CHECK_STR(fake_console.text,
              "Twofold: network card 0: it offers no VERSION_1: it is left out\n");
}

TEST(without_memory_a_card_is_left_out_and_leaves_nothing)
{
    for (u32 left = 0; left < 5; left++) {
        start_with(true, NORMAL);
        card_pages.left = left;
        nics_init();
        CHECK(!nics[0].nic);
        CHECK_EQ(card_pages.pages, 0);
        CHECK(!claim_owner(1));
        CHECK_STR(fake_console.text,
                  "Twofold: network card 0: there is no memory for it: it is left out\n");
    }
}

/* ---- Receiving ---- */

TEST(a_frame_that_comes_in_is_heard_and_its_buffer_given_back)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern, NORMAL);
        for (u32 i = 0; i < 3 * SLOTS; i++) {
            u32 length = FRAME_MIN + i * 7 % (FRAME_MAX - FRAME_MIN + 1);

            come_in_and_tell(length, (u8)i);
            CHECK(sched.ready);
            CHECK_EQ(heard.count, i); /* by the task, not by the interrupt */
            run_task();
            CHECK_EQ(heard.count, i + 1);
            CHECK_EQ(heard.length, length);
            for (u32 at = 0; at < length; at++)
                CHECK_EQ(heard.bytes[at], (u8)(i + at));
            CHECK(!heard.checksum.wanted && !heard.checksum.checked);
            CHECK_EQ(card_pending(card, NIC_QUEUE_IN), SLOTS);
        }
        CHECK_EQ(nics_counts(0).received, 3 * SLOTS);
    }
}

TEST(frames_of_all_sizes_come_in)
{
    start(true, NORMAL);
    come_in_and_tell(FRAME_MAX, 1);
    run_task();
    CHECK_EQ(heard.length, FRAME_MAX);
    come_in_and_tell(FRAME_MIN, 1);
    run_task();
    CHECK_EQ(heard.length, FRAME_MIN);
    come_in_and_tell(FRAME_MIN - 1, 1);
    come_in_and_tell(0, 1);
    run_task();
    CHECK_EQ(heard.count, 2);
    CHECK_EQ(nics_counts(0).bad, 2);
    CHECK_STR(fake_console.text, "");
}

TEST(many_frames_are_taken_in_pieces_without_interrupts)
{
    start(true, NORMAL);
    for (u32 i = 0; i < SLOTS; i++) {
        come_in(100, 0);
        if (!i)
            card_interrupt(card, VIRTIO_INTERRUPT_USED);
    }
    sched.ready = false;
    CHECK_EQ(sched.task->run(sched.task), TASK_YIELD);
    CHECK_EQ(heard.count, FRAMES_AT_ONCE);
    CHECK(!card_wanted(card, NIC_QUEUE_IN, 1)); /* it comes back without being told */
    CHECK_EQ(sched.task->run(sched.task), TASK_YIELD);
    CHECK_EQ(heard.count, SLOTS);
    CHECK_EQ(sched.task->run(sched.task), TASK_BLOCK);
    come_in(100, 0);
    CHECK(card_wanted(card, NIC_QUEUE_IN, 1));
}

static void one_comes_in(void)
{
    card_at_fence = NULL;
    come_in(100, 0);
}

TEST(a_frame_that_comes_while_interrupts_are_turned_on_is_not_missed)
{
    for (u32 events = 0; events < 2; events++) {
        start(true, events ? NORMAL : NORMAL & ~VIRTIO_F_EVENT_IDX);
        card_at_fence = one_comes_in;
        sched.ready = true;
        CHECK(run_task() > 1);
        CHECK_EQ(heard.count, 1);
    }
}

TEST(nobody_listens_yet)
{
    start_with(true, NORMAL);
    nics_init();
    come_in_and_tell(100, 0);
    run_task();
    CHECK_EQ(card_pending(card, NIC_QUEUE_IN), SLOTS);
    nics_listen(0, listen, &heard);
    come_in_and_tell(100, 0);
    run_task();
    CHECK_EQ(heard.count, 1);
}

TEST(what_the_card_says_of_checksums_is_handed_on)
{
    for (u32 offload = 0; offload < 2; offload++) {
        start(true, NORMAL | (offload ? VIRTIO_NET_F_GUEST_CSUM : 0));
        in_header = (struct virtio_net_header){
            .flags = VIRTIO_NET_HDR_NEEDS_CSUM, .checksum_start = 34, .checksum_offset = 16};
        come_in_and_tell(60, 0);
        run_task();
        CHECK_EQ(heard.checksum.wanted, offload);
        CHECK_EQ(heard.checksum.start, offload ? 34 : 0);
        CHECK_EQ(heard.checksum.offset, offload ? 16 : 0);
        in_header = (struct virtio_net_header){.flags = VIRTIO_NET_HDR_DATA_VALID};
        come_in_and_tell(60, 0);
        run_task();
        CHECK(!heard.checksum.wanted);
        CHECK_EQ(heard.checksum.checked, offload);
        in_header = (struct virtio_net_header){0};
    }
}

TEST(frames_that_cannot_be_are_dropped)
{
    static const struct virtio_net_header headers[] = {
        {.flags = VIRTIO_NET_HDR_NEEDS_CSUM, .checksum_start = 59, .checksum_offset = 0},
        {.flags = VIRTIO_NET_HDR_NEEDS_CSUM, .checksum_start = 34, .checksum_offset = 25},
        {.flags = VIRTIO_NET_HDR_NEEDS_CSUM, .checksum_start = 0xffff, .checksum_offset = 0xffff},
        {.gso_type = 1},
    };

    start(true, NORMAL | VIRTIO_NET_F_GUEST_CSUM);
    for (u32 i = 0; i < ARRAY_SIZE(headers); i++) {
        in_header = headers[i];
        come_in_and_tell(60, 0);
        run_task();
        CHECK_EQ(nics_counts(0).bad, i + 1);
    }
    in_header = (struct virtio_net_header){0};
    CHECK_EQ(heard.count, 0);
    CHECK_EQ(card_pending(card, NIC_QUEUE_IN), SLOTS);
}

/* ---- Sending ---- */

TEST(a_frame_goes_out_as_it_is)
{
    static const u32 lengths[] = {FRAME_MIN, 60, 61, 1514, FRAME_MAX};

    for (u32 i = 0; i < 2 * ARRAY_SIZE(lengths); i++) {
        u32 length = lengths[i / 2];
        struct virtio_net_header zero = {0};
        struct card_chain chain;

        start(i & 1, NORMAL);
        CHECK(nics_send(0, frame_of(length)));
        CHECK_EQ(card->queues[NIC_QUEUE_OUT].notified, 1);
        chain = take_out();
        CHECK_EQ(chain.count, 1);
        CHECK_EQ(gone_out.length, length);
        CHECK(!memcmp(gone_out.bytes, sent.bytes, length));
        CHECK(!memcmp(&gone_out.header, &zero, sizeof(zero)));
        CHECK_EQ(nics_counts(0).sent, 1);
    }
}

TEST(frames_that_are_none_do_not_go_out)
{
    start(true, NORMAL);
    CHECK(!nics_send(0, frame_of(FRAME_MIN - 1)));
    CHECK(!nics_send(0, frame_of(0)));
    CHECK(!nics_send(0, frame_of(FRAME_MAX + 1)));
    CHECK_EQ(card_pending(card, NIC_QUEUE_OUT), 0);
}

TEST(a_full_queue_drops_and_what_has_gone_out_makes_room)
{
    start(true, NORMAL);
    for (u32 i = 0; i < SLOTS; i++)
        CHECK(nics_send(0, frame_of(60)));
    CHECK(!nics_send(0, frame_of(60)));
    CHECK(!nics_send(0, frame_of(60)));
    CHECK_EQ(nics_counts(0).no_room, 2);
    for (u32 i = 0; i < 1000; i++) {
        u16 id = take_out().id;

        card_use(card, NIC_QUEUE_OUT, id, 0);
        CHECK(!card_wanted(card, NIC_QUEUE_OUT, 1)); /* nobody waits for it */
        CHECK(nics_send(0, frame_of(60)));
    }
    CHECK_EQ(nics_counts(0).sent, SLOTS + 1000);
}

TEST(a_sender_whose_memory_is_gone_keeps_no_slot)
{
    start(true, NORMAL);
    for (u32 i = 0; i < 3 * SLOTS; i++) {
        frame_of(60);
        sent.gone = true;
        CHECK(!nics_send(0, &sent.frame));
    }
    CHECK_EQ(card_pending(card, NIC_QUEUE_OUT), 0);
    CHECK(nics_send(0, frame_of(60)));
}

/* UDP over IPv4, as a guest leaves it: the sum of the pseudo header is where the checksum goes. */
static const struct frame *udp(void)
{
    static const u8 frame[] = {
        2,    0,    0,  0,  0, 2,  2,    0,    0,   0,   0,   1, 8,  0, /* Ethernet */
        0x45, 0,    0,  31, 0, 0,  0,    0,    64,  17,  0,   0, 10, 0,
        2,    15,   10, 0,  2, 3,                             /* IPv4     */
        0x12, 0x34, 0,  53, 0, 11, 0x18, 0x2e, 'a', 'b', 'c', /* UDP      */
    };

    frame_of(sizeof(frame));
    memcpy(sent.bytes, frame, sizeof(frame));
    sent.frame.checksum = (struct frame_checksum){.wanted = true, .start = 34, .offset = 6};
    return &sent.frame;
}

TEST(a_checksum_that_is_wanted_is_summed_up)
{
    u32 sum = 0x182e;

    start(true, NORMAL);
    CHECK(nics_send(0, udp()));
    take_out();
    CHECK_EQ(gone_out.header.flags, 0);
    for (u32 i = 34; i < 45; i++)
        sum += i % 2 ? gone_out.bytes[i] : (u32)gone_out.bytes[i] << 8;
    CHECK_EQ((sum & 0xffff) + (sum >> 16), 0xffff);
    CHECK(!memcmp(gone_out.bytes, sent.bytes, 40));
}

TEST(a_card_that_sums_up_is_left_to_it)
{
    start(true, NORMAL | VIRTIO_NET_F_CSUM);
    CHECK(nics_send(0, udp()));
    take_out();
    CHECK_EQ(gone_out.header.flags, VIRTIO_NET_HDR_NEEDS_CSUM);
    CHECK_EQ(gone_out.header.checksum_start, 34);
    CHECK_EQ(gone_out.header.checksum_offset, 6);
    CHECK(!memcmp(gone_out.bytes, sent.bytes, 45));
}

TEST(a_checksum_outside_of_the_frame_is_not_sent)
{
    for (u32 offload = 0; offload < 2; offload++) {
        start(true, NORMAL | (offload ? VIRTIO_NET_F_CSUM : 0));
        for (u32 i = 0; i < 2 * SLOTS; i++) {
            udp();
            sent.frame.checksum.start = i & 1 ? 44 : 0xffff;
            CHECK(!nics_send(0, &sent.frame));
        }
        CHECK_EQ(card_pending(card, NIC_QUEUE_OUT), 0);
        CHECK(nics_send(0, udp()));
    }
}

TEST(notifications_are_left_out_when_the_card_looks_anyway)
{
    start(true, NORMAL & ~VIRTIO_F_EVENT_IDX);
    card_set_half(card->queues[NIC_QUEUE_OUT].device, VIRTIO_USED_NO_NOTIFY);
    CHECK(nics_send(0, frame_of(60)));
    CHECK_EQ(card->queues[NIC_QUEUE_OUT].notified, 0);
}

/* ---- Trouble ---- */

TEST(a_lost_link_is_told_once_and_drops_what_goes_out)
{
    start(true, NORMAL);
    card->config.net.status = 0;
    for (u32 i = 0; i < 3; i++)
        card_interrupt(card, VIRTIO_INTERRUPT_CONFIG);
    run_task();
    CHECK(!nics_send(0, frame_of(60)));
    CHECK_EQ(nics_counts(0).no_room, 1);
    CHECK_STR(fake_console.text, "Twofold: network card 0: it has lost its link\n");
    CHECK_STR(nics_describe(0), "virtio 2 at 0x10001000, 52:54:00:12:34:56, no link");
    console_forget();
    card->config.net.status = VIRTIO_NET_S_LINK_UP;
    card_interrupt(card, VIRTIO_INTERRUPT_CONFIG);
    run_task();
    CHECK(nics_send(0, frame_of(60)));
    CHECK_STR(fake_console.text, "Twofold: network card 0: it has its link again\n");
}

TEST(a_card_that_tells_nothing_of_its_link_has_one)
{
    start_with(true, NORMAL & ~VIRTIO_NET_F_STATUS);
    card->config.net.status = 0;
    nics_init();
    run_task();
    CHECK(nics_send(0, frame_of(60)));
    CHECK_STR(fake_console.text, "");
}

/* The card is given up, once and for all, for what `trouble` does. */
static void fail_with(void (*trouble)(void), const char *sentence)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern, NORMAL);
        CHECK(nics_send(0, frame_of(60)));
        trouble();
        run_task();
        for (u32 i = 0; i < 3; i++)
            CHECK(!nics_send(0, frame_of(60)));
        CHECK_STR(fake_console.text, sentence);
        CHECK(nics_counts(0).no_room >= 2);
        CHECK_EQ(heard.count, 0);
        CHECK(card_lines[1].masked);
        CHECK_STR(nics_describe(0) + 41, ", given up");
        sched_wake(sched.task);
        CHECK_EQ(run_task(), 1);
        CHECK_STR(fake_console.text, sentence);
    }
}

static void need_a_reset(void)
{
    card->status |= VIRTIO_NEEDS_RESET;
    card_interrupt(card, VIRTIO_INTERRUPT_CONFIG);
}

static void go_away(void)
{
    card->absent = true;
    card_lines[1].handler(card_lines[1].ctx);
}

static void receive_into_nothing(void)
{
    card_use(card, NIC_QUEUE_IN, 1, 60);
    card_interrupt(card, VIRTIO_INTERRUPT_USED);
}

static void receive_too_much(void)
{
    card_use(card, NIC_QUEUE_IN, card_take(card, NIC_QUEUE_IN).id,
             HEADER(card->modern) + FRAME_MAX + 1);
    card_interrupt(card, VIRTIO_INTERRUPT_USED);
}

static void receive_less_than_a_header(void)
{
    card_use(card, NIC_QUEUE_IN, card_take(card, NIC_QUEUE_IN).id, HEADER(card->modern) - 1);
    card_interrupt(card, VIRTIO_INTERRUPT_USED);
}

static void send_what_was_not_given(void)
{
    card_use(card, NIC_QUEUE_OUT, 2 * (SLOTS - 1), 0);
}

#define ENDS ": from now on, nothing goes out and nothing comes in\n"

TEST(needs_reset_ends_the_card)
{
    fail_with(need_a_reset, "Twofold: network card 0: it needs a reset" ENDS);
}

TEST(a_card_that_is_gone_is_told_of)
{
    fail_with(go_away, "Twofold: network card 0: it is gone, and does not stop" ENDS);
}

TEST(nonsense_of_what_came_in_ends_the_card)
{
    fail_with(receive_into_nothing,
              "Twofold: network card 0: it gives back what it was not given" ENDS);
    fail_with(receive_too_much,
              "Twofold: network card 0: it tells of a frame that does not fit" ENDS);
    fail_with(receive_less_than_a_header,
              "Twofold: network card 0: it tells of a frame that does not fit" ENDS);
}

TEST(nonsense_of_what_went_out_ends_the_card)
{
    fail_with(send_what_was_not_given,
              "Twofold: network card 0: it gives back what it was not given" ENDS);
}

UNIT_MAIN("virtio_nic")
