/*
 * A virtqueue, driver side (Virtual I/O Device specification, "Split Virtqueues" and "Packed
 * Virtqueues"). Buffers are at the same physical address as the guest sees them at. The rings are
 * open to tests, which put into them what no driver would.
 */
#ifndef GUEST_VIRTQ_H
#define GUEST_VIRTQ_H

#include "arch/types.h"

#define VIRTQ_MAX   256 /* entries of a queue                                                */
#define VIRTQ_TABLE 16  /* entries of an indirect table: longer chains are made directly      */

enum { VIRTQ_NEXT = 1, VIRTQ_WRITE = 2, VIRTQ_INDIRECT = 4 };

/* Packed: whose turn a descriptor is, by the wrap counter. */
#define VIRTQ_AVAIL BIT(7)
#define VIRTQ_USED  BIT(15)

/* Split: flags of the available ring and of the used ring. */
#define VIRTQ_NO_INTERRUPT 1
#define VIRTQ_NO_NOTIFY    1

/* Packed: flags of an event area. */
enum { VIRTQ_EVENT_ALWAYS = 0, VIRTQ_EVENT_NEVER = 1, VIRTQ_EVENT_AT = 2 };

/* An entry of a split queue's table and of any indirect table; of a packed queue, last is the id
 * and then the flags. */
struct virtq_entry {
    u64 address;
    u32 size;
    union {
        struct {
            u16 flags, next;
        };
        struct {
            u16 id, packed_flags;
        };
    };
};

struct virtq_available {
    u16 flags, index;
    u16 heads[VIRTQ_MAX + 1]; /* the one after the last is used_event */
};

struct virtq_used {
    u16 flags, index;
    struct {
        u32 id, written;
    } chains[VIRTQ_MAX];
};

struct virtq_event {
    u16 at, flags; /* at: a slot in bits 14:0, its wrap counter in bit 15 */
};

/* What the device sees of a queue, in pages; legacy transports want it in one piece. */
struct virtq_memory {
    u8 bytes[3 * PAGE_SIZE];
} __attribute__((aligned(PAGE_SIZE)));

struct virtq_buffer {
    const volatile void *at;
    u32 size; /* bytes */
};

/* How a queue is used. */
struct virtq_way {
    bool packed, event_index, indirect;
};

struct virtq {
    struct virtq_memory memory;
    struct virtq_entry tables[VIRTQ_MAX][VIRTQ_TABLE] __attribute__((aligned(16)));
    struct virtq_way way;
    u16 size;

    volatile struct virtq_entry *entries;
    volatile struct virtq_available *available; /* split */
    volatile struct virtq_used *used;
    volatile u16 *available_event;                            /* split: behind the used ring */
    volatile struct virtq_event *driver_event, *device_event; /* packed */

    u16 ids[VIRTQ_MAX];   /* those that are free: of chains or, split, of entries */
    u16 free_ids;         /* how many they are                             */
    u16 slots[VIRTQ_MAX]; /* by id: entries of the ring that a chain takes  */
    u16 free_slots;
    u16 added, shown, taken;    /* split: free-running; packed: slots            */
    bool added_wrap, used_wrap; /* packed                                       */
    u16 held_slot, held_flags;  /* packed: of the first chain that is not shown yet */
    u16 added_since;            /* packed: slots that are not shown yet          */
};

/* Empties the queue and makes it one of `size` entries, all free. */
void virtq_init(struct virtq *queue, u16 size, struct virtq_way way);

/*
 * Adds a chain: the first `out` buffers are for the device to read, `in` more to write. The device
 * does not see it before virtq_show(). Returns its id, or -1 when there is no room.
 */
s32 virtq_add(struct virtq *queue, const struct virtq_buffer *buffers, u32 out, u32 in);

/* Shows the device all chains that were added. Returns whether it wants to be notified. */
bool virtq_show(struct virtq *queue);

/* Takes the next chain that the device has used; false: there is none. Any pointer may be NULL. */
bool virtq_take(struct virtq *queue, u16 *id, u32 *written);

/* Is there one to take? */
bool virtq_has_used(const struct virtq *queue);

/*
 * When the device is to interrupt: at the next chain that it uses, when it has used all that were
 * added so far, or never. Without event_index the middle one is as the first.
 */
enum virtq_when { VIRTQ_AT_NEXT, VIRTQ_AT_LAST, VIRTQ_AT_NONE };
void virtq_interrupt(struct virtq *queue, enum virtq_when when);

/* The value with which the driver says at which chain it wants an interrupt. */
static inline volatile u16 *virtq_used_event(struct virtq *queue)
{
    return &queue->available->heads[queue->size];
}

static inline void virtq_fence(void)
{
    __asm__ volatile("fence rw, rw" : : : "memory");
}

/* Private to virtq.c and virtq_packed.c. */
s32 virtq_packed_add(struct virtq *queue, const struct virtq_buffer *buffers, u32 out, u32 in);
bool virtq_packed_show(struct virtq *queue);
bool virtq_packed_take(struct virtq *queue, u16 *id, u32 *written);
bool virtq_packed_has_used(const struct virtq *queue);
void virtq_packed_interrupt(struct virtq *queue, enum virtq_when when);
/* Fills the table of chain `id`. Returns the entry that leads to it, but for the flags of packed
 * rings. */
struct virtq_entry virtq_table(struct virtq *queue, u16 id, const struct virtq_buffer *buffers,
                               u32 out, u32 in);
static inline bool virtq_passed(u16 event, u16 now, u16 before)
{
    return (u16)(now - event - 1) < (u16)(now - before);
}

#endif
