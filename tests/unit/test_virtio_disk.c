/* The driver of the host's virtio disks, against devices that do right and wrong. */
#include "tests/unit/fake_virtio_card.h"
#include "hyp/drv/disks.c"
#include "hyp/drv/virtio_disk.c"
#include "hyp/drv/virtio_disk_done.c"
#include "hyp/drv/virtio_disk_request.c"
#include "hyp/drv/virtio_disk_start.c"

#define SECTORS 1000ull
#define ALL                                                             \
    (VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | \
     VIRTIO_BLK_F_WRITE_ZEROES | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)

static struct card *const card = &cards[0];
static struct block_device *device;

/* A machine with one disk. */
static void start_with(bool modern, u64 features)
{
    cards_forget();
    memset(disks, 0, sizeof(disks));
    count = 0;
    card_make(0, VIRTIO_BLOCK, modern, features);
    card->config.blk = (struct virtio_blk_config){
        .capacity = SECTORS,
        .seg_max = 254,
        .max_discard_sectors = 100,
        .max_write_zeroes_sectors = 64,
    };
}

static void start(bool modern, u64 features)
{
    start_with(modern, features);
    disks_init();
    device = disks_find(0);
    CHECK(device);
    CHECK_STR(fake_console.text, "");
}

/* ---- Requests ---- */

#define REQUESTS 200

static struct block_request requests[REQUESTS];
static struct segment segments[64];
static struct {
    u32 count;
    struct block_request *order[REQUESTS];
    struct block_request *then; /* submitted by the next done */
} ended;

static void done(struct block_request *request)
{
    struct block_request *then = ended.then;

    CHECK(ended.count < REQUESTS);
    CHECK(!container_of(device, struct virtio_disk, device)->lock.held);
    ended.order[ended.count++] = request;
    ended.then = NULL;
    if (then)
        block_submit(device, then);
}

/* Request `index`, of `count` segments of a sector each for those that have some. */
static struct block_request *make(u32 index, enum block_op op, u64 sector, u32 sectors)
{
    struct block_request *request = &requests[index];

    for (u32 i = 0; i < ARRAY_SIZE(segments); i++)
        segments[i] = (struct segment){CARD_RAM_HIGH + 0x1000 * i, SECTOR_SIZE};
    *request = (struct block_request){
        .op = op,
        .sector = sector,
        .sectors = sectors,
        .segments = segments,
        .segment_count = op == BLOCK_READ || op == BLOCK_WRITE ? sectors : 0,
        .done = done,
        .result = (enum block_result)77,
    };
    if (!index)
        memset(&ended, 0, sizeof(ended));
    return request;
}

static struct virtio_blk_header header_of(const struct card_chain *chain)
{
    struct virtio_blk_header header;

    CHECK_EQ(chain->parts[0].size, sizeof(header));
    CHECK(!(chain->parts[0].flags & VIRTIO_DESC_WRITE));
    phys_read(chain->parts[0].address, &header, sizeof(header));
    return header;
}

static struct virtio_blk_range range_of(const struct card_chain *chain)
{
    struct virtio_blk_range range;

    CHECK_EQ(chain->count, 3);
    CHECK_EQ(chain->parts[1].size, sizeof(range));
    phys_read(chain->parts[1].address, &range, sizeof(range));
    return range;
}

static void set_status(const struct card_chain *chain, u8 status)
{
    const struct virtio_descriptor *last = &chain->parts[chain->count - 1];

    CHECK_EQ(last->size, 1);
    CHECK_EQ(last->flags, VIRTIO_DESC_WRITE);
    phys_write(last->address, &status, 1);
}

/* The device ends a request in this way. */
static void answer(const struct card_chain *chain, u8 status, u32 written)
{
    set_status(chain, status);
    card_use_and_tell(card, 0, chain->id, written);
}

/* It takes one that is there, does it and says so. */
static void serve(void)
{
    struct card_chain chain = card_take(card, 0);
    u32 written = 1;

    for (u32 i = 1; i + 1 < chain.count; i++)
        if (chain.parts[i].flags & VIRTIO_DESC_WRITE)
            written += chain.parts[i].size;
    answer(&chain, VIRTIO_BLK_S_OK, written);
}

