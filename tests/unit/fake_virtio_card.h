/*
 * Virtio devices of the host, for the tests of their drivers: the registers of the MMIO transport,
 * legacy and modern, which the drivers reach instead of hyp/drv/virtio_register.h, and a device
 * side of split rings that does what the test says, right or wrong. Breaking the rules of a driver
 * fails the test. To be included before any of hyp/.
 */
#ifndef UNIT_FAKE_VIRTIO_CARD_H
#define UNIT_FAKE_VIRTIO_CARD_H

#ifdef DRV_VIRTIO_REGISTER_H
#error "include this before any header that reads registers"
#endif
#define DRV_VIRTIO_REGISTER_H

/* A full fence is where the driver looks whether the device has done something meanwhile. */
#ifdef ARCH_FENCE_H
#error "include this before any header that has fences"
#endif
#define ARCH_FENCE_H

static void (*card_at_fence)(void);

static inline void fence_full(void)
{
    if (card_at_fence)
        card_at_fence();
}

static inline void fence_release(void) {}

#include "tests/unit/fake_console.h"
#include "tests/unit/fake_physmem.h"
#include "hyp/core/claim.h"
#include "hyp/core/machine.h"
#include "hyp/core/pages.h"
#include "hyp/core/timer.h"
#include "hyp/core/virtio_abi.h"

/* ---- Memory: what the drivers allocate is directly mapped ---- */

#define CARD_RAM      0x80000000ull
#define CARD_RAM_HIGH 0x340000000ull /* past 32 bits, not mapped */

static struct {
    u32 used;  /* bytes of CARD_RAM that were given out   */
    u32 pages; /* that are not given back                 */
    u32 left;  /* allocations that still succeed          */
} card_pages;

void *page_alloc_ptr(u32 order)
{
    u32 size = PAGE_SIZE << order;
    u8 *block;

    if (!card_pages.left)
        return NULL;
    card_pages.left--;
    card_pages.used = ALIGN_UP(card_pages.used, size);
    block = fake_bytes(CARD_RAM + card_pages.used, size);
    card_pages.used += size;
    card_pages.pages += 1u << order;
    memset(block, 0, size);
    return block;
}

void page_free_ptr(void *block, u32 order)
{
    memset(block, PAGE_POISON, PAGE_SIZE << order);
    card_pages.pages -= 1u << order;
}

/* ---- Time, and the interrupt controller ---- */

#define CARD_TIMERS 8

static struct timer *card_timers[CARD_TIMERS];

void timer_arm(struct timer *timer, u64 deadline)
{
    u32 i = 0;

    while (i < CARD_TIMERS && card_timers[i] && card_timers[i] != timer)
        i++;
    CHECK(i < CARD_TIMERS);
    card_timers[i] = timer;
    timer->deadline = deadline;
}

u64 timer_after(u32 milliseconds)
{
    return fake_time + milliseconds;
}

/* Fires what is due after `milliseconds` more, each once. */
static inline void card_time_passes(u32 milliseconds)
{
    fake_time += milliseconds;
    for (u32 i = 0; i < CARD_TIMERS; i++) {
        struct timer *timer = card_timers[i];

        if (timer && timer->deadline <= fake_time) {
            timer->deadline = TIMER_NEVER;
            timer->fire(timer);
        }
    }
}

static struct {
    void (*handler)(void *ctx);
    void *ctx;
    bool masked;
} card_lines[16];
static bool card_no_plic;

bool plic_drv_attach(u32 source, void (*handler)(void *ctx), void *ctx)
{
    if (card_no_plic || !source || source >= ARRAY_SIZE(card_lines))
        return false;
    CHECK(!card_lines[source].handler);
    card_lines[source].handler = handler;
    card_lines[source].ctx = ctx;
    return true;
}

void plic_drv_mask(u32 source, bool masked)
{
    CHECK(source < ARRAY_SIZE(card_lines) && card_lines[source].handler);
    card_lines[source].masked = masked;
}

/* ---- The devices ---- */

#define CARDS       4
#define CARD_BASE   0x10001000ull
#define CARD_QUEUES 2

struct card_queue {
    u32 max; /* QueueNumMax */
    u32 size, align, pfn, ready;
    u64 descriptors, driver, device;
    u16 seen, used; /* indices of the rings */
    u32 notified;   /* how often            */
};

