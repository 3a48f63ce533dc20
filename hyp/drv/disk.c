/* Disks of VMs: opened when a VM is made, and who has what. */
#include "hyp/drv/disk.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/disk_parts.h"
#include "hyp/drv/disks.h"

/* Of an image, at once: what a request may keep its caller busy with. */
#define IMAGE_SEGMENTS 128
#define IMAGE_SECTORS  128

static struct disk *open_disks;

const struct disk *disk_first(void)
{
    return open_disks;
}

static void begin_open(struct disk *disk, const char *owner, const char *source)
{
    *disk = (struct disk){.owner = owner};
    format_text(disk->name, sizeof(disk->name), "%s", source);
}

static bool has_in_common(const struct disk *a, const struct disk *b)
{
    return a->under && a->under == b->under && a->first < b->first + b->device.sectors &&
           b->first < a->first + a->device.sectors;
}

/* The open disk that `disk` cannot be beside; NULL: none. */
static const struct disk *find_rival(const struct disk *disk)
{
    for (const struct disk *other = open_disks; other; other = other->next)
        if (has_in_common(disk, other) && !(disk->device.read_only && other->device.read_only))
            return other;
    return NULL;
}

static bool claim(struct disk *disk, const char *place)
{
    const struct disk *rival = find_rival(disk);

    if (rival)
        return complain(place,
                        "\"%s\" has sectors that \"%s\" of VM \"%s\" has too; they can be shared "
                        "only if both are read-only (,ro)",
                        disk->name, rival->name, rival->owner);
    disk->next = open_disks;
    open_disks = disk;
    return true;
}

static bool no_disk(const char *place, u32 number)
{
    u32 count = disks_count();

    if (number < count)
        return complain(place, "virtio%u cannot be used: %s", number, disks_describe(number));
    if (!count)
        return complain(place, "there is no virtio%u: the machine has no disk", number);
    return complain(place, "there is no virtio%u: the machine has %u disk%s, from virtio0 up",
                    number, count, count == 1 ? "" : "s");
}

/* Where on the host's disk it is. */
static bool find_place(struct disk *disk, const char *place, const struct disk_source *source,
                       u64 *sectors)
{
    struct block_device *under = disk->under;

    if (source->kind == SOURCE_PARTITION)
        return disk_find_partition(place, under, source, &disk->first, sectors);
    *sectors = source->kind == SOURCE_RANGE ? source->sectors : under->sectors;
    disk->first = source->first;
    if (!block_has(under, disk->first, *sectors))
        return complain(place, "\"%s\" reaches past the end of virtio%u, which has %llu sectors",
                        disk->name, source->disk, under->sectors);
    return true;
}

bool disk_open(struct disk *disk, const char *place, const char *owner, const char *source)
{
    struct disk_source parsed;
    u64 sectors;

    begin_open(disk, owner, source);
    if (!disk_source_parse(place, source, &parsed))
        return false;
    if (parsed.kind == SOURCE_IMAGE)
        return complain(place, "\"%s\" is not in the description", source);
    disk->under = disks_find(parsed.disk);
    if (!disk->under)
        return no_disk(place, parsed.disk);
    if (!find_place(disk, place, &parsed, &sectors))
        return false;
    disk->device = *disk->under;
    disk->device.submit = disk_range_submit;
    disk->device.sectors = sectors;
    disk->device.read_only |= parsed.read_only;
    return claim(disk, place);
}

bool disk_open_image(struct disk *disk, const char *place, const char *owner, const char *source,
                     const u8 *data, u32 size)
{
    struct disk_source parsed;

    begin_open(disk, owner, source);
    if (!disk_source_parse(place, source, &parsed))
        return false;
    if (!size)
        return complain(place, "the image \"%s\" is empty", source);
    disk->image = data;
    disk->image_size = size;
    disk->device = (struct block_device){
        .submit = disk_image_submit,
        .sectors = ((u64)size + SECTOR_SIZE - 1) >> SECTOR_SHIFT,
        .max_segments = IMAGE_SEGMENTS,
        .max_sectors = IMAGE_SECTORS,
        .max_range = IMAGE_SECTORS,
        .read_only = parsed.read_only,
        .discards = !parsed.read_only,
        .writes_zeroes = !parsed.read_only,
    };
    return claim(disk, place);
}

void disk_close(struct disk *disk)
{
    while (!disk_forget_step(disk))
        ;
    for (struct disk **link = &open_disks; *link; link = &(*link)->next) {
        if (*link != disk)
            continue;
        *link = disk->next;
        return;
    }
}