static void serve_all(void)
{
    while (card_pending(card, 0))
        serve();
}

/* ---- What the disk can do ---- */

TEST(the_configuration_becomes_limits)
{
    start(true, ALL);
    CHECK_EQ(device->sectors, SECTORS);
    CHECK_EQ(device->max_segments, 62);
    CHECK_EQ(device->max_sectors, 2048);
    CHECK(device->volatile_cache && device->discards && device->writes_zeroes);
    CHECK(!device->read_only);
    CHECK_STR(disks_describe(0), "virtio 2 at 0x10001000, 1000 sectors");
    CHECK(!disks_find(1));

    start(false, VIRTIO_BLK_F_RO | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES);
    CHECK_EQ(device->max_segments, 2); /* no indirect chains */
    CHECK(device->read_only);
    CHECK(!device->volatile_cache && !device->discards && !device->writes_zeroes);
    CHECK_STR(disks_describe(0), "virtio 1 at 0x10001000, 1000 sectors");
}

TEST(a_capacity_has_64_bits)
{
    start_with(true, 0);
    card->config.blk.capacity_high = 3;
    disks_init();
    CHECK_EQ(disks_find(0)->sectors, 0x300000000ull + SECTORS);
}

TEST(limits_of_the_device_are_kept)
{
    start_with(true, ALL | VIRTIO_BLK_F_SIZE_MAX);
    card->config.blk.seg_max = 5;
    card->config.blk.size_max = 13000;
    disks_init();
    CHECK_EQ(disks_find(0)->max_segments, 5);
    CHECK_EQ(disks_find(0)->max_sectors, 24);
}

TEST(no_chain_is_longer_than_the_queue)
{
    start_with(true, ALL);
    card->queues[0].max = 16;
    disks_init();
    CHECK_EQ(disks_find(0)->max_segments, 14);
}

TEST(disks_that_cannot_be_driven_keep_their_numbers)
{
    start_with(true, ALL | VIRTIO_BLK_F_BLK_SIZE);
    card->config.blk.blk_size = 4096;
    card_make(1, VIRTIO_BLOCK, false, VIRTIO_BLK_F_SEG_MAX);
    cards[1].config.blk.seg_max = 1;
    card_make(2, VIRTIO_BLOCK, false, 0);
    card_make(3, VIRTIO_BLOCK, false, 0);
    CHECK(claim_node(3, "the VM web"));
    disks_init();
    CHECK_EQ(disks_count(), 4);
    CHECK(!disks_find(0) && !disks_find(1) && !disks_find(2) && disks_find(3));
    CHECK_STR(disks_describe(0), "virtio 2 at 0x10001000, not driven");
    CHECK_STR(disks_describe(2), "virtio 1 at 0x10003000, the VM web");
    CHECK_STR(claim_owner(4), "disk virtio3");
    CHECK_EQ(cards[2].status, 0);
    CHECK_STR(fake_console.text,
              "Twofold: disk virtio0: its blocks are not of 512 bytes: it is left out\n"
              "Twofold: disk virtio1: it takes no requests of two pages: it is left out\n");
}

TEST(without_memory_a_disk_is_left_out_and_leaves_nothing)
{
    for (u32 left = 0; left < 4; left++) {
        start_with(true, ALL);
        card_pages.left = left;
        disks_init();
        CHECK(!disks_find(0));
        CHECK_EQ(card_pages.pages, 0);
        CHECK(!claim_owner(1));
        CHECK_STR(fake_console.text,
                  "Twofold: disk virtio0: there is no memory for it: it is left out\n");
    }
}

/* ---- What the device is asked ---- */

