/* The host side of virtio: finding devices, starting them on both transports, rings, interrupts. */
#include "tests/unit/fake_virtio_card.h"

#define FEATURE_A (1ull << 5)
#define FEATURE_B (1ull << 9)
#define RING_BITS (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)

static struct {
    u32 calls, causes;
} handled;

static void handler(void *ctx, u32 causes)
{
    CHECK(ctx == &handled);
    handled.calls++;
    handled.causes = causes;
}

static struct virtio_drv *only(void)
{
    struct virtio_drv *drv = virtio_drv_next(VIRTIO_BLOCK, NULL);

    CHECK(drv && !virtio_drv_next(VIRTIO_BLOCK, drv));
    return drv;
}

/* A disk in slot 0, and its driver. */
static struct virtio_drv *one(bool modern, u64 features)
{
    cards_forget();
    memset(&handled, 0, sizeof(handled));
    card_make(0, VIRTIO_BLOCK, modern, features);
    return only();
}

static struct virtio_ring ring;

/* The same, running, with a ring of slots of `per_slot`. */
static struct virtio_drv *running(bool modern, u64 features, u32 per_slot)
{
    struct virtio_drv *drv = one(modern, features);

    memset(&ring, 0, sizeof(ring));
    CHECK(!virtio_drv_open(drv, 0, "it"));
    CHECK(!virtio_drv_queue(drv, 0, &ring, per_slot));
    virtio_drv_run(drv, handler, &handled);
    return drv;
}

/* ---- Finding ---- */

TEST(devices_come_by_kind_and_in_order_of_address)
{
    struct virtio_drv *first, *second;

    cards_forget();
    card_make(0, VIRTIO_BLOCK, false, 0);
    card_make(1, VIRTIO_NET, true, 0);
    card_make(3, VIRTIO_BLOCK, true, 0);
    first = virtio_drv_next(VIRTIO_BLOCK, NULL);
    CHECK_EQ(first->address, CARD_BASE);
    CHECK(!first->modern);
    CHECK_EQ(first->interrupt, 1);
    second = virtio_drv_next(VIRTIO_BLOCK, first);
    CHECK_EQ(second->address, CARD_BASE + 0x3000);
    CHECK(second->modern);
    CHECK(!virtio_drv_next(VIRTIO_BLOCK, second));
    CHECK_EQ(virtio_drv_next(VIRTIO_NET, NULL)->address, CARD_BASE + 0x1000);
    CHECK(!virtio_drv_next(VIRTIO_ENTROPY, NULL));
}

TEST(empty_slots_and_disabled_nodes_are_not_there)
{
    cards_forget();
    card_make(0, VIRTIO_BLOCK, false, 0);
    card_make(1, VIRTIO_BLOCK, false, 0);
    card_disabled[0] = true;
    CHECK_EQ(only()->address, CARD_BASE + 0x1000);
    CHECK_EQ(cards[0].accesses, 0);
    CHECK_EQ(cards[2].resets + cards[3].resets, 0);
    CHECK_STR(fake_console.text, "");
}

TEST(a_device_that_another_has_is_found_but_not_opened)
{
    struct virtio_drv *drv = one(false, 0);

    CHECK(claim_node(drv->node, "the VM web"));
    CHECK(virtio_drv_open(drv, 0, "it") != NULL);
    CHECK_EQ(cards[0].resets, 0);
    virtio_drv_close(drv);
    CHECK_STR(claim_owner(drv->node), "the VM web");
    CHECK_EQ(cards[0].resets, 0);
}

/* ---- Features ---- */

TEST(features_are_those_wanted_and_offered)
{
    for (u32 modern = 0; modern < 2; modern++) {
        struct virtio_drv *drv = one(modern, FEATURE_A | VIRTIO_F_RING_PACKED | RING_BITS);

        CHECK(!virtio_drv_open(drv, FEATURE_A | FEATURE_B, "it"));
        CHECK_EQ(cards[0].taken, FEATURE_A | RING_BITS | (modern ? VIRTIO_F_VERSION_1 : 0));
        CHECK_EQ(drv->features, cards[0].taken);
        CHECK(virtio_drv_has(drv, FEATURE_A) && !virtio_drv_has(drv, FEATURE_B));
        CHECK_EQ(cards[0].status,
                 VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | (modern ? VIRTIO_FEATURES_OK : 0));
    }
}

