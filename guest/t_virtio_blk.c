/*
 * The block device, request by request. The machine has two disks, made by tests/run_virtio.sh: of
 * both, sector n is full of the word n; the second cannot be written. On the first, sectors below
 * SCRATCH stay as they are, which that script looks after, and those from FOR_HOST on get words
 * that it looks for. A third disk, if there is one, is not touched.
 */
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/random.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/virtio_blk.h"
#include "guest/lib/virtio_ways.h"

#define SECTORS       16384u
#define SCRATCH       1024u /* the first sector that tests write to  */
#define FOR_HOST      8192u /* the first that the host looks at      */
#define FOR_HOST_SIZE 64u   /* sectors                               */
#define FOR_HOST_WORD 0x5a5a0000u
#define WORDS         (SECTOR_SIZE / 4)
#define MARK          0xeeeeeeeeu
#define QUEUE_SIZE    128
#define WAIT_A_BIT    20 /* hart_relax() so many times */
#define UNTOUCHED_RAM 0x80c00000u
#define KNOWN \
    (BLK_F_SEG_MAX | BLK_F_RO | BLK_F_BLK_SIZE | BLK_F_FLUSH | BLK_F_DISCARD | BLK_F_WRITE_ZEROES)

static struct virtio disk;
static struct virtq queue;
static u32 data[64 * 1024 / 4] __attribute__((aligned(PAGE_SIZE)));
static u32 other[64 * 1024 / 4] __attribute__((aligned(PAGE_SIZE)));

static void fill(volatile u32 *at, u32 words, u32 value)
{
    for (u32 i = 0; i < words; i++)
        at[i] = value;
}

/* How many of the words are not `value`. */
static u32 wrong_words(const volatile u32 *at, u32 words, u32 value)
{
    u32 wrong = 0;

    for (u32 i = 0; i < words; i++)
        wrong += at[i] != value;
    return wrong;
}

/* Time for interrupts, or for memory to be written, that should not come any more. */
static void wait_a_bit(void)
{
    for (u32 i = 0; i < WAIT_A_BIT; i++)
        hart_relax();
}

static bool open_with(u32 nth, u64 features)
{
    if (!virtio_find(VIRTIO_BLOCK, nth, &disk) || !virtio_begin(&disk, features, virtio_way) ||
        !virtio_set_queue(&disk, 0, &queue, QUEUE_SIZE)) {
        test_fail("disk %u cannot be used", nth);
        return false;
    }
    virtio_go(&disk);
    fill(data, ARRAY_SIZE(data), MARK);
    return true;
}

static bool open_disk(void)
{
    return open_with(0, KNOWN);
}

static enum blk_status read_sectors(u64 sector, u32 count, volatile u32 *to)
{
    return blk_simple(&disk, &queue, BLK_IN, sector, to, count * SECTOR_SIZE);
}

static enum blk_status write_sectors(u64 sector, u32 count, const volatile u32 *from)
{
    return blk_simple(&disk, &queue, BLK_OUT, sector, from, count * SECTOR_SIZE);
}

/* Words in [sector, sector + count) of the disk that are not the sector's number. */
static u32 changed_words(u64 sector, u32 count)
{
    u32 wrong = 0;

    for (u32 i = 0; i < count; i++) {
        fill(other, WORDS, MARK);
        if (read_sectors(sector + i, 1, other) != BLK_OK)
            return MARK;
        wrong += wrong_words(other, WORDS, (u32)sector + i);
    }
    return wrong;
}

/* Puts the numbers of sectors back. */
static bool restore(u32 sector, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        fill(other, WORDS, sector + i);
        if (write_sectors(sector + i, 1, other) != BLK_OK)
            return false;
    }
    return true;
}

/* ---- What there is. ---- */