TEST(a_read_is_header_segments_and_status_where_they_are)
{
    for (u32 modern = 0; modern < 2; modern++) {
        struct card_chain chain;

        start(modern, ALL);
        block_submit(device, make(0, BLOCK_READ, 0x123456789ull, 2));
        CHECK_EQ(card->queues[0].notified, 1);
        chain = card_take(card, 0);
        CHECK(!chain.indirect);
        CHECK_EQ(chain.count, 4);
        CHECK_EQ(header_of(&chain).type, VIRTIO_BLK_T_IN);
        CHECK_EQ(header_of(&chain).sector, 0x123456789ull);
        for (u32 i = 0; i < 2; i++) {
            CHECK_EQ(chain.parts[1 + i].address, CARD_RAM_HIGH + 0x1000 * i);
            CHECK_EQ(chain.parts[1 + i].size, SECTOR_SIZE);
            CHECK(chain.parts[1 + i].flags & VIRTIO_DESC_WRITE);
        }
        CHECK_EQ(ended.count, 0);
        answer(&chain, VIRTIO_BLK_S_OK, 1025);
        CHECK_EQ(ended.count, 1);
        CHECK_EQ(requests[0].result, BLOCK_OK);
        CHECK_EQ(fake.high_bytes_touched, 0); /* nothing was copied */
    }
}

TEST(a_long_write_is_an_indirect_chain)
{
    struct card_chain chain;

    start(true, ALL);
    block_submit(device, make(0, BLOCK_WRITE, 7, 62));
    chain = card_take(card, 0);
    CHECK(chain.indirect);
    CHECK_EQ(chain.count, 64);
    CHECK_EQ(header_of(&chain).type, VIRTIO_BLK_T_OUT);
    for (u32 i = 0; i < 62; i++) {
        CHECK_EQ(chain.parts[1 + i].address, CARD_RAM_HIGH + 0x1000 * i);
        CHECK_EQ(chain.parts[1 + i].flags, VIRTIO_DESC_NEXT);
    }
    answer(&chain, VIRTIO_BLK_S_OK, 1);
    CHECK_EQ(requests[0].result, BLOCK_OK);
}

TEST(a_flush_has_no_data)
{
    struct card_chain chain;

    start(false, ALL);
    block_submit(device, make(0, BLOCK_FLUSH, 0, 0));
    chain = card_take(card, 0);
    CHECK_EQ(chain.count, 2);
    CHECK_EQ(header_of(&chain).type, VIRTIO_BLK_T_FLUSH);
    answer(&chain, VIRTIO_BLK_S_OK, 1);
    CHECK_EQ(requests[0].result, BLOCK_OK);
}

TEST(a_flush_of_a_disk_without_a_cache_is_done_at_once)
{
    start(true, 0);
    block_submit(device, make(0, BLOCK_FLUSH, 0, 0));
    CHECK_EQ(ended.count, 1);
    CHECK_EQ(requests[0].result, BLOCK_OK);
    CHECK_EQ(card_pending(card, 0), 0);
}

TEST(what_the_disk_does_not_do_comes_back)
{
    static const enum block_op ops[] = {BLOCK_WRITE, BLOCK_DISCARD, BLOCK_WRITE_ZEROES};

    start(true, ALL | VIRTIO_BLK_F_RO);
    for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
        block_submit(device, make(0, ops[i], 0, 1));
        CHECK_EQ(ended.count, 1);
        CHECK_EQ(requests[0].result, BLOCK_UNSUPPORTED);
    }
    CHECK_EQ(card_pending(card, 0), 0);
}

TEST(a_discard_goes_in_pieces_that_the_device_takes)
{
    static const u32 sizes[] = {100, 100, 50};
    u64 sector = 0x200000010ull;

    start(true, ALL);
    block_submit(device, make(0, BLOCK_DISCARD, sector, 250));
    for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct card_chain chain = card_take(card, 0);

        CHECK_EQ(card_pending(card, 0), 0);
        CHECK_EQ(ended.count, 0);
        CHECK_EQ(header_of(&chain).type, VIRTIO_BLK_T_DISCARD);
        CHECK_EQ(range_of(&chain).sector, sector);
        CHECK_EQ(range_of(&chain).sectors, sizes[i]);
        CHECK_EQ(range_of(&chain).flags, 0);
        sector += sizes[i];
        answer(&chain, VIRTIO_BLK_S_OK, 1);
    }
    CHECK_EQ(ended.count, 1);
    CHECK_EQ(requests[0].result, BLOCK_OK);
}

