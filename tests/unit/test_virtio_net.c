/* The network card: headers, checksums, merged buffers, notifications, what guests do wrong. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_virtio.h"
#include "hyp/core/checksum.c"
#include "hyp/dev/virtio_net.c"
#include "hyp/dev/virtio_net_receive.c"
#include "hyp/dev/virtio_net_send.c"

enum { RX, TX };

#define MODERN VIRTIO_F_VERSION_1
#define MERGE  VIRTIO_NET_F_MRG_RXBUF
#define EVENTS VIRTIO_F_EVENT_IDX

static const u8 mac[MAC_SIZE] = {2, 1, 2, 3, 4, 5};

/* What the card is connected to: keeps the last frame that was sent, and has some for the guest. */
static struct {
    struct packet sent;
    u32 sends;
    bool copied;
    struct packet in[200];
    u32 first, count;
} net;

static void net_send(void *ctx, const struct frame *frame)
{
    CHECK(ctx == &net);
    CHECK(frame->length >= FRAME_MIN && frame->length <= FRAME_MAX);
    net.sent.length = frame->length;
    net.sent.checksum = frame->checksum;
    net.copied = frame->copy(frame, 0, net.sent.bytes, frame->length);
    net.sends++;
}

static const struct packet *net_receive(void *ctx)
{
    CHECK(ctx == &net);
    return net.first < net.count ? &net.in[net.first] : NULL;
}

static void net_received(void *ctx)
{
    CHECK(ctx == &net && net.first < net.count);
    net.first++;
}

static const struct net_host net_host = {net_send, net_receive, net_received, &net};

static u8 byte_of(u32 number, u32 at)
{
    return (u8)(number * 31 + at * 7 + (at >> 8));
}

/* A frame comes in for the guest; its bytes tell its number. */
static struct packet *come_in(u32 length)
{
    struct packet *packet = &net.in[net.count];

    CHECK(net.count < ARRAY_SIZE(net.in));
    *packet = (struct packet){.length = length};
    for (u32 i = 0; i < length; i++)
        packet->bytes[i] = byte_of(net.count, i);
    net.count++;
    return packet;
}

static struct virtio_device *device;
static struct fake_queue rx, tx;
static gpa_t buffers;
static u8 room[PAGE_SIZE << VIRTIO_NET_ORDER] __attribute__((aligned(PAGE_SIZE)));

#define BUFFER(n) (buffers + 4096ull * (n))

static void start(u64 features)
{
    fake_host_reset();
    memset(&net, 0, sizeof(net));
    memset(room, 0, sizeof(room));
    device = virtio_net_init(room, mac, &net_host, (features & MODERN) != 0, &fake_virtio_host,
                             fake_irq);
    fake_driver_start(device, features);
    fake_queue_open(&rx, device, RX, 128);
    fake_queue_open(&tx, device, TX, 128);
    buffers = fake_alloc(128 * 4096, 4096);
}

static const struct virtio_net_counts *counts(void)
{
    return virtio_net_counts(device);
}

static u32 header_bytes(u64 features)
{
    return features & (MODERN | MERGE) ? 12 : 10;
}

/* Writes header and frame into buffer `n`; the frame's bytes tell its number. */
static void fill(u32 n, const struct virtio_net_header *header, u32 length)
{
    u32 size = header_size(device);

    memcpy(fake_ram(BUFFER(n), size), header, size);
    for (u32 i = 0; i < length; i++)
        *fake_ram(BUFFER(n) + size + i, 1) = byte_of(n, i);
}

/* The driver sends what is in buffer 0. */
static void offer(u32 size)
{
    fake_queue_add(&tx, &(struct fake_buffer){.address = BUFFER(0), .size = size}, 1);
}

static void check_used(struct fake_queue *queue, u32 size)
{
    u32 written;
    u16 id;

    CHECK(fake_queue_take(queue, &id, &written));
    CHECK_EQ(written, size);
}

static void check_sent(u32 number, u32 length)
{
    CHECK(net.copied);
    CHECK_EQ(net.sent.length, length);
    for (u32 i = 0; i < length; i++)
        CHECK_EQ(net.sent.bytes[i], byte_of(number, i));
}

/* The driver gives buffer `n` for `size` bytes. */
static u16 give(u32 n, u32 size)
{
    memset(fake_ram(BUFFER(n), 4096), 0xee, 4096);
    return fake_queue_add(
        &rx, &(struct fake_buffer){.address = BUFFER(n), .size = size, .writable = true}, 1);
}

