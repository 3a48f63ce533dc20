/* Virtqueues, split and packed, as the device sees them, with drivers that keep the rules and with
 * drivers that do not. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_virtio.h"

static struct fake_queue ring; /* the driver's side */
static struct virtqueue queue; /* the device's      */
static struct virtio_chain chain;
static const struct virtio_host *const host = &fake_virtio_host;

#define SPLIT  ((struct virtqueue_setup){.packed = false})
#define PACKED ((struct virtqueue_setup){.packed = true})

static const struct virtqueue_setup formats[] = {{.packed = false}, {.packed = true}};

#define FOR_BOTH_FORMATS(kind) \
    for (const struct virtqueue_setup *kind = formats; kind < formats + 2; kind++)

static void open_queue(struct virtqueue_setup kind, u16 size, bool event_idx, bool indirect)
{
    fake_host_reset();
    kind.size = size;
    kind.event_idx = event_idx;
    kind.indirect = indirect;
    fake_queue_make(&ring, &kind);
    CHECK(virtqueue_start(&queue, &ring.setup));
}

static gpa_t descriptor_at(u32 slot)
{
    return ring.setup.descriptors + 16u * slot;
}

static enum virtqueue_result pop(void)
{
    return virtqueue_pop(&queue, host, &chain);
}

static void push(u32 written)
{
    CHECK(virtqueue_push(&queue, host, chain.id, chain.slots, written));
}

/* Makes one chain of `count` buffers available, of which the last `writable` are for writing. */
static u16 offer(u32 count, u32 writable)
{
    struct fake_buffer buffers[VIRTQUEUE_MAX];

    for (u32 i = 0; i < count; i++)
        buffers[i] = (struct fake_buffer){FAKE_RAM_BASE + 16 * i, 16, i >= count - writable};
    return fake_queue_add(&ring, buffers, count);
}

/* A chain of one buffer goes all the way. */
static void turn(u32 written)
{
    u16 id = offer(1, 1), back;
    u32 got;

    CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    CHECK_EQ(chain.id, id);
    push(written);
    CHECK(virtqueue_publish(&queue, host));
    CHECK(fake_queue_take(&ring, &back, &got));
    CHECK_EQ(back, id);
    CHECK_EQ(got, written);
}

TEST(sizes)
{
    FOR_BOTH_FORMATS(kind)
    {
        struct virtqueue_setup setup = *kind;

        for (u32 size = 0; size <= 0xffff; size++) {
            bool fits = size >= 1 && size <= 256 && (setup.packed || !(size & (size - 1)));

            setup.size = (u16)size;
            CHECK_EQ(virtqueue_start(&queue, &setup), fits);
            CHECK_EQ(queue.ready, fits);
        }
    }
}

TEST(a_queue_that_is_not_ready_is_empty)
{
    fake_host_reset();
    virtqueue_stop(&queue);
    CHECK_EQ(pop(), VIRTQUEUE_EMPTY);
    CHECK(virtqueue_push(&queue, host, 3, 1, 0));
    CHECK(virtqueue_publish(&queue, host));
    CHECK(!virtqueue_interrupts(&queue, host));
    CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_EMPTY);
}

TEST(an_empty_ring_is_empty)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, false, false);
        CHECK_EQ(pop(), VIRTQUEUE_EMPTY);
        CHECK_EQ(pop(), VIRTQUEUE_EMPTY);
        CHECK(!virtqueue_interrupts(&queue, host));
    }
}

TEST(a_chain_comes_with_its_buffers_in_order)
{
    FOR_BOTH_FORMATS(kind)
    {
        const struct fake_buffer buffers[] = {
            {0x80000010, 16, false},
            {0x380000000, 0x80000000, false},
            {0xfffffffffffffffe, 1, true},
            {0x80003000, 0xfffffff0, true},
        };
        u16 id;

        open_queue(*kind, 8, false, false);
        id = fake_queue_add(&ring, buffers, 4);
        CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
        CHECK_EQ(chain.id, id);
        CHECK_EQ(chain.slots, kind->packed ? 4 : 1);
        CHECK_EQ(chain.readable, 2);
        CHECK_EQ(chain.writable, 2);
        CHECK_EQ(chain.readable_size, 0x80000010);
        CHECK_EQ(chain.writable_size, 0xfffffff1);
        for (u32 i = 0; i < 4; i++) {
            CHECK_EQ(chain.buffers[i].address, buffers[i].address);
            CHECK_EQ(chain.buffers[i].size, buffers[i].size);
        }
        CHECK_EQ(pop(), VIRTQUEUE_EMPTY);
    }
}

