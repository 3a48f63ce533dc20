/*
 * Disks of VMs: what a description may say, who may have what beside whom, requests that go on to
 * the host's disk, and images whose writes stay in memory.
 */
#include "tests/unit/unit.h"
#include "tests/unit/fake_console.h"
#include "tests/unit/fake_physmem.h"
#include "hyp/core/pages.h"
#include "hyp/drv/disk.c"
#include "hyp/drv/disk_image.c"
#include "hyp/drv/disk_partition.c"
#include "hyp/drv/disk_range.c"
#include "hyp/drv/disk_source.c"
#include "tests/unit/fake_partitions.h"

#define LOW  0x80000000ull
#define HIGH 0x240000000ull
#define SIZE MIB(1) /* of each */

/* ---------------------------------------------------------------- the host's parts */

static struct {
    bool used[2][SIZE / PAGE_SIZE];
    u32 in_use, limit;
} pool;

static void give_pages(u32 limit)
{
    memset(&pool, 0, sizeof(pool));
    pool.limit = limit;
    fake_ram_reset();
    fake_ram_add(LOW, SIZE, true, FAKE_BACKED);
    fake_ram_add(HIGH, SIZE, false, FAKE_BACKED);
}

static hpa_t alloc_from(u32 zone, hpa_t start, u32 from)
{
    for (u32 i = from; i < SIZE / PAGE_SIZE; i++)
        if (!pool.used[zone][i]) {
            pool.used[zone][i] = true;
            pool.in_use++;
            phys_fill(start + i * PAGE_SIZE, PAGE_POISON, PAGE_SIZE);
            return start + i * PAGE_SIZE;
        }
    return PAGE_NONE;
}

/* Every other page of a guest's is not directly mapped. */
hpa_t page_alloc(u32 order, enum page_zone zone)
{
    static bool high;

    CHECK_EQ(order, 0);
    if (pool.in_use == pool.limit)
        return PAGE_NONE;
    high = !high;
    return zone == ZONE_ANY && high ? alloc_from(1, HIGH, 0) : alloc_from(0, LOW, 16);
}

void page_free(hpa_t block, u32 order)
{
    u32 zone = block >= HIGH, page = (u32)((block - (zone ? HIGH : LOW)) / PAGE_SIZE);

    CHECK_EQ(order, 0);
    CHECK(pool.used[zone][page]);
    pool.used[zone][page] = false;
    pool.in_use--;
}

void *page_alloc_ptr(u32 order)
{
    hpa_t page = page_alloc(order, ZONE_DIRECT);

    if (page == PAGE_NONE)
        return NULL;
    phys_fill(page, 0, PAGE_SIZE);
    return phys_ptr(page);
}

void page_free_ptr(void *block, u32 order)
{
    page_free(phys_of(block), order);
}

static struct {
    struct block_device device;
    struct block_request last; /* as it came */
    u32 count;
} host_disks[2];

static void host_submit(struct block_device *device, struct block_request *request)
{
    u32 number = device == &host_disks[1].device;

    CHECK(device == &host_disks[number].device);
    host_disks[number].last = *request;
    host_disks[number].count++;
    request->result = BLOCK_OK;
    request->done(request);
}

static u32 disk_count = 2;
static bool unreadable, handed_on;

u32 disks_count(void)
{
    return disk_count;
}

struct block_device *disks_find(u32 number)
{
    return number < disk_count && !(handed_on && number == 1) ? &host_disks[number].device : NULL;
}

const char *disks_describe(u32 number)
{
    CHECK_EQ(number, 1);
    return "handed on";
}

/* Of the disks, number 0 is the one that has the sectors of fake_partitions.h. */
bool disks_read(struct block_device *device, u64 sector, u32 sectors, void *to)
{
    CHECK(device == &host_disks[0].device);
    CHECK(sectors && sector + sectors <= device->sectors);
    phys_of(to);
    if (!unreadable)
        memcpy(to, fake_disk.bytes[sector], sectors * SECTOR_SIZE);
    return !unreadable;
}

/* ---------------------------------------------------------------- descriptions */

static struct disk disks[4];

