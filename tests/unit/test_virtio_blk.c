/*
 * The virtio block device: requests of every type and in every layout, disks that take little at
 * once, that take their time, or that fail, drivers that are wrong, and resets at a bad time.
 */
#include "tests/unit/unit.h"
#include "tests/unit/fake_block.h"
#include "tests/unit/fake_virtio.h"
#include "hyp/dev/virtio_blk.c"
#include "hyp/dev/virtio_blk_data.c"
#include "hyp/dev/virtio_blk_request.c"
#include "hyp/dev/virtio_blk_type.c"

#define ROOM_HOST 0x90000000ull /* hPA of the device's own pages */

static _Alignas(4096) u8 room[PAGE_SIZE << VIRTIO_BLK_ORDER];

hpa_t phys_of(const void *ptr)
{
    CHECK((const u8 *)ptr >= room && (const u8 *)ptr < room + sizeof(room));
    return ROOM_HOST + (u64)((const u8 *)ptr - room);
}

static u8 *ram_at(hpa_t at, u32 size)
{
    if (at < ROOM_HOST || at >= ROOM_HOST + sizeof(room))
        return fake_host_bytes(at, size);
    CHECK(size <= ROOM_HOST + sizeof(room) - at);
    return room + (at - ROOM_HOST);
}

#define QUEUE_SIZE 256
#define STATUS     0xee /* where no status was written yet */

static struct virtio_device *device;
static struct virtio_blk *blk;
static struct fake_queue queues[VIRTIO_QUEUES];

/* A device for the disk as it is now. */
static void plug_in(u32 queue_count, bool modern, u64 features)
{
    fake_host_reset();
    memset(room, 0, sizeof(room));
    device = virtio_blk_init(room, &fake_block.device, "a disk", queue_count, modern,
                             &fake_virtio_host, fake_irq);
    blk = blk_of(device);
    CHECK(virtio_is_idle(device));
    fake_driver_start(device, features);
    for (u32 i = 0; i < queue_count; i++)
        fake_queue_open(&queues[i], device, i, QUEUE_SIZE);
}

#define FLUSHES VIRTIO_BLK_F_FLUSH

static void begin(void)
{
    fake_block_begin(ram_at);
    plug_in(1, false, FLUSHES);
}

/* A request of the driver's: its parts in RAM, header, data and status side by side. */
struct driver_request {
    gpa_t header, data, status;
    u32 size;
    u16 id;
};

static struct driver_request prepare_request(u32 type, u64 sector, u32 size)
{
    struct virtio_blk_header header = {type, 0, sector};
    struct driver_request request = {.size = size};

    request.header = fake_alloc(sizeof(header), 16);
    request.data = fake_alloc(size, 1);
    request.status = fake_alloc(1, 1);
    memcpy(fake_ram(request.header, sizeof(header)), &header, sizeof(header));
    *fake_ram(request.status, 1) = STATUS;
    return request;
}

static struct driver_request offer_on(u32 queue, u32 type, u64 sector, u32 size)
{
    struct driver_request request = prepare_request(type, sector, size);
    bool reads = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
    struct fake_buffer buffers[] = {
        {request.header, sizeof(struct virtio_blk_header), false},
        {request.data, size, reads},
        {request.status, 1, true},
    };

    if (!size)
        buffers[1] = buffers[2];
    request.id = fake_queue_add(&queues[queue], buffers, size ? 3 : 2);
    return request;
}

static struct driver_request offer(u32 type, u64 sector, u32 size)
{
    return offer_on(0, type, sector, size);
}

static u8 status_of(const struct driver_request *request)
{
    return *fake_ram(request->status, 1);
}

/* Serves until there is no more; how often that took. */
static u32 serve(void)
{
    u32 count = 1;

    for (; virtio_service(device); count++)
        CHECK(count < 10000);
    return count;
}

static void taken_on(u32 queue, u16 id, u32 written)
{
    u16 used_id;
    u32 used_written;

    CHECK(fake_queue_take(&queues[queue], &used_id, &used_written));
    CHECK_EQ(used_id, id);
    CHECK_EQ(used_written, written);
}

/* It was done, with that status. */
static void ended(const struct driver_request *request, u32 written, u8 status)
{
    taken_on(0, request->id, written);
    CHECK_EQ(status_of(request), status);
}

static bool nothing_used(void)
{
    u32 written;
    u16 id;

    return !fake_queue_take(&queues[0], &id, &written);
}

static void request_gives(u32 type, u64 sector, u32 size, u8 status)
{
    struct driver_request request = offer(type, sector, size);
    bool reads = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;

    serve();
    ended(&request, reads ? size + 1 : 1, status);
}

static void fill_data(const struct driver_request *request, u8 salt)
{
    u8 *data = fake_ram(request->data, request->size);

    for (u32 i = 0; i < request->size; i++)
        data[i] = (u8)(i * 3 + salt);
}

/* RAM has what a fresh disk has there. */
static void check_read(gpa_t data, u64 sector, u32 size)
{
    const u8 *bytes = fake_ram(data, size);

    for (u32 i = 0; i < size; i++)
        CHECK_EQ(bytes[i], fake_block_byte(sector * SECTOR_SIZE + i));
}

static void check_written(const u8 *disk, u64 sector, u32 size, u8 salt)
{
    for (u32 i = 0; i < size; i++)
        CHECK_EQ(disk[sector * SECTOR_SIZE + i], (u8)(i * 3 + salt));
    CHECK_EQ(disk[sector * SECTOR_SIZE - 1], fake_block_byte(sector * SECTOR_SIZE - 1));
    CHECK_EQ(disk[sector * SECTOR_SIZE + size], fake_block_byte(sector * SECTOR_SIZE + size));
}