TEST(chains_come_in_the_order_in_which_they_were_offered_and_go_back_in_any)
{
    FOR_BOTH_FORMATS(kind)
    {
        u16 ids[4], back;
        u32 written;

        open_queue(*kind, 4, false, false);
        for (u32 i = 0; i < 4; i++)
            ids[i] = offer(1, 1);
        for (u32 i = 0; i < 4; i++) {
            CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
            CHECK_EQ(chain.id, ids[i]);
        }
        for (u32 i = 4; i-- > 0;)
            CHECK(virtqueue_push(&queue, host, ids[i], 1, 10 + i));
        CHECK(virtqueue_publish(&queue, host));
        for (u32 i = 4; i-- > 0;) {
            CHECK(fake_queue_take(&ring, &back, &written));
            CHECK_EQ(back, ids[i]);
            CHECK_EQ(written, 10 + i);
        }
        CHECK(!fake_queue_take(&ring, &back, &written));
    }
}

TEST(what_is_pushed_is_seen_when_it_is_published)
{
    FOR_BOTH_FORMATS(kind)
    {
        u32 written;
        u16 back;

        open_queue(*kind, 8, false, false);
        for (u32 i = 0; i < 3; i++)
            offer(2, 1);
        for (u32 i = 0; i < 3; i++) {
            CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
            push(i);
            CHECK(!fake_queue_take(&ring, &back, &written));
        }
        CHECK(virtqueue_publish(&queue, host));
        for (u32 i = 0; i < 3; i++) {
            CHECK(fake_queue_take(&ring, &back, &written));
            CHECK_EQ(written, i);
        }
    }
}

TEST(every_size_goes_round_for_longer_than_the_indices_are_wide)
{
    for (u32 size = 1; size <= 256; size *= 2) {
        open_queue(SPLIT, (u16)size, false, false);
        for (u32 i = 0; i < 0x10000 + 3 * size; i++)
            turn(i);
    }
    for (u32 size = 1; size <= 256; size += size < 8 ? 1 : 31) {
        open_queue(PACKED, (u16)size, false, false);
        for (u32 i = 0; i < 5 * size; i++)
            turn(i);
    }
}

TEST(chains_of_every_length_go_round)
{
    FOR_BOTH_FORMATS(kind)
    {
        for (u32 length = 1; length <= 32; length++) {
            open_queue(*kind, 32, false, false);
            for (u32 i = 0; i < 40; i++) {
                u16 id = offer(length, length / 2), back;
                u32 written;

                CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
                CHECK_EQ(chain.readable, length - length / 2);
                CHECK_EQ(chain.writable, length / 2);
                push(5);
                CHECK(virtqueue_publish(&queue, host));
                CHECK(fake_queue_take(&ring, &back, &written));
                CHECK_EQ(back, id);
            }
        }
    }
}

TEST(packed_rings_of_odd_sizes_go_round_with_chains_that_cross_the_end)
{
    for (u32 size = 3; size <= 13; size += 2) {
        open_queue(PACKED, (u16)size, false, false);
        for (u32 i = 0; i < 100; i++) {
            u32 length = 1 + i % size, written;
            u16 back;

            offer(length, 1);
            CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
            CHECK_EQ(chain.slots, length);
            push(i);
            CHECK(virtqueue_publish(&queue, host));
            CHECK(fake_queue_take(&ring, &back, &written));
            CHECK_EQ(written, i);
        }
    }
}

TEST(a_full_ring_is_no_more_than_full)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, false, false);
        for (u32 i = 0; i < 8; i++)
            offer(1, 0);
        for (u32 i = 0; i < 8; i++)
            CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
        CHECK_EQ(pop(), VIRTQUEUE_EMPTY);
    }
}