TEST(a_legacy_device_is_asked_for_any_layout_a_modern_one_is_not)
{
    CHECK(!virtio_drv_open(one(false, VIRTIO_F_ANY_LAYOUT), 0, "it"));
    CHECK_EQ(cards[0].taken, VIRTIO_F_ANY_LAYOUT);
    CHECK(!virtio_drv_open(one(true, VIRTIO_F_ANY_LAYOUT), 0, "it"));
    CHECK_EQ(cards[0].taken, VIRTIO_F_VERSION_1);
}

TEST(a_modern_device_without_version_1_is_refused)
{
    struct virtio_drv *drv = one(true, 0);

    cards[0].offers = 0;
    CHECK_STR(virtio_drv_open(drv, 0, "it"), "it offers no VERSION_1");
    virtio_drv_close(drv);
    CHECK(!claim_owner(drv->node));
    CHECK_EQ(cards[0].status, 0);
}

TEST(a_device_that_refuses_the_features_is_refused)
{
    struct virtio_drv *drv = one(true, 0);

    cards[0].refuses_features = true;
    CHECK_STR(virtio_drv_open(drv, 0, "it"), "it refuses its features");
}

TEST(a_device_that_does_not_reset_is_refused_after_a_while)
{
    struct virtio_drv *drv = one(false, 0);

    cards[0].status = VIRTIO_FAILED;
    cards[0].never_resets = true;
    CHECK_STR(virtio_drv_open(drv, 0, "it"), "it cannot be reset");
    virtio_drv_close(drv);
    CHECK(!claim_owner(drv->node));
}

/* ---- Queues ---- */

TEST(both_transports_are_told_where_the_ring_is)
{
    for (u32 modern = 0; modern < 2; modern++) {
        const struct card_queue *queue = &cards[0].queues[0];

        running(modern, 0, 4);
        CHECK_EQ(queue->size, 256);
        CHECK_EQ(queue->descriptors, phys_of(ring.descriptors));
        CHECK_EQ(queue->driver, phys_of(ring.available));
        CHECK_EQ(queue->device, phys_of(ring.used));
        CHECK(IS_ALIGNED(queue->device, PAGE_SIZE));
        CHECK(cards[0].status & VIRTIO_DRIVER_OK);
    }
}

TEST(the_ring_is_as_long_as_there_are_slots)
{
    static const u32 max[] = {1024, 256, 255, 8, 4};
    static const u32 slots[] = {64, 64, 32, 2, 1};

    for (u32 i = 0; i < ARRAY_SIZE(max); i++) {
        struct virtio_drv *drv = one(true, 0);

        cards[0].queues[0].max = max[i];
        CHECK(!virtio_drv_open(drv, 0, "it"));
        CHECK(!virtio_drv_queue(drv, 0, &ring, 4));
        CHECK_EQ(ring.slots, slots[i]);
        CHECK_EQ(cards[0].queues[0].size, 4 * slots[i]);
    }
}

TEST(a_queue_that_is_too_short_or_not_there_is_refused)
{
    struct virtio_drv *drv = one(true, 0);

    CHECK(!virtio_drv_open(drv, 0, "it"));
    cards[0].queues[0].max = 3;
    CHECK_STR(virtio_drv_queue(drv, 0, &ring, 4), "its queues are too short");
    cards[0].queues[0].max = 0;
    CHECK_STR(virtio_drv_queue(drv, 0, &ring, 4), "it lacks a queue");
    cards[0].queues[0].max = 1024;
    card_pages.left = 0;
    CHECK_STR(virtio_drv_queue(drv, 0, &ring, 4), "there is no memory for it");
    CHECK_EQ(card_pages.pages, 0);
}

TEST(a_queue_is_freed_whole)
{
    running(false, 0, 4);
    CHECK(card_pages.pages > 0);
    virtio_drv_free_queue(&ring);
    CHECK_EQ(card_pages.pages, 0);
    memset(&ring, 0, sizeof(ring));
    virtio_drv_free_queue(&ring);
    CHECK_EQ(card_pages.pages, 0);
}

/* ---- The ring ---- */