static void configuration(void)
{
    if (!open_disk())
        return;
    CHECK_EQ(virtio_config64(&disk, BLK_CAPACITY), SECTORS);
    CHECK_EQ(virtio_read(&disk, VIRTIO_CONFIG + BLK_CAPACITY + 4), 0);
    CHECK_EQ(read8(disk.base + VIRTIO_CONFIG + BLK_CAPACITY + 1), SECTORS >> 8);
    CHECK_EQ(read16(disk.base + VIRTIO_CONFIG + BLK_CAPACITY), SECTORS);
    if (disk.offered & BLK_F_BLK_SIZE)
        CHECK_EQ(virtio_read(&disk, VIRTIO_CONFIG + BLK_BLK_SIZE), SECTOR_SIZE);
    if (disk.offered & BLK_F_SEG_MAX)
        CHECK(virtio_read(&disk, VIRTIO_CONFIG + BLK_SEG_MAX) >= 1, "no segments");
    CHECK(!(disk.offered & BLK_F_RO), "it can be written, but says that it cannot");
    CHECK(disk.offered & BLK_F_FLUSH, "no FLUSH");
}

static void get_id(void)
{
    if (!open_disk())
        return;
    CHECK_EQ(blk_simple(&disk, &queue, BLK_GET_ID, 0, data, BLK_ID_SIZE), BLK_OK);
    CHECK(((u8 *)data)[0] != 0, "the id is empty");
    CHECK_EQ(wrong_words(data + BLK_ID_SIZE / 4, WORDS, MARK), 0);
}

/* ---- Reading. ---- */

static void read_first_sector(void)
{
    if (!open_disk())
        return;
    CHECK_EQ(read_sectors(0, 1, data), BLK_OK);
    CHECK_EQ(wrong_words(data, WORDS, 0), 0);
    CHECK_EQ(wrong_words(data + WORDS, WORDS, MARK), 0);
}

static void read_last_sector(void)
{
    if (!open_disk())
        return;
    CHECK_EQ(read_sectors(SECTORS - 1, 1, data), BLK_OK);
    CHECK_EQ(wrong_words(data, WORDS, SECTORS - 1), 0);
}

/* The length in the used ring counts the status byte, too. */
static void read_64_kib(void)
{
    struct virtq_buffer piece = {data, sizeof(data)};
    struct blk_request request;
    u32 written = 0;

    if (!open_disk())
        return;
    CHECK(blk_add(&queue, &request, BLK_IN, 100, &piece, 1) >= 0, "no room");
    virtio_kick(&disk, 0, &queue);
    CHECK(virtio_wait(&queue) && virtq_take(&queue, NULL, &written), "no answer");
    CHECK_EQ(request.status, BLK_OK);
    CHECK_EQ(written, sizeof(data) + 1);
    for (u32 i = 0; i < sizeof(data) / SECTOR_SIZE; i++)
        CHECK_EQ(wrong_words(data + i * WORDS, WORDS, 100 + i), 0);
}

/* Into RAM that nobody has touched yet: it may have to be made first. */
static void read_into_untouched_ram(void)
{
    static u32 used;
    volatile u32 *to = (volatile u32 *)(UNTOUCHED_RAM + 0x10000 * used++);

    if (!open_disk())
        return;
    CHECK_EQ(read_sectors(200, 64, to), BLK_OK);
    for (u32 i = 0; i < 64; i++)
        CHECK_EQ(wrong_words(to + i * WORDS, WORDS, 200 + i), 0);
}

/* ---- Writing. ---- */

static void write_and_read_back(void)
{
    if (!open_disk())
        return;
    fill(data, WORDS, 0xcafe0001);
    CHECK_EQ(write_sectors(SCRATCH + 1, 1, data), BLK_OK);
    fill(data, 2 * WORDS, MARK);
    CHECK_EQ(read_sectors(SCRATCH + 1, 1, data), BLK_OK);
    CHECK_EQ(wrong_words(data, WORDS, 0xcafe0001), 0);
    CHECK_EQ(changed_words(SCRATCH, 1), 0);
    CHECK_EQ(changed_words(SCRATCH + 2, 1), 0);
    CHECK(restore(SCRATCH + 1, 1), "cannot be restored");
}