TEST(a_chain_that_is_put_back_comes_again)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 5 + 3 * !kind->packed, false, false);
        for (u32 i = 0; i < 30; i++) {
            u16 first = offer(2, 1), second = offer(3, 1), back;
            struct virtio_chain chains[2];
            u32 written;

            for (u32 again = 0; again < 2; again++) {
                CHECK_EQ(virtqueue_pop(&queue, host, &chains[0]), VIRTQUEUE_CHAIN);
                CHECK_EQ(virtqueue_pop(&queue, host, &chains[1]), VIRTQUEUE_CHAIN);
                CHECK_EQ(chains[0].id, first);
                CHECK_EQ(chains[1].id, second);
                CHECK_EQ(pop(), VIRTQUEUE_EMPTY);
                if (again)
                    break;
                virtqueue_unpop(&queue, &chains[1]);
                virtqueue_unpop(&queue, &chains[0]);
            }
            CHECK(virtqueue_push(&queue, host, first, chains[0].slots, 1));
            CHECK(virtqueue_push(&queue, host, second, chains[1].slots, 2));
            CHECK(virtqueue_publish(&queue, host));
            CHECK(fake_queue_take(&ring, &back, &written) && back == first);
            CHECK(fake_queue_take(&ring, &back, &written) && back == second);
        }
    }
}

TEST(what_was_not_taken_cannot_be_given_back)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, false, false);
        CHECK(!virtqueue_push(&queue, host, 0, 1, 0));
        offer(1, 0);
        CHECK(!virtqueue_push(&queue, host, 0, 1, 0));
        CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
        push(0);
        CHECK(!virtqueue_push(&queue, host, chain.id, chain.slots, 0));
    }
}

/* ---------------------------------------------------------------- indirect descriptors */

TEST(an_indirect_table_is_a_chain)
{
    FOR_BOTH_FORMATS(kind)
    {
        struct fake_buffer buffers[16];
        u32 written;
        u16 id, back;

        open_queue(*kind, 16, false, true);
        for (u32 i = 0; i < 16; i++)
            buffers[i] = (struct fake_buffer){0x80000000 + i, 1 + i, i >= 9};
        for (u32 count = 1; count <= 16; count++) {
            id = fake_queue_add_indirect(&ring, buffers, count);
            CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
            CHECK_EQ(chain.id, id);
            CHECK_EQ(chain.slots, 1);
            CHECK_EQ(chain.readable + chain.writable, count);
            CHECK_EQ(chain.readable, count < 9 ? count : 9);
            for (u32 i = 0; i < count; i++)
                CHECK_EQ(chain.buffers[i].address, 0x80000000 + i);
            push(count);
            CHECK(virtqueue_publish(&queue, host));
            CHECK(fake_queue_take(&ring, &back, &written) && back == id && written == count);
        }
    }
}

/* "Zero or more normal chained descriptors followed by a single" indirect one. */
TEST(a_split_chain_may_end_in_an_indirect_table)
{
    gpa_t table;

    open_queue(SPLIT, 8, false, true);
    table = fake_alloc(48, 16);
    fake_put_descriptor(table + 0, 0x80000300, 3, FAKE_NEXT, 2);
    fake_put_descriptor(table + 32, 0x80000400, 4, FAKE_WRITE, 0);
    offer(2, 0);
    fake_put_descriptor(descriptor_at(1), table, 48, FAKE_INDIRECT | FAKE_WRITE, 0);
    CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    CHECK_EQ(chain.readable, 2);
    CHECK_EQ(chain.writable, 1);
    CHECK_EQ(chain.buffers[1].address, 0x80000300);
    CHECK_EQ(chain.buffers[2].address, 0x80000400);
}

/* Of the flags in a packed table only the one for writing counts. */
TEST(flags_in_a_packed_table_are_ignored)
{
    open_queue(PACKED, 8, false, true);
    fake_queue_add_indirect(
        &ring, (struct fake_buffer[]){{0x80000000, 1, false}, {0x80000010, 1, false}}, 2);
    fake_put16(fake_get32(descriptor_at(0)) + 14, 0xffff & ~FAKE_WRITE);
    CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    CHECK_EQ(chain.readable, 2);
}

/* A ring whose only descriptor, in slot 0, names a table of `size` bytes, whose entries are good.
 */