static void offer_one(u32 slot)
{
    virtio_describe(virtio_ring_chain(&ring, slot), CARD_RAM, 16, VIRTIO_DESC_WRITE, 0);
    virtio_ring_offer(&ring, slot);
}

TEST(slots_go_round_and_come_back)
{
    u32 slot, written;

    running(true, RING_BITS, 2);
    /* More often than 16 bits count. */
    for (u32 i = 0; i < 70000; i++) {
        u32 taken = virtio_ring_take(&ring);

        offer_one(taken);
        virtio_ring_publish(&ring);
        CHECK_EQ(card_take(&cards[0], 0).id, 2 * taken);
        CHECK_EQ(virtio_ring_used(&ring, &slot, &written), VIRTIO_RING_EMPTY);
        card_use(&cards[0], 0, 2 * taken, i);
        CHECK_EQ(virtio_ring_used(&ring, &slot, &written), VIRTIO_RING_USED);
        CHECK_EQ(slot, taken);
        CHECK_EQ(written, i);
        virtio_ring_free(&ring, slot);
    }
}

TEST(all_slots_may_be_taken_and_used_out_of_order)
{
    u32 slot, written;

    running(false, 0, 4);
    for (u32 i = 0; i < 64; i++)
        offer_one(virtio_ring_take(&ring));
    CHECK_EQ(virtio_ring_take(&ring), VIRTIO_RING_NO_SLOT);
    CHECK(virtio_ring_publish(&ring));
    CHECK(!virtio_ring_publish(&ring));
    CHECK_EQ(card_pending(&cards[0], 0), 64);
    for (u32 i = 0; i < 64; i++)
        card_use(&cards[0], 0, 4 * ((i * 37 + 5) % 64), 0);
    for (u32 i = 0; i < 64; i++) {
        CHECK_EQ(virtio_ring_used(&ring, &slot, &written), VIRTIO_RING_USED);
        CHECK_EQ(slot, (i * 37 + 5) % 64);
    }
}

TEST(what_was_not_given_cannot_be_used)
{
    static const u32 ids[] = {1, 4, 255, 256, 0x10000, 0xffffffff};
    u32 slot, written;

    for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
        running(true, 0, 4);
        slot = virtio_ring_take(&ring); /* slot 0 */
        offer_one(slot);
        virtio_ring_publish(&ring);
        card_use(&cards[0], 0, ids[i], 0);
        CHECK_EQ(virtio_ring_used(&ring, &slot, &written), VIRTIO_RING_NONSENSE);
    }
}

TEST(a_chain_is_used_only_once)
{
    u32 slot, written;

    running(true, 0, 4);
    offer_one(virtio_ring_take(&ring));
    virtio_ring_publish(&ring);
    card_use(&cards[0], 0, 0, 0);
    card_use(&cards[0], 0, 0, 0);
    CHECK_EQ(virtio_ring_used(&ring, &slot, &written), VIRTIO_RING_USED);
    CHECK_EQ(virtio_ring_used(&ring, &slot, &written), VIRTIO_RING_NONSENSE);
}

TEST(notifications_are_as_the_device_wants_them)
{
    struct card_queue *queue = &cards[0].queues[0];

    running(false, 0, 4);
    offer_one(0);
    CHECK(virtio_ring_publish(&ring));
    card_set_half(queue->device, VIRTIO_USED_NO_NOTIFY);
    offer_one(1);
    CHECK(!virtio_ring_publish(&ring));

    running(false, VIRTIO_F_EVENT_IDX, 4);
    card_set_half(queue->device + 4 + 8 * queue->size, 1); /* at the second */
    offer_one(0);
    CHECK(!virtio_ring_publish(&ring));
    offer_one(1);
    offer_one(2);
    CHECK(virtio_ring_publish(&ring));
    offer_one(3);
    CHECK(!virtio_ring_publish(&ring));
}