static void write_64_kib(void)
{
    u32 sectors = sizeof(data) / SECTOR_SIZE;

    if (!open_disk())
        return;
    for (u32 i = 0; i < ARRAY_SIZE(data); i++)
        data[i] = i * 0x10001u;
    CHECK_EQ(write_sectors(SCRATCH + 8, sectors, data), BLK_OK);
    CHECK_EQ(read_sectors(SCRATCH + 8, sectors, other), BLK_OK);
    CHECK(memcmp(data, other, sizeof(data)) == 0, "other data come back");
    CHECK_EQ(changed_words(SCRATCH + 7, 1), 0);
    CHECK_EQ(changed_words(SCRATCH + 8 + sectors, 1), 0);
    CHECK(restore(SCRATCH + 8, sectors), "cannot be restored");
}

/* Without FLUSH, a write that is done is done for good: the device flushes behind each, as its unit
 * tests show. */
static void write_through_without_flush(void)
{
    if (!open_with(0, KNOWN & ~BLK_F_FLUSH))
        return;
    fill(data, WORDS, 0xcafe0002);
    CHECK_EQ(write_sectors(SCRATCH, 1, data), BLK_OK);
    CHECK_EQ(read_sectors(SCRATCH, 1, data), BLK_OK);
    CHECK_EQ(wrong_words(data, WORDS, 0xcafe0002), 0);
    CHECK(restore(SCRATCH, 1), "cannot be restored");
}

static void flush(void)
{
    if (!open_disk())
        return;
    CHECK_EQ(blk_simple(&disk, &queue, BLK_FLUSH, 0, NULL, 0), BLK_OK);
    fill(data, WORDS, 0xcafe0003);
    CHECK_EQ(write_sectors(SCRATCH, 1, data), BLK_OK);
    CHECK_EQ(blk_simple(&disk, &queue, BLK_FLUSH, 0, NULL, 0), BLK_OK);
    CHECK(restore(SCRATCH, 1), "cannot be restored");
}

/* ---- Scatter lists. ---- */

/* Pieces of any size at any address, as long as they are whole sectors together. */
static void scattered_pieces(void)
{
    u8 *bytes = (u8 *)data;
    const struct virtq_buffer pieces[] = {
        {bytes + 1, 1}, {bytes + 1001, 700}, {bytes + PAGE_SIZE - 3, 323}, {bytes + 9000, 512}};

    if (!open_disk())
        return;
    memset(other, 0, sizeof(other));
    CHECK_EQ(blk_do(&disk, 0, &queue, BLK_IN, 0x101, pieces, ARRAY_SIZE(pieces)), BLK_OK);
    u8 *to = (u8 *)other;
    for (u32 i = 0; i < ARRAY_SIZE(pieces); to += pieces[i++].size)
        memcpy(to, (const void *)pieces[i].at, pieces[i].size);
    for (u32 i = 0; i < 3; i++)
        CHECK_EQ(wrong_words(other + i * WORDS, WORDS, 0x101 + i), 0);
    CHECK_EQ(bytes[0], 0xee);
    CHECK_EQ(bytes[2], 0xee);
    CHECK_EQ(bytes[1000], 0xee);
    CHECK_EQ(bytes[1701], 0xee);
}

static void as_many_pieces_as_it_takes(void)
{
    struct virtq_buffer pieces[BLK_MAX_PIECES];
    u32 most = QUEUE_SIZE - 2;

    if (!open_disk())
        return;
    if (disk.offered & BLK_F_SEG_MAX && virtio_read(&disk, VIRTIO_CONFIG + BLK_SEG_MAX) < most)
        most = virtio_read(&disk, VIRTIO_CONFIG + BLK_SEG_MAX);
    for (u32 i = 0; i < most; i++) /* from the last to the first */
        pieces[i] = (struct virtq_buffer){data + (most - 1 - i) * WORDS, SECTOR_SIZE};
    CHECK_EQ(blk_do(&disk, 0, &queue, BLK_IN, 300, pieces, most), BLK_OK);
    for (u32 i = 0; i < most; i++)
        CHECK_EQ(wrong_words(data + (most - 1 - i) * WORDS, WORDS, 300 + i), 0);
    CHECK_EQ(wrong_words(data + most * WORDS, WORDS, MARK), 0);
}

/* How a request is cut into buffers means nothing: here the header is in two, and the status
 * follows the data in one. */