TEST(reads_and_writes_on_every_kind_of_ring)
{
    static const struct {
        bool modern;
        u64 features;
    } kinds[] = {
        {false, 0},
        {false, VIRTIO_F_EVENT_IDX | FLUSHES},
        {true, VIRTIO_F_VERSION_1},
        {true, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | FLUSHES},
        {true, VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED | FLUSHES},
    };

    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct driver_request request;

        fake_block_begin(ram_at);
        plug_in(1, kinds[i].modern, kinds[i].features);
        request = offer(VIRTIO_BLK_T_IN, 5, 3 * SECTOR_SIZE);
        serve();
        ended(&request, 3 * SECTOR_SIZE + 1, VIRTIO_BLK_S_OK);
        check_read(request.data, 5, 3 * SECTOR_SIZE);
        request = offer(VIRTIO_BLK_T_OUT, 100, 8192);
        fill_data(&request, 9);
        serve();
        ended(&request, 1, VIRTIO_BLK_S_OK);
        check_written(fake_block.bytes, 100, 8192, 9);
        CHECK_EQ(fake_host.line, true);
    }
}

/* Header, data and status may be cut anywhere ("Message Framing"). */
TEST(reads_in_every_layout)
{
    for (u32 cut = 1; cut < SECTOR_SIZE + 1; cut++) {
        struct fake_buffer buffers[4];
        gpa_t whole;

        begin();
        whole = prepare_request(VIRTIO_BLK_T_IN, cut, SECTOR_SIZE).header;
        buffers[0] = (struct fake_buffer){whole, 1 + cut % 15, false};
        buffers[1] = (struct fake_buffer){whole + buffers[0].size, 16 - buffers[0].size, false};
        buffers[2] = (struct fake_buffer){whole + 16, cut, true};
        buffers[3] = (struct fake_buffer){whole + 16 + cut, SECTOR_SIZE + 1 - cut, true};
        fake_queue_add(&queues[0], buffers, 4);
        serve();
        taken_on(0, 0, SECTOR_SIZE + 1);
        check_read(whole + 16, cut, SECTOR_SIZE);
        CHECK_EQ(*fake_ram(whole + 16 + SECTOR_SIZE, 1), VIRTIO_BLK_S_OK);
    }
}

TEST(writes_in_every_layout)
{
    for (u32 cut = 1; cut < SECTOR_SIZE + 16; cut++) {
        struct driver_request request;
        struct fake_buffer buffers[3];

        begin();
        request = prepare_request(VIRTIO_BLK_T_OUT, 77, SECTOR_SIZE);
        fill_data(&request, (u8)cut);
        buffers[0] = (struct fake_buffer){request.header, cut, false};
        buffers[1] = (struct fake_buffer){request.header + cut, SECTOR_SIZE + 16 - cut, false};
        buffers[2] = (struct fake_buffer){request.status, 1, true};
        request.id = fake_queue_add(&queues[0], buffers, 3);
        serve();
        ended(&request, 1, VIRTIO_BLK_S_OK);
        check_written(fake_block.bytes, 77, SECTOR_SIZE, (u8)cut);
    }
}

/* Data in `count` buffers of `piece` bytes; as many as a ring has. */
static struct driver_request offer_pieces(u32 type, u64 sector, u32 count, u32 piece)
{
    struct driver_request request = prepare_request(type, sector, count * piece);
    struct fake_buffer buffers[QUEUE_SIZE];

    CHECK(count + 2 <= QUEUE_SIZE);
    buffers[0] = (struct fake_buffer){request.header, sizeof(struct virtio_blk_header), false};
    for (u32 i = 0; i < count; i++)
        buffers[i + 1] =
            (struct fake_buffer){request.data + i * piece, piece, type == VIRTIO_BLK_T_IN};
    buffers[count + 1] = (struct fake_buffer){request.status, 1, true};
    request.id = fake_queue_add(&queues[0], buffers, count + 2);
    return request;
}

/* Runs of RAM that are not side by side on the host. */
static void read_over_pages(u32 run, u32 size)
{
    struct driver_request request;

    fake_host.run = run;
    fake_alloc(123, 1);
    request = offer(VIRTIO_BLK_T_IN, 9, size);
    serve();
    ended(&request, size + 1, VIRTIO_BLK_S_OK);
    check_read(request.data, 9, size);
}

TEST(a_run_of_pages_is_one_request_with_segments)
{
    begin();
    read_over_pages(4096, 65536);
    CHECK_EQ(fake_block.count, 1);
    CHECK_EQ(fake_block.log[0].segments, 17);
}

TEST(buffers_side_by_side_are_one_segment)
{
    struct driver_request request;

    begin();
    fake_host.run = FAKE_RAM_SIZE;
    request = offer_pieces(VIRTIO_BLK_T_IN, 3, 4, SECTOR_SIZE);
    serve();
    ended(&request, 4 * SECTOR_SIZE + 1, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.count, 1);
    CHECK_EQ(fake_block.log[0].segments, 1);
}

TEST(more_segments_than_the_disk_takes_go_in_parts)
{
    begin();
    fake_block.device.max_segments = 4;
    read_over_pages(4096, 65536);
    CHECK(fake_block.count >= 5);
    for (u32 i = 0; i < fake_block.count; i++)
        CHECK(fake_block.log[i].segments <= 4);
}