TEST(a_piece_that_fails_ends_the_request)
{
    struct card_chain chain;

    start(true, ALL);
    block_submit(device, make(0, BLOCK_WRITE_ZEROES, 0, 100));
    serve();
    chain = card_take(card, 0);
    CHECK_EQ(range_of(&chain).sectors, 36);
    answer(&chain, VIRTIO_BLK_S_IOERR, 1);
    CHECK_EQ(ended.count, 1);
    CHECK_EQ(requests[0].result, BLOCK_IO_ERROR);
    CHECK_EQ(card_pending(card, 0), 0);
}

TEST(zeroes_may_be_given_up_if_the_request_says_so)
{
    for (u32 unmap = 0; unmap < 2; unmap++) {
        struct card_chain chain;

        start(true, ALL);
        make(0, BLOCK_WRITE_ZEROES, 5, 64)->unmap = unmap;
        block_submit(device, &requests[0]);
        chain = card_take(card, 0);
        CHECK_EQ(header_of(&chain).type, VIRTIO_BLK_T_WRITE_ZEROES);
        CHECK_EQ(range_of(&chain).flags, unmap);
    }
}

/* ---- What the device answers ---- */

TEST(statuses_become_results)
{
    static const u8 statuses[] = {0, 1, 2, 3, 0xff};
    static const enum block_result results[] = {BLOCK_OK, BLOCK_IO_ERROR, BLOCK_UNSUPPORTED,
                                                BLOCK_IO_ERROR, BLOCK_IO_ERROR};

    for (u32 i = 0; i < ARRAY_SIZE(statuses); i++) {
        struct card_chain chain;

        start(i & 1, ALL);
        block_submit(device, make(0, BLOCK_WRITE, 0, 1));
        chain = card_take(card, 0);
        answer(&chain, statuses[i], 1);
        CHECK_EQ(ended.count, 1);
        CHECK_EQ(requests[0].result, results[i]);
    }
}

TEST(the_first_error_of_a_disk_is_told_of)
{
    static const char sentence[] = "Twofold: disk virtio0: a write failed at sector 70; "
                                   "only the first error is told of\n";

    start(true, ALL);
    block_submit(device, make(0, BLOCK_WRITE, 69, 1));
    serve();
    CHECK_STR(fake_console.text, "");
    for (u32 i = 0; i < 3; i++) {
        struct card_chain chain;

        block_submit(device, make(i, BLOCK_WRITE, 70 + i, 1));
        chain = card_take(card, 0);
        answer(&chain, VIRTIO_BLK_S_IOERR, 1);
        CHECK_EQ(requests[i].result, BLOCK_IO_ERROR);
        CHECK_STR(fake_console.text, sentence);
    }
}

TEST(a_status_that_was_not_written_is_an_error)
{
    struct card_chain chain;

    start(true, ALL);
    for (u32 i = 0; i < 2; i++) { /* the second in the place of one that was fine */
        block_submit(device, make(0, BLOCK_WRITE, 0, 1));
        chain = card_take(card, 0);
        if (!i)
            set_status(&chain, VIRTIO_BLK_S_OK);
        card_use_and_tell(card, 0, chain.id, 1);
    }
    CHECK_EQ(requests[0].result, BLOCK_IO_ERROR);
}

TEST(a_short_read_is_an_error_unless_the_device_is_legacy)
{
    for (u32 modern = 0; modern < 2; modern++) {
        struct card_chain chain;

        start(modern, ALL);
        block_submit(device, make(0, BLOCK_READ, 0, 2));
        chain = card_take(card, 0);
        answer(&chain, VIRTIO_BLK_S_OK, 513);
        CHECK_EQ(ended.count, 1);
        CHECK_EQ(requests[0].result, modern ? BLOCK_IO_ERROR : BLOCK_OK);
        CHECK(disks_find(0) && !container_of(device, struct virtio_disk, device)->gone);
    }
}

/* ---- Many ---- */