static void any_layout(void)
{
    static struct blk_header header;
    u8 *status = (u8 *)(data + WORDS);
    struct virtq_buffer buffers[] = {
        {&header, 5}, {(u8 *)&header + 5, sizeof(header) - 5}, {data, SECTOR_SIZE + 1}};

    if (!open_disk())
        return;
    header = (struct blk_header){.type = BLK_IN, .sector = 77};
    CHECK(virtq_add(&queue, buffers, 2, 1) >= 0, "no room");
    virtio_kick(&disk, 0, &queue);
    CHECK(virtio_wait(&queue) && virtq_take(&queue, NULL, NULL), "no answer");
    CHECK_EQ(*status, BLK_OK);
    CHECK_EQ(wrong_words(data, WORDS, 77), 0);
}

/* ---- Zeroes and discarding. ---- */

static enum blk_status give_range(enum blk_type type, u64 sector, u32 sectors, u32 flags)
{
    static struct blk_range range;

    range = (struct blk_range){sector, sectors, flags};
    return blk_simple(&disk, &queue, type, 0, &range, sizeof(range));
}

static void write_zeroes(void)
{
    if (!open_disk())
        return;
    if (!(disk.features & BLK_F_WRITE_ZEROES))
        SKIP("not offered");
    CHECK(virtio_read(&disk, VIRTIO_CONFIG + BLK_MAX_ZEROES) >= 16, "at most %u sectors",
          virtio_read(&disk, VIRTIO_CONFIG + BLK_MAX_ZEROES));
    CHECK_EQ(give_range(BLK_WRITE_ZEROES, SCRATCH + 17, 16, 0), BLK_OK);
    CHECK_EQ(read_sectors(SCRATCH + 17, 16, data), BLK_OK);
    CHECK_EQ(wrong_words(data, 16 * WORDS, 0), 0);
    CHECK_EQ(changed_words(SCRATCH + 16, 1), 0);
    CHECK_EQ(changed_words(SCRATCH + 33, 1), 0);
    CHECK_EQ(give_range(BLK_WRITE_ZEROES, SECTORS - 1, 2, 0), BLK_IOERR);
    CHECK_EQ(give_range(BLK_WRITE_ZEROES, ~0ull, 2, 0), BLK_IOERR);
    CHECK_EQ(give_range(BLK_WRITE_ZEROES, SCRATCH, 1, 0x80), BLK_UNSUPP);
    CHECK_EQ(changed_words(SECTORS - 1, 1), 0);
    CHECK_EQ(changed_words(SCRATCH, 1), 0);
    CHECK(restore(SCRATCH + 17, 16), "cannot be restored");
}

static void discard(void)
{
    if (!open_disk())
        return;
    if (!(disk.features & BLK_F_DISCARD))
        SKIP("not offered");
    CHECK(virtio_read(&disk, VIRTIO_CONFIG + BLK_MAX_DISCARD) >= 8, "at most %u sectors",
          virtio_read(&disk, VIRTIO_CONFIG + BLK_MAX_DISCARD));
    CHECK_EQ(give_range(BLK_DISCARD, SCRATCH + 64, 8, 0), BLK_OK);
    CHECK_EQ(changed_words(SCRATCH + 63, 1), 0);
    CHECK_EQ(changed_words(SCRATCH + 72, 1), 0);
    CHECK_EQ(give_range(BLK_DISCARD, SECTORS - 1, 2, 0), BLK_IOERR);
    CHECK_EQ(give_range(BLK_DISCARD, SCRATCH, 1, 1), BLK_UNSUPP);
    CHECK_EQ(changed_words(SCRATCH, 1), 0);
    CHECK(restore(SCRATCH + 64, 8), "cannot be restored");
}

/* ---- Requests that are well made but wrong: an error, and the device works on. ---- */

static void past_the_end(void)
{
    static const u64 sectors[] = {SECTORS, SECTORS - 1, 1ull << 32, 1ull << 55, ~0ull, ~0ull - 1};

    if (!open_disk())
        return;
    for (u32 i = 0; i < ARRAY_SIZE(sectors); i++) {
        CHECK_EQ(read_sectors(sectors[i], 2, data), BLK_IOERR);
        fill(other, 2 * WORDS, 0xbad);
        CHECK_EQ(write_sectors(sectors[i], 2, other), BLK_IOERR);
    }
    CHECK_EQ(changed_words(SECTORS - 1, 1), 0);
    CHECK_EQ(changed_words(0, 1), 0);
}

