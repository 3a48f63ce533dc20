/*
 * A disk of a VM: what its description names, with the rights and limits that go with it.
 *
 *   virtio0            a whole disk of the host
 *   virtio0:2          a partition (GPT or MBR), by number
 *   virtio0:root       a partition by its label (GPT)
 *   virtio0@2048+4096  a range: first sector and count of 512 bytes, or sizes with K, M or G
 *   /images/root       an image inside the description: copy on write, the writes are kept in
 *                      memory
 *
 * and after each ",ro": read-only.
 */
#ifndef DRV_DISK_H
#define DRV_DISK_H

#include "hyp/core/block.h"

#define DISK_NAME_MAX 48

struct image_writes;

/* Private to disk*.c, except for who tells a person of disks. At most 512 bytes. */
struct disk {
    struct block_device device; /* what the VM's virtio device submits to */
    char name[DISK_NAME_MAX];   /* as the description has it, cut         */
    const char *owner;          /* the VM's name, which stays             */
    struct disk *next;          /* of all that are open                   */
    struct block_device *under; /* the host's disk; NULL: an image        */
    u64 first;                  /* sector of `under`                      */
    const u8 *image;
    u32 image_size;              /* bytes                                       */
    struct image_writes *writes; /* an image's pages that were written; NULL: none */
    u32 written_pages;
};

/*
 * Opens what `source` names, for the VM `owner`. Refused, and told with `place` before it: a source
 * that is none, a disk or a partition that is not there, sectors past its end, and sectors that
 * another VM has (or this one twice) unless both only read. What is open stays so: a VM has its
 * disks for ever. At boot, or the monitor.
 */
bool disk_open(struct disk *disk, const char *place, const char *owner, const char *source);

/*
 * The same for an image of `size` bytes at `data`, directly mapped; a size that is no multiple of a
 * sector is filled up with zeros. Several may have the same image: each sees its own writes alone.
 * Its requests come one at a time, as those of a device do (virtio.h), and are done at once.
 */
bool disk_open_image(struct disk *disk, const char *place, const char *owner, const char *source,
                     const u8 *data, u32 size);

/* Gives back what disk_open has, for a VM that could not be made. */
void disk_close(struct disk *disk);

/* Forgets what was written to an image, 256 KiB at a time: the VM is off. Nothing of it is under
 * way. True: done. */
bool disk_forget_step(struct disk *disk);

/* All that are open, the last one first: what has `next`. At boot, or the monitor. */
const struct disk *disk_first(void);

#endif