static void begin(void)
{
    open_disks = NULL;
    unreadable = handed_on = false;
    disk_count = 2;
    give_pages(400);
    memset(disks, 0xa5, sizeof(disks));
    memset(host_disks, 0, sizeof(host_disks));
    for (u32 i = 0; i < 2; i++)
        host_disks[i].device = (struct block_device){
            .submit = host_submit,
            .sectors = i ? 1000 : FAKE_SECTORS,
            .max_segments = 30,
            .max_sectors = 256,
            .volatile_cache = true,
            .discards = true,
        };
    fake_disk_begin();
    fake_gpt_entry(0, 40, 99, "boot");
    fake_gpt_entry(1, 100, 299, "root");
    fake_gpt_entry(2, 300, 5000, "long");
    fake_gpt_entry(3, 400, 499, "two");
    fake_gpt_entry(4, 500, 599, "two");
    fake_gpt_seal();
    console_forget();
}

static bool open(u32 slot, const char *owner, const char *source)
{
    return disk_open(&disks[slot], "here", owner, source);
}

/* Refused, with that in the sentence; nothing is kept. */
static void refused(const char *source, const char *why)
{
    console_forget();
    CHECK(!open(3, "vm", source));
    if (!strstr(fake_console.text, why) || strncmp(fake_console.text, "Twofold: here: ", 15))
        UNIT_FAIL("\"%s\" was refused with: %s", source, fake_console.text);
    CHECK(console_line_ended());
    CHECK_EQ(pool.in_use, 0);
    CHECK(open_disks != &disks[3]);
}

static void opens_at(const char *source, u32 disk, u64 first, u64 sectors)
{
    begin();
    CHECK(open(0, "vm", source));
    CHECK(disks[0].under == &host_disks[disk].device);
    CHECK_EQ(disks[0].first, first);
    CHECK_EQ(disks[0].device.sectors, sectors);
    CHECK(!disks[0].device.read_only);
    CHECK_EQ(disks[0].device.max_segments, 30);
    CHECK_EQ(disks[0].device.max_sectors, 256);
    CHECK(disks[0].device.volatile_cache && disks[0].device.discards);
    CHECK(!disks[0].device.writes_zeroes);
    CHECK_STR(disks[0].name, source);
    CHECK_STR(disks[0].owner, "vm");
    CHECK(disk_first() == &disks[0]);
    CHECK_EQ(fake_console.size, 0);
    CHECK_EQ(pool.in_use, 0);
    disk_close(&disks[0]);
    CHECK(!disk_first());
}

static void forget_writes(struct disk *disk)
{
    while (!disk_forget_step(disk))
        ;
}

TEST(every_kind_of_source)
{
    opens_at("virtio0", 0, 0, FAKE_SECTORS);
    opens_at("virtio1", 1, 0, 1000);
    opens_at("virtio0:1", 0, 40, 60);
    opens_at("virtio0:root", 0, 100, 200);
    opens_at("virtio0:5", 0, 500, 100);
    opens_at("virtio0@0+1", 0, 0, 1);
    opens_at("virtio0@2047+1", 0, 2047, 1);
    opens_at("virtio1@100+900", 1, 100, 900);
    opens_at("virtio0@1K+3K", 0, 2, 6);
    opens_at("virtio0@512K+512K", 0, 1024, 1024);
    opens_at("virtio0@0M+1M", 0, 0, 2048);
    opens_at("virtio0@0G+7", 0, 0, 7);
}

TEST(read_only_sources)
{
    begin();
    CHECK(open(0, "vm", "virtio0,ro"));
    CHECK(disks[0].device.read_only);
    CHECK(open(1, "vm", "virtio0:root,ro"));
    CHECK(disks[1].device.read_only);
    CHECK_EQ(disks[1].first, 100);
    CHECK(open(2, "vm", "virtio1@7+8,ro"));
    CHECK(disks[2].device.read_only);
    begin();
    host_disks[1].device.read_only = true;
    CHECK(open(0, "vm", "virtio1"));
    CHECK(disks[0].device.read_only);
}