TEST(what_finds_the_ring_full_waits_in_line)
{
    start(true, ALL);
    for (u32 i = 0; i < REQUESTS; i++)
        block_submit(device, make(i, BLOCK_WRITE, i, 1 + i % 60));
    CHECK_EQ(card_pending(card, 0), 64);
    for (u32 i = 0; i < REQUESTS; i++) {
        struct card_chain chain = card_take(card, 0);

        CHECK_EQ(header_of(&chain).sector, i);
        answer(&chain, VIRTIO_BLK_S_OK, 1);
        CHECK_EQ(ended.count, i + 1);
        CHECK(ended.order[i] == &requests[i]);
        CHECK_EQ(requests[i].result, BLOCK_OK);
    }
    CHECK_EQ(card_pending(card, 0), 0);
}

TEST(a_ring_of_four_descriptors_does_one_after_another)
{
    start_with(false, 0);
    card->queues[0].max = 4;
    disks_init();
    device = disks_find(0);
    for (u32 i = 0; i < 10; i++)
        block_submit(device, make(i, BLOCK_READ, i, 2));
    for (u32 i = 0; i < 10; i++) {
        CHECK_EQ(card_pending(card, 0), 1);
        serve();
    }
    CHECK_EQ(ended.count, 10);
}

TEST(requests_may_end_in_any_order)
{
    struct card_chain chains[64];

    start(true, ALL);
    for (u32 i = 0; i < 64; i++) {
        block_submit(device, make(i, BLOCK_WRITE, i, 1));
        chains[i] = card_take(card, 0);
    }
    for (u32 i = 0; i < 64; i++) {
        u32 at = (i * 29 + 11) % 64;

        answer(&chains[at], VIRTIO_BLK_S_OK, 1);
        CHECK(ended.order[i] == &requests[at]);
    }
}

TEST(several_that_are_done_come_with_one_interrupt)
{
    struct card_chain chain;

    start(true, ALL);
    for (u32 i = 0; i < 10; i++)
        block_submit(device, make(i, BLOCK_WRITE, i, 1));
    for (u32 i = 0; i < 10; i++) {
        chain = card_take(card, 0);
        set_status(&chain, VIRTIO_BLK_S_OK);
        card_use(card, 0, chain.id, 1);
    }
    CHECK(card_wanted(card, 0, 10));
    CHECK_EQ(ended.count, 0);
    card_interrupt(card, VIRTIO_INTERRUPT_USED);
    CHECK_EQ(ended.count, 10);
}

TEST(done_may_submit_the_same_request_again)
{
    start(true, ALL);
    make(0, BLOCK_WRITE, 3, 1);
    for (u32 i = 0; i < 5; i++) {
        ended.then = i < 4 ? &requests[0] : NULL;
        if (!i)
            block_submit(device, &requests[0]);
        CHECK_EQ(card_pending(card, 0), 1);
        serve();
    }
    CHECK_EQ(ended.count, 5);
    CHECK_EQ(card_pending(card, 0), 0);
}

TEST(an_interrupt_that_was_lost_delays_but_loses_nothing)
{
    struct card_chain chain;

    start(true, ALL);
    block_submit(device, make(0, BLOCK_WRITE, 3, 1));
    chain = card_take(card, 0);
    set_status(&chain, VIRTIO_BLK_S_OK);
    card_use(card, 0, chain.id, 1);
    card_time_passes(WATCH_MS);
    CHECK_EQ(ended.count, 1);
    CHECK_EQ(requests[0].result, BLOCK_OK);
    card_time_passes(WATCH_MS);
    CHECK_EQ(card_timers[0]->deadline, TIMER_NEVER); /* nobody waits */
}

/* A device that answers while the driver takes its answers would keep the hart for ever. */
static void serve_meanwhile(void)
{
    struct card_chain chain;

    if (!card_pending(card, 0))
        return;
    chain = card_take(card, 0);
    set_status(&chain, VIRTIO_BLK_S_OK);
    card_use(card, 0, chain.id, 1);
}

static void again(struct block_request *request)
{
    CHECK_EQ(request->result, BLOCK_OK);
    ended.count++;
    block_submit(device, request);
}