/* Frame `number` of `length` bytes is at `gpa`. */
static void check_frame_at(gpa_t gpa, u32 number, u32 from, u32 to)
{
    for (u32 i = from; i < to; i++)
        CHECK_EQ(*fake_ram(gpa + i - from, 1), byte_of(number, i));
}

static struct virtio_net_header header_at(u32 n)
{
    struct virtio_net_header header = {.buffers = 0xffff};

    memcpy(&header, fake_ram(BUFFER(n), 12), header_size(device));
    return header;
}

/* Which features there are to take, and what the configuration space has. */

TEST(it_offers_what_it_does)
{
    u64 all = VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MAC | MERGE |
              VIRTIO_NET_F_STATUS | EVENTS | VIRTIO_F_INDIRECT_DESC;

    start(0);
    CHECK_EQ(device->offered, all | VIRTIO_F_ANY_LAYOUT);
    start(MODERN);
    CHECK_EQ(device->offered, all | MODERN | VIRTIO_F_RING_PACKED);
    CHECK_EQ(device->ops->id, 1);
}

TEST(the_configuration_has_address_and_link)
{
    start(0);
    CHECK_EQ(device->ops->config_size, 8);
    for (u32 i = 0; i < MAC_SIZE; i++)
        CHECK_EQ(device->ops->config_read(device, i, 1), mac[i]);
    CHECK_EQ(device->ops->config_read(device, 0, 4), 0x03020102);
    CHECK_EQ(device->ops->config_read(device, 4, 4), 0x00010504);
    CHECK_EQ(device->ops->config_read(device, 6, 2), VIRTIO_NET_S_LINK_UP);
}

/* Sending. */

static const u64 headers[] = {0,
                              MERGE,
                              MODERN,
                              MODERN | MERGE,
                              MODERN | VIRTIO_F_RING_PACKED,
                              MODERN | VIRTIO_F_RING_PACKED | MERGE | EVENTS};

TEST(a_frame_is_sent_without_its_header_of_10_or_12_bytes)
{
    static const struct virtio_net_header plain;

    for (u32 i = 0; i < ARRAY_SIZE(headers); i++) {
        start(headers[i]);
        CHECK_EQ(header_size(device), header_bytes(headers[i]));
        fill(0, &plain, 100);
        offer(header_bytes(headers[i]) + 100);
        CHECK(!virtio_service(device));
        check_sent(0, 100);
        CHECK(!net.sent.checksum.wanted && !net.sent.checksum.checked);
        check_used(&tx, 0);
        CHECK_EQ(counts()->sent, 1);
        CHECK(fake_host.line);
    }
}

TEST(a_frame_may_be_in_many_pieces_that_cut_through_the_header)
{
    static const struct virtio_net_header plain;
    struct fake_buffer pieces[64];

    start(MODERN);
    fill(0, &plain, 200);
    for (u32 i = 0; i < 53; i++)
        pieces[i] = (struct fake_buffer){.address = BUFFER(0) + 4 * i, .size = 4};
    fake_queue_add(&tx, pieces, 53);
    virtio_service(device);
    check_sent(0, 200);
}

TEST(lengths_at_the_limits)
{
    static const struct virtio_net_header plain;
    static const struct {
        u32 length;
        bool sent;
    } cases[] = {{FRAME_MIN - 1, false}, {FRAME_MIN, true}, {FRAME_MAX, true},
                 {FRAME_MAX + 1, false}, {0, false},        {3000, false}};

    start(MODERN);
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        net.sends = 0;
        fill(0, &plain, cases[i].length);
        offer(12 + cases[i].length);
        virtio_service(device);
        CHECK_EQ(net.sends, cases[i].sent);
        check_used(&tx, 0);
    }
    CHECK_EQ(counts()->refused, 4);
    CHECK(virtio_works(device));
}

TEST(a_chain_that_is_shorter_than_a_header_is_refused)
{
    start(MODERN);
    for (u32 size = 1; size < 12; size++) {
        offer(size);
        virtio_service(device);
        check_used(&tx, 0);
    }
    fake_queue_add(&tx, &(struct fake_buffer){BUFFER(0), 100, true}, 1); /* nothing to read */
    virtio_service(device);
    check_used(&tx, 0);
    CHECK_EQ(net.sends, 0);
    CHECK_EQ(counts()->refused, 12);
    CHECK(virtio_works(device));
}