static void half_a_sector(void)
{
    if (!open_disk())
        return;
    CHECK_EQ(blk_simple(&disk, &queue, BLK_IN, 0, data, 511), BLK_IOERR);
    CHECK_EQ(blk_simple(&disk, &queue, BLK_IN, 0, data, 513), BLK_IOERR);
    fill(other, WORDS, 0xbad);
    CHECK_EQ(blk_simple(&disk, &queue, BLK_OUT, SCRATCH, other, 100), BLK_IOERR);
    CHECK_EQ(changed_words(SCRATCH, 1), 0);
}

static void unknown_type(void)
{
    if (!open_disk())
        return;
    CHECK_EQ(blk_simple(&disk, &queue, BLK_UNKNOWN, 0, data, SECTOR_SIZE), BLK_UNSUPP);
    CHECK_EQ(changed_words(0, 1), 0);
}

/* Nothing to read or to write: whatever the device says of that, it says something. */
static void no_sectors(void)
{
    if (!open_disk())
        return;
    enum blk_status in = blk_simple(&disk, &queue, BLK_IN, 0, NULL, 0);
    enum blk_status out = blk_simple(&disk, &queue, BLK_OUT, SCRATCH, NULL, 0);
    CHECK(in <= BLK_UNSUPP && out <= BLK_UNSUPP, "status %u and %u", in, out);
    CHECK_EQ(changed_words(SCRATCH, 1), 0);
}

static void read_only_disk(void)
{
    if (!open_with(1, KNOWN))
        return;
    CHECK(disk.offered & BLK_F_RO, "it does not say that it is read-only");
    CHECK_EQ(changed_words(5, 2), 0);
    fill(data, WORDS, 0xbad);
    CHECK_EQ(write_sectors(5, 1, data), BLK_IOERR);
    if (disk.features & BLK_F_WRITE_ZEROES)
        CHECK(give_range(BLK_WRITE_ZEROES, 5, 1, 0) != BLK_OK, "zeroes are written");
    if (disk.features & BLK_F_DISCARD)
        CHECK(give_range(BLK_DISCARD, 5, 1, 0) != BLK_OK || runs_natively(), "it is discarded");
    CHECK_EQ(changed_words(5, 2), 0);
}

/* ---- Many at once. ---- */

#define BATCH 16

static struct blk_request requests[QUEUE_SIZE];

/* Adds reads of one sector each to data[]; fails the case and returns false when they do not fit.
 */
static bool add_reads(u64 first, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        struct virtq_buffer piece = {data + i * WORDS, SECTOR_SIZE};
        if (blk_add(&queue, &requests[i], BLK_IN, first + i, &piece, 1) < 0) {
            test_fail("no room for request %u", i);
            return false;
        }
    }
    return true;
}

static void check_reads(u64 first, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        CHECK_EQ(requests[i].status, BLK_OK);
        CHECK_EQ(wrong_words(data + i * WORDS, WORDS, (u32)first + i), 0);
    }
}

/* Takes `count` used chains, asleep in between. Returns how many came. */
static u32 take_by_interrupt(u32 count)
{
    u32 taken = 0;

    while (taken < count && virtio_sleep(&queue))
        while (virtq_take(&queue, NULL, NULL))
            taken++;
    return taken;
}

static void by_interrupt(void)
{
    if (!open_disk())
        return;
    virtio_take_interrupts(&disk);
    for (u32 i = 0; i < 10; i++) {
        virtq_interrupt(&queue, VIRTQ_AT_NEXT);
        if (!add_reads(20 + i, 1))
            return;
        virtio_kick(&disk, 0, &queue);
        CHECK_EQ(take_by_interrupt(1), 1);
        check_reads(20 + i, 1);
    }
    wait_a_bit();
    virtio_leave_interrupts(&disk);
    CHECK(disk.interrupts >= 1 && disk.interrupts <= 10, "%u interrupts", disk.interrupts);
    CHECK_EQ(virtio_read(&disk, VIRTIO_INTERRUPT_STATUS), 0);
}