TEST(an_interrupt_is_handled_in_bounded_time)
{
    u32 before;

    start(true, ALL);
    for (u32 i = 0; i < 60; i++) {
        make(i, BLOCK_WRITE, i, 1)->done = again;
        block_submit(device, &requests[i]);
    }
    card_at_fence = serve_meanwhile;
    serve();
    CHECK(ended.count >= ROUNDS && ended.count <= 60 * ROUNDS);
    for (u32 i = 0; i < 10; i++) { /* the rest is not forgotten */
        before = ended.count;
        card_time_passes(1);
        CHECK(ended.count >= before + ROUNDS && ended.count <= before + 60 * ROUNDS);
    }
}

TEST(without_interrupts_the_disk_is_polled)
{
    struct card_chain chain;

    start_with(false, ALL);
    card_no_plic = true;
    disks_init();
    device = disks_find(0);
    block_submit(device, make(0, BLOCK_WRITE, 3, 1));
    chain = card_take(card, 0);
    set_status(&chain, VIRTIO_BLK_S_OK);
    card_use(card, 0, chain.id, 1);
    card_time_passes(1);
    CHECK_EQ(ended.count, 1);
}

/* ---- A disk that fails ---- */

static void fail_with(void (*trouble)(void), const char *sentence)
{
    for (u32 modern = 0; modern < 2; modern++) {
        start(modern, ALL);
        for (u32 i = 0; i < 100; i++)
            block_submit(device, make(i, BLOCK_WRITE, i, 1 + i % 5));
        trouble();
        CHECK_EQ(ended.count, 100);
        for (u32 i = 0; i < 100; i++)
            CHECK_EQ(requests[i].result, BLOCK_IO_ERROR);
        CHECK_STR(fake_console.text, sentence);
        CHECK(card_lines[1].masked);
        make(0, BLOCK_READ, 0, 1);
        block_submit(device, &requests[0]);
        CHECK_EQ(ended.count, 1);
        CHECK_EQ(requests[0].result, BLOCK_IO_ERROR);
        for (u32 i = 0; i < 5; i++)
            card_time_passes(WATCH_MS);
        CHECK_STR(fake_console.text, sentence); /* once */
    }
}

static void use_what_is_not_there(void)
{
    card_use(card, 0, 3, 0);
    card_interrupt(card, VIRTIO_INTERRUPT_USED);
    CHECK_EQ(card->status, 0); /* it was reset before anybody was told */
}

static void use_twice(void)
{
    struct card_chain chain = card_take(card, 0);

    card_use(card, 0, chain.id, 1);
    card_use(card, 0, chain.id, 1);
    card_interrupt(card, VIRTIO_INTERRUPT_USED);
    CHECK(ended.order[0] == &requests[0]);
    requests[0].result = BLOCK_IO_ERROR; /* its first answer: no status was written */
}

static void use_far_too_many(void)
{
    card_set_half(card->queues[0].device + 2, 40000);
    card_interrupt(card, VIRTIO_INTERRUPT_USED);
}

static void need_a_reset(void)
{
    card->status |= VIRTIO_NEEDS_RESET;
    card_interrupt(card, VIRTIO_INTERRUPT_CONFIG);
}

static void be_reset(void)
{
    card->status = 0;
    card_time_passes(WATCH_MS);
}

static void go_away(void)
{
    card->absent = true;
    card_time_passes(WATCH_MS);
}

static void go_away_with_an_interrupt(void)
{
    card->absent = true;
    card_lines[1].handler(card_lines[1].ctx);
}

static void time_passes(u32 looks)
{
    for (u32 i = 0; i < looks; i++)
        card_time_passes(WATCH_MS);
}

static void say_nothing(void)
{
    time_passes(SILENT_LOOKS - 1);
    CHECK_EQ(ended.count, 0);
    CHECK_STR(fake_console.text, "");
    time_passes(1);
    CHECK_EQ(card->status, 0); /* it was reset */
}

static void say_nothing_at_all(void)
{
    card->never_resets = true;
    time_passes(SILENT_LOOKS);
}