TEST(more_sectors_than_the_disk_takes_go_in_parts)
{
    begin();
    fake_block.device.max_sectors = 8;
    read_over_pages(65536, 65536);
    CHECK_EQ(fake_block.count, 16);
}

TEST(more_segments_than_there_is_room_for_go_in_parts)
{
    begin();
    fake_block.device.max_segments = 1000;
    read_over_pages(512, 200 * 512);
    CHECK_EQ(fake_block.count, 3); /* BLK_SEGMENTS is 96, and the first one is cut */
}

/* With the smallest disk there may be, and sectors that no two segments hold. */
TEST(sectors_in_small_pieces_are_bounced)
{
    begin();
    fake_block.device.max_segments = 2;
    read_over_pages(256, 4096);
    CHECK_EQ(fake_block.count, 8);
    begin();
    fake_block.device.max_segments = 2;
    read_over_pages(8, 1024);
    CHECK_EQ(fake_block.count, 2);
    CHECK_EQ(fake_block.log[0].segments, 1);
}

TEST(a_chain_nearly_as_long_as_a_ring)
{
    static const u32 pieces[] = {64, 512, 1024};

    for (u32 i = 0; i < ARRAY_SIZE(pieces); i++) {
        u32 count = 248, size = count * pieces[i];
        struct driver_request request;

        begin();
        request = offer_pieces(VIRTIO_BLK_T_IN, 3, count, pieces[i]);
        serve();
        ended(&request, size + 1, VIRTIO_BLK_S_OK);
        check_read(request.data, 3, size);
        request = offer_pieces(VIRTIO_BLK_T_OUT, 3, count, pieces[i]);
        fill_data(&request, 1);
        serve();
        ended(&request, 1, VIRTIO_BLK_S_OK);
        check_written(fake_block.bytes, 3, size, 1);
    }
}

TEST(a_sector_in_128_buffers_of_four_bytes)
{
    struct driver_request request;

    begin();
    request = offer_pieces(VIRTIO_BLK_T_OUT, 3, 128, 4);
    fill_data(&request, 1);
    serve();
    ended(&request, 1, VIRTIO_BLK_S_OK);
    check_written(fake_block.bytes, 3, SECTOR_SIZE, 1);
    request = offer_pieces(VIRTIO_BLK_T_IN, 4, 128, 4);
    serve();
    ended(&request, SECTOR_SIZE + 1, VIRTIO_BLK_S_OK);
    check_read(request.data, 4, SECTOR_SIZE);
}

/* A chain that is too long to be kept elsewhere has the only room for one: others wait. */
TEST(after_a_very_long_chain_others_wait)
{
    struct driver_request large, next;

    begin();
    fake_block.keeps = true;
    large = offer_pieces(VIRTIO_BLK_T_IN, 0, 200, SECTOR_SIZE);
    next = offer(VIRTIO_BLK_T_IN, 999, SECTOR_SIZE);
    serve();
    while (fake_block.kept_count) {
        CHECK_EQ(fake_block.kept_count, 1);
        fake_block_do(0);
        serve();
    }
    ended(&large, 200 * SECTOR_SIZE + 1, VIRTIO_BLK_S_OK);
    check_read(large.data, 0, 200 * SECTOR_SIZE);
    ended(&next, SECTOR_SIZE + 1, VIRTIO_BLK_S_OK);
    check_read(next.data, 999, SECTOR_SIZE);
    CHECK_EQ(fake_block.log[fake_block.count - 1].sector, 999);
}

TEST(indirect_chains)
{
    struct driver_request request;
    struct fake_buffer buffers[3];

    fake_block_begin(ram_at);
    plug_in(1, false, VIRTIO_F_INDIRECT_DESC | FLUSHES);
    request = prepare_request(VIRTIO_BLK_T_IN, 8, 4096);
    buffers[0] = (struct fake_buffer){request.header, 16, false};
    buffers[1] = (struct fake_buffer){request.data, 4096, true};
    buffers[2] = (struct fake_buffer){request.status, 1, true};
    request.id = fake_queue_add_indirect(&queues[0], buffers, 3);
    serve();
    ended(&request, 4097, VIRTIO_BLK_S_OK);
    check_read(request.data, 8, 4096);
}

/* ---------------------------------------------------------------- durability */

/* "Device Operation": a driver that has not taken FLUSH has a write-through cache. */
TEST(without_flush_a_write_is_durable_when_it_is_done)
{
    struct driver_request request;

    fake_block_begin(ram_at);
    plug_in(1, false, 0);
    fake_block.keeps = true;
    request = offer(VIRTIO_BLK_T_OUT, 8, 4096);
    fill_data(&request, 5);
    serve();
    CHECK_EQ(fake_block.kept_count, 1);
    fake_block_do(0);
    serve();
    CHECK(nothing_used()); /* the flush is on its way */
    CHECK_EQ(status_of(&request), STATUS);
    CHECK_EQ(fake_block.kept_count, 1);
    CHECK_EQ(fake_block.log[1].op, BLOCK_FLUSH);
    fake_block_do(0);
    serve();
    ended(&request, 1, VIRTIO_BLK_S_OK);
    check_written(fake_block.durable, 8, 4096, 5);
    CHECK_EQ(fake_block.count, 2);
}

TEST(one_flush_after_the_last_part)
{
    fake_block_begin(ram_at);
    plug_in(1, false, 0);
    fake_block.device.max_sectors = 8;
    request_gives(VIRTIO_BLK_T_OUT, 8, 32 * SECTOR_SIZE, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.count, 5);
    CHECK_EQ(fake_block.log[4].op, BLOCK_FLUSH);
}

