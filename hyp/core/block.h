/*
 * A disk, as whoever reads and writes it sees it, whatever stands behind: a disk of the host, a
 * part of one, or memory. Requests are asynchronous: who submits one has it back when `done` is
 * called. Nothing here knows guests: addresses are host physical, and were checked.
 */
#ifndef CORE_BLOCK_H
#define CORE_BLOCK_H

#include "arch/types.h"

#define SECTOR_SHIFT 9
#define SECTOR_SIZE  512u /* bytes; the unit of all that counts sectors */

/* A run of RAM. Adjacent pages need not be: a request has a list of them. */
struct segment {
    hpa_t address;
    u32 size; /* bytes */
};

enum block_op {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH, /* all writes that were done before it was submitted are durable when it is done */
    BLOCK_DISCARD,
    BLOCK_WRITE_ZEROES,
};

enum block_result {
    BLOCK_OK,
    BLOCK_IO_ERROR,    /* it failed, wholly or in part: what was to be read or written is unknown */
    BLOCK_UNSUPPORTED, /* this disk does not do that */
};

struct block_request {
    enum block_op op;
    bool unmap; /* of BLOCK_WRITE_ZEROES: the sectors may be given up */
    u64 sector; /* the first; the disk's own to change until done     */
    u32 sectors;
    const struct segment *segments; /* of reads and writes: RAM, `sectors` * SECTOR_SIZE bytes */
    u32 segment_count;
    /* Called once, on any hart, perhaps from within block_submit, with no lock held that its owner
     * knows of. It may submit again, also this request. */
    void (*done)(struct block_request *request);
    enum block_result result;   /* valid in done                                    */
    struct block_request *next; /* the disk's until done is called, the owner's then */
};

struct block_device {
    void (*submit)(struct block_device *device, struct block_request *request);
    u64 sectors;
    u32 max_segments; /* of a request: at least 2                                    */
    u32 max_sectors;  /* of a request that has segments; multiples of 8              */
    u32 max_range;    /* of a discard, or of zeroes; a power of two; 0: any number   */
    bool read_only;
    bool volatile_cache; /* and BLOCK_FLUSH; else a write that is done is durable    */
    bool discards, writes_zeroes;
};

/* Is [sector, sector + sectors) within a disk? */
static inline bool block_has(const struct block_device *device, u64 sector, u64 sectors)
{
    return sector <= device->sectors && sectors <= device->sectors - sector;
}

/*
 * Starts a request. It lies within the disk, keeps the limits above, and is one that the disk does
 * (writes to a read-only one, and what it does not do, come back with BLOCK_UNSUPPORTED). Any hart;
 * with no lock held that is taken in `done`.
 */
static inline void block_submit(struct block_device *device, struct block_request *request)
{
    device->submit(device, request);
}

#endif
