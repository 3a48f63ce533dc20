/*
 * A disk that is an image in memory: the image is never written; a page of it that a guest writes
 * is copied first. Pages that are all zeros, because they were discarded or zeroed, take none.
 */
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/core/string.h"
#include "hyp/drv/disk_parts.h"

#define LEAF_ENTRIES (PAGE_SIZE / sizeof(u32))
#define FORGET_PAGES 64 /* in a step */

/* What has become of a page: the number of the one that has it now, or one of these. */
enum { AS_IMAGE = 0 };
#define ALL_ZERO (~0u)

/* Two levels, a page each: entry i of leaf l is of page l * LEAF_ENTRIES + i. */
struct image_writes {
    u32 *leaves[PAGE_SIZE / sizeof(u32 *)];
};

/* Where it is noted what became of the page at byte `at`. NULL: it is as in the image, and, if
 * `make`, there is no memory to note anything else. */
static u32 *find_entry(struct disk *disk, u64 at, bool make)
{
    u32 page = (u32)(at >> PAGE_SHIFT);
    u32 leaf = page / LEAF_ENTRIES;

    if (!disk->writes && make)
        disk->writes = page_alloc_ptr(0);
    if (!disk->writes || leaf >= ARRAY_SIZE(disk->writes->leaves))
        return NULL;
    if (!disk->writes->leaves[leaf] && make)
        disk->writes->leaves[leaf] = page_alloc_ptr(0);
    if (!disk->writes->leaves[leaf])
        return NULL;
    return &disk->writes->leaves[leaf][page % LEAF_ENTRIES];
}

static bool has_page(u32 entry)
{
    return entry != AS_IMAGE && entry != ALL_ZERO;
}

static hpa_t page_of(u32 entry)
{
    return (hpa_t)entry << PAGE_SHIFT;
}

/* Copies within RAM, of which a hart sees only one page at a time that is not directly mapped. */
static void copy_ram(hpa_t to, hpa_t from, u32 size)
{
    u8 piece[256];

    if (phys_is_direct(from, size)) {
        phys_write(to, phys_ptr(from), size);
        return;
    }
    for (u32 count; size; size -= count, to += count, from += count) {
        count = size < sizeof(piece) ? size : (u32)sizeof(piece);
        phys_read(from, piece, count);
        phys_write(to, piece, count);
    }
}

/* Copies from the image, which ends in zeros. */
static void copy_image(const struct disk *disk, u64 at, hpa_t to, u32 size)
{
    u64 has = at < disk->image_size ? disk->image_size - at : 0;
    u32 count = has < size ? (u32)has : size;

    phys_write(to, disk->image + at, count);
    phys_fill(to + count, 0, size - count);
}

/* Of all these, [at, at + size) lies in one page. */
static void read_some(struct disk *disk, u64 at, hpa_t to, u32 size)
{
    const u32 *entry = find_entry(disk, at, false);

    if (!entry || *entry == AS_IMAGE)
        copy_image(disk, at, to, size);
    else if (*entry == ALL_ZERO)
        phys_fill(to, 0, size);
    else
        copy_ram(to, page_of(*entry) + (at & (PAGE_SIZE - 1)), size);
}

/* The address of byte `at` to write at, in a page with what it had before unless all of that is
 * `replaced`; PAGE_NONE: no memory. */
static hpa_t own_page(struct disk *disk, u64 at, bool replaced)
{
    u32 *entry = find_entry(disk, at, true);
    hpa_t page;

    if (!entry)
        return PAGE_NONE;
    if (!has_page(*entry)) {
        page = page_alloc(0, ZONE_ANY);
        if (page == PAGE_NONE)
            return PAGE_NONE;
        if (!replaced)
            read_some(disk, ALIGN_DOWN(at, PAGE_SIZE), page, PAGE_SIZE);
        *entry = (u32)(page >> PAGE_SHIFT);
        disk->written_pages++;
    }
    return page_of(*entry) + (at & (PAGE_SIZE - 1));
}