#define ENDS ": from now on, whatever is asked of it fails\n"

TEST(an_answer_to_nothing_ends_the_disk)
{
    fail_with(use_what_is_not_there,
              "Twofold: disk virtio0: it answers what it was not asked" ENDS);
}

TEST(a_second_answer_ends_the_disk)
{
    fail_with(use_twice, "Twofold: disk virtio0: it answers what it was not asked" ENDS);
}

TEST(an_index_that_jumps_ends_the_disk)
{
    fail_with(use_far_too_many, "Twofold: disk virtio0: it answers what it was not asked" ENDS);
}

TEST(needs_reset_ends_the_disk)
{
    fail_with(need_a_reset, "Twofold: disk virtio0: it needs a reset" ENDS);
}

TEST(a_reset_by_another_ends_the_disk)
{
    fail_with(be_reset, "Twofold: disk virtio0: it was reset" ENDS);
}

TEST(a_disk_that_is_gone_is_noticed_without_an_interrupt)
{
    fail_with(go_away, "Twofold: disk virtio0: it is gone, and does not stop" ENDS);
}

TEST(a_disk_that_is_gone_is_noticed_at_its_last_interrupt)
{
    fail_with(go_away_with_an_interrupt,
              "Twofold: disk virtio0: it is gone, and does not stop" ENDS);
}

TEST(a_minute_of_silence_ends_the_disk)
{
    CHECK((SILENT_LOOKS - 1) * WATCH_MS >= 60000);
    fail_with(say_nothing, "Twofold: disk virtio0: it does not answer" ENDS);
    fail_with(say_nothing_at_all,
              "Twofold: disk virtio0: it does not answer, and does not stop" ENDS);
}

TEST(a_disk_that_does_one_thing_a_minute_goes_on)
{
    start(true, ALL);
    for (u32 i = 0; i < 10; i++)
        block_submit(device, make(i, BLOCK_WRITE, i, 1));
    for (u32 i = 0; i < 10; i++) {
        time_passes(SILENT_LOOKS - 1);
        serve();
        CHECK_EQ(ended.count, i + 1);
        CHECK_EQ(requests[i].result, BLOCK_OK);
    }
    CHECK_STR(fake_console.text, "");
}

TEST(a_piece_of_a_request_is_an_answer)
{
    start(true, ALL);
    block_submit(device, make(0, BLOCK_DISCARD, 0, 250));
    for (u32 i = 0; i < 3; i++) {
        CHECK_EQ(ended.count, 0);
        time_passes(SILENT_LOOKS - 1);
        serve();
    }
    CHECK_EQ(ended.count, 1);
    CHECK_EQ(requests[0].result, BLOCK_OK);
}

TEST(a_disk_that_nobody_asks_is_not_silent)
{
    start(true, ALL);
    for (u32 i = 0; i < 10; i++) {
        block_submit(device, make(0, BLOCK_WRITE, i, 1));
        time_passes(SILENT_LOOKS - 1);
        serve();
        CHECK_EQ(requests[0].result, BLOCK_OK);
        time_passes(1 + i % 2 * SILENT_LOOKS);
    }
    CHECK_STR(fake_console.text, "");
}

static u32 looks_until_served;

static void serve_at_last(void)
{
    if (looks_until_served && !--looks_until_served)
        serve_meanwhile();
}

TEST(a_clock_that_jumps_leaves_the_disk_time_to_answer)
{
    start(true, ALL);
    block_submit(device, make(0, BLOCK_WRITE, 0, 1));
    time_passes(SILENT_LOOKS - 1);
    looks_until_served = 2;
    card_at_fence = serve_at_last;
    time_passes(1);
    CHECK_EQ(looks_until_served, 0);
    CHECK_EQ(ended.count, 1);
    CHECK_EQ(requests[0].result, BLOCK_OK);
    CHECK_STR(fake_console.text, "");
}

static u32 look_takes(void)
{
    u64 before = fake_time;

    card_time_passes(WATCH_MS);
    return (u32)(fake_time - before) - WATCH_MS;
}