TEST(sources_that_are_none)
{
    static const char *const wrong[] = {
        "",
        ",ro",
        "virtio",
        "virtio,ro",
        "virtio0 ",
        " virtio0",
        "Virtio0",
        "virtiox",
        "virtio0,rw",
        "virtio0,ro,ro",
        "virtio0:",
        "virtio0:,ro",
        "virtio0:0",
        "virtio0@",
        "virtio0@1",
        "virtio0@1+",
        "virtio0@1+0",
        "virtio0@+1",
        "virtio0@1-2",
        "virtio0@1+2x",
        "virtio0@1T+2",
        "virtio0@1KK+2",
        "virtio0@0x10+2",
        "virtio1000",
        "virtio4294967296",
        "disk0",
        "vda",
        "virtio0/1",
        "virtio0@99999999999999999999+1",
        "virtio0@1+18446744073709551617",
        "virtio0@1+17179869185G",
        "virtio0@1+9007199254740993G",
        "/images/root,rw",
        ("virtio0:a label of more than 108 bytes, which is what 36 units of UTF-16 come to at "
         "most, "
         "and then some more bytes of text"),
    };

    begin();
    for (u32 i = 0; i < ARRAY_SIZE(wrong); i++)
        refused(wrong[i], "is no disk; expected virtio0, ");
}

TEST(a_host_disk_that_is_not_there)
{
    begin();
    refused("virtio2", "there is no virtio2: the machine has 2 disks, from virtio0 up");
    refused("virtio999:1", "there is no virtio999");
    handed_on = true;
    refused("virtio1,ro", "virtio1 cannot be used: handed on");
    disk_count = 1;
    handed_on = false;
    refused("virtio1", "the machine has 1 disk, from");
    disk_count = 0;
    refused("virtio0", "there is no virtio0: the machine has no disk\n");
}

TEST(ranges_past_the_end)
{
    begin();
    refused("virtio0@2048+1", "\"virtio0@2048+1\" reaches past the end of virtio0, which has 2048");
    refused("virtio0@2047+2", "reaches past the end");
    refused("virtio0@0+2049", "reaches past the end");
    refused("virtio0@18014398509481984+1", "reaches past the end");
    refused("virtio0@1+18014398509481984", "reaches past the end");
    refused("virtio0@8388608G+8388608G", "reaches past the end");
}

TEST(partitions_that_cannot_be_had)
{
    begin();
    refused("virtio0:6", "virtio0 has no partition 6");
    refused("virtio0:home", "virtio0 has no partition with the label \"home\"");
    refused("virtio0:two", "several partitions with the label \"two\"");
    refused("virtio0:3", "partition 3 of virtio0 reaches past the end of the disk");
    unreadable = true;
    refused("virtio0:1", "virtio0 cannot be read");
    unreadable = false;
    fake_disk.bytes[1][0] ^= 1;
    fake_disk.bytes[FAKE_SECTORS - 1][0] ^= 1;
    refused("virtio0:1", "virtio0 has a GPT of which both copies are damaged");
    memset(fake_disk.bytes[0], 0, 512);
    refused("virtio0:1", "virtio0 has no partition table (GPT or MBR)");
    fake_mbr_entry(0, 0, 0x05, 64, 100);
    refused("virtio0:1", "partition 1 of virtio0 is an extended one");
    refused("virtio0:root", "virtio0 has an MBR, whose partitions have no labels");
    give_pages(0);
    refused("virtio0:1", "no memory to read the partition table of virtio0");
}

TEST(a_gpt_that_is_read_from_its_copy_is_told)
{
    begin();
    fake_disk.bytes[1][0] ^= 1;
    CHECK(open(0, "vm", "virtio0:root"));
    CHECK_EQ(disks[0].first, 100);
    CHECK(strstr(fake_console.text, "virtio0: the first GPT is damaged, the copy at the end is"));
}

/* ---------------------------------------------------------------- who has what */

