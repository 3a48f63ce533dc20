/* Counters: totals without end of words that wrap, over vCPUs and over the lives of a VM. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_vm.h"
#include "hyp/sbi/sbi.h"
#include "hyp/vm/stats.c"

struct vm *vms[VM_MAX];
u32 vm_count;

static struct timer *armed;
static u64 armed_for;

void timer_arm(struct timer *timer, u64 deadline)
{
    armed = timer;
    armed_for = deadline;
}

u64 timer_after(u32 milliseconds)
{
    return milliseconds;
}

static struct vm machines[2];
static struct vcpu cpus[3]; /* two of the first VM, one of the second */

static void begin(u32 cpu, struct vm *vm, u32 id)
{
    cpus[cpu] = (struct vcpu){.vm = vm, .id = id};
    stats_begin(&cpus[cpu]);
}

static void reset(void)
{
    memset(machines, 0, sizeof(machines));
    vms[0] = &machines[0];
    vms[1] = &machines[1];
    vm_count = 2;
    begin(0, vms[0], 0);
    begin(1, vms[0], 1);
    begin(2, vms[1], 0);
}

static void count(u32 cpu, u32 counter, u32 times)
{
    while (times--)
        stats_count(&cpus[cpu].stats, counter);
}

TEST(a_counter_is_its_vcpus_and_its_vms)
{
    reset();
    count(0, STAT_EXIT_WAIT, 3);
    count(1, STAT_EXIT_WAIT, 4);
    count(2, STAT_EXIT_WAIT, 5);
    CHECK_EQ(stats_event(vms[0], 0, STAT_EXIT_WAIT), 3);
    CHECK_EQ(stats_event(vms[0], 1, STAT_EXIT_WAIT), 4);
    CHECK_EQ(stats_event(vms[0], STATS_WHOLE_VM, STAT_EXIT_WAIT), 7);
    CHECK_EQ(stats_event(vms[1], STATS_WHOLE_VM, STAT_EXIT_WAIT), 5);
    CHECK_EQ(stats_event(vms[0], STATS_WHOLE_VM, STAT_EXIT_CSR), 0);
}

TEST(there_is_nothing_of_vcpus_that_are_not)
{
    reset();
    CHECK_EQ(stats_event(vms[0], 2, STAT_EXIT_WAIT), 0);
    CHECK_EQ(stats_event(vms[0], VM_MAX_VCPUS, STAT_EXIT_WAIT), 0);
    CHECK_EQ(stats_exits(vms[0], VM_MAX_VCPUS - 1), 0);
}

/* Each counter has a place of its own: what is added to one is found in no other. */
TEST(no_two_counters_share_a_place)
{
    reset();
    for (u32 i = 0; i < STATS_COUNTERS; i++)
        cpus[0].stats.count[i] = 1000 + i;
    for (u32 i = 0; i < STAT_COUNT; i++)
        CHECK_EQ(stats_event(vms[0], 0, (enum stat)i), 1000 + i);
    for (u32 i = 0; i < SBI_EXTENSIONS; i++)
        CHECK_EQ(stats_sbi(vms[0], 0, i), 1000 + STAT_COUNT + i);
    for (u32 i = 0; i < BUS_REGIONS; i++) {
        CHECK_EQ(stats_loads(vms[0], 0, i), 1000 + STAT_COUNT + SBI_EXTENSIONS + i);
        CHECK_EQ(stats_stores(vms[0], 0, i), 1000 + STAT_COUNT + SBI_EXTENSIONS + BUS_REGIONS + i);
    }
}

TEST(totals_go_on_where_words_wrap)
{
    reset();
    cpus[0].stats.count[STAT_EXIT_CSR] = 0xfffffff0;
    CHECK_EQ(stats_event(vms[0], 0, STAT_EXIT_CSR), 0xfffffff0);
    count(0, STAT_EXIT_CSR, 0x20);
    CHECK_EQ(cpus[0].stats.count[STAT_EXIT_CSR], 0x10);
    CHECK_EQ(stats_event(vms[0], 0, STAT_EXIT_CSR), 0x100000010);
    CHECK_EQ(stats_event(vms[0], 0, STAT_EXIT_CSR), 0x100000010);
    cpus[0].stats.count[STAT_EXIT_CSR] = 0xf; /* almost once round */
    CHECK_EQ(stats_event(vms[0], STATS_WHOLE_VM, STAT_EXIT_CSR), 0x20000000f);
}

TEST(the_sampler_sees_every_vm_and_comes_again)
{
    reset();
    stats_init();
    CHECK_EQ(armed_for, SAMPLE_MS);
    armed_for = 0;
    cpus[0].stats.count[STATS_STORES] = cpus[2].stats.count[STAT_EXIT_CSR] = 0xffffffff;
    armed->fire(armed);
    CHECK_EQ(armed_for, SAMPLE_MS);
    cpus[0].stats.count[STATS_STORES] = cpus[2].stats.count[STAT_EXIT_CSR] = 1;
    CHECK_EQ(stats_stores(vms[0], 0, 0), 0x100000001);
    CHECK_EQ(stats_event(vms[1], 0, STAT_EXIT_CSR), 0x100000001);
}

TEST(what_a_life_has_counted_stays_with_the_vm)
{
    reset();
    count(0, STAT_EXIT_WAIT, 3);
    count(1, STAT_EXIT_WAIT, 4);
    stats_end(&cpus[0]);
    stats_end(&cpus[1]);
    memset(cpus, 0x5a, sizeof(cpus)); /* as page_free does */
    CHECK_EQ(stats_event(vms[0], STATS_WHOLE_VM, STAT_EXIT_WAIT), 7);
    CHECK_EQ(stats_event(vms[0], 0, STAT_EXIT_WAIT), 0);
    begin(0, vms[0], 0);
    count(0, STAT_EXIT_WAIT, 10);
    CHECK_EQ(stats_event(vms[0], 0, STAT_EXIT_WAIT), 10);
    CHECK_EQ(stats_event(vms[0], STATS_WHOLE_VM, STAT_EXIT_WAIT), 17);
}

TEST(ending_twice_counts_once)
{
    reset();
    count(0, STAT_EXIT_WAIT, 3);
    stats_end(&cpus[0]);
    stats_end(&cpus[0]);
    CHECK_EQ(stats_event(vms[0], STATS_WHOLE_VM, STAT_EXIT_WAIT), 3);
}

TEST(exits_are_the_sum_of_their_kinds)
{
    reset();
    count(0, STAT_EXIT_INTERRUPT, 1);
    count(0, STAT_EXIT_OTHER, 2);
    count(0, STATS_SBI, 4);
    count(0, STATS_SBI + SBI_UNKNOWN, 8);
    count(0, STATS_LOADS + BUS_REGIONS - 1, 16);
    count(1, STATS_STORES + BUS_REGIONS - 1, 32);
    CHECK_EQ(stats_exits(vms[0], 0), 31);
    CHECK_EQ(stats_exits(vms[0], STATS_WHOLE_VM), 63);
    /* These happen within exits, or without one. */
    for (u32 stat = STAT_EXIT_OTHER + 1; stat < STAT_COUNT; stat++)
        count(0, stat, 1);
    CHECK_EQ(stats_exits(vms[0], 0), 31);
}

TEST(every_counter_has_a_name_of_its_own)
{
    for (u32 i = 0; i < STAT_COUNT; i++) {
        CHECK(stats_name((enum stat)i) && *stats_name((enum stat)i));
        for (u32 j = 0; j < i; j++)
            CHECK(strcmp(stats_name((enum stat)i), stats_name((enum stat)j)));
    }
}

UNIT_MAIN("stats")