static struct card {
    bool absent, modern;
    u32 id;
    u64 offers, taken;
    u32 device_select, driver_select, queue_select, page_size;
    u32 status, interrupts, acknowledged;
    struct card_queue queues[CARD_QUEUES];
    union {
        struct virtio_blk_config blk;
        struct virtio_net_config net;
        u8 bytes[VIRTIO_MMIO_CONFIG];
    } config;
    bool refuses_features, never_resets;
    u32 resets;
    u32 accesses; /* of registers */
} cards[CARDS];

volatile void *paging_map_device(hpa_t start, u32 size)
{
    CHECK(start >= CARD_BASE && !((start - CARD_BASE) % 0x1000) && size <= 0x1000);
    CHECK((start - CARD_BASE) / 0x1000 < CARDS);
    return &cards[(start - CARD_BASE) / 0x1000];
}

static inline void card_reset(struct card *card)
{
    card->resets++;
    card->status = 0;
    card->interrupts = 0;
    card->taken = 0;
    for (u32 i = 0; i < CARD_QUEUES; i++)
        card->queues[i] = (struct card_queue){.max = card->queues[i].max};
}

/* A card of `kind` in slot `index`, that offers `features` besides those of the transport. */
static inline struct card *card_make(u32 index, u32 kind, bool modern, u64 features)
{
    struct card *card = &cards[index];

    memset(card, 0, sizeof(*card));
    card->id = kind;
    card->modern = modern;
    card->offers = features | (modern ? VIRTIO_F_VERSION_1 : 0);
    for (u32 i = 0; i < CARD_QUEUES; i++)
        card->queues[i].max = 1024;
    return card;
}

/* What a device that is there not any more answers: all ones. */
static inline u32 card_read(struct card *card, u32 offset)
{
    const struct card_queue *queue = &card->queues[card->queue_select];

    card->accesses++;
    CHECK(card->accesses < 1000000);
    fake_time++;
    if (card->absent)
        return ~0u;
    switch (offset) {
    case VIRTIO_MMIO_MAGIC_VALUE:
        return VIRTIO_MMIO_MAGIC;
    case VIRTIO_MMIO_VERSION:
        return card->modern ? 2 : 1;
    case VIRTIO_MMIO_DEVICE_ID:
        return card->id;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        CHECK(card->status & VIRTIO_DRIVER && card->device_select < 2);
        return (u32)(card->offers >> (card->device_select ? 32 : 0));
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return queue->max;
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        return card->interrupts;
    case VIRTIO_MMIO_STATUS:
        return card->status;
    }
    UNIT_FAIL("register 0x%x is read", offset);
}

/* The order of "Device Initialization": nothing is taken back but by a reset. */
static inline void card_set_status(struct card *card, u32 value)
{
    if (!value) {
        if (!card->never_resets)
            card_reset(card);
        return;
    }
    CHECK((value & card->status) == (card->status & ~(u32)VIRTIO_NEEDS_RESET) ||
          value & VIRTIO_FAILED);
    if (value & VIRTIO_DRIVER_OK && card->modern)
        CHECK(value & VIRTIO_FEATURES_OK);
    if (value & VIRTIO_FEATURES_OK) {
        CHECK(card->modern && card->taken & VIRTIO_F_VERSION_1);
        if (card->refuses_features)
            value &= ~(u32)VIRTIO_FEATURES_OK;
    }
    card->status = value;
}

static inline void card_set_queue(struct card *card, u32 offset, u32 value)
{
    struct card_queue *queue = &card->queues[card->queue_select];

    CHECK(!(card->status & VIRTIO_DRIVER_OK) && !queue->ready && !queue->pfn);
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NUM:
        CHECK(value && value <= queue->max && !(value & (value - 1)));
        queue->size = value;
        return;
    case VIRTIO_MMIO_QUEUE_ALIGN:
        queue->align = value;
        return;
    case VIRTIO_MMIO_QUEUE_PFN:
        CHECK(!card->modern && card->page_size && queue->align && queue->size);
        queue->pfn = value;
        queue->descriptors = (u64)value * card->page_size;
        queue->driver = queue->descriptors + 16 * queue->size;
        queue->device = ALIGN_UP(queue->driver + 6 + 2 * queue->size, (u64)queue->align);
        return;
    case VIRTIO_MMIO_QUEUE_READY:
        CHECK(card->modern && queue->size && value == 1);
        queue->ready = 1;
        return;
    }
    CHECK(card->modern);
    if (offset < VIRTIO_MMIO_QUEUE_DRIVER_LOW)
        queue->descriptors |= (u64)value << (offset & 4 ? 32 : 0);
    else if (offset < VIRTIO_MMIO_QUEUE_DEVICE_LOW)
        queue->driver |= (u64)value << (offset & 4 ? 32 : 0);
    else
        queue->device |= (u64)value << (offset & 4 ? 32 : 0);
}

