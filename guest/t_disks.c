/*
 * Says what disks the machine has and what is on them: of each its size, its rights, its name and
 * the first words of its first and of its last sector. With `write=N` it then writes sectors full
 * of N at the beginning and at the end of each, and reads them back; with `fill` it writes the
 * first disk from the beginning on until that fails. With `stay=1` it does not power off.
 * tests/run_disks.sh looks at what came of it.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/test.h"
#include "guest/lib/virtio_blk.h"

#define WORDS      (SECTOR_SIZE / 4)
#define QUEUE_SIZE 8
#define FILL_SIZE  sizeof(data)

static struct virtio disk;
static struct virtq queue;
static u32 data[16 * WORDS] __attribute__((aligned(PAGE_SIZE)));

static bool open_disk(u32 nth)
{
    struct virtq_way way = {0};

    if (!virtio_find(VIRTIO_BLOCK, nth, &disk))
        return false;
    if (!virtio_begin(&disk, BLK_F_RO | BLK_F_FLUSH, way) ||
        !virtio_set_queue(&disk, 0, &queue, QUEUE_SIZE)) {
        test_fail("disk %u cannot be used", nth);
        return false;
    }
    virtio_go(&disk);
    return true;
}

static u64 capacity(void)
{
    return virtio_config64(&disk, BLK_CAPACITY);
}

static enum blk_status transfer(enum blk_type type, u64 sector)
{
    return blk_simple(&disk, &queue, type, sector, data, SECTOR_SIZE);
}

/* The first word of a sector. */
static u32 word_of(u64 sector)
{
    enum blk_status status;

    data[0] = 0xeeeeeeee;
    status = transfer(BLK_IN, sector);
    if (status != BLK_OK)
        test_fail("sector %u cannot be read: status %d", (u32)sector, status);
    return data[0];
}

static void show(u32 nth)
{
    char name[BLK_ID_SIZE + 1] = "";
    u32 first = word_of(0), last = word_of(capacity() - 1);

    CHECK_EQ(blk_simple(&disk, &queue, BLK_GET_ID, 0, name, BLK_ID_SIZE), BLK_OK);
    printf("disk %u, %s: %u sectors, %s, %x to %x\n", nth, name, (u32)capacity(),
           disk.offered & BLK_F_RO ? "ro" : "rw", first, last);
}

static void fill(u32 word)
{
    for (u32 i = 0; i < WORDS; i++)
        data[i] = word;
}

/* A sector that comes back as it was written; of a disk that is read-only, stays as it was. */
static void write_sector(u64 sector, u32 word)
{
    bool read_only = disk.offered & BLK_F_RO;
    u32 before = word_of(sector);

    fill(word);
    CHECK_EQ(transfer(BLK_OUT, sector), read_only ? BLK_IOERR : BLK_OK);
    CHECK_EQ(word_of(sector), read_only ? before : word);
}

static void write_ends(u32 nth, u32 word)
{
    write_sector(0, word);
    write_sector(capacity() - 1, word);
    CHECK_EQ(transfer(BLK_OUT, capacity()), BLK_IOERR);
    CHECK_EQ(transfer(BLK_IN, capacity()), BLK_IOERR);
    CHECK_EQ(blk_simple(&disk, &queue, BLK_FLUSH, 0, NULL, 0), BLK_OK);
    printf("disk %u: %s\n", nth, disk.offered & BLK_F_RO ? "not written" : "written");
}

/* What was written before the disk took no more is there. */
static void fill_disk(void)
{
    u64 step = FILL_SIZE / SECTOR_SIZE, sector = 0;
    enum blk_status status = BLK_OK;

    fill(0xf111);
    for (; status == BLK_OK && sector + step <= capacity(); sector += step)
        status = blk_simple(&disk, &queue, BLK_OUT, sector, data, FILL_SIZE);
    printf("disk 0: filled to sector %u, status %d\n", (u32)sector, status);
    CHECK_EQ(word_of(0), 0xf111);
    CHECK_EQ(word_of(sector - 2 * step), 0xf111);
}

static void disks(void)
{
    u32 word = fdt_bootarg_number("write", 0);

    for (u32 nth = 0; open_disk(nth); nth++) {
        show(nth);
        if (word)
            write_ends(nth, word);
        if (!nth && fdt_bootarg_number("fill", 0))
            fill_disk();
    }
}

int main(void)
{
    static const struct test_case cases[] = {CASE(disks)};
    int result = test_run("t_disks", cases, ARRAY_SIZE(cases));

    if (fdt_bootarg_number("stay", 0)) {
        printf("t_disks: stays\n");
        for (;;)
            wait_for_interrupt();
    }
    return result;
}