static bool sends_with(u32 start_at, u32 offset)
{
    struct virtio_net_header header = {.flags = VIRTIO_NET_HDR_NEEDS_CSUM,
                                       .checksum_start = (u16)start_at,
                                       .checksum_offset = (u16)offset};

    net.sends = 0;
    fill(0, &header, 100);
    offer(12 + 100);
    virtio_service(device);
    check_used(&tx, 0);
    return net.sends == 1;
}

TEST(a_checksum_that_is_left_to_others_is_passed_on_if_it_is_within_the_frame)
{
    start(MODERN | VIRTIO_NET_F_CSUM);
    CHECK(sends_with(34, 16));
    CHECK(net.sent.checksum.wanted && !net.sent.checksum.checked);
    CHECK_EQ(net.sent.checksum.start, 34);
    CHECK_EQ(net.sent.checksum.offset, 16);
    CHECK(sends_with(98, 0));
    CHECK(sends_with(0, 98));
    CHECK(!sends_with(99, 0));
    CHECK(!sends_with(0, 99));
    CHECK(!sends_with(0xffff, 0));
    CHECK(!sends_with(0xffff, 0xffff));
    CHECK(!sends_with(0x8000, 0x8000));
    CHECK_EQ(counts()->refused, 5);
}

TEST(what_was_not_negotiated_is_refused)
{
    struct virtio_net_header header = {.gso_type = 1};

    start(MODERN);
    CHECK(!sends_with(34, 16)); /* without CSUM */
    fill(0, &header, 100);
    offer(112);
    virtio_service(device);
    CHECK_EQ(net.sends, 0);
    CHECK_EQ(counts()->refused, 2);
}

TEST(flags_that_a_driver_may_not_set_are_ignored)
{
    struct virtio_net_header header = {.flags = (u8)~VIRTIO_NET_HDR_NEEDS_CSUM,
                                       .header_size = 0xffff,
                                       .gso_size = 0xffff,
                                       .checksum_start = 0xffff,
                                       .checksum_offset = 0xffff,
                                       .buffers = 0xffff};

    start(MODERN | VIRTIO_NET_F_CSUM);
    fill(0, &header, 100);
    offer(112);
    virtio_service(device);
    check_sent(0, 100);
    CHECK(!net.sent.checksum.wanted && !net.sent.checksum.checked);
}

TEST(a_frame_that_is_not_in_ram_breaks_the_device_and_nothing_is_sent)
{
    static const struct virtio_net_header plain;
    struct fake_buffer pieces[2] = {{0, 12, false}, {0x1000, 100, false}};

    start(MODERN);
    fill(0, &plain, 100);
    pieces[0].address = BUFFER(0);
    fake_queue_add(&tx, pieces, 2);
    virtio_service(device);
    CHECK(!net.copied); /* the copy failed: whoever got the frame drops it */
    CHECK(!virtio_works(device));
    CHECK(!virtio_service(device));

    start(MODERN);
    fake_queue_add(&tx, &(struct fake_buffer){0x1000, 112, false}, 1);
    virtio_service(device);
    CHECK_EQ(net.sends, 0);
    CHECK(!virtio_works(device));
}

TEST(a_service_takes_64_frames_and_tells_that_there_are_more)
{
    static const struct virtio_net_header plain;

    start(MODERN);
    fill(0, &plain, 100);
    for (u32 i = 0; i < 100; i++)
        offer(112);
    CHECK(virtio_service(device));
    CHECK_EQ(net.sends, 64);
    CHECK(!virtio_service(device));
    CHECK_EQ(net.sends, 100);
    for (u32 i = 0; i < 100; i++)
        check_used(&tx, 0);
}

TEST(a_batch_is_one_notification_and_one_interrupt)
{
    static const struct virtio_net_header plain;

    start(MODERN | EVENTS);
    fill(0, &plain, 100);
    for (u32 i = 0; i < 32; i++)
        offer(112);
    CHECK(!virtio_service(device));
    CHECK_EQ(fake_host.rises, 1);
    /* The available event is what comes next, so the next batch is one notification too. */
    CHECK_EQ(fake_get16(tx.setup.device + 4 + 8 * 128), 32);
}

/* Receiving. */