TEST(what_two_vms_cannot_have)
{
    static const char *const pairs[][2] = {
        {"virtio0", "virtio0"},           {"virtio0", "virtio0:1"},
        {"virtio0:2", "virtio0"},         {"virtio0:1", "virtio0:boot"},
        {"virtio0@0+41", "virtio0:1"},    {"virtio0@99+1", "virtio0:1"},
        {"virtio0:1", "virtio0@2+39"},    {"virtio0@5+1", "virtio0@5+1"},
        {"virtio0,ro", "virtio0"},        {"virtio0", "virtio0:1,ro"},
        {"virtio0:1,ro", "virtio0@0+1M"},
    };

    for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
        begin();
        CHECK(open(0, "web", pairs[i][0]));
        refused(pairs[i][1], "of VM \"web\" has too");
        CHECK(strstr(fake_console.text, pairs[i][0]));
        CHECK(strstr(fake_console.text, pairs[i][1]));
        CHECK(disk_first() == &disks[0]);
        disk_close(&disks[0]); /* and when that is gone, it can be had */
        CHECK(open(1, "db", pairs[i][1]));
    }
}

TEST(what_two_vms_can_have)
{
    static const char *const pairs[][2] = {
        {"virtio0", "virtio1"},         {"virtio0:1", "virtio0:2"},
        {"virtio0@0+40", "virtio0:1"},  {"virtio0:1", "virtio0@100+1"},
        {"virtio0,ro", "virtio0,ro"},   {"virtio0,ro", "virtio0:1,ro"},
        {"virtio0@1+1", "virtio1@1+1"},
    };

    for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
        begin();
        CHECK(open(0, "web", pairs[i][0]));
        CHECK(open(1, "db", pairs[i][1]));
        CHECK(disk_first() == &disks[1] && disk_first()->next == &disks[0]);
    }
}

TEST(one_vm_cannot_have_the_same_twice)
{
    begin();
    CHECK(open(0, "web", "virtio0:1"));
    CHECK(!open(1, "web", "virtio0@50+1"));
    disk_close(&disks[1]); /* one that was refused */
    CHECK(disk_first() == &disks[0]);
}

TEST(any_of_several_can_be_closed)
{
    for (u32 closed = 0; closed < 3; closed++) {
        begin();
        CHECK(open(0, "a", "virtio0:1") && open(1, "b", "virtio0:2") && open(2, "c", "virtio1"));
        disk_close(&disks[closed]);
        CHECK(open(3, "d", disks[closed].name));
    }
}

/* ---------------------------------------------------------------- requests */

static u32 done_count;

static void count_done(struct block_request *request)
{
    (void)request;
    done_count++;
}

static struct block_request request;
static struct segment segments[64];

/* Of what is set in `request`; its result. */
static enum block_result result_of(struct disk *disk)
{
    u32 before = done_count;

    request.done = count_done;
    block_submit(&disk->device, &request);
    CHECK_EQ(done_count, before + 1);
    return request.result;
}

static enum block_result simple(struct disk *disk, enum block_op op, u64 sector, u32 sectors)
{
    request = (struct block_request){.op = op, .sector = sector, .sectors = sectors};
    return result_of(disk);
}

TEST(requests_go_on_to_the_place_on_the_host)
{
    begin();
    CHECK(open(0, "vm", "virtio0:root"));
    CHECK_EQ(simple(&disks[0], BLOCK_READ, 0, 200), BLOCK_OK);
    CHECK_EQ(host_disks[0].last.sector, 100);
    CHECK_EQ(host_disks[0].last.sectors, 200);
    CHECK_EQ(simple(&disks[0], BLOCK_WRITE, 199, 1), BLOCK_OK);
    CHECK_EQ(host_disks[0].last.op, BLOCK_WRITE);
    CHECK_EQ(host_disks[0].last.sector, 299);
    CHECK_EQ(simple(&disks[0], BLOCK_DISCARD, 1, 2), BLOCK_OK);
    CHECK_EQ(host_disks[0].last.sector, 101);
    CHECK_EQ(simple(&disks[0], BLOCK_FLUSH, 0, 0), BLOCK_OK);
    CHECK_EQ(host_disks[0].count, 4);
    CHECK_EQ(host_disks[1].count, 0);
}