/* A batch is one exit to tell of it. With EVENT_IDX it is one interrupt as well. */
static void batch(void)
{
    if (!open_disk())
        return;
    virtio_take_interrupts(&disk);
    if (!add_reads(40, BATCH))
        return;
    virtq_interrupt(&queue, VIRTQ_AT_LAST);
    virtio_kick(&disk, 0, &queue);
    u32 taken = take_by_interrupt(BATCH);
    wait_a_bit();
    virtio_leave_interrupts(&disk);
    CHECK_EQ(taken, BATCH);
    check_reads(40, BATCH);
    CHECK_EQ(disk.notifications, 1);
    CHECK(disk.interrupts >= 1 && disk.interrupts <= BATCH, "%u interrupts", disk.interrupts);
    if (virtio_way.event_index)
        CHECK_EQ(disk.interrupts, 1);
}

/* Who polls needs no interrupts, and gets none, but for the first: a device may make that always.
 */
static void no_interrupts_when_polled(void)
{
    if (!open_disk())
        return;
    virtio_take_interrupts(&disk);
    CHECK_EQ(read_sectors(0, 1, data), BLK_OK);
    wait_a_bit();
    disk.interrupts = 0;
    virtq_interrupt(&queue, VIRTQ_AT_NONE);
    for (u32 i = 0; i < 10; i++)
        if (changed_words(i, 1) != 0)
            test_fail("sector %u is another", i);
    wait_a_bit();
    virtio_leave_interrupts(&disk);
    CHECK_EQ(disk.interrupts, 0);
}

/* A queue that is as full as can be, again and again; requests come back in any order. */
static void full_queue(void)
{
    static struct blk_request one_more;
    u32 room = virtio_way.indirect ? QUEUE_SIZE : QUEUE_SIZE / 3;

    if (!open_disk())
        return;
    for (u32 round = 0; round < 5; round++) {
        u64 first = 400 + 3 * round;
        if (!add_reads(first, room))
            return;
        struct virtq_buffer piece = {data, SECTOR_SIZE};
        if (virtio_way.indirect)
            CHECK(blk_add(&queue, &one_more, BLK_IN, 0, &piece, 1) < 0, "room for more");
        virtio_kick(&disk, 0, &queue);
        for (u32 i = 0; i < room; i++)
            CHECK(virtio_wait(&queue) && virtq_take(&queue, NULL, NULL), "%u of %u came", i, room);
        check_reads(first, room);
    }
}

/* Reads and writes at random, against a copy in memory of what the sectors should be. */
static void random_reads_and_writes(void)
{
    static u32 copy[64];

    if (!open_disk())
        return;
    random_seed(5);
    for (u32 i = 0; i < ARRAY_SIZE(copy); i++)
        copy[i] = SCRATCH + 100 + i;
    for (u32 i = 0; i < 200; i++) {
        u32 at = random_word() % ARRAY_SIZE(copy);
        if (random_word() & 1) {
            copy[at] = random_word();
            fill(data, WORDS, copy[at]);
            CHECK_EQ(write_sectors(SCRATCH + 100 + at, 1, data), BLK_OK);
        } else {
            CHECK_EQ(read_sectors(SCRATCH + 100 + at, 1, data), BLK_OK);
            CHECK_EQ(wrong_words(data, WORDS, copy[at]), 0);
        }
    }
    CHECK(restore(SCRATCH + 100, ARRAY_SIZE(copy)), "cannot be restored");
}

/* After a reset nothing that was under way reaches memory any more, and the device works again. */
static void reset_with_requests_under_way(void)
{
    if (!open_disk())
        return;
    for (u32 round = 0; round < 5; round++) {
        if (!add_reads(500, BATCH))
            return;
        virtio_kick(&disk, 0, &queue);
        virtio_reset(&disk);
        CHECK_EQ(virtio_read(&disk, VIRTIO_STATUS), 0);
        fill(data, ARRAY_SIZE(data), MARK);
        wait_a_bit();
        CHECK_EQ(wrong_words(data, ARRAY_SIZE(data), MARK), 0);
        if (!open_disk())
            return;
        CHECK_EQ(changed_words(500, 1), 0);
    }
}

/* ---- Several queues. ---- */

#define QUEUE_ROUNDS 100

