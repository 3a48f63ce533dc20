/*
 * The partitions of a disk: GPT (UEFI specification, "GUID Partition Table (GPT) Disk Layout"), its
 * copy at the disk's end where the first is damaged, and MBR with its extended partitions. Tables
 * are hostile: a guest that has a whole disk writes what it likes. Pure: sectors come from the
 * caller.
 */
#ifndef DRV_PARTITION_H
#define DRV_PARTITION_H

#include "arch/types.h"

#define PARTITION_LABEL_MAX 108 /* bytes of a label in UTF-8: 36 UTF-16 units of at most 3 */

struct partition_disk {
    /* Returns the 512 bytes of a sector, which stay until the next call; NULL: it failed. */
    const u8 *(*sector)(void *ctx, u64 sector);
    void *ctx;
    u64 sectors;
};

struct partition {
    u32 number; /* from 1, as Linux counts: a GPT's entry; an MBR's, logical ones from 5 */
    u64 first, sectors;
    bool extended;                       /* of an MBR: it only holds the logical ones       */
    bool outside;                        /* it is not within the disk: do not use it        */
    char label[PARTITION_LABEL_MAX + 1]; /* in UTF-8; "" if it has none, as an MBR's */
};

enum partition_table {
    PARTITION_GPT,
    PARTITION_GPT_COPY, /* the first one is damaged                   */
    PARTITION_MBR,
    PARTITION_NONE,       /* no table that we know                      */
    PARTITION_DAMAGED,    /* there should be a GPT; neither copy is one */
    PARTITION_UNREADABLE, /* the disk does not give its sectors         */
};

/* Is given the partitions one by one, and reads no sectors; false: no more of them. */
typedef bool partition_visit(void *ctx, const struct partition *partition);

/* Visits all partitions in the order of the table; returns what that is. UNREADABLE may come after
 * some were visited. */
enum partition_table partition_each(const struct partition_disk *disk, partition_visit *visit,
                                    void *ctx);

enum partition_result {
    PARTITION_FOUND,
    PARTITION_ABSENT,    /* no partition of that number or label       */
    PARTITION_AMBIGUOUS, /* several have that label                    */
    PARTITION_USELESS,   /* outside the disk, or extended: *found tells */
    PARTITION_NO_TABLE,  /* *table tells what there is instead         */
};

/* The partition of that number, or of that label (number 0). Fills in *found unless it is absent,
 * and *table in any case. */
enum partition_result partition_find(const struct partition_disk *disk, u32 number,
                                     const char *label, struct partition *found,
                                     enum partition_table *table);

#endif