static gpa_t offer_table(struct virtqueue_setup kind, bool indirect, u32 size, u32 flags)
{
    gpa_t table;

    open_queue(kind, 8, false, indirect);
    offer(1, 0);
    table = fake_alloc(16 * 16, 16);
    for (u32 i = 0; i < 16; i++)
        fake_put_descriptor(table + 16 * i, 0x80000000, 16, 0, 0);
    if (kind.packed)
        fake_put_descriptor(descriptor_at(0), table, size, 0, flags | FAKE_AVAIL);
    else
        fake_put_descriptor(descriptor_at(0), table, size, flags, 1);
    return table;
}

TEST(a_table_has_a_whole_number_of_entries_up_to_the_size_of_the_queue)
{
    FOR_BOTH_FORMATS(kind)
    {
        for (u32 size = 0; size <= 300; size++) {
            bool good = size && size % 16 == 0 && size <= 8 * 16;

            offer_table(*kind, true, size, FAKE_INDIRECT);
            CHECK_EQ(pop(), good ? VIRTQUEUE_CHAIN : VIRTQUEUE_BROKEN);
        }
        offer_table(*kind, true, 0xfffffff0, FAKE_INDIRECT);
        CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
    }
}

TEST(a_table_that_was_not_negotiated_is_refused)
{
    FOR_BOTH_FORMATS(kind)
    {
        offer_table(*kind, false, 16, FAKE_INDIRECT);
        CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
    }
}

TEST(a_table_with_a_next_descriptor_is_refused)
{
    FOR_BOTH_FORMATS(kind)
    {
        offer_table(*kind, true, 16, FAKE_INDIRECT | FAKE_NEXT);
        CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
    }
}

TEST(a_table_in_a_table_is_refused)
{
    gpa_t table = offer_table(SPLIT, true, 32, FAKE_INDIRECT);

    fake_put_descriptor(table, table, 32, FAKE_INDIRECT, 0);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
    table = offer_table(SPLIT, true, 32, FAKE_INDIRECT);
    fake_put_descriptor(table, table + 16, 16, FAKE_INDIRECT, 0); /* itself a good one */
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
    table = offer_table(SPLIT, true, 32, FAKE_INDIRECT);
    fake_put_descriptor(table, 0x80000000, 16, FAKE_NEXT, 1);
    fake_put_descriptor(table + 16, table, 32, FAKE_INDIRECT, 0);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
}

TEST(a_packed_list_that_ends_in_a_table_is_refused)
{
    open_queue(PACKED, 8, false, true);
    offer(2, 0);
    fake_put_descriptor(descriptor_at(1), 0x80000000, 16, 0, FAKE_INDIRECT | FAKE_AVAIL);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
}

TEST(a_table_whose_next_is_past_its_end_is_refused)
{
    gpa_t table = offer_table(SPLIT, true, 32, FAKE_INDIRECT);

    fake_put_descriptor(table, 0x80000000, 16, FAKE_NEXT, 2);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
}

TEST(a_loop_in_a_table_is_refused)
{
    gpa_t table = offer_table(SPLIT, true, 32, FAKE_INDIRECT);

    fake_put_descriptor(table, 0x80000000, 16, FAKE_NEXT, 1);
    fake_put_descriptor(table + 16, 0x80000000, 16, FAKE_NEXT, 0);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
}

TEST(a_table_that_is_not_ram_is_refused)
{
    static const u64 places[] = {0, 0x7ffffff0, FAKE_RAM_BASE + FAKE_RAM_SIZE - 16, 0x80000000000,
                                 0xfffffffffffffff0};

    FOR_BOTH_FORMATS(kind)
    {
        for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
            offer_table(*kind, true, 32, FAKE_INDIRECT);
            memcpy(fake_ram(descriptor_at(0), 8), &places[i], 8);
            CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
        }
    }
}

/* ---------------------------------------------------------------- rings that no driver makes */

TEST(an_index_past_what_can_be_available_is_refused)
{
    for (u32 start = 0; start < 0x10000; start += 0x7ff8) {
        for (u32 jump = 0; jump < 0x10000; jump += jump < 12 || jump > 0xfff0 ? 1 : 37) {
            open_queue(SPLIT, 8, false, false);
            offer(1, 0);
            queue.next_available = queue.next_used = queue.available = (u16)start;
            fake_put16(ring.setup.driver + 2, start + jump);
            CHECK_EQ(pop(), !jump       ? VIRTQUEUE_EMPTY
                            : jump <= 8 ? VIRTQUEUE_CHAIN
                                        : VIRTQUEUE_BROKEN);
        }
    }
}