TEST(a_look_takes_long_only_at_a_disk_that_was_silent)
{
    start(true, ALL);
    for (u32 i = 0; i < 20; i++) { /* there is always a request */
        block_submit(device, make(0, BLOCK_WRITE, 0, 1));
        CHECK(look_takes() < LOOK_MS);
        serve();
    }
    block_submit(device, make(0, BLOCK_WRITE, 0, 1));
    look_takes();
    for (u32 takes, i = 2; i < SILENT_LOOKS; i++) {
        takes = look_takes();
        CHECK(takes > LOOK_MS && takes < 2 * LOOK_MS);
    }
    CHECK_EQ(ended.count, 0);
}

TEST(more_written_than_there_is_room_for_ends_a_modern_disk)
{
    for (u32 modern = 0; modern < 2; modern++) {
        struct card_chain chain;

        start(modern, ALL);
        block_submit(device, make(0, BLOCK_READ, 0, 2));
        chain = card_take(card, 0);
        answer(&chain, VIRTIO_BLK_S_OK, 1026);
        CHECK_EQ(ended.count, 1);
        CHECK_EQ(requests[0].result, modern ? BLOCK_IO_ERROR : BLOCK_OK);
        CHECK(modern == (fake_console.size != 0));
    }
}

TEST(a_configuration_change_is_nothing_to_worry_about)
{
    start(true, ALL);
    block_submit(device, make(0, BLOCK_WRITE, 0, 1));
    card_interrupt(card, VIRTIO_INTERRUPT_CONFIG);
    CHECK_EQ(ended.count, 0);
    serve_all();
    CHECK_EQ(requests[0].result, BLOCK_OK);
    CHECK_STR(fake_console.text, "");
}

/* ---- Reading at once ---- */

static enum { SERVE, REFUSE, SILENT } manner;

void interrupts_handle(void)
{
    fake_time += 1000;
    if (manner == SILENT || !card_pending(card, 0))
        return;
    struct card_chain chain = card_take(card, 0);
    u32 sector = (u32)header_of(&chain).sector, size = chain.parts[1].size;

    for (u32 i = 0; i < size; i += SECTOR_SIZE, sector++)
        phys_fill(chain.parts[1].address + i, (u8)sector, SECTOR_SIZE);
    answer(&chain, manner == SERVE ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR, size + 1);
}

TEST(a_read_at_once_brings_all_sectors)
{
    static u8 to[20 * SECTOR_SIZE + 1];
    u32 before;

    start(false, ALL);
    machine.timebase = 1000000;
    manner = SERVE;
    before = card_pages.pages;
    to[sizeof(to) - 1] = 0xee;
    CHECK(disks_read(device, 980, 20, to));
    for (u32 i = 0; i < 20 * SECTOR_SIZE; i++)
        CHECK_EQ(to[i], (u8)(980 + i / SECTOR_SIZE));
    CHECK_EQ(to[sizeof(to) - 1], 0xee);
    CHECK_EQ(card_pages.pages, before);
}

TEST(a_read_at_once_fails_as_the_disk_does)
{
    static u8 to[SECTOR_SIZE];
    u32 before;

    start(false, ALL);
    machine.timebase = 1000000;
    manner = REFUSE;
    before = card_pages.pages;
    CHECK(!disks_read(device, 0, 1, to));
    CHECK(!disks_read(device, 1000, 1, to));
    CHECK(!disks_read(device, 999, 2, to));
    CHECK(!disks_read(device, ~0ull, 1, to));
    card_pages.left = 0;
    CHECK(!disks_read(device, 0, 1, to));
    CHECK_EQ(card_pages.pages, before);
}

TEST(a_read_at_once_gives_up_and_its_late_answer_frees_its_memory)
{
    static u8 to[SECTOR_SIZE];
    u32 before;

    start(true, ALL);
    machine.timebase = 1000000;
    manner = SILENT;
    before = card_pages.pages;
    CHECK(!disks_read(device, 0, 1, to));
    CHECK(card_pages.pages > before); /* the device may still write there */
    serve();
    CHECK_EQ(card_pages.pages, before);
}

UNIT_MAIN("virtio_disk")