TEST(with_flush_only_a_flush_flushes)
{
    begin();
    request_gives(VIRTIO_BLK_T_OUT, 8, 4096, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.count, 1);
    CHECK(memcmp(fake_block.durable, fake_block.bytes, sizeof(fake_block.bytes)));
    request_gives(VIRTIO_BLK_T_FLUSH, 0, 0, VIRTIO_BLK_S_OK);
    CHECK(!memcmp(fake_block.durable, fake_block.bytes, sizeof(fake_block.bytes)));
    request_gives(5, 0, 0, VIRTIO_BLK_S_OK); /* VIRTIO_BLK_T_FLUSH_OUT of old drivers */
    CHECK_EQ(fake_block.count, 3);
    CHECK_EQ(fake_block.log[2].op, BLOCK_FLUSH);
}

TEST(a_disk_without_a_cache_is_not_flushed)
{
    fake_block_begin(ram_at);
    fake_block.device.volatile_cache = false;
    plug_in(1, false, 0);
    CHECK(device->offered & FLUSHES);
    request_gives(VIRTIO_BLK_T_OUT, 8, 512, VIRTIO_BLK_S_OK);
    request_gives(VIRTIO_BLK_T_FLUSH, 0, 0, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.count, 1);
}

TEST(a_flush_that_fails_is_told)
{
    begin();
    fake_block.fail_in = 0;
    request_gives(VIRTIO_BLK_T_FLUSH, 0, 0, VIRTIO_BLK_S_IOERR);
    fake_block_begin(ram_at);
    plug_in(1, false, 0);
    fake_block.fail_in = 1; /* the one after the write */
    request_gives(VIRTIO_BLK_T_OUT, 8, 512, VIRTIO_BLK_S_IOERR);
    CHECK_EQ(fake_block.count, 2);
}

TEST(write_zeroes_is_written_through_too)
{
    struct virtio_blk_range range = {16, 8, 0};
    struct driver_request request;

    fake_block_begin(ram_at);
    plug_in(1, false, VIRTIO_BLK_F_WRITE_ZEROES);
    request = offer(VIRTIO_BLK_T_WRITE_ZEROES, 0, sizeof(range));
    memcpy(fake_ram(request.data, sizeof(range)), &range, sizeof(range));
    serve();
    ended(&request, 1, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.count, 2);
    CHECK_EQ(fake_block.log[1].op, BLOCK_FLUSH);
}

/* ---------------------------------------------------------------- errors */

TEST(errors_of_the_disk)
{
    begin();
    fake_block.fail_in = 0;
    request_gives(VIRTIO_BLK_T_IN, 0, 512, VIRTIO_BLK_S_IOERR);
    fake_block.fail_in = 0;
    fake_block.failure = BLOCK_UNSUPPORTED;
    request_gives(VIRTIO_BLK_T_OUT, 0, 512, VIRTIO_BLK_S_UNSUPP);
    request_gives(VIRTIO_BLK_T_IN, 0, 512, VIRTIO_BLK_S_OK); /* the device goes on */
    CHECK_EQ(virtio_blk_counts(device)->errors, 2);
}

TEST(after_a_part_failed_no_more_is_done)
{
    begin();
    fake_block.device.max_sectors = 8;
    fake_block.fail_in = 1;
    request_gives(VIRTIO_BLK_T_OUT, 0, 40 * SECTOR_SIZE, VIRTIO_BLK_S_IOERR);
    CHECK_EQ(fake_block.count, 2);
}

TEST(sectors_past_the_end)
{
    static const struct {
        u64 sector;
        u32 size;
        u8 status;
    } ranges[] = {
        {FAKE_BLOCK_SECTORS - 1, 512, VIRTIO_BLK_S_OK},
        {FAKE_BLOCK_SECTORS - 1, 1024, VIRTIO_BLK_S_IOERR},
        {FAKE_BLOCK_SECTORS, 512, VIRTIO_BLK_S_IOERR},
        {~0ull, 512, VIRTIO_BLK_S_IOERR},
        {~0ull, 1024, VIRTIO_BLK_S_IOERR},
        {1ull << 55, 512, VIRTIO_BLK_S_IOERR}, /* times 512 is 0 */
        {1ull << 32, 512, VIRTIO_BLK_S_IOERR},
        {0, 511, VIRTIO_BLK_S_IOERR},
        {0, 513, VIRTIO_BLK_S_IOERR},
        {0, 1, VIRTIO_BLK_S_IOERR},
        {0, 0, VIRTIO_BLK_S_OK},
        {FAKE_BLOCK_SECTORS, 0, VIRTIO_BLK_S_OK},
        {FAKE_BLOCK_SECTORS + 1, 0, VIRTIO_BLK_S_IOERR},
    };

    for (u32 i = 0; i < ARRAY_SIZE(ranges); i++) {
        begin();
        request_gives(VIRTIO_BLK_T_IN, ranges[i].sector, ranges[i].size, ranges[i].status);
        request_gives(VIRTIO_BLK_T_OUT, ranges[i].sector, ranges[i].size, ranges[i].status);
        CHECK_EQ(fake_block.count, ranges[i].status == VIRTIO_BLK_S_OK && ranges[i].size ? 2 : 0);
    }
}

TEST(types_that_are_none)
{
    static const u32 types[] = {2, 3, 6, 7, 9, 10, 12, 14, 16, 26, 0x80000000, 0xffffffff};

    begin();
    for (u32 i = 0; i < ARRAY_SIZE(types); i++)
        request_gives(types[i], 0, 512, VIRTIO_BLK_S_UNSUPP);
    CHECK_EQ(fake_block.count, 0);
}