TEST(interrupts_are_asked_for_at_the_next_use_or_not_at_all)
{
    for (u32 events = 0; events < 2; events++) {
        u32 slot, written;

        running(true, events ? VIRTIO_F_EVENT_IDX : 0, 4);
        for (u32 i = 0; i < 4; i++)
            offer_one(i);
        virtio_ring_publish(&ring);
        CHECK(!virtio_ring_await(&ring));
        card_use(&cards[0], 0, 0, 0);
        CHECK(card_wanted(&cards[0], 0, 1));
        CHECK(virtio_ring_await(&ring)); /* it has come meanwhile */
        virtio_ring_used(&ring, &slot, &written);
        CHECK(!virtio_ring_await(&ring));
        virtio_ring_ignore(&ring);
        for (u32 i = 1; i < 4; i++) {
            card_use(&cards[0], 0, 4 * i, 0);
            CHECK(!card_wanted(&cards[0], 0, 1));
        }
        CHECK(virtio_ring_await(&ring));
    }
}

/* ---- Interrupts ---- */

TEST(causes_are_acknowledged_and_handed_on)
{
    running(false, 0, 4);
    card_interrupt(&cards[0], VIRTIO_INTERRUPT_USED);
    CHECK_EQ(handled.causes, VIRTIO_INTERRUPT_USED);
    card_interrupt(&cards[0], VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
    CHECK_EQ(handled.causes, VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
    CHECK_EQ(handled.calls, 2);
    CHECK_EQ(cards[0].interrupts, 0);
    CHECK_EQ(cards[0].acknowledged, 2);
}

TEST(a_device_without_an_interrupt_is_polled)
{
    struct virtio_drv *drv;

    cards_forget();
    memset(&handled, 0, sizeof(handled));
    card_no_plic = true;
    card_make(0, VIRTIO_BLOCK, true, 0);
    drv = only();
    CHECK(!virtio_drv_open(drv, 0, "it"));
    virtio_drv_run(drv, handler, &handled);
    CHECK(drv->polled);
    for (u32 i = 0; i < 3; i++)
        card_time_passes(1);
    CHECK_EQ(handled.calls, 3);
    CHECK_EQ(handled.causes, VIRTIO_INTERRUPT_USED);
    cards[0].interrupts = VIRTIO_INTERRUPT_CONFIG;
    card_time_passes(1);
    CHECK_EQ(handled.causes, VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);
    CHECK(virtio_drv_stop(drv));
    card_time_passes(1);
    CHECK_EQ(handled.calls, 5); /* one was on its way */
    card_time_passes(10);
    CHECK_EQ(handled.calls, 5);
}

TEST(a_line_that_is_stuck_is_masked_and_the_device_polled)
{
    struct virtio_drv *drv = running(false, 0, 4);

    for (u32 i = 0; i < CAUSELESS_MAX - 1; i++)
        card_interrupt(&cards[0], 0);
    CHECK(!card_lines[1].masked);
    card_interrupt(&cards[0], VIRTIO_INTERRUPT_USED); /* it had one after all */
    for (u32 i = 0; i < CAUSELESS_MAX; i++)
        card_interrupt(&cards[0], 0);
    CHECK(card_lines[1].masked && drv->polled);
    CHECK_EQ(handled.calls, 1);
    card_time_passes(1);
    CHECK_EQ(handled.calls, 2);
    CHECK_STR(fake_console.text,
              "Twofold: it: it interrupts without a reason: from now on it is polled\n");
}

TEST(trouble_is_told_apart)
{
    struct virtio_drv *drv = running(true, 0, 4);

    CHECK(!virtio_drv_trouble(drv));
    cards[0].status |= VIRTIO_NEEDS_RESET;
    CHECK_STR(virtio_drv_trouble(drv), "it needs a reset");
    card_reset(&cards[0]);
    CHECK_STR(virtio_drv_trouble(drv), "it was reset");
    cards[0].absent = true;
    CHECK_STR(virtio_drv_trouble(drv), "it is gone");
    cards[0].absent = false;
    cards[0].id = VIRTIO_NONE;
    CHECK_STR(virtio_drv_trouble(drv), "it is gone");
}

TEST(a_stopped_device_is_reset_and_quiet)
{
    struct virtio_drv *drv = running(true, 0, 4);

    CHECK(virtio_drv_stop(drv));
    CHECK_EQ(cards[0].status, 0);
    CHECK(card_lines[1].masked);
    drv = running(true, 0, 4);
    cards[0].absent = true;
    CHECK(!virtio_drv_stop(drv));
}

UNIT_MAIN("virtio_drv")