TEST(a_frame_comes_behind_its_header)
{
    for (u32 i = 0; i < ARRAY_SIZE(headers); i++) {
        u32 size = header_bytes(headers[i]);

        start(headers[i]);
        come_in(100);
        give(0, 2048);
        CHECK(!virtio_service(device));
        check_used(&rx, size + 100);
        check_frame_at(BUFFER(0) + size, 0, 0, 100);
        CHECK_EQ(*fake_ram(BUFFER(0) + size + 100, 1), 0xee);
        CHECK_EQ(header_at(0).flags, 0);
        CHECK_EQ(header_at(0).gso_type, 0);
        CHECK_EQ(header_at(0).buffers, size == 12 ? 1 : 0xffff);
        CHECK_EQ(counts()->received, 1);
        CHECK(fake_host.line);
    }
}

TEST(a_buffer_may_be_in_pieces_and_behind_readable_ones)
{
    struct fake_buffer pieces[40];

    start(MODERN);
    come_in(200);
    pieces[0] = (struct fake_buffer){.address = BUFFER(1), .size = 50};
    for (u32 i = 1; i < 40; i++)
        pieces[i] =
            (struct fake_buffer){.address = BUFFER(0) + 7 * (i - 1), .size = 7, .writable = true};
    fake_queue_add(&rx, pieces, 40);
    virtio_service(device);
    check_used(&rx, 212);
    CHECK_EQ(header_at(0).buffers, 1);
    check_frame_at(BUFFER(0) + 12, 0, 0, 200);
}

TEST(a_buffer_that_is_exactly_as_large_will_do_and_one_byte_less_will_not)
{
    for (u32 less = 0; less < 2; less++) {
        start(0);
        come_in(FRAME_MAX);
        give(0, 10 + FRAME_MAX - less);
        CHECK(!virtio_service(device));
        CHECK_EQ(counts()->received, !less);
        CHECK_EQ(counts()->no_room, less);
        CHECK(!net_receive(&net)); /* taken or dropped: the next one has its turn */
        CHECK(virtio_works(device));
    }
}

TEST(a_buffer_that_was_too_small_is_there_for_a_smaller_frame)
{
    for (u32 i = 0; i < ARRAY_SIZE(headers); i++) {
        u32 size = header_bytes(headers[i]);

        start(headers[i] & ~MERGE);
        size = header_size(device);
        come_in(1000);
        come_in(60);
        give(0, 200);
        virtio_service(device);
        CHECK_EQ(counts()->no_room, 1);
        check_used(&rx, size + 60);
        check_frame_at(BUFFER(0) + size, 1, 0, 60);
    }
}

TEST(without_a_buffer_the_frame_waits)
{
    start(MODERN);
    come_in(60);
    CHECK(!virtio_service(device));
    CHECK(net_receive(&net));
    give(0, 2048);
    CHECK(!virtio_service(device));
    check_used(&rx, 72);
    CHECK(!net_receive(&net));
}

TEST(merged_buffers_are_filled_one_after_the_other)
{
    static const u64 kinds[] = {MERGE, MODERN | MERGE, MODERN | MERGE | VIRTIO_F_RING_PACKED,
                                MODERN | MERGE | EVENTS};

    for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
        start(kinds[k]);
        come_in(1500);
        come_in(100);
        for (u32 i = 0; i < 5; i++)
            give(i, 500);
        CHECK(!virtio_service(device));
        for (u32 i = 0; i < 3; i++)
            check_used(&rx, 500);
        check_used(&rx, 12);
        check_used(&rx, 112);
        CHECK_EQ(header_at(0).buffers, 4);
        check_frame_at(BUFFER(0) + 12, 0, 0, 488);
        check_frame_at(BUFFER(1), 0, 488, 988);
        check_frame_at(BUFFER(2), 0, 988, 1488);
        check_frame_at(BUFFER(3), 0, 1488, 1500);
        CHECK_EQ(header_at(4).buffers, 1);
        check_frame_at(BUFFER(4) + 12, 1, 0, 100);
        CHECK_EQ(fake_host.rises, 1);
    }
}

TEST(merged_buffers_that_do_not_suffice_yet_are_all_put_back)
{
    static const u64 kinds[] = {MODERN | MERGE, MODERN | MERGE | VIRTIO_F_RING_PACKED,
                                MODERN | MERGE | EVENTS,
                                MODERN | MERGE | EVENTS | VIRTIO_F_RING_PACKED};
    u32 written;
    u16 id;

    for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
        start(kinds[k]);
        come_in(1500);
        give(0, 500);
        give(1, 500);
        CHECK(!virtio_service(device)); /* no turn after the other for nothing */
        CHECK(!fake_queue_take(&rx, &id, &written));
        give(2, 1000);
        CHECK(!virtio_service(device));
        check_used(&rx, 500);
        check_used(&rx, 500);
        check_used(&rx, 512);
        CHECK_EQ(header_at(0).buffers, 3);
        check_frame_at(BUFFER(2), 0, 988, 1500);
    }
}