/* Whatever is taken keeps its descriptors: 5 taken of 8 leave room for 3. */
TEST(an_index_past_what_is_free_is_refused)
{
    for (u32 more = 0; more <= 4; more++) {
        open_queue(SPLIT, 8, false, false);
        for (u32 i = 0; i < 5; i++) {
            offer(1, 0);
            CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
        }
        fake_put16(ring.setup.driver + 2, 5 + more);
        CHECK_EQ(pop(), !more ? VIRTQUEUE_EMPTY : more <= 3 ? VIRTQUEUE_CHAIN : VIRTQUEUE_BROKEN);
    }
}

TEST(an_index_that_goes_back_is_refused)
{
    open_queue(SPLIT, 8, false, false);
    for (u32 i = 0; i < 3; i++) {
        offer(1, 0);
        CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    }
    fake_put16(ring.setup.driver + 2, 2);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
}

TEST(a_packed_driver_cannot_offer_slots_that_are_taken)
{
    open_queue(PACKED, 4, false, false);
    for (u32 i = 0; i < 4; i++) {
        offer(1, 0);
        CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    }
    CHECK_EQ(pop(), VIRTQUEUE_EMPTY);
    fake_put16(descriptor_at(0) + 14, FAKE_USED); /* available in the second round */
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
}

TEST(a_packed_list_that_runs_into_taken_slots_is_refused)
{
    open_queue(PACKED, 4, false, false);
    offer(2, 0);
    CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    offer(2, 0);
    fake_put16(descriptor_at(3) + 14, FAKE_AVAIL | FAKE_NEXT);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
}

TEST(a_head_or_a_next_past_the_table_is_refused)
{
    for (u32 index = 8; index < 0x10000; index = index * 2 + 1) {
        open_queue(SPLIT, 8, false, false);
        offer(1, 0);
        fake_put16(ring.setup.driver + 4, index);
        CHECK_EQ(pop(), VIRTQUEUE_BROKEN);

        open_queue(SPLIT, 8, false, false);
        offer(2, 0);
        fake_put16(descriptor_at(0) + 14, index);
        CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
    }
}

TEST(a_loop_is_refused)
{
    open_queue(SPLIT, 8, false, false);
    offer(8, 0);
    CHECK_EQ(pop(), VIRTQUEUE_CHAIN); /* as long as can be, and no longer */

    open_queue(SPLIT, 8, false, false);
    offer(3, 0);
    fake_put_descriptor(descriptor_at(2), 0x80000000, 1, FAKE_NEXT, 0);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);

    open_queue(PACKED, 8, false, false);
    offer(8, 0);
    fake_put16(descriptor_at(7) + 14, FAKE_AVAIL | FAKE_NEXT);
    CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
}

TEST(readable_after_writable_is_refused)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, false, true);
        fake_queue_add(&ring,
                       (struct fake_buffer[]){
                           {0x80000000, 1, false}, {0x80000000, 1, true}, {0x80000000, 1, false}},
                       3);
        CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
        open_queue(*kind, 8, false, true);
        fake_queue_add_indirect(
            &ring, (struct fake_buffer[]){{0x80000000, 1, true}, {0x80000000, 1, false}}, 2);
        CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
    }
}

TEST(buffers_that_are_empty_or_wrap_are_refused)
{
    static const struct {
        u64 address;
        u32 size;
        bool good;
    } cases[] = {
        {0x80000000, 0, false},
        {0xfffffffffffffff0, 16, false},
        {0xfffffffffffffff0, 15, true},
        {0xfffffffffffffff0, 17, false},
        {0xffffffff00000001, 0xffffffff, false},
        {0xffffffff00000000, 0xffffffff, true},
    };

    FOR_BOTH_FORMATS(kind)
    {
        for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
            open_queue(*kind, 8, false, false);
            fake_queue_add(&ring, &(struct fake_buffer){cases[i].address, cases[i].size, true}, 1);
            CHECK_EQ(pop(), cases[i].good ? VIRTQUEUE_CHAIN : VIRTQUEUE_BROKEN);
        }
    }
}

