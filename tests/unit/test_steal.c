/* Stolen time in the guest's memory: what is written, when, and in which order. */
#include "tests/unit/fake_vm.h"
#include "tests/unit/unit.h"
#include "hyp/vm/steal.c"

struct machine machine;

#define MEMORY 0x100001040ull

static struct vm vm;
static struct vcpu vcpu;

static struct {
    u8 bytes[SBI_STA_SIZE];
    u32 writes;
    u32 sequence; /* as it was at the last write of `steal` */
    bool gone;    /* the guest's memory cannot be written any more */
} guest;

bool memory_write(struct vm *of, gpa_t gpa, const void *from, u32 size)
{
    CHECK(of == &vm && gpa >= MEMORY && gpa + size <= MEMORY + SBI_STA_SIZE);
    guest.writes++;
    if (guest.gone)
        return false;
    memcpy(&guest.bytes[gpa - MEMORY], from, size);
    if (gpa == MEMORY + offsetof(struct sta, steal))
        memcpy(&guest.sequence, guest.bytes, 4);
    return true;
}

static struct sta seen(void)
{
    struct sta sta;

    memcpy(&sta, guest.bytes, sizeof(sta));
    return sta;
}

static void start(u32 timebase)
{
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&guest, 0, sizeof(guest));
    memset(guest.bytes, 0xa5, sizeof(guest.bytes));
    machine.timebase = timebase;
    vcpu.vm = &vm;
    vcpu.task.steal_time = 123456; /* what was stolen before is not told */
    CHECK_EQ(steal_report(&vcpu, MEMORY), SBI_SUCCESS);
    guest.writes = 0;
}

/* It waits for `ticks` and gets a hart. */
static void wait_ticks(u64 ticks)
{
    vcpu.task.steal_time += ticks;
    steal_loaded(&vcpu);
}

TEST(the_memory_is_cleared_first)
{
    static const u8 zero[SBI_STA_SIZE];

    start(10000000);
    CHECK(!memcmp(guest.bytes, zero, sizeof(zero)));
}

TEST(ticks_become_nanoseconds)
{
    start(10000000);
    wait_ticks(1000);
    CHECK_EQ(seen().steal, 100000);
    CHECK_EQ(seen().sequence, 2);
    wait_ticks(5000000);
    CHECK_EQ(seen().steal, 500100000);
    CHECK_EQ(seen().sequence, 4);
    CHECK_EQ(seen().flags, 0);
}

TEST(the_sequence_is_odd_while_it_is_written)
{
    start(10000000);
    for (u32 i = 0; i < 10; i++) {
        wait_ticks(1000);
        CHECK_EQ(guest.sequence, 2 * i + 1);
        CHECK_EQ(seen().sequence, 2 * i + 2);
    }
}

/* Timebases of machines there are, for a day in slices of 4 ms: right to a millionth. */
TEST(many_small_shares_lose_nothing)
{
    static const u32 timebases[] = {32768,    1000000,  4000000,   10000000,
                                    24000000, 27000000, 100000000, 1000000000};

    for (u32 i = 0; i < ARRAY_SIZE(timebases); i++) {
        u32 slice = timebases[i] / 250 + 7;
        u64 ns, ticks = 0;

        start(timebases[i]);
        for (u32 j = 0; j < 1000000; j++, ticks += slice)
            wait_ticks(slice);
        ns = (u64)((double)ticks * 1e9 / timebases[i]);
        CHECK(seen().steal <= ns && ns - seen().steal < ns / 1000000);
    }
}

TEST(nothing_is_written_when_nothing_was_stolen)
{
    start(10000000);
    for (u32 i = 0; i < 10; i++)
        wait_ticks(0);
    CHECK_EQ(guest.writes, 0);
}

/* 10 us are a hundred ticks: what is less adds up until it is worth the stores. */
TEST(what_is_little_is_told_later)
{
    start(10000000);
    wait_ticks(60);
    CHECK_EQ(guest.writes, 0);
    wait_ticks(60);
    CHECK_EQ(seen().steal, 12000);
}

TEST(long_waits_are_told_in_parts)
{
    start(10000000);
    wait_ticks(3 * 0x7fffffffull);
    CHECK_EQ(seen().steal, 0x7fffffffull * 100);
    for (u32 i = 0; i < 3; i++)
        steal_loaded(&vcpu);
    CHECK_EQ(seen().steal, 3 * 0x7fffffffull * 100);
    steal_loaded(&vcpu);
    CHECK_EQ(seen().steal, 3 * 0x7fffffffull * 100);
}

TEST(preempted_is_set_and_taken_back)
{
    start(10000000);
    CHECK_EQ(seen().preempted, 0);
    steal_preempted(&vcpu);
    CHECK_EQ(seen().preempted, 1);
    CHECK_EQ(guest.writes, 1);
    wait_ticks(0); /* also when no time was lost */
    CHECK_EQ(seen().preempted, 0);
    CHECK_EQ(guest.writes, 2);
    steal_loaded(&vcpu);
    CHECK_EQ(guest.writes, 2);
}

TEST(nothing_is_told_after_it_was_given_up)
{
    start(10000000);
    steal_preempted(&vcpu);
    CHECK_EQ(steal_report(&vcpu, SBI_STA_NONE), SBI_SUCCESS);
    guest.writes = 0;
    wait_ticks(100000);
    steal_preempted(&vcpu);
    wait_ticks(100000);
    CHECK_EQ(guest.writes, 0);
}

TEST(set_anew_it_begins_anew)
{
    start(10000000);
    wait_ticks(100000);
    CHECK_EQ(steal_report(&vcpu, MEMORY), SBI_SUCCESS);
    CHECK_EQ(seen().steal, 0);
    CHECK_EQ(seen().sequence, 0);
    wait_ticks(1000);
    CHECK_EQ(seen().steal, 100000);
    CHECK_EQ(seen().sequence, 2);
}

TEST(what_the_guest_writes_there_does_not_matter)
{
    start(10000000);
    memset(guest.bytes, 0xff, sizeof(guest.bytes));
    wait_ticks(1000);
    CHECK_EQ(seen().steal, 100000);
    CHECK_EQ(seen().sequence, 2);
}

TEST(memory_that_cannot_be_written_is_forgotten)
{
    start(10000000);
    guest.gone = true;
    wait_ticks(100000);
    CHECK_EQ(guest.writes, 1);
    wait_ticks(100000);
    steal_preempted(&vcpu);
    CHECK_EQ(guest.writes, 1);
    CHECK_EQ(steal_report(&vcpu, MEMORY), SBI_ERR_FAILED);
    CHECK(!vcpu.steal.on);
}

UNIT_MAIN("steal")