TEST(with_event_idx_the_driver_is_asked_to_notify_of_what_is_not_there_yet)
{
    start(MODERN | MERGE | EVENTS);
    come_in(1500);
    give(0, 500);
    give(1, 500);
    virtio_service(device);
    CHECK_EQ(fake_get16(rx.setup.device + 4 + 8 * 128), 2);
}

TEST(the_smallest_buffers_that_are_allowed_hold_the_largest_frame)
{
    start(MODERN | MERGE);
    come_in(FRAME_MAX);
    for (u32 i = 0; i < 128; i++)
        give(i, 12);
    virtio_service(device);
    CHECK_EQ(counts()->received, 1);
    CHECK_EQ(header_at(0).buffers, 128);
    for (u32 i = 0; i < 127; i++)
        check_used(&rx, 12);
    check_used(&rx, 12 + FRAME_MAX - 127 * 12);
}

TEST(smaller_ones_hold_nothing_and_stay)
{
    u32 written;
    u16 id;

    start(MODERN | MERGE);
    come_in(60);
    for (u32 i = 0; i < 128; i++)
        give(i, 11);
    CHECK(!virtio_service(device));
    CHECK_EQ(counts()->no_room, 1);
    CHECK(!fake_queue_take(&rx, &id, &written));
    CHECK(virtio_works(device));
}

TEST(one_frame_takes_128_buffers_at_most)
{
    u32 written;
    u16 id;

    start(MODERN | MERGE);
    fake_queue_open(&rx, device, RX, 256);
    come_in(FRAME_MAX);
    come_in(60);
    give(0, 12);
    for (u32 i = 0; i < 200; i++)
        give(1, 11);
    CHECK(virtio_service(device)); /* enough for once */
    CHECK_EQ(counts()->no_room, 1);
    CHECK(!virtio_service(device));
    CHECK_EQ(counts()->received, 1); /* the smaller one, in those that stayed */
    CHECK_EQ(header_at(0).buffers, 7);
    for (u32 i = 0; i < 7; i++)
        CHECK(fake_queue_take(&rx, &id, &written));
    CHECK(!fake_queue_take(&rx, &id, &written));
}

TEST(a_buffer_that_is_not_in_ram_breaks_the_device)
{
    start(MODERN);
    come_in(60);
    fake_queue_add(&rx, &(struct fake_buffer){0x1000, 2048, true}, 1);
    CHECK(!virtio_service(device));
    CHECK(!virtio_works(device));
    CHECK(!virtio_service(device));
}

TEST(a_service_gives_64_frames_and_tells_that_there_are_more)
{
    start(MODERN);
    for (u32 i = 0; i < 100; i++) {
        come_in(60);
        give(i, 2048);
    }
    CHECK(virtio_service(device));
    CHECK_EQ(counts()->received, 64);
    CHECK(!virtio_service(device));
    CHECK_EQ(counts()->received, 100);
}

TEST(frames_in_small_buffers_count_for_as_many_as_they_take)
{
    start(MODERN | MERGE);
    for (u32 i = 0; i < 100; i++)
        come_in(60);
    for (u32 i = 0; i < 126; i++)
        give(i, 12);
    CHECK(virtio_service(device));
    CHECK_EQ(counts()->received, 11); /* of 6 each: 64 and the rest of the last */
    CHECK(!virtio_service(device));
    CHECK_EQ(counts()->received, 21);
}

static u16 notify_flag(void)
{
    return fake_get16(rx.setup.device) & 1;
}

TEST(buffers_are_only_notified_of_when_a_frame_waits_for_one)
{
    start(0);
    CHECK_EQ(notify_flag(), 0);
    virtio_service(device);
    CHECK_EQ(notify_flag(), 1);
    come_in(60);
    virtio_service(device);
    CHECK_EQ(notify_flag(), 0);
    give(0, 2048);
    virtio_service(device);
    CHECK_EQ(counts()->received, 1);
    CHECK_EQ(notify_flag(), 1);
}

/* Checksums of what comes in. */