TEST(read_only)
{
    fake_block_begin(ram_at);
    fake_block.device.read_only = true;
    plug_in(1, false, VIRTIO_BLK_F_RO);
    CHECK(!(device->offered & (VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES)));
    request_gives(VIRTIO_BLK_T_OUT, 0, 512, VIRTIO_BLK_S_IOERR);
    request_gives(VIRTIO_BLK_T_DISCARD, 0, 16, VIRTIO_BLK_S_IOERR);
    request_gives(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, VIRTIO_BLK_S_IOERR);
    CHECK_EQ(fake_block.count, 0);
    request_gives(VIRTIO_BLK_T_IN, 0, 512, VIRTIO_BLK_S_OK);
    request_gives(VIRTIO_BLK_T_FLUSH, 0, 0, VIRTIO_BLK_S_OK);
}

TEST(the_id_of_the_disk)
{
    struct driver_request request;

    begin();
    request = offer(VIRTIO_BLK_T_GET_ID, 0, 20);
    serve();
    ended(&request, 21, VIRTIO_BLK_S_OK);
    CHECK(!memcmp(fake_ram(request.data, 20), "a disk\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
    request = offer(VIRTIO_BLK_T_GET_ID, 0, 3);
    serve();
    ended(&request, 4, VIRTIO_BLK_S_OK);
    CHECK(!memcmp(fake_ram(request.data, 3), "a d", 3));
    request = offer(VIRTIO_BLK_T_GET_ID, 0, 100);
    serve();
    ended(&request, 101, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_ram(request.data, 100)[20], 0xa5);
    request_gives(VIRTIO_BLK_T_GET_ID, 0, 0, VIRTIO_BLK_S_OK);
}

TEST(an_id_that_is_too_long_is_cut)
{
    struct driver_request request;

    begin();
    memset(room, 0, sizeof(room));
    device = virtio_blk_init(room, &fake_block.device, "0123456789abcdefghijkl", 1, false,
                             &fake_virtio_host, fake_irq);
    fake_driver_start(device, 0);
    fake_queue_open(&queues[0], device, 0, 8);
    request = offer(VIRTIO_BLK_T_GET_ID, 0, 20);
    serve();
    ended(&request, 21, VIRTIO_BLK_S_OK);
    CHECK(!memcmp(fake_ram(request.data, 20), "0123456789abcdefghij", 20));
}

/* ---------------------------------------------------------------- discard and write zeroes */

static void ranges_give(u32 type, const struct virtio_blk_range *ranges, u32 count, u8 status)
{
    u32 size = count * (u32)sizeof(*ranges);
    struct driver_request request = offer(type, 0, size);

    memcpy(fake_ram(request.data, size), ranges, size);
    serve();
    ended(&request, 1, status);
}

TEST(ranges_are_discarded_and_zeroed)
{
    static const struct virtio_blk_range ranges[] = {{10, 2, 0}, {FAKE_BLOCK_SECTORS - 1, 1, 0}};
    static const struct virtio_blk_range unmap = {100, 8, 1};

    begin();
    ranges_give(VIRTIO_BLK_T_DISCARD, ranges, 2, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.bytes[10 * 512], 0xdd);
    CHECK_EQ(fake_block.bytes[sizeof(fake_block.bytes) - 1], 0xdd);
    ranges_give(VIRTIO_BLK_T_WRITE_ZEROES, ranges, 2, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.bytes[12 * 512 - 1], 0);
    CHECK_EQ(fake_block.bytes[12 * 512], fake_block_byte(12 * 512));
    CHECK(!fake_block.log[3].unmap);
    ranges_give(VIRTIO_BLK_T_WRITE_ZEROES, &unmap, 1, VIRTIO_BLK_S_OK);
    CHECK(fake_block.log[4].unmap);
    CHECK_EQ(virtio_blk_counts(device)->others, 3);
}

/* The pieces end at multiples of what the disk does at once. */
TEST(long_ranges_go_in_pieces)
{
    static const struct virtio_blk_range ranges[] = {{13, 41, 0}, {16, 0, 0}, {64, 16, 0}};
    static const struct {
        u64 sector;
        u32 sectors;
    } pieces[] = {{13, 3}, {16, 16}, {32, 16}, {48, 6}, {16, 0}, {64, 16}};

    begin();
    fake_block.device.max_range = 16;
    ranges_give(VIRTIO_BLK_T_WRITE_ZEROES, ranges, 3, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.count, ARRAY_SIZE(pieces));
    for (u32 i = 0; i < ARRAY_SIZE(pieces); i++) {
        CHECK_EQ(fake_block.log[i].sector, pieces[i].sector);
        CHECK_EQ(fake_block.log[i].sectors, pieces[i].sectors);
    }
    CHECK_EQ(fake_block.bytes[13 * 512 - 1], fake_block_byte(13 * 512 - 1));
    CHECK_EQ(fake_block.bytes[13 * 512], 0);
    CHECK_EQ(fake_block.bytes[54 * 512 - 1], 0);
    CHECK_EQ(fake_block.bytes[54 * 512], fake_block_byte(54 * 512));
}

TEST(a_long_range_is_no_one_service)
{
    static const struct virtio_blk_range all = {0, FAKE_BLOCK_SECTORS, 0};
    struct driver_request request;

    begin();
    fake_block.device.max_range = 8;
    request = offer(VIRTIO_BLK_T_DISCARD, 0, sizeof(all));
    memcpy(fake_ram(request.data, sizeof(all)), &all, sizeof(all));
    CHECK(virtio_service(device));
    CHECK(fake_block.count < FAKE_BLOCK_SECTORS / 8);
    serve();
    CHECK_EQ(fake_block.count, FAKE_BLOCK_SECTORS / 8);
    ended(&request, 1, VIRTIO_BLK_S_OK);
}

TEST(ranges_that_are_wrong_change_nothing)
{
    static const struct {
        struct virtio_blk_range range;
        u8 discard, zeroes;
    } wrong[] = {
        {{0, 1, 1}, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_S_OK},
        {{0, 1, 2}, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_S_UNSUPP},
        {{0, 1, 0x80000001}, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_S_UNSUPP},
        {{FAKE_BLOCK_SECTORS, 1, 0}, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR},
        {{~0ull, 2, 0}, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR},
        {{0, ~0u, 0}, VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_IOERR},
    };

    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
        const struct virtio_blk_range both[] = {{1, 1, 0}, wrong[i].range};

        begin();
        ranges_give(VIRTIO_BLK_T_DISCARD, both, 2, wrong[i].discard);
        CHECK_EQ(fake_block.count, 0);
        ranges_give(VIRTIO_BLK_T_WRITE_ZEROES, both, 2, wrong[i].zeroes);
        CHECK_EQ(fake_block.count, wrong[i].zeroes == VIRTIO_BLK_S_OK ? 2 : 0);
    }
}

TEST(as_many_ranges_as_were_told_and_not_one_more)
{
    struct virtio_blk_range ranges[BLK_RANGES + 1];

    begin();
    for (u32 i = 0; i <= BLK_RANGES; i++)
        ranges[i] = (struct virtio_blk_range){i, 1, 0};
    ranges_give(VIRTIO_BLK_T_DISCARD, ranges, BLK_RANGES, VIRTIO_BLK_S_OK);
    CHECK_EQ(fake_block.count, BLK_RANGES);
    ranges_give(VIRTIO_BLK_T_DISCARD, ranges, BLK_RANGES + 1, VIRTIO_BLK_S_IOERR);
    CHECK_EQ(fake_block.count, BLK_RANGES);
    request_gives(VIRTIO_BLK_T_DISCARD, 0, 0, VIRTIO_BLK_S_OK);
    request_gives(VIRTIO_BLK_T_DISCARD, 0, 15, VIRTIO_BLK_S_IOERR);
}

TEST(what_the_disk_cannot_is_not_offered)
{
    fake_block_begin(ram_at);
    fake_block.device.discards = fake_block.device.writes_zeroes = false;
    plug_in(1, false, 0);
    CHECK(!(device->offered & (VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES)));
    CHECK_EQ(blk->config.max_discard_seg, 0);
    request_gives(VIRTIO_BLK_T_DISCARD, 0, 16, VIRTIO_BLK_S_UNSUPP);
    request_gives(VIRTIO_BLK_T_WRITE_ZEROES, 0, 16, VIRTIO_BLK_S_UNSUPP);
}

/* ---------------------------------------------------------------- chains that break it */

static void breaks(const struct fake_buffer *buffers, u32 count)
{
    fake_queue_add(&queues[0], buffers, count);
    CHECK(!virtio_service(device));
    CHECK(device->status & VIRTIO_NEEDS_RESET);
    CHECK(nothing_used());
    CHECK_EQ(fake_block.count, 0);
    CHECK(virtio_is_idle(device));
    CHECK(!virtio_service(device));
}

TEST(chains_without_header_or_status_break_the_device)
{
    gpa_t gpa;

    begin();
    gpa = prepare_request(VIRTIO_BLK_T_IN, 0, 512).header;
    breaks((struct fake_buffer[]){{gpa, 15, false}, {gpa + 16, 513, true}}, 2);
    begin();
    gpa = prepare_request(VIRTIO_BLK_T_OUT, 0, 512).header;
    breaks((struct fake_buffer[]){{gpa, 16, false}, {gpa + 16, 512, false}}, 2);
    begin();
    breaks((struct fake_buffer[]){{gpa, 513, true}}, 1);
}

TEST(buffers_that_are_not_ram_break_the_device)
{
    const gpa_t end = FAKE_RAM_BASE + FAKE_RAM_SIZE;
    gpa_t gpa;

    begin();
    gpa = prepare_request(VIRTIO_BLK_T_IN, 0, 512).header;
    breaks((struct fake_buffer[]){{gpa, 16, false}, {end - 256, 512, true}, {gpa + 528, 1, true}},
           3);
    begin();
    prepare_request(VIRTIO_BLK_T_IN, 0, 512);
    breaks((struct fake_buffer[]){{0x1000, 16, false}, {gpa + 16, 513, true}}, 2);
    begin();
    prepare_request(VIRTIO_BLK_T_GET_ID, 0, 512);
    breaks((struct fake_buffer[]){{gpa, 16, false}, {0x1000, 21, true}}, 2);
}

TEST(a_status_that_is_not_ram_breaks_the_device)
{
    gpa_t gpa;

    begin();
    gpa = prepare_request(VIRTIO_BLK_T_FLUSH, 0, 0).header;
    fake_queue_add(&queues[0], (struct fake_buffer[]){{gpa, 16, false}, {16, 1, true}}, 2);
    CHECK(!virtio_service(device));
    CHECK(device->status & VIRTIO_NEEDS_RESET);
    CHECK(nothing_used());
}

/* The guest's RAM cannot be backed any more, between the parts of a request. */
TEST(ram_that_goes_away)
{
    begin();
    fake_block.device.max_segments = 2;
    fake_block.keeps = true;
    fake_host.run = 256;
    offer(VIRTIO_BLK_T_IN, 0, 4096);
    serve();
    fake_host.gone = true;
    fake_block_do(0);
    serve();
    CHECK(device->status & VIRTIO_NEEDS_RESET);
    CHECK(virtio_is_idle(device));
    virtio_reset(device);
    CHECK(has_room(blk));
}

TEST(others_of_a_broken_device_end_without_a_trace)
{
    struct driver_request request;

    begin();
    fake_block.keeps = true;
    request = offer(VIRTIO_BLK_T_IN, 0, 512);
    serve();
    fake_queue_add(&queues[0], (struct fake_buffer[]){{request.header, 1, true}}, 1);
    serve();
    CHECK(device->status & VIRTIO_NEEDS_RESET);
    CHECK(!virtio_is_idle(device));
    fake_block_do(0);
    serve();
    CHECK(virtio_is_idle(device));
    CHECK_EQ(status_of(&request), STATUS);
    CHECK(nothing_used());
}

/* ---------------------------------------------------------------- many at a time */

TEST(requests_are_under_way_together_and_end_in_any_order)
{
    struct driver_request requests[3];

    begin();
    fake_block.keeps = true;
    for (u32 i = 0; i < 3; i++)
        requests[i] = offer(VIRTIO_BLK_T_IN, 10 * i, 512);
    serve();
    CHECK_EQ(fake_block.kept_count, 3);
    CHECK(!virtio_is_idle(device));
    CHECK_EQ(fake_host.wakes, 0);
    fake_block_do(2);
    fake_block_do(0);
    CHECK_EQ(fake_host.wakes, 2);
    CHECK(nothing_used()); /* `done` only notes */
    serve();
    ended(&requests[2], 513, VIRTIO_BLK_S_OK);
    ended(&requests[0], 513, VIRTIO_BLK_S_OK);
    fake_block_do(0);
    serve();
    ended(&requests[1], 513, VIRTIO_BLK_S_OK);
    CHECK(virtio_is_idle(device));
}

TEST(a_batch_is_one_interrupt_and_no_wake)
{
    begin();
    for (u32 i = 0; i < 8; i++)
        offer(VIRTIO_BLK_T_IN, i, 512);
    serve();
    CHECK_EQ(fake_host.rises, 1);
    CHECK_EQ(fake_host.wakes, 0);
    for (u16 i = 0; i < 8; i++)
        taken_on(0, (u16)(2 * i + i), 513);
}

static void line_that_ends_a_request(void *controller, u32 source, bool level)
{
    (void)controller, (void)source;
    if (level && fake_block.kept_count)
        fake_block_do(0);
}

/* When the service has looked for the last time, but has not ended yet. */
TEST(a_request_that_is_done_while_the_driver_is_interrupted)
{
    struct driver_request first, second;

    begin();
    device->irq.set = line_that_ends_a_request;
    fake_block.keeps = true;
    first = offer(VIRTIO_BLK_T_IN, 0, 512);
    second = offer(VIRTIO_BLK_T_IN, 1, 512);
    CHECK(!virtio_service(device));
    fake_block_do(0);
    CHECK(virtio_service(device)); /* there is more, for nobody wakes it */
    CHECK_EQ(fake_host.wakes, 1);
    ended(&first, 513, VIRTIO_BLK_S_OK);
    serve();
    ended(&second, 513, VIRTIO_BLK_S_OK);
}

TEST(more_than_there_is_room_for_wait)
{
    u32 done = 0, written;
    u16 id;

    begin();
    fake_block.keeps = true;
    for (u32 i = 0; i < 40; i++)
        offer(VIRTIO_BLK_T_IN, i, 512);
    serve();
    CHECK_EQ(fake_block.kept_count, BLK_REQUESTS);
    for (u32 i = 0; i < 40; i++) {
        CHECK(fake_block.kept_count);
        fake_block_do(0);
        serve();
        for (; fake_queue_take(&queues[0], &id, &written); done++)
            CHECK_EQ(written, 513);
    }
    CHECK_EQ(done, 40);
    CHECK_EQ(virtio_blk_counts(device)->reads, 40);
}

TEST(a_service_is_a_bounded_piece)
{
    begin();
    for (u32 i = 0; i < 8; i++)
        offer(VIRTIO_BLK_T_IN, 0, 32768);
    CHECK(virtio_service(device));
    CHECK(fake_block.count <= 3);
    CHECK(serve() > 2);
    CHECK_EQ(fake_block.count, 8);
    begin();
    for (u32 i = 0; i < 80; i++)
        offer(VIRTIO_BLK_T_FLUSH, 0, 0);
    CHECK(virtio_service(device));
    CHECK(fake_block.count <= 64);
}

TEST(long_chains_are_few_in_a_service)
{
    struct driver_request request;
    struct fake_buffer buffers[242];

    fake_block_begin(ram_at);
    plug_in(1, false, VIRTIO_F_INDIRECT_DESC | FLUSHES);
    request = prepare_request(VIRTIO_BLK_T_FLUSH, 0, 1);
    for (u32 i = 1; i <= 240; i++)
        buffers[i] = (struct fake_buffer){request.data, 1, false};
    buffers[0] = (struct fake_buffer){request.header, sizeof(struct virtio_blk_header), false};
    buffers[241] = (struct fake_buffer){request.status, 1, true};
    for (u32 i = 0; i < 20; i++)
        fake_queue_add_indirect(&queues[0], buffers, ARRAY_SIZE(buffers));
    CHECK(virtio_service(device));
    CHECK(fake_block.count && fake_block.count <= 8);
    serve();
    CHECK_EQ(fake_block.count, 20);
}

TEST(queues_have_their_turn)
{
    static const u64 expected[] = {100, 200, 101, 201, 102};

    fake_block_begin(ram_at);
    plug_in(2, true, VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_MQ | FLUSHES);
    CHECK_EQ(blk->config.num_queues, 2);
    fake_block.keeps = true;
    for (u32 i = 0; i < 3; i++)
        offer_on(0, VIRTIO_BLK_T_IN, 100 + i, 512);
    for (u32 i = 0; i < 2; i++)
        offer_on(1, VIRTIO_BLK_T_IN, 200 + i, 512);
    serve();
    for (u32 i = 0; i < 5; i++)
        CHECK_EQ(fake_block.log[i].sector, expected[i]);
    while (fake_block.kept_count)
        fake_block_do(0);
    serve();
    taken_on(0, 0, 513);
    taken_on(1, 0, 513);
    taken_on(1, 3, 513);
}

/* ---------------------------------------------------------------- resets */

TEST(requests_under_way_at_a_reset_end_without_a_trace)
{
    struct driver_request request;

    begin();
    fake_block.keeps = true;
    request = offer(VIRTIO_BLK_T_OUT, 8, 512);
    offer(VIRTIO_BLK_T_IN, 9, 512);
    serve();
    fake_block_do(1); /* done, but not looked at yet */
    virtio_reset(device);
    CHECK(!virtio_is_idle(device));
    fake_host.wakes = 0;
    fake_block_do(0);
    CHECK_EQ(fake_host.wakes, 1); /* for who waits until it is idle */
    CHECK(virtio_is_idle(device));
    CHECK_EQ(status_of(&request), STATUS);

    fake_driver_start(device, FLUSHES);
    fake_queue_open(&queues[0], device, 0, QUEUE_SIZE);
    serve();
    CHECK(nothing_used());
    for (u32 i = 0; i < BLK_REQUESTS; i++)
        offer(VIRTIO_BLK_T_IN, i, 512);
    serve();
    CHECK_EQ(fake_block.kept_count, BLK_REQUESTS); /* all room is there again */
}

TEST(no_part_of_a_request_is_begun_after_a_reset)
{
    fake_block_begin(ram_at);
    plug_in(1, false, 0);
    fake_block.device.max_sectors = 8;
    fake_block.keeps = true;
    offer(VIRTIO_BLK_T_OUT, 8, 32 * SECTOR_SIZE);
    serve();
    virtio_reset(device);
    fake_driver_start(device, 0);
    fake_block_do(0);
    serve();
    CHECK_EQ(fake_block.count, 1);
    CHECK(virtio_is_idle(device));
}

TEST(a_reset_while_a_very_long_chain_is_under_way)
{
    struct driver_request request;

    begin();
    fake_block.keeps = true;
    offer_pieces(VIRTIO_BLK_T_IN, 0, 200, SECTOR_SIZE);
    serve();
    virtio_reset(device);
    fake_block_do(0);
    fake_driver_start(device, FLUSHES);
    fake_queue_open(&queues[0], device, 0, QUEUE_SIZE);
    fake_block.keeps = false;
    request = offer(VIRTIO_BLK_T_IN, 1, 512);
    serve();
    ended(&request, 513, VIRTIO_BLK_S_OK);
}

/* ---------------------------------------------------------------- what the driver is told */

TEST(the_configuration_space)
{
    fake_block_begin(ram_at);
    fake_block.device.sectors = 0x500000001ull;
    plug_in(4, true, VIRTIO_F_VERSION_1);
    CHECK_EQ(device->ops->id, 2);
    CHECK_EQ(device->ops->config_size, 60);
    CHECK_EQ(device->ops->config_read(device, 0, 4), 1);
    CHECK_EQ(device->ops->config_read(device, 4, 4), 5);
    CHECK_EQ(device->ops->config_read(device, 12, 4), BLK_BUFFERS); /* seg_max */
    CHECK_EQ(device->ops->config_read(device, 20, 4), 512);         /* blk_size */
    CHECK_EQ(device->ops->config_read(device, 34, 2), 4);           /* num_queues */
    CHECK_EQ(device->ops->config_read(device, 36, 4), VIRTIO_BLK_RANGE_MAX);
    CHECK_EQ(device->ops->config_read(device, 40, 4), BLK_RANGES);
    CHECK_EQ(device->ops->config_read(device, 56, 1), 1); /* write_zeroes_may_unmap */
    CHECK(!device->ops->config_write);
}

TEST(counters)
{
    const struct virtio_blk_counts *counts;

    begin();
    counts = virtio_blk_counts(device);
    request_gives(VIRTIO_BLK_T_IN, 0, 1024, VIRTIO_BLK_S_OK);
    request_gives(VIRTIO_BLK_T_OUT, 0, 512, VIRTIO_BLK_S_OK);
    request_gives(VIRTIO_BLK_T_FLUSH, 0, 0, VIRTIO_BLK_S_OK);
    request_gives(VIRTIO_BLK_T_GET_ID, 0, 20, VIRTIO_BLK_S_OK);
    request_gives(99, 0, 0, VIRTIO_BLK_S_UNSUPP);
    CHECK_EQ(counts->reads, 1);
    CHECK_EQ(counts->bytes_read, 1024);
    CHECK_EQ(counts->writes, 1);
    CHECK_EQ(counts->bytes_written, 512);
    CHECK_EQ(counts->flushes, 1);
    CHECK_EQ(counts->others, 1);
    CHECK_EQ(counts->errors, 1);
}

UNIT_MAIN("virtio_blk")