static inline void card_set_features(struct card *card, u32 value)
{
    u64 features = (u64)value << (card->driver_select ? 32 : 0);

    CHECK(card->driver_select < 2 && !(card->status & VIRTIO_FEATURES_OK));
    CHECK((features & card->offers) == features);
    card->taken |= features;
}

static inline void card_write(struct card *card, u32 offset, u32 value)
{
    card->accesses++;
    if (card->absent)
        return;
    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        card->device_select = value;
        return;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        card->driver_select = value;
        return;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        card_set_features(card, value);
        return;
    case VIRTIO_MMIO_GUEST_PAGE_SIZE:
        CHECK(!card->modern);
        card->page_size = value;
        return;
    case VIRTIO_MMIO_QUEUE_SEL:
        CHECK(value < CARD_QUEUES);
        card->queue_select = value;
        return;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        CHECK(value < CARD_QUEUES && (card->status & VIRTIO_DRIVER_OK || !card->status));
        card->queues[value].notified++;
        return;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        CHECK((value & card->interrupts) == value);
        card->interrupts &= ~value;
        card->acknowledged++;
        return;
    case VIRTIO_MMIO_STATUS:
        card_set_status(card, value);
        return;
    }
    CHECK(offset >= VIRTIO_MMIO_QUEUE_NUM && offset <= VIRTIO_MMIO_QUEUE_DEVICE_HIGH);
    card_set_queue(card, offset, value);
}

/* ---- hyp/drv/virtio_register.h ---- */

static inline u32 virtio_register_read(volatile void *registers, u32 offset)
{
    struct card *card = (struct card *)registers;
    u32 value;

    if (offset < VIRTIO_MMIO_CONFIG)
        return card_read(card, offset);
    CHECK(offset % 4 == 0);
    memcpy(&value, &card->config.bytes[offset - VIRTIO_MMIO_CONFIG], 4);
    return card->absent ? ~0u : value;
}

static inline u16 virtio_register_read16(volatile void *registers, u32 offset)
{
    u16 value;

    CHECK(offset >= VIRTIO_MMIO_CONFIG && offset % 2 == 0);
    memcpy(&value, &((struct card *)registers)->config.bytes[offset - VIRTIO_MMIO_CONFIG], 2);
    return value;
}

static inline u8 virtio_register_read8(volatile void *registers, u32 offset)
{
    CHECK(offset >= VIRTIO_MMIO_CONFIG);
    return ((struct card *)registers)->config.bytes[offset - VIRTIO_MMIO_CONFIG];
}

static inline void virtio_register_write(volatile void *registers, u32 offset, u32 value)
{
    card_write((struct card *)registers, offset, value);
}

/* ---- The device side of the rings ---- */

#define CARD_CHAIN_MAX 80

struct card_chain {
    u16 id;
    u32 count;
    bool indirect;
    struct virtio_descriptor parts[CARD_CHAIN_MAX];
};

static inline u16 card_half(u64 address)
{
    u16 value;

    phys_read(address, &value, 2);
    return value;
}

static inline void card_set_half(u64 address, u16 value)
{
    phys_write(address, &value, 2);
}

/* Follows a chain of `count` descriptors at `table`, from `index` on. */
static inline void card_walk(struct card_chain *chain, u64 table, u32 count, u32 index)
{
    struct virtio_descriptor *part;

    do {
        CHECK(index < count && chain->count < CARD_CHAIN_MAX);
        part = &chain->parts[chain->count++];
        phys_read(table + 16 * index, part, 16);
        index = part->next;
    } while (part->flags & VIRTIO_DESC_NEXT);
}

/* How many chains the driver has made available that were not taken. */
static inline u32 card_pending(struct card *card, u32 number)
{
    struct card_queue *queue = &card->queues[number];

    return (u16)(card_half(queue->driver + 2) - queue->seen);
}

/* Takes the next available chain; there is one. With EVENT_IDX, asks for a notification at the one
 * after it. */