/* A frame of UDP over IPv4 from `pseudo` on whose checksum is left to others. */
static void come_in_unsummed(u32 length)
{
    struct packet *packet = come_in(length);

    packet->checksum = (struct frame_checksum){.wanted = true, .start = 34, .offset = 6};
    packet->bytes[40] = 0x12; /* the sum of the pseudo header */
    packet->bytes[41] = 0x34;
}

TEST(a_driver_that_takes_unfinished_checksums_gets_them_so)
{
    start(MODERN | VIRTIO_NET_F_GUEST_CSUM);
    come_in_unsummed(101);
    give(0, 2048);
    virtio_service(device);
    CHECK_EQ(header_at(0).flags, VIRTIO_NET_HDR_NEEDS_CSUM);
    CHECK_EQ(header_at(0).checksum_start, 34);
    CHECK_EQ(header_at(0).checksum_offset, 6);
    CHECK_EQ(*fake_ram(BUFFER(0) + 12 + 40, 1), 0x12);
    CHECK_EQ(*fake_ram(BUFFER(0) + 12 + 41, 1), 0x34);
}

/* The sum of all 16-bit words, big-endian, in ones' complement. */
static u32 naive_sum(const u8 *bytes, u32 size)
{
    u32 sum = 0;

    for (u32 i = 0; i < size; i++)
        sum += i % 2 ? bytes[i] : (u32)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

TEST(for_another_driver_they_are_finished)
{
    for (u32 length = 42; length < 120; length++) {
        u8 whole[128];

        start(MODERN);
        come_in_unsummed(length);
        memcpy(whole, net.in[0].bytes, length);
        give(0, 2048);
        virtio_service(device);
        CHECK_EQ(header_at(0).flags, 0);
        CHECK_EQ(header_at(0).checksum_start, 0);
        memcpy(whole + 40, fake_ram(BUFFER(0) + 12 + 40, 2), 2);
        CHECK(!memcmp(fake_ram(BUFFER(0) + 12, length), whole, length));
        /* With the pseudo header's sum, all adds up. */
        CHECK_EQ(naive_sum((u8[]){0x12, 0x34, (u8)(naive_sum(whole + 34, length - 34) >> 8),
                                  (u8)naive_sum(whole + 34, length - 34)},
                           4),
                 0xffff);
        CHECK_EQ(net.in[0].bytes[40], 0x12); /* the frame itself is not changed */
    }
}

TEST(what_is_known_to_be_right_is_told_only_to_who_may_hear_it)
{
    start(MODERN | VIRTIO_NET_F_GUEST_CSUM);
    come_in(60)->checksum.checked = true;
    give(0, 2048);
    virtio_service(device);
    CHECK_EQ(header_at(0).flags, VIRTIO_NET_HDR_DATA_VALID);
    start(MODERN);
    come_in(60)->checksum.checked = true;
    give(0, 2048);
    virtio_service(device);
    CHECK_EQ(header_at(0).flags, 0);
}

TEST(a_checksum_outside_its_frame_harms_nobody)
{
    start(MODERN);
    come_in(60)->checksum = (struct frame_checksum){.wanted = true, .start = 59, .offset = 0};
    come_in(60)->checksum =
        (struct frame_checksum){.wanted = true, .start = 0xffff, .offset = 0xffff};
    for (u32 i = 0; i < 2; i++) {
        give(i, 2048);
        virtio_service(device);
        check_used(&rx, 72);
        check_frame_at(BUFFER(i) + 12, i, 0, 60);
    }
}

/* Resets. */

TEST(after_a_reset_frames_of_the_life_before_are_gone)
{
    start(MODERN | MERGE);
    for (u32 i = 0; i < 100; i++)
        come_in(60);
    virtio_reset(device);
    CHECK(!net_receive(&net));
    CHECK(!virtio_service(device));
    fake_driver_start(device, 0);
    fake_queue_open(&rx, device, RX, 128);
    come_in(60);
    give(0, 2048);
    virtio_service(device);
    check_used(&rx, 70);
}

TEST(a_device_without_queues_does_nothing)
{
    fake_host_reset();
    memset(&net, 0, sizeof(net));
    memset(room, 0, sizeof(room));
    device = virtio_net_init(room, mac, &net_host, false, &fake_virtio_host, fake_irq);
    come_in(60);
    CHECK(!virtio_service(device));
    fake_driver_start(device, 0);
    CHECK(!virtio_service(device));
    CHECK_EQ(counts()->received, 0);
}

UNIT_MAIN("virtio_net")