/* Nobody asks for these: they are refused here all the same. */
TEST(requests_that_would_leave_the_place)
{
    begin();
    CHECK(open(0, "vm", "virtio0:root"));
    CHECK_EQ(simple(&disks[0], BLOCK_READ, 200, 1), BLOCK_IO_ERROR);
    CHECK_EQ(simple(&disks[0], BLOCK_WRITE, 199, 2), BLOCK_IO_ERROR);
    CHECK_EQ(simple(&disks[0], BLOCK_WRITE, ~0ull, 1), BLOCK_IO_ERROR);
    CHECK_EQ(simple(&disks[0], BLOCK_DISCARD, ~0ull - 99, 100), BLOCK_IO_ERROR);
    CHECK_EQ(simple(&disks[0], BLOCK_WRITE_ZEROES, 0, 1), BLOCK_UNSUPPORTED);
    CHECK_EQ(host_disks[0].count, 0);
}

TEST(read_only_disks_are_not_written)
{
    begin();
    CHECK(open(0, "vm", "virtio0,ro"));
    CHECK_EQ(simple(&disks[0], BLOCK_WRITE, 0, 1), BLOCK_UNSUPPORTED);
    CHECK_EQ(simple(&disks[0], BLOCK_DISCARD, 0, 1), BLOCK_UNSUPPORTED);
    CHECK_EQ(host_disks[0].count, 0);
    CHECK_EQ(simple(&disks[0], BLOCK_READ, 0, 1), BLOCK_OK);
    CHECK_EQ(simple(&disks[0], BLOCK_FLUSH, 0, 0), BLOCK_OK);
}

/* ---------------------------------------------------------------- images */

#define IMAGE_SIZE (5 * PAGE_SIZE + 1000) /* the last sector is not whole */
#define IMAGE_ALL  (5 * PAGE_SIZE + 1024)

static u8 image[IMAGE_SIZE], model[IMAGE_ALL];

static bool open_image(u32 slot, const char *source)
{
    return disk_open_image(&disks[slot], "here", "vm", source, image, sizeof(image));
}

static void begin_image(void)
{
    begin();
    for (u32 i = 0; i < sizeof(image); i++)
        image[i] = (u8)(i * 5 + i / 512);
    memset(model, 0, sizeof(model));
    memcpy(model, image, sizeof(image));
    CHECK(open_image(0, "/images/root"));
}

/* A transfer through RAM at `at`, in pieces of `piece` bytes that are `step` apart. */
static enum block_result transfer_at(struct disk *disk, enum block_op op, u64 sector, u32 sectors,
                                     hpa_t at, u32 piece, u32 step)
{
    u32 count = 0;

    for (u32 left = sectors * SECTOR_SIZE, size; left; left -= size, at += step) {
        size = left < piece ? left : piece;
        segments[count++] = (struct segment){at, size};
    }
    request = (struct block_request){.op = op,
                                     .sector = sector,
                                     .sectors = sectors,
                                     .segments = segments,
                                     .segment_count = count};
    return result_of(disk);
}

static enum block_result transfer_all(struct disk *disk, enum block_op op, u64 sector, u32 sectors)
{
    return transfer_at(disk, op, sector, sectors, LOW, sectors * SECTOR_SIZE, 0);
}

static void fill_ram(hpa_t at, u32 size, u8 salt)
{
    for (u32 i = 0; i < size; i++)
        *fake_bytes(at + i, 1) = (u8)(i * 11 + salt);
}

static void image_is_as_the_model(struct disk *disk)
{
    CHECK_EQ(transfer_all(disk, BLOCK_READ, 0, IMAGE_ALL / SECTOR_SIZE), BLOCK_OK);
    CHECK(!memcmp(fake_bytes(LOW, IMAGE_ALL), model, IMAGE_ALL));
}

TEST(an_image_as_it_is)
{
    begin_image();
    CHECK_EQ(disks[0].device.sectors, IMAGE_ALL / SECTOR_SIZE);
    CHECK(!disks[0].device.volatile_cache && !disks[0].device.read_only);
    image_is_as_the_model(&disks[0]);
    CHECK_EQ(pool.in_use, 0);
    CHECK(!open(1, "vm", "/images/root"));
    CHECK(strstr(fake_console.text, "not in the description"));
    CHECK(!disk_open_image(&disks[1], "here", "vm", "/images/none", image, 0));
    CHECK(strstr(fake_console.text, "the image \"/images/none\" is empty"));
}