static struct virtq queues[MAX_HARTS];
static u32 queue_data[MAX_HARTS][WORDS];

/* Each hart writes and reads sectors of its own, through its own queue. */
static void use_own_queue(u32 hart)
{
    u32 *own = queue_data[hart];
    struct virtq_buffer piece = {own, SECTOR_SIZE};
    u32 sector = SCRATCH + 200 + hart;

    for (u32 i = 0; i < QUEUE_ROUNDS; i++) {
        fill(own, WORDS, hart << 16 | i);
        if (blk_do(&disk, hart, &queues[hart], BLK_OUT, sector, &piece, 1) != BLK_OK)
            crew_wrong[hart]++;
        fill(own, WORDS, MARK);
        if (blk_do(&disk, hart, &queues[hart], BLK_IN, sector, &piece, 1) != BLK_OK)
            crew_wrong[hart]++;
        if (wrong_words(own, WORDS, hart << 16 | i) > 0)
            crew_wrong[hart]++;
    }
}

static void crew_member(void)
{
    u32 hart = this_hart()->id;

    crew_alive[hart]++;
    use_own_queue(hart);
}

static void a_queue_for_each_hart(void)
{
    u32 harts = hart_count();

    NEED_TWO_HARTS();
    if (!open_with(0, KNOWN | BLK_F_MQ))
        return;
    CHECK(disk.features & BLK_F_MQ, "no MQ, with %u harts", harts);
    CHECK(read16(disk.base + VIRTIO_CONFIG + BLK_NUM_QUEUES) >= harts, "%u queues for %u harts",
          read16(disk.base + VIRTIO_CONFIG + BLK_NUM_QUEUES), harts);
    CHECK(virtio_begin(&disk, KNOWN | BLK_F_MQ, virtio_way), "cannot begin again");
    for (u32 hart = 0; hart < harts; hart++)
        CHECK(virtio_set_queue(&disk, hart, &queues[hart], 16), "no queue %u", hart);
    virtio_go(&disk);
    if (!crew_start(crew_member))
        return;
    use_own_queue(boot.hart);
    if (!crew_stop() || !crew_is_right("a request went wrong") || !open_disk())
        return;
    CHECK(restore(SCRATCH + 200, harts), "cannot be restored");
}

/* ---- Once. ---- */

/* What the host finds in the image afterwards. */
static void leave_words_for_the_host(void)
{
    virtio_way = (struct virtq_way){0};
    if (!open_disk())
        return;
    for (u32 i = 0; i < FOR_HOST_SIZE; i++)
        fill(data + i * WORDS, WORDS, FOR_HOST_WORD + i);
    CHECK_EQ(write_sectors(FOR_HOST, FOR_HOST_SIZE, data), BLK_OK);
    CHECK_EQ(blk_simple(&disk, &queue, BLK_FLUSH, 0, NULL, 0), BLK_OK);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(configuration),
        CASE(get_id),
        CASE(read_first_sector),
        CASE(read_last_sector),
        CASE(read_64_kib),
        CASE(read_into_untouched_ram),
        CASE(write_and_read_back),
        CASE(write_64_kib),
        CASE(write_through_without_flush),
        CASE(flush),
        CASE(scattered_pieces),
        CASE(as_many_pieces_as_it_takes),
        CASE(any_layout),
        CASE(write_zeroes),
        CASE(discard),
        CASE(past_the_end),
        CASE(half_a_sector),
        CASE(unknown_type),
        CASE(no_sectors),
        CASE(read_only_disk),
        CASE(by_interrupt),
        CASE(batch),
        CASE(no_interrupts_when_polled),
        CASE(full_queue),
        CASE(random_reads_and_writes),
        CASE(reset_with_requests_under_way),
        CASE(a_queue_for_each_hart),
    };
    static const struct test_case last = CASE(leave_words_for_the_host);
    static const struct virtio_cases all = {.cases = cases, .count = ARRAY_SIZE(cases)};

    test_begin("t_virtio_blk");
    if (virtio_find(VIRTIO_BLOCK, 0, &disk)) {
        virtio_run_ways(&disk, &all, 1);
        test_one(&last);
    }
    return test_end();
}
