/* The trace: what was recorded is read back, whole, in order and with its full time. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_hart.h"
#include "tests/unit/fake_time.h"

static inline u32 fake_time_low(void)
{
    return (u32)fake_time;
}

#define time_low fake_time_low

/* Copying takes time: something may happen meanwhile. */
static void (*while_copying)(void);

static void *slow_memcpy(void *to, const void *from, size_t size)
{
    if (while_copying)
        while_copying();
    return memcpy(to, from, size);
}

#define memcpy slow_memcpy

#include "hyp/core/trace.c"

struct hart harts[MAX_HARTS];
u32 hart_count;

#define BLOCK (TRACE_RING_EVENTS * sizeof(struct trace_event))

static _Alignas(8) u8 blocks[6][BLOCK];
static u32 blocks_used, blocks_most;

void *page_alloc_ptr(u32 order)
{
    CHECK_EQ(PAGE_SIZE << order, BLOCK);
    return blocks_used < blocks_most ? memset(blocks[blocks_used++], 0, BLOCK) : NULL;
}

bool complain(const char *whom, const char *format, ...)
{
    (void)whom;
    (void)format;
    return false;
}

/* Records at `time` on hart `index`: trace() does so on the hart that tp stands for. */
static void record(u32 index, u64 time, enum trace_kind kind, u32 data)
{
    fake_time = time;
    fake_hart = harts[index];
    trace(trace_tag(3, 1), kind, 0x80200000 + data, data);
    harts[index] = fake_hart;
}

static bool reset_with(u32 count, u32 memory)
{
    for (u32 i = 0; i < MAX_HARTS; i++) {
        copies[i] = (struct copy){.events = NULL};
        harts[i] = (struct hart){.index = i, .own.stack = i < count, .online = i < count};
    }
    hart_count = count;
    blocks_used = 0;
    blocks_most = memory;
    stopped = false;
    while_copying = NULL;
    return trace_init();
}

static void reset(u32 count)
{
    CHECK(reset_with(count, 2 * count));
}

static struct trace_entry read_one(void)
{
    struct trace_entry entry;

    CHECK(trace_read_next(&entry));
    return entry;
}

#define CHECK_END()                         \
    do {                                    \
        struct trace_entry no_entry;        \
        CHECK(!trace_read_next(&no_entry)); \
    } while (0)

/* After the second that the boot hart waits. It may run any vCPU. */
TEST(a_hart_that_comes_up_late_records)
{
    reset(2);
    harts[1] = (struct hart){.index = 1, .own.stack = 1};
    blocks_used = 0;
    CHECK(trace_init());
    harts[1].online = true;
    record(1, 7, TRACE_SBI, 1);
    trace_read_begin();
    CHECK_EQ(read_one().hart, 1);
    CHECK_END();
}

TEST(an_empty_trace_ends_at_once)
{
    reset(2);
    trace_read_begin();
    CHECK_END();
}

TEST(an_event_comes_back_as_it_was_recorded)
{
    struct trace_entry entry;

    reset(1);
    record(0, 0x500000007, TRACE_WRITE, 0x10000000);
    trace_read_begin();
    entry = read_one();
    CHECK_EQ(entry.time, 0x500000007);
    CHECK_EQ(entry.whom, 3 << 8 | 1);
    CHECK_EQ(entry.kind, TRACE_WRITE);
    CHECK_EQ(entry.pc, 0x90200000);
    CHECK_EQ(entry.data, 0x10000000);
    CHECK_EQ(entry.hart, 0);
    CHECK_END();
    CHECK_END();
}

TEST(harts_are_merged_by_time)
{
    reset(3);
    record(2, 10, TRACE_EXIT, 0);
    record(0, 20, TRACE_EXIT, 1);
    record(2, 30, TRACE_EXIT, 2);
    record(1, 30, TRACE_EXIT, 3);
    record(0, 40, TRACE_EXIT, 4);
    fake_time = 50;
    trace_read_begin();
    CHECK_EQ(read_one().data, 0);
    CHECK_EQ(read_one().data, 1);
    CHECK_EQ(read_one().data, 3); /* of equals, the first hart's first */
    CHECK_EQ(read_one().data, 2);
    CHECK_EQ(read_one().data, 4);
    CHECK_END();
}