TEST(what_is_written_is_read_and_the_image_stays)
{
    u8 before[IMAGE_SIZE];

    begin_image();
    memcpy(before, image, sizeof(image));
    fill_ram(LOW, 3 * SECTOR_SIZE, 9);
    memcpy(model + 7 * SECTOR_SIZE, fake_bytes(LOW, 1), 3 * SECTOR_SIZE);
    CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, 7, 3), BLOCK_OK);
    image_is_as_the_model(&disks[0]);
    CHECK_EQ(disks[0].written_pages, 2);
    CHECK(!memcmp(before, image, sizeof(image)));
    fill_ram(LOW, 1024, 7); /* the end, which is not in the image */
    memcpy(model + IMAGE_ALL - 1024, fake_bytes(LOW, 1), 1024);
    CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, IMAGE_ALL / 512 - 2, 2), BLOCK_OK);
    image_is_as_the_model(&disks[0]);
    forget_writes(&disks[0]);
    CHECK_EQ(disks[0].written_pages, 0);
    CHECK_EQ(pool.in_use, 0);
    memset(model, 0, sizeof(model));
    memcpy(model, image, sizeof(image));
    image_is_as_the_model(&disks[0]);
}

TEST(two_of_the_same_image_see_their_own_writes)
{
    begin_image();
    CHECK(open_image(1, "/images/root"));
    fill_ram(LOW, 512, 9);
    CHECK_EQ(transfer_all(&disks[1], BLOCK_WRITE, 0, 1), BLOCK_OK);
    image_is_as_the_model(&disks[0]);
    disk_close(&disks[1]);
    CHECK_EQ(pool.in_use, 0);
}

TEST(a_read_only_image)
{
    begin_image();
    CHECK(open_image(1, "/images/root,ro"));
    CHECK(disks[1].device.read_only);
    CHECK_EQ(transfer_all(&disks[1], BLOCK_WRITE, 0, 1), BLOCK_UNSUPPORTED);
    CHECK_EQ(simple(&disks[1], BLOCK_WRITE_ZEROES, 0, 1), BLOCK_UNSUPPORTED);
    image_is_as_the_model(&disks[1]);
}

TEST(zeroed_pages_take_no_memory)
{
    begin_image();
    CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, 8, 8), BLOCK_OK);
    CHECK_EQ(disks[0].written_pages, 1);
    CHECK_EQ(simple(&disks[0], BLOCK_WRITE_ZEROES, 8, 16), BLOCK_OK);
    memset(model + 8 * 512, 0, 16 * 512);
    image_is_as_the_model(&disks[0]);
    CHECK_EQ(disks[0].written_pages, 0);
    CHECK_EQ(pool.in_use, 2);                                         /* where it is noted */
    CHECK_EQ(simple(&disks[0], BLOCK_WRITE_ZEROES, 31, 2), BLOCK_OK); /* parts of pages */
    memset(model + 31 * 512, 0, 1024);
    image_is_as_the_model(&disks[0]);
    CHECK_EQ(disks[0].written_pages, 2);
}

TEST(a_zeroed_page_that_is_written_has_zeros_around)
{
    begin_image();
    CHECK_EQ(simple(&disks[0], BLOCK_WRITE_ZEROES, 0, 8), BLOCK_OK);
    fill_ram(LOW, 512, 1);
    CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, 3, 1), BLOCK_OK);
    memset(model, 0, PAGE_SIZE);
    memcpy(model + 3 * 512, fake_bytes(LOW, 1), 512);
    image_is_as_the_model(&disks[0]);
}