static bool write_some(struct disk *disk, u64 at, hpa_t from, u32 size)
{
    hpa_t to = own_page(disk, at, size == PAGE_SIZE);

    if (to == PAGE_NONE)
        return false;
    copy_ram(to, from, size);
    return true;
}

static void drop_page(struct disk *disk, u32 *entry)
{
    if (!has_page(*entry))
        return;
    page_free(page_of(*entry), 0);
    disk->written_pages--;
}

/* A part of a page: zeroed, or, of a discard, left as it is. */
static bool clear_part(struct disk *disk, u64 at, u32 size, bool zero)
{
    hpa_t to;

    if (!zero)
        return true;
    to = own_page(disk, at, false);
    if (to == PAGE_NONE)
        return false;
    phys_fill(to, 0, size);
    return true;
}

static bool clear_some(struct disk *disk, u64 at, u32 size, bool zero)
{
    u32 *entry;

    if (size != PAGE_SIZE)
        return clear_part(disk, at, size, zero);
    entry = find_entry(disk, at, true);
    if (!entry)
        return !zero;
    drop_page(disk, entry);
    *entry = ALL_ZERO;
    return true;
}

/* How much of `size` bytes from `at` on is in one page. */
static u32 in_page(u64 at, u32 size)
{
    u32 room = PAGE_SIZE - ((u32)at & (PAGE_SIZE - 1));

    return size < room ? size : room;
}

static bool transfer(struct disk *disk, const struct block_request *request)
{
    u64 at = request->sector << SECTOR_SHIFT;

    for (u32 i = 0; i < request->segment_count; i++) {
        struct segment left = request->segments[i];

        for (u32 count; left.size; left.size -= count, left.address += count, at += count) {
            count = in_page(at, left.size);
            if (request->op == BLOCK_READ)
                read_some(disk, at, left.address, count);
            else if (!write_some(disk, at, left.address, count))
                return false;
        }
    }
    return true;
}

static bool clear(struct disk *disk, const struct block_request *request)
{
    u64 at = request->sector << SECTOR_SHIFT;
    u64 end = at + ((u64)request->sectors << SECTOR_SHIFT);

    for (u32 count; at < end; at += count) {
        count = in_page(at, end - at < PAGE_SIZE ? (u32)(end - at) : PAGE_SIZE);
        if (!clear_some(disk, at, count, request->op == BLOCK_WRITE_ZEROES))
            return false;
    }
    return true;
}

static bool carry_out(struct disk *disk, const struct block_request *request)
{
    switch (request->op) {
    case BLOCK_READ:
    case BLOCK_WRITE:
        return transfer(disk, request);
    case BLOCK_DISCARD:
    case BLOCK_WRITE_ZEROES:
        return clear(disk, request);
    default: /* a flush: the VM's memory is as durable as this disk gets */
        return true;
    }
}

void disk_image_submit(struct block_device *device, struct block_request *request)
{
    struct disk *disk = container_of(device, struct disk, device);

    if (!disk_permits(device, request))
        return;
    request->result = carry_out(disk, request) ? BLOCK_OK : BLOCK_IO_ERROR;
    request->done(request);
}

/* Drops some pages of a leaf, and with the last of them the leaf. */
static void forget_some(struct disk *disk, u32 index)
{
    struct image_writes *writes = disk->writes;
    u32 left = FORGET_PAGES;

    for (u32 i = 0; i < LEAF_ENTRIES; i++) {
        if (!writes->leaves[index][i])
            continue;
        if (!left--)
            return;
        drop_page(disk, &writes->leaves[index][i]);
        writes->leaves[index][i] = AS_IMAGE;
    }
    page_free_ptr(writes->leaves[index], 0);
    writes->leaves[index] = NULL;
}

bool disk_forget_step(struct disk *disk)
{
    struct image_writes *writes = disk->writes;

    if (!writes)
        return true;
    for (u32 i = 0; i < ARRAY_SIZE(writes->leaves); i++)
        if (writes->leaves[i]) {
            forget_some(disk, i);
            return false;
        }
    page_free_ptr(writes, 0);
    disk->writes = NULL;
    return true;
}