TEST(more_bytes_than_32_bits_can_count_are_refused)
{
    FOR_BOTH_FORMATS(kind)
    {
        for (u32 writable = 0; writable < 2; writable++) {
            for (u32 more = 0; more < 2; more++) {
                const struct fake_buffer buffers[] = {
                    {0, 0x80000000, writable}, {0, 0x7fffffff, writable}, {0, 1, writable}};

                open_queue(*kind, 8, false, false);
                fake_queue_add(&ring, buffers, 2 + more);
                CHECK_EQ(pop(), more ? VIRTQUEUE_BROKEN : VIRTQUEUE_CHAIN);
            }
        }
    }
}

TEST(rings_that_are_not_ram_are_refused)
{
    static const u64 places[] = {0, 0x7fffff00, FAKE_RAM_BASE + FAKE_RAM_SIZE, 0xfffffffffffffff0,
                                 0x180000000};

    FOR_BOTH_FORMATS(kind)
    {
        for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
            open_queue(*kind, 8, true, false);
            offer(1, 0);
            queue.setup.descriptors = places[i];
            CHECK_EQ(pop(), VIRTQUEUE_BROKEN);

            open_queue(*kind, 8, true, false);
            offer(1, 0);
            queue.setup.driver = places[i];
            CHECK_EQ(pop(), kind->packed ? VIRTQUEUE_CHAIN : VIRTQUEUE_BROKEN);

            open_queue(*kind, 8, true, false);
            offer(1, 0);
            CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
            queue.setup.device = places[i];
            CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_BROKEN);
            CHECK_EQ(virtqueue_push(&queue, host, chain.id, chain.slots, 0), kind->packed);
        }
    }
}

TEST(ram_that_cannot_be_backed_is_no_ring)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, true, false);
        offer(1, 0);
        CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
        push(0);
        fake_host.gone = true;
        CHECK_EQ(pop(), VIRTQUEUE_BROKEN);
        CHECK(!virtqueue_publish(&queue, host));
        CHECK(!virtqueue_interrupts(&queue, host));
        CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_BROKEN);
    }
}

/* ---------------------------------------------------------------- interrupts */

/* Uses one chain more; is an interrupt due? */
static bool interrupts_after_one(void)
{
    u32 written;
    u16 back;
    bool due;

    offer(1, 0);
    CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    push(0);
    CHECK(virtqueue_publish(&queue, host));
    due = virtqueue_interrupts(&queue, host);
    CHECK(!virtqueue_interrupts(&queue, host)); /* once */
    CHECK(fake_queue_take(&ring, &back, &written));
    return due;
}

TEST(interrupts_come_unless_the_driver_wants_none)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, false, false);
        for (u32 i = 0; i < 20; i++) {
            fake_queue_interrupts(&ring, i % 2);
            CHECK_EQ(interrupts_after_one(), i % 2);
        }
    }
}

TEST(with_event_idx_the_flag_of_a_split_ring_is_ignored)
{
    open_queue(SPLIT, 8, true, false);
    fake_queue_interrupts(&ring, false);
    fake_queue_interrupt_at(&ring, 0);
    CHECK(interrupts_after_one());
}

TEST(without_event_idx_its_index_is_ignored)
{
    open_queue(SPLIT, 8, false, false);
    fake_put16(ring.setup.driver + 4 + 2 * 8, 1000);
    CHECK(interrupts_after_one());

    open_queue(PACKED, 8, false, false);
    fake_queue_interrupt_at(&ring, 5);
    CHECK(interrupts_after_one());
}

/* The interrupt comes with the chain that was asked for, neither before nor after, all round. */
TEST(event_idx_interrupts_at_the_chain_asked_for)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, true, false);
        for (u32 i = 0; i < 0x20000; i++) {
            u32 ahead = i % 6;

            fake_queue_interrupt_at(&ring, (u16)ahead);
            for (u32 j = 0; j < ahead; j++)
                CHECK(!interrupts_after_one());
            CHECK(interrupts_after_one());
            CHECK(!interrupts_after_one());
        }
    }
}