/* When the ring is full the oldest go; the reader leaves the place alone that is written next. */
TEST(a_full_ring_has_the_newest)
{
    for (u32 extra = 0; extra < 3 * TRACE_RING_EVENTS; extra += TRACE_RING_EVENTS / 2 + 1) {
        u32 total = TRACE_RING_EVENTS + extra;

        reset(1);
        for (u32 i = 0; i < total; i++)
            record(0, i, TRACE_EXIT, i);
        trace_read_begin();
        for (u32 i = total - TRACE_RING_EVENTS + 1; i < total; i++) {
            struct trace_entry entry = read_one();

            CHECK_EQ(entry.data, i);
            CHECK_EQ(entry.time, i);
        }
        CHECK_END();
    }
}

TEST(the_last_place_before_the_end_of_the_ring)
{
    reset(1);
    for (u32 i = 0; i < TRACE_RING_EVENTS - 1; i++)
        record(0, i, TRACE_EXIT, i);
    trace_read_begin();
    for (u32 i = 0; i < TRACE_RING_EVENTS - 1; i++)
        CHECK_EQ(read_one().data, i);
    CHECK_END();
}

TEST(time_goes_on_across_a_change_of_the_high_word)
{
    reset(1);
    record(0, 0x1fffffff0, TRACE_EXIT, 0);
    record(0, 0x200000010, TRACE_EXIT, 1);
    record(0, 0x2ffffffff, TRACE_EXIT, 2);
    record(0, 0x300000000, TRACE_EXIT, 3);
    fake_time = 0x300000001;
    trace_read_begin();
    CHECK_EQ(read_one().time, 0x1fffffff0);
    CHECK_EQ(read_one().time, 0x200000010);
    CHECK_EQ(read_one().time, 0x2ffffffff);
    CHECK_EQ(read_one().time, 0x300000000);
}

TEST(the_copys_own_time_can_be_a_word_further)
{
    reset(1);
    record(0, 0x1fffffff0, TRACE_EXIT, 0);
    fake_time = 0x200000000;
    trace_read_begin();
    CHECK_EQ(read_one().time, 0x1fffffff0);
}

/* A hart may be idle for any time: the next load tells the time. */
TEST(a_load_says_the_whole_time)
{
    reset(1);
    record(0, 0x1fffffff0, TRACE_LOAD, 0x1);
    record(0, 0x200000005, TRACE_EXIT, 0);
    record(0, 0x900000004, TRACE_LOAD, 0x9);
    record(0, 0x900000006, TRACE_EXIT, 1);
    fake_time = 0xa000000000;
    trace_read_begin();
    CHECK_EQ(read_one().time, 0x1fffffff0);
    CHECK_EQ(read_one().time, 0x200000005);
    CHECK_EQ(read_one().time, 0x900000004);
    CHECK_EQ(read_one().time, 0x900000006);
}

TEST(what_was_before_the_first_load_is_counted_back_from_it)
{
    reset(1);
    record(0, 0x6fffffff0, TRACE_EXIT, 0);
    record(0, 0x700000001, TRACE_EXIT, 1);
    record(0, 0x7fffffff0, TRACE_PUT, 2);
    record(0, 0x800000001, TRACE_LOAD, 8);
    fake_time = 0xa000000000;
    trace_read_begin();
    CHECK_EQ(read_one().time, 0x6fffffff0);
    CHECK_EQ(read_one().time, 0x700000001);
    CHECK_EQ(read_one().time, 0x7fffffff0);
    CHECK_EQ(read_one().time, 0x800000001);
}

