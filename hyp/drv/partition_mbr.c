/*
 * Master boot records: four primary partitions, of which one may hold a chain of logical ones. Each
 * link of the chain is a table too: its first entry is a logical partition, counted from that
 * sector on; the entry of an extended type leads to the next, counted from the chain's beginning.
 */
#include "hyp/drv/partition_parts.h"

#define MBR_ENTRIES     446
#define MBR_ENTRY_SIZE  16
#define MBR_ENTRY_COUNT 4
#define FIRST_LOGICAL   5
#define CHAIN_MAX       128 /* links: a chain may go round in circles */

enum { TYPE_UNUSED = 0x00, TYPE_PROTECTIVE = 0xee };

struct mbr_entry {
    u8 type;
    u32 first, sectors;
};

static struct mbr_entry mbr_entry_at(const u8 *sector, u32 index)
{
    const u8 *entry = sector + MBR_ENTRIES + index * MBR_ENTRY_SIZE;

    return (struct mbr_entry){entry[4], le32_at(entry + 8), le32_at(entry + 12)};
}

static bool is_extended(const struct mbr_entry *entry)
{
    return entry->sectors && (entry->type == 0x05 || entry->type == 0x0f || entry->type == 0x85);
}

static bool is_used(const struct mbr_entry *entry)
{
    return entry->type != TYPE_UNUSED && entry->sectors;
}

static bool has_signature(const u8 *sector)
{
    return sector[510] == 0x55 && sector[511] == 0xaa;
}

/* The boot sector of a file system has the signature too; at the entries it has other things. */
enum mbr_kind mbr_kind(const u8 *sector)
{
    enum mbr_kind kind = MBR_NONE;

    if (!has_signature(sector))
        return MBR_NONE;
    for (u32 i = 0; i < MBR_ENTRY_COUNT; i++) {
        struct mbr_entry entry = mbr_entry_at(sector, i);

        if (sector[MBR_ENTRIES + i * MBR_ENTRY_SIZE] & 0x7f) /* the mark of the active one */
            return MBR_NONE;
        if (entry.type == TYPE_PROTECTIVE)
            kind = MBR_PROTECTS_GPT;
        else if (is_used(&entry) && kind == MBR_NONE)
            kind = MBR_PARTITIONS;
    }
    return kind;
}

static struct partition describe(const struct partition_disk *disk, u32 number, u64 first,
                                 const struct mbr_entry *entry)
{
    return (struct partition){
        .number = number,
        .first = first,
        .sectors = entry->sectors,
        .extended = is_extended(entry),
        .outside = !partition_is_within(disk, first, entry->sectors),
    };
}

/* The tables of one link: its logical partition, and whereto the chain goes on (0: nowhere). */
struct link {
    struct mbr_entry logical, next;
};

static struct link read_link(const u8 *sector)
{
    struct link link = {0};

    if (!has_signature(sector))
        return link;
    for (u32 i = 0; i < MBR_ENTRY_COUNT; i++) {
        struct mbr_entry entry = mbr_entry_at(sector, i);

        if (is_extended(&entry)) {
            if (!link.next.sectors)
                link.next = entry;
        } else if (is_used(&entry) && !link.logical.sectors) {
            link.logical = entry;
        }
    }
    return link;
}

enum walk { WALK_ON, WALK_ENDS, WALK_FAILS };

static enum walk visit_chain(const struct partition_disk *disk, const struct mbr_entry *extended,
                             partition_visit *visit, void *ctx)
{
    u64 at = extended->first;
    u32 number = FIRST_LOGICAL;

    for (u32 i = 0; i < CHAIN_MAX && at < disk->sectors; i++) {
        const u8 *sector = disk->sector(disk->ctx, at);
        struct partition partition;
        struct link link;

        if (!sector)
            return WALK_FAILS;
        link = read_link(sector);
        if (link.logical.sectors) {
            partition = describe(disk, number++, at + link.logical.first, &link.logical);
            if (!visit(ctx, &partition))
                return WALK_ENDS;
        }
        if (!link.next.sectors)
            break;
        at = (u64)extended->first + link.next.first;
    }
    return WALK_ON;
}

bool mbr_each(const struct partition_disk *disk, partition_visit *visit, void *ctx)
{
    const u8 *sector = disk->sector(disk->ctx, 0);
    struct mbr_entry extended = {0};

    if (!sector)
        return false;
    for (u32 i = 0; i < MBR_ENTRY_COUNT; i++) {
        struct mbr_entry entry = mbr_entry_at(sector, i);
        struct partition partition = describe(disk, i + 1, entry.first, &entry);

        if (is_extended(&entry) && !extended.sectors)
            extended = entry;
        if (is_used(&entry) && !visit(ctx, &partition))
            return true;
    }
    return !extended.sectors || visit_chain(disk, &extended, visit, ctx) != WALK_FAILS;
}