/* Uses `count` chains, then asks once. */
static bool interrupts_after(u32 count)
{
    u32 written;
    u16 back;
    bool due;

    for (u32 i = 0; i < count; i++)
        offer(1, 0);
    for (u32 i = 0; i < count; i++) {
        CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
        push(0);
    }
    CHECK(virtqueue_publish(&queue, host));
    due = virtqueue_interrupts(&queue, host);
    for (u32 i = 0; i < count; i++)
        CHECK(fake_queue_take(&ring, &back, &written));
    return due;
}

TEST(event_idx_interrupts_once_for_a_batch)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, true, false);
        for (u32 i = 0; i < 2000; i++) {
            u32 count = 1 + i % 8, ahead = i / 8 % 8;

            fake_queue_interrupt_at(&ring, (u16)ahead);
            CHECK_EQ(interrupts_after(count), ahead < count);
        }
    }
}

TEST(an_interrupt_waits_for_publication)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, false, false);
        offer(1, 0);
        CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
        push(0);
        CHECK(!virtqueue_interrupts(&queue, host));
        CHECK(virtqueue_publish(&queue, host));
        CHECK(virtqueue_interrupts(&queue, host));
    }
}

TEST(a_reserved_event_flag_of_a_packed_ring_interrupts)
{
    open_queue(PACKED, 8, true, false);
    fake_put16(ring.setup.driver + 2, 3);
    CHECK(interrupts_after_one());
    fake_put16(ring.setup.driver + 2, 0xfffd); /* reserved bits; of the two that count, 1 */
    CHECK(!interrupts_after_one());
}

TEST(an_event_offset_past_the_ring_never_comes)
{
    open_queue(PACKED, 8, true, false);
    for (u32 i = 0; i < 32; i++) {
        fake_put16(ring.setup.driver, 0x7fff | (i & 1) << 15);
        fake_put16(ring.setup.driver + 2, 2);
        CHECK(!interrupts_after_one());
    }
}

/* ---------------------------------------------------------------- notifications */

TEST(notifications_are_asked_for_and_declined)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, false, false);
        for (u32 i = 0; i < 10; i++) {
            CHECK_EQ(virtqueue_notify(&queue, host, i % 2 == 0), VIRTQUEUE_EMPTY);
            CHECK_EQ(fake_queue_notifies(&ring), i % 2 == 0);
        }
    }
}

TEST(a_chain_that_came_before_the_request_is_told)
{
    FOR_BOTH_FORMATS(kind)
    {
        for (u32 event_idx = 0; event_idx < 2; event_idx++) {
            open_queue(*kind, 8, event_idx, false);
            offer(1, 0);
            CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_CHAIN);
            CHECK_EQ(virtqueue_notify(&queue, host, false), VIRTQUEUE_CHAIN);
            CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
            CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_EMPTY);
        }
    }
}

TEST(event_idx_asks_for_the_next_chain_only)
{
    FOR_BOTH_FORMATS(kind)
    {
        open_queue(*kind, 8, true, false);
        for (u32 i = 0; i < 0x10010; i++) {
            CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_EMPTY);
            turn(0);
            CHECK(fake_queue_notifies(&ring));
            turn(0);
            CHECK(!fake_queue_notifies(&ring)); /* not asked for again */
        }
    }
}

TEST(the_first_request_holds_whatever_lay_in_the_ring)
{
    gpa_t event;

    open_queue(SPLIT, 8, true, false);
    event = ring.setup.device + 4 + 8 * 8;
    fake_put16(event, 0x55aa); /* a driver has to clear the flags, but not this */
    CHECK_EQ(virtqueue_notify(&queue, host, false), VIRTQUEUE_EMPTY);
    CHECK_EQ(fake_get16(event), 0x55aa); /* to decline, nothing is written */
    CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_EMPTY);
    CHECK_EQ(fake_get16(event), 0);
}

TEST(no_notification_is_asked_for_while_chains_are_there)
{
    open_queue(SPLIT, 8, true, false);
    CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_EMPTY);
    offer(1, 0);
    offer(1, 0);
    CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_CHAIN);
    CHECK_EQ(fake_get16(ring.setup.device + 4 + 8 * 8), 0);
    CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
    CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_EMPTY);
    CHECK_EQ(fake_get16(ring.setup.device + 4 + 8 * 8), 2);
}