static inline struct card_chain card_take(struct card *card, u32 number)
{
    struct card_queue *queue = &card->queues[number];
    struct card_chain chain = {0};

    CHECK(card_pending(card, number) && card_pending(card, number) <= queue->size);
    chain.id = card_half(queue->driver + 4 + 2 * (queue->seen % queue->size));
    queue->seen++;
    card_set_half(queue->device + 4 + 8 * queue->size, queue->seen);
    card_walk(&chain, queue->descriptors, queue->size, chain.id);
    if (chain.parts[0].flags & VIRTIO_DESC_INDIRECT) {
        struct virtio_descriptor table = chain.parts[0];

        CHECK(card->taken & VIRTIO_F_INDIRECT_DESC && chain.count == 1);
        CHECK(table.flags == VIRTIO_DESC_INDIRECT && table.size && table.size % 16 == 0);
        chain.count = 0;
        chain.indirect = true;
        card_walk(&chain, table.address, table.size / 16, 0);
        CHECK_EQ(chain.count, table.size / 16);
    }
    return chain;
}

/* Says that a chain is used, whatever that is, without an interrupt. */
static inline void card_use(struct card *card, u32 number, u32 id, u32 written)
{
    struct card_queue *queue = &card->queues[number];
    struct virtio_used_element element = {.id = id, .written = written};

    phys_write(queue->device + 4 + 8 * (queue->used % queue->size), &element, sizeof(element));
    queue->used++;
    card_set_half(queue->device + 2, queue->used);
}

/* Does the driver want an interrupt for the last `count` chains that were used? */
static inline bool card_wanted(struct card *card, u32 number, u32 count)
{
    struct card_queue *queue = &card->queues[number];
    u16 event = card_half(queue->driver + 4 + 2 * queue->size);

    if (!(card->taken & VIRTIO_F_EVENT_IDX))
        return !(card_half(queue->driver) & VIRTIO_AVAIL_NO_INTERRUPT);
    return (u16)(queue->used - event - 1) < (u16)count;
}

/* Interrupts for these causes, and calls the driver as the PLIC would. */
static inline void card_interrupt(struct card *card, u32 causes)
{
    u32 source = (u32)(card - cards) + 1;

    card->interrupts |= causes;
    if (card_lines[source].handler && !card_lines[source].masked)
        card_lines[source].handler(card_lines[source].ctx);
}

static inline void card_use_and_tell(struct card *card, u32 number, u32 id, u32 written)
{
    card_use(card, number, id, written);
    if (card_wanted(card, number, 1))
        card_interrupt(card, VIRTIO_INTERRUPT_USED);
}

/* ---- The machine that they are in ---- */

struct machine machine;

/* Nodes: slot n of the bus is node n + 1, and the tree has them from high addresses down. */
static bool card_disabled[CARDS];

fdt_node fdt_next_compatible(const struct fdt *fdt, fdt_node after, const char *compatible)
{
    (void)fdt;
    CHECK_STR(compatible, "virtio,mmio");
    if (after == FDT_NONE)
        return CARDS;
    return after > 1 ? after - 1 : FDT_NONE;
}

bool fdt_is_available(const struct fdt *fdt, fdt_node node)
{
    (void)fdt;
    return !card_disabled[node - 1];
}

bool fdt_reg(const struct fdt *fdt, fdt_node node, u32 index, u64 *address, u64 *size)
{
    (void)fdt;
    *address = CARD_BASE + 0x1000 * (u64)(node - 1);
    *size = 0x1000;
    return index == 0;
}

bool fdt_u32(const struct fdt *fdt, fdt_node node, const char *name, u32 *value)
{
    (void)fdt;
    CHECK_STR(name, "interrupts");
    *value = (u32)node;
    return true;
}

/* An empty machine: cards that are not made are slots without a device. */
static inline void cards_reset(void)
{
    fake_ram_reset();
    fake_ram_add(CARD_RAM, 32u << 20, true, FAKE_BACKED);
    fake_ram_add(CARD_RAM_HIGH, 1u << 20, false, FAKE_BACKED);
    memset(&card_pages, 0, sizeof(card_pages));
    card_pages.left = ~0u;
    memset(card_timers, 0, sizeof(card_timers));
    memset(card_lines, 0, sizeof(card_lines));
    memset(card_disabled, 0, sizeof(card_disabled));
    card_no_plic = false;
    card_at_fence = NULL;
    for (u32 i = 0; i < CARDS; i++) {
        card_make(i, VIRTIO_NONE, false, 0);
        claim_release((fdt_node)i + 1);
    }
    console_forget();
}

#include "hyp/core/claim.c"
#include "hyp/drv/virtio.c"
#include "hyp/drv/virtio_find.c"
#include "hyp/drv/virtio_interrupt.c"
#include "hyp/drv/virtio_ring.c"

/* As if the machine had just been turned on. */
static inline void cards_forget(void)
{
    memset(&found, 0, sizeof(found));
    cards_reset();
}

#endif