TEST(harts_are_merged_by_their_whole_times)
{
    reset(2);
    record(0, 0x100000005, TRACE_LOAD, 1);
    record(1, 0x200000001, TRACE_LOAD, 2);
    record(0, 0x200000003, TRACE_EXIT, 0);
    trace_read_begin();
    CHECK_EQ(read_one().time, 0x100000005);
    CHECK_EQ(read_one().time, 0x200000001);
    CHECK_EQ(read_one().time, 0x200000003);
    CHECK_END();
}

TEST(each_reading_begins_with_a_new_copy)
{
    reset(1);
    record(0, 1, TRACE_EXIT, 1);
    trace_read_begin();
    record(0, 2, TRACE_EXIT, 2);
    CHECK_EQ(read_one().data, 1);
    CHECK_END();
    trace_read_begin();
    CHECK_EQ(read_one().data, 1);
    CHECK_EQ(read_one().data, 2);
    CHECK_END();
}

TEST(from_stop_to_resume_there_is_one_copy)
{
    reset(1);
    record(0, 1, TRACE_EXIT, 1);
    trace_stop();
    for (u32 i = 0; i < 2 * TRACE_RING_EVENTS; i++)
        record(0, 2 + i, TRACE_EXIT, 2 + i);
    for (u32 i = 0; i < 2; i++) {
        trace_read_begin();
        CHECK_EQ(read_one().data, 1);
        CHECK_END();
    }
    trace_resume();
    trace_read_begin();
    CHECK_EQ(read_one().data, TRACE_RING_EVENTS + 3);
}

static u32 recorded_before, recorded_meanwhile;

static void record_more(void)
{
    for (u32 i = 0; i < recorded_meanwhile; i++)
        record(0, recorded_before + i, TRACE_EXIT, recorded_before + i);
}

/* Events that come while the ring is copied are not in it, nor those that they have overwritten,
 * nor the one that is perhaps being overwritten. */
static void check_recorded_meanwhile(u32 before, u32 meanwhile)
{
    u32 all = before + meanwhile;
    u32 oldest = all < TRACE_RING_EVENTS ? 0 : all - TRACE_RING_EVENTS + 1;

    reset(1);
    for (u32 i = 0; i < before; i++)
        record(0, i, TRACE_EXIT, i);
    recorded_before = before;
    recorded_meanwhile = meanwhile;
    while_copying = record_more;
    trace_read_begin();
    for (u32 i = oldest; i < before; i++)
        CHECK_EQ(read_one().data, i);
    CHECK_END();
}

TEST(what_is_recorded_meanwhile_is_left_out)
{
    check_recorded_meanwhile(10, 5);
    check_recorded_meanwhile(TRACE_RING_EVENTS - 3, 2);
    check_recorded_meanwhile(TRACE_RING_EVENTS - 3, 3);
    check_recorded_meanwhile(TRACE_RING_EVENTS + 10, 1);
    check_recorded_meanwhile(TRACE_RING_EVENTS + 10, TRACE_RING_EVENTS / 2);
    check_recorded_meanwhile(TRACE_RING_EVENTS + 10, TRACE_RING_EVENTS - 1);
    check_recorded_meanwhile(TRACE_RING_EVENTS + 10, 3 * TRACE_RING_EVENTS);
}

TEST(an_sbi_call_keeps_what_tells_it_from_others)
{
    CHECK_EQ(trace_sbi_call(0x10, 3), 0x10 << 5 | 3);
    CHECK_EQ(trace_sbi_call(0x54494d45, 0), (0x54494d45u << 5));
    CHECK_EQ(trace_sbi_call(0xffffffff, 0xffffffff), 0xffffffff);
}

TEST(harts_that_did_not_come_up_have_no_ring)
{
    reset(2);
    hart_count = 3;
    record(1, 1, TRACE_EXIT, 1);
    CHECK(!copies[2].events && !harts[2].trace_end);
    trace_read_begin();
    CHECK_EQ(read_one().data, 1);
    CHECK_END();
}

TEST(no_memory_is_told)
{
    for (u32 memory = 0; memory < 4; memory++)
        CHECK(!reset_with(2, memory));
    CHECK(reset_with(2, 4));
}

UNIT_MAIN("trace")