TEST(a_hostile_index_is_noticed_when_notifications_are_asked_for)
{
    open_queue(SPLIT, 8, true, false);
    fake_put16(ring.setup.driver + 2, 9);
    CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_BROKEN);
}

TEST(features_that_come_late_hold_from_then_on)
{
    open_queue(SPLIT, 8, false, false);
    turn(1);
    ring.setup.event_idx = true;
    virtqueue_change(&queue, true, true);
    fake_queue_interrupt_at(&ring, 1);
    CHECK(!interrupts_after_one());
    CHECK(interrupts_after_one());
    CHECK_EQ(virtqueue_notify(&queue, host, true), VIRTQUEUE_EMPTY);
    CHECK_EQ(fake_get16(ring.setup.device + 4 + 8 * 8), ring.next);
}

/* ---------------------------------------------------------------- copies */

static void fill_chain(u32 readable, u32 writable)
{
    struct fake_buffer buffers[32];

    open_queue(SPLIT, 32, false, false);
    fake_alloc(0x1000, 0x1000);
    for (u32 i = 0; i < readable + writable; i++) {
        gpa_t gpa = fake_alloc(1 + i % 5, 1);

        fake_alloc(7, 1);
        buffers[i] = (struct fake_buffer){gpa, 1 + i % 5, i >= readable};
        for (u32 j = 0; j < 1 + i % 5; j++)
            *fake_ram(gpa + j, 1) = (u8)(10 * i + j);
    }
    fake_queue_add(&ring, buffers, readable + writable);
    CHECK_EQ(pop(), VIRTQUEUE_CHAIN);
}

/* The byte of a buffer of fill_chain at that offset in its readable or its writable part. */
static u8 *byte_of(u32 first, u32 offset)
{
    u32 i = first;

    while (offset >= chain.buffers[i].size)
        offset -= chain.buffers[i++].size;
    return fake_ram(chain.buffers[i].address + offset, 1);
}

TEST(reads_gather_and_writes_scatter)
{
    u8 bytes[64];

    fill_chain(7, 6);
    for (u32 offset = 0; offset <= chain.readable_size; offset++) {
        for (u32 size = 0; size <= chain.readable_size - offset; size++) {
            CHECK(virtio_chain_read(&chain, host, offset, bytes, size));
            for (u32 i = 0; i < size; i++)
                CHECK_EQ(bytes[i], *byte_of(0, offset + i));
        }
    }
    for (u32 offset = 0; offset <= chain.writable_size; offset++) {
        for (u32 size = 0; size <= chain.writable_size - offset; size++) {
            for (u32 i = 0; i < size; i++)
                bytes[i] = (u8)(offset + size + i);
            CHECK(virtio_chain_write(&chain, host, offset, bytes, size));
            for (u32 i = 0; i < size; i++)
                CHECK_EQ(*byte_of(7, offset + i), bytes[i]);
        }
    }
}

TEST(writes_touch_nothing_else)
{
    u8 bytes[64] = {0}, before[0x2000];

    fill_chain(3, 5);
    memcpy(before, fake_host.ram, sizeof(before));
    for (u32 i = 0; i < chain.writable_size; i++)
        bytes[i] = *byte_of(3, i);
    CHECK(virtio_chain_write(&chain, host, 0, bytes, chain.writable_size));
    CHECK_EQ(memcmp(before, fake_host.ram, sizeof(before)), 0);
}

TEST(copies_past_the_end_or_outside_ram_fail)
{
    u8 bytes[64] = {0};

    fill_chain(3, 3);
    CHECK(!virtio_chain_read(&chain, host, 0, bytes, chain.readable_size + 1));
    CHECK(!virtio_chain_read(&chain, host, chain.readable_size, bytes, 1));
    CHECK(!virtio_chain_write(&chain, host, 1, bytes, chain.writable_size));
    chain.buffers[1].address = FAKE_RAM_BASE - 1;
    CHECK(!virtio_chain_read(&chain, host, 0, bytes, chain.readable_size));
    CHECK(virtio_chain_read(&chain, host, 0, bytes, chain.buffers[0].size));
}

UNIT_MAIN("virtqueue")