TEST(a_discard_gives_memory_back)
{
    begin_image();
    fill_ram(LOW, 16 * 512, 1);
    CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, 0, 16), BLOCK_OK);
    memcpy(model, fake_bytes(LOW, 1), 16 * 512);
    CHECK_EQ(simple(&disks[0], BLOCK_DISCARD, 1, 15), BLOCK_OK);
    memset(model + PAGE_SIZE, 0, PAGE_SIZE); /* the whole page; the part of one stays */
    image_is_as_the_model(&disks[0]);
    CHECK_EQ(disks[0].written_pages, 1);
}

TEST(without_memory_a_write_fails_and_reads_go_on)
{
    begin_image();
    for (u32 limit = 0; limit <= 3; limit++) {
        begin_image();
        pool.limit = limit;
        CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, 0, 16),
                 limit < 4 ? BLOCK_IO_ERROR : BLOCK_OK);
        CHECK_EQ(simple(&disks[0], BLOCK_WRITE_ZEROES, 17, 1), BLOCK_IO_ERROR);
        if (limit < 3)
            image_is_as_the_model(&disks[0]);
        CHECK_EQ(simple(&disks[0], BLOCK_DISCARD, 0, 16), BLOCK_OK);
        forget_writes(&disks[0]);
        CHECK_EQ(pool.in_use, 0);
    }
}

TEST(many_writes_are_forgotten_in_steps)
{
    static u8 large[100 * PAGE_SIZE];
    u32 steps = 1;

    begin();
    CHECK(disk_open_image(&disks[0], "here", "vm", "/images/large", large, sizeof(large)));
    for (u32 page = 0; page < 100; page++)
        CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, page * 8, 8), BLOCK_OK);
    CHECK_EQ(disks[0].written_pages, 100);
    for (u32 before = 100; !disk_forget_step(&disks[0]); steps++) {
        CHECK(before - disks[0].written_pages <= 64);
        before = disks[0].written_pages;
    }
    CHECK(steps >= 3);
    CHECK_EQ(disks[0].written_pages, 0);
    CHECK_EQ(pool.in_use, 0);
}

TEST(a_page_that_was_written_needs_no_more_memory)
{
    begin_image();
    CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, 0, 8), BLOCK_OK);
    pool.limit = pool.in_use;
    fill_ram(LOW, 512, 3);
    memcpy(model, fake_bytes(LOW, 4096), 4096);
    CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, 0, 8), BLOCK_OK);
    CHECK_EQ(transfer_all(&disks[0], BLOCK_WRITE, 8, 1), BLOCK_IO_ERROR);
    image_is_as_the_model(&disks[0]);
}

/* Against the model, with RAM that is directly mapped and RAM that is not, in all kinds of pieces.
 */
TEST(anything_in_any_order)
{
    static const u32 pieces[] = {512, 4096, 1000, 4095, 100000, 777};

    begin_image();
    srand(1);
    for (u32 round = 0; round < 3000; round++) {
        u32 sector = (u32)rand() % (IMAGE_ALL / 512), room = IMAGE_ALL / 512 - sector;
        u32 sectors = 1 + (u32)rand() % room, size = sectors * 512, kind = (u32)rand() % 8;
        hpa_t at = (rand() % 2 ? LOW : HIGH + 0x80000) + (u32)rand() % 5000;
        u32 piece = pieces[(u32)rand() % ARRAY_SIZE(pieces)];

        if (kind < 4) {
            fill_ram(at, size, (u8)round);
            memcpy(model + sector * 512, fake_bytes(at, size), size);
            CHECK_EQ(transfer_at(&disks[0], BLOCK_WRITE, sector, sectors, at, piece, piece),
                     BLOCK_OK);
        } else if (kind < 7) {
            CHECK_EQ(transfer_at(&disks[0], BLOCK_READ, sector, sectors, at, piece, piece),
                     BLOCK_OK);
            CHECK(!memcmp(fake_bytes(at, size), model + sector * 512, size));
        } else {
            CHECK_EQ(simple(&disks[0], BLOCK_WRITE_ZEROES, sector, sectors), BLOCK_OK);
            memset(model + sector * 512, 0, size);
        }
    }
    image_is_as_the_model(&disks[0]);
    disk_close(&disks[0]);
    CHECK_EQ(pool.in_use, 0);
}

UNIT_MAIN("disk")
