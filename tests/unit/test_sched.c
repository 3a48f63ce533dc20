/* The scheduler: shares by weight, latency and affinity, on 1 to 4 harts. */
#include "tests/unit/sched_sim.h"

/* Runs hogs, one task a group or `tasks`, and checks that each has its share by weight. */
static void check_shares(u32 count, const u32 *weights, const u32 *tasks, u32 groups)
{
    u32 sum = 0;

    sim_start(count, 7);
    for (u32 i = 0; i < groups; i++) {
        sim_add_hogs(weights[i], tasks ? tasks[i] : 1);
        sum += weights[i];
    }
    sim_run(SECOND / 10);
    sim_reset_times();
    sim_run(60 * SECOND);
    for (u32 i = 0; i < groups; i++)
        CHECK_NEAR(sim_run_time(&sim.groups[i]), 60.0 * SECOND * count * weights[i] / sum, 1);
}

TEST(equal_weights_share_equally)
{
    static const u32 weights[] = {256, 256, 256, 256, 256, 256, 256};

    FOR_EACH_HARTS(count)
    check_shares(count, weights, NULL, ARRAY_SIZE(weights));
}

TEST(shares_follow_weights)
{
    static const u32 weights[] = {256, 512, 1024, 768, 300, 1024, 256};

    FOR_EACH_HARTS(count)
    check_shares(count, weights, NULL, ARRAY_SIZE(weights));
}

TEST(extreme_weights_are_kept)
{
    static const u32 weights[] = {16, 4096, 61, 1000};
    static const u32 tasks[] = {1, 1, 1, 1};

    check_shares(1, weights, tasks, 4);
}

/* A group of several tasks has one share, not one for each. */
TEST(tasks_of_a_group_share_its_share)
{
    static const u32 weights[] = {256, 512, 1024, 256};
    static const u32 tasks[] = {4, 3, 4, 1};

    FOR_EACH_HARTS(count)
    check_shares(count, weights, tasks, 4);
}

TEST(tasks_of_a_group_take_turns)
{
    FOR_EACH_HARTS(count)
    {
        struct sim_group *g;

        sim_start(count, 3);
        sim_add_hogs(256, 2);
        g = sim_add_hogs(512, 5);
        sim_run(30 * SECOND);
        for (u32 i = 1; i < 5; i++)
            CHECK_NEAR(sched_task_times(&g->tasks[i].task).run,
                       sched_task_times(&g->tasks[0].task).run, 1);
    }
}

/* More weight than one task can use: a whole hart, and the others share the rest by weight. */
TEST(more_weight_than_can_be_used_goes_to_the_others)
{
    struct sim_group *big;

    sim_start(4, 5);
    big = sim_add_hogs(4096, 1);
    for (u32 i = 0; i < 3; i++) {
        sim_add_hogs(256, 2);
        sim_add_hogs(512, 2);
    }
    sim_run(SECOND);
    sim_reset_times();
    sim_run(60 * SECOND);
    CHECK_NEAR(sim_run_time(big), 60 * SECOND, 1);
    for (u32 i = 0; i < 3; i++) {
        CHECK_NEAR(sim_run_time(&sim.groups[1 + 2 * i]), 60 * SECOND * 3 / 9, 1);
        CHECK_NEAR(sim_run_time(&sim.groups[2 + 2 * i]), 60 * SECOND * 6 / 9, 1);
    }
}

/* And what it could not use it does not have saved up, when it gets more tasks. */
TEST(unused_weight_is_not_saved_up)
{
    struct sim_group *big, *small[4];

    sim_start(4, 5);
    big = sim_add_hogs(4096, 1);
    for (u32 i = 0; i < 4; i++)
        small[i] = sim_add_hogs(1024, 2);
    sim_run(20 * SECOND);
    for (u32 i = 0; i < 7; i++)
        sim_add_task(big, FOR_EVER, 0);
    sim_reset_times();
    sim_run(SECOND);
    for (u32 i = 0; i < 4; i++)
        CHECK_NEAR(sim_run_time(small[i]), SECOND / 2, 5);
    CHECK_NEAR(sim_run_time(big), 2 * SECOND, 5);
}

TEST(time_for_which_nobody_waits_is_free)
{
    struct sim_group *alone, *late;

    sim_start(1, 1);
    alone = sim_add_hogs(256, 1);
    sim_run(3600 * SECOND);
    CHECK_AT_MOST(sim.interrupts, 1); /* the wake-up of the idle hart: no tick */
    late = sim_add_hogs(256, 1);
    sim_reset_times();
    sim_run(SECOND);
    CHECK_NEAR(sim_run_time(alone), SECOND / 2, 2);
    CHECK_NEAR(sim_run_time(late), SECOND / 2, 2);
}

TEST(idle_harts_get_no_interrupts)
{
    u32 before;

    sim_start(4, 1);
    sim_add_hogs(256, 1);
    sim_add_task(sim_add_group(256, 0, SCHED_ALL_HARTS), MS, FOR_EVER / 2);
    sim_run(SECOND);
    before = sim.interrupts;
    sim_run(3600 * SECOND);
    CHECK_EQ(sim.interrupts, before);
    for (u32 i = 0; i < 4; i++)
        CHECK_EQ(fake_harts.compare[i], FOR_EVER);
}

/* Sleep saves up one slice, once. */
TEST(sleep_saves_up_no_more_than_a_slice)
{
    FOR_EACH_HARTS(count)
    {
        struct sim_group *sleeper;

        sim_start(count, 11);
        sleeper = sim_add_group(256, 0, SCHED_ALL_HARTS);
        sim_add_task(sleeper, MS, 10 * SECOND);
        for (u32 i = 0; i < 2 * count; i++)
            sim_add_hogs(256, 1);
        sim_run(9 * SECOND);
        sleeper->tasks[0].left = sleeper->tasks[0].burst = FOR_EVER;
        sim_run(SECOND + MS);
        sim_reset_times();
        sim_run(SECOND);
        CHECK_AT_MOST(sim_run_time(sleeper), 1.0 * SECOND * count / (2 * count + 1) + 2 * SLICE);
    }
}

/* Whoever sleeps a little again and again, always awake first, has no more than its share. */
TEST(short_sleeps_gain_nothing)
{
    static const u64 pauses[] = {MS / 100, MS / 10, MS, 4 * MS};

    for (u32 p = 0; p < ARRAY_SIZE(pauses); p++)
        FOR_EACH_HARTS(count)
        {
            struct sim_group *sleeper;

            sim_start(count, 13);
            sleeper = sim_add_group(256, 0, SCHED_ALL_HARTS);
            sim_add_task(sleeper, 3 * MS, pauses[p]);
            for (u32 i = 0; i < 2 * count; i++)
                sim_add_hogs(256, 1);
            sim_run(30 * SECOND);
            CHECK_AT_MOST(sim_run_time(sleeper),
                          30.0 * SECOND * count / (2 * count + 1) * 1.01 + SLICE);
        }
}

TEST(no_group_starves)
{
    FOR_EACH_HARTS(count)
    {
        u32 sum = 0, groups = SIM_GROUPS;

        sim_start(count, 17);
        sim.unchecked = true;
        for (u32 i = 0; i < groups; i++) {
            sim_add_hogs(i % 8 ? SCHED_WEIGHT_MAX / (i % 8) : SCHED_WEIGHT_MIN, 1 + i % 3);
            sum += sim.groups[i].group.share.weight;
        }
        sim_run(60 * SECOND);
        for (u32 i = 0; i < groups; i++) {
            u32 weight = sim.groups[i].group.share.weight;

            CHECK_AT_MOST(sim.groups[i].tasks[0].longest_wait,
                          ((1.0 * sum / weight * 3 + groups) / count + 1) * 3 * SLICE);
            CHECK(sim_run_time(&sim.groups[i]) + SLICE * 4 >
                  60.0 * SECOND * count * weight / sum * 0.97);
        }
    }
}

/* ---- Latency: the bounds that sched.h states. */

TEST(hogs_wait_no_longer_than_stated)
{
    static const u32 weights[] = {256, 64, 1024, 16, 512, 256, 4096, 300, 2000};
    u32 groups = ARRAY_SIZE(weights), sum = 0;

    for (u32 i = 0; i < groups; i++)
        sum += weights[i];
    FOR_EACH_HARTS(count)
    {
        sim_start(count, 19);
        for (u32 i = 0; i < groups; i++)
            sim_add_hogs(weights[i], 1);
        sim_run(60 * SECOND);
        for (u32 i = 0; i < groups; i++) {
            double others = sum - weights[i];

            CHECK_AT_MOST(sim.groups[i].tasks[0].longest_wait,
                          ((others / weights[i] + groups - 1) / count + 1) * SLICE);
        }
    }
}

TEST(who_wakes_takes_a_hart_after_the_grain)
{
    FOR_EACH_HARTS(count)
    {
        struct sim_task *waker;

        sim_start(count, 23);
        for (u32 i = 0; i < 8; i++)
            sim_add_hogs(256 << i % 5, 1 + i % 3);
        waker = sim_add_task(sim_add_group(256, 0, SCHED_ALL_HARTS), MS / 5, 35 * MS + 333);
        sim_run(SECOND);
        sim_reset_times();
        sim_run(60 * SECOND);
        CHECK(waker->task.runs > 1600);
        CHECK_AT_MOST(waker->longest_wake, GRAIN + 2 * KICK_TICKS);
    }
}

TEST(several_that_wake_wait_for_one_another)
{
    FOR_EACH_HARTS(count)
    {
        u32 wakers = 6;

        sim_start(count, 29);
        for (u32 i = 0; i < wakers; i++)
            sim_add_task(sim_add_group(256, 0, SCHED_ALL_HARTS), MS, (150 + i) * MS);
        for (u32 i = 0; i < 8; i++)
            sim_add_hogs(256, 1);
        sim_run(60 * SECOND);
        for (u32 i = 0; i < wakers; i++)
            CHECK_AT_MOST(sim.groups[i].tasks[0].longest_wake,
                          GRAIN + (1.0 * wakers / count + 1) * SLICE);
    }
}

TEST(a_prompt_task_takes_the_hart_of_its_own_group)
{
    FOR_EACH_HARTS(count)
    {
        struct sim_group *group;
        struct sim_task *worker;

        sim_start(count, 37);
        group = sim_add_hogs(256, count);
        worker = sim_add_task(group, MS / 5, 3 * MS + 333);
        worker->task.prompt = true;
        sim_run(10 * SECOND);
        CHECK(worker->task.runs > 2500);
        CHECK_AT_MOST(worker->longest_wake, 2 * KICK_TICKS);
    }
}

TEST(a_prompt_task_gains_its_group_nothing)
{
    struct sim_group *with, *without;

    sim_start(1, 41);
    with = sim_add_hogs(256, 1);
    without = sim_add_hogs(256, 1);
    sim_add_task(with, MS / 5, MS + 77)->task.prompt = true;
    sim_run(60 * SECOND);
    CHECK_AT_MOST(sim_run_time(with), 1.02 * (double)sim_run_time(without));
    CHECK_AT_MOST(sim_run_time(without), 1.02 * (double)sim_run_time(with));
}

TEST(a_prompt_task_that_always_has_work_is_one_among_its_group)
{
    struct sim_group *group;
    struct sim_task *worker;

    sim_start(1, 73);
    group = sim_add_hogs(256, 1);
    worker = sim_add_task(group, FOR_EVER, 0);
    worker->task.prompt = true;
    sim_run(10 * SECOND);
    CHECK_NEAR(sched_task_times(&worker->task).run, 5.0 * SECOND, 1);
    CHECK_NEAR(sched_task_times(&group->tasks[0].task).run, 5.0 * SECOND, 1);
}

/* A wake-up while it runs counts when it blocks; when it yields, others come first all the same. */
TEST(a_prompt_task_goes_first_when_it_was_woken_and_last_when_it_yields)
{
    struct sim_group *group;
    struct sim_task *worker;

    sim_start(1, 79);
    group = sim_add_group(256, SCHED_NO_CAP, SCHED_ALL_HARTS);
    worker = sim_add_task(group, FOR_EVER, 0);
    worker->task.prompt = true;
    sim_run(MS);
    sim_add_task(group, FOR_EVER, 0);
    sched_wake(&worker->task);
    sim_end(TASK_BLOCK);
    sim_begin();
    CHECK(sim_task_on(0) == worker);
    sched_wake(&worker->task);
    sim_end(TASK_YIELD);
    sim_begin();
    CHECK(sim_task_on(0) == &group->tasks[1]);
    CHECK(worker->task.state == TASK_READY);
}

TEST(an_idle_hart_takes_what_wakes_at_once)
{
    struct sim_task *waker;

    sim_start(2, 31);
    sim_add_hogs(4096, 1);
    waker = sim_add_task(sim_add_group(16, 0, SCHED_ALL_HARTS), MS, 10 * MS);
    sim_run(10 * SECOND);
    CHECK_AT_MOST(waker->longest_wake, 2 * KICK_TICKS);
}

TEST(the_idle_hart_where_it_last_ran_is_preferred)
{
    struct sim_task *a, *b;

    sim_start(4, 37);
    a = sim_add_task(sim_add_group(256, 0, BIT(2)), MS, 10 * MS);
    sim_run(MS / 2);
    b = sim_add_task(sim_add_group(256, 0, BIT(3)), MS, 7 * MS);
    sim_run(100 * MS);
    CHECK_EQ(a->task.last_hart, 2);
    CHECK_EQ(b->task.last_hart, 3);
    a->group->group.share.affinity = b->group->group.share.affinity = SCHED_ALL_HARTS;
    sim_run(SECOND);
    CHECK_EQ(a->task.last_hart, 2);
    CHECK_EQ(b->task.last_hart, 3);
}

TEST(urgent_goes_first)
{
    FOR_EACH_HARTS(count)
    {
        struct sim_group *urgent;

        sim_start(count, 41);
        urgent = sim_add_group(16, 0, SCHED_ALL_HARTS);
        urgent->group.urgent = true;
        sim_add_task(urgent, 20 * MS, 30 * MS); /* far more than its weight is worth */
        for (u32 i = 0; i < 8; i++)
            sim_add_hogs(4096, 2);
        sim_run(10 * SECOND);
        CHECK_AT_MOST(urgent->tasks[0].longest_wake, GRAIN + 2 * KICK_TICKS);
        CHECK_NEAR(sim_run_time(urgent), 4 * SECOND, 3);
        for (u32 i = 2; i <= 8; i++)
            CHECK_NEAR(sim_run_time(&sim.groups[i]), sim_run_time(&sim.groups[1]), 1);
    }
}

/* Not even who comes from a long sleep, with the credit of a light weight. */
TEST(nobody_runs_before_urgent)
{
    struct sim_group *urgent, *light;

    sim_start(1, 42);
    sim_add_hogs(256, 1);
    sim_add_hogs(256, 1);
    light = sim_add_group(16, 0, SCHED_ALL_HARTS);
    sim_add_task(light, MS, SECOND);
    sim_run(SECOND / 2);
    urgent = sim_add_group(4096, 0, SCHED_ALL_HARTS);
    urgent->group.urgent = true;
    sim_add_task(urgent, FOR_EVER, 0);
    sim_run(2 * MS);
    sim_reset_times();
    sim_run(SECOND);
    CHECK_EQ(sim_run_time(urgent), SECOND);
    urgent->group.urgent = false; /* and it owes nothing afterwards */
    sim_reset_times();
    sim_run(SECOND);
    CHECK_NEAR(sim_run_time(urgent), SECOND * 16 / 18, 2);
}

/* ---- Affinity. */

TEST(tasks_run_only_where_they_may)
{
    static const u32 sets[] = {BIT(0), BIT(1) | BIT(2), BIT(3), SCHED_ALL_HARTS, BIT(0) | BIT(3)};

    sim_start(4, 43); /* the simulator checks it at every step */
    for (u32 i = 0; i < 10; i++) {
        struct sim_group *g = sim_add_group(256, 0, sets[i % 5]);

        sim_add_task(g, i < 5 ? FOR_EVER : 3 * MS, 5 * MS);
        sim_add_task(g, FOR_EVER, 0);
    }
    sim_run(20 * SECOND);
    for (u32 i = 0; i < 10; i++)
        CHECK(sim_run_time(&sim.groups[i]) > SECOND);
}

/* Those pinned to one hart share it by weight, though that is less than what they would get. */
TEST(pinned_groups_share_their_hart_by_weight)
{
    struct sim_group *a, *b, *c, *d;

    sim_start(2, 47);
    sim_add_task(a = sim_add_group(256, 0, BIT(0)), FOR_EVER, 0);
    sim_add_task(b = sim_add_group(512, 0, BIT(0)), FOR_EVER, 0);
    sim_add_task(c = sim_add_group(256, 0, BIT(1)), FOR_EVER, 0);
    sim_add_task(d = sim_add_group(64, 0, BIT(1)), FOR_EVER, 0);
    sim_run(60 * SECOND);
    CHECK_NEAR(sim_run_time(a), 20 * SECOND, 1);
    CHECK_NEAR(sim_run_time(b), 40 * SECOND, 1);
    CHECK_NEAR(sim_run_time(c), 48 * SECOND, 1);
    CHECK_NEAR(sim_run_time(d), 12 * SECOND, 1);
}

/* One that may run anywhere makes room for one that may not, when another hart is idle. */
TEST(an_idle_hart_is_used_by_whoever_can)
{
    struct sim_group *light, *heavy;

    sim_start(2, 53);
    sim_add_task(heavy = sim_add_group(4096, 0, SCHED_ALL_HARTS), FOR_EVER, 0);
    CHECK(sim_task_on(0) == NULL); /* the kick is under way */
    sim_run(MS);
    sim_add_task(light = sim_add_group(16, 0, BIT(heavy->tasks[0].task.last_hart)), FOR_EVER, 0);
    sim_run(10 * SECOND);
    CHECK_NEAR(sim_run_time(heavy), 10 * SECOND, 1);
    CHECK_NEAR(sim_run_time(light), 10 * SECOND, 1);
}

/* Even if that one has used up its share long ago. */
TEST(who_can_go_elsewhere_makes_room)
{
    struct sim_group *light, *heavy;
    u32 hart;

    sim_start(2, 54);
    sim_add_task(heavy = sim_add_group(4096, 0, SCHED_ALL_HARTS), FOR_EVER, 0);
    sim_run(MS);
    hart = heavy->tasks[0].task.last_hart;
    light = sim_add_group(16, 0, BIT(hart));
    light->group.virtual_time = sched.seats[hart].virtual_time + (1ull << 40);
    sim_add_task(light, FOR_EVER, 0);
    sim_run(GRAIN + 3 * KICK_TICKS);
    CHECK_EQ(light->group.running, 1);
    CHECK_EQ(heavy->group.running, 1);
}

/* Virtual times of harts that are not shared go their own ways. */
TEST(who_moves_to_other_harts_begins_anew)
{
    struct sched_share share = {4096, 0, BIT(0)};
    struct sim_group *g[4];

    sim_start(2, 55);
    for (u32 i = 0; i < 4; i++)
        sim_add_task(g[i] = sim_add_group(i < 2 ? 4096 : 16, 0, i < 2 ? BIT(0) : BIT(1)), FOR_EVER,
                     0);
    sim_run(10 * SECOND);
    sched_group_set(&g[2]->group, &share);
    sim_reset_times();
    sim_run(SECOND);
    for (u32 i = 0; i < 3; i++)
        CHECK_NEAR(sim_run_time(g[i]), SECOND / 3, 3);
    CHECK_NEAR(sim_run_time(g[3]), SECOND, 1);
}

TEST(a_hart_that_is_not_there_runs_nothing)
{
    struct sim_group *lost;

    sim_start(2, 59);
    sim_add_task(lost = sim_add_group(256, 0, BIT(5)), FOR_EVER, 0);
    sim_add_hogs(256, 1);
    sim_run(SECOND);
    CHECK_EQ(sim_run_time(lost), 0);
}

TEST(a_new_affinity_moves_running_tasks_at_once)
{
    struct sched_share share = {256, 0, BIT(3)};
    struct sim_group *g;

    sim_start(4, 61);
    g = sim_add_hogs(256, 1);
    sim_run(SECOND);
    sched_group_set(&g->group, &share);
    sim_run(3 * KICK_TICKS);
    CHECK_EQ(g->group.running, 1);
    CHECK_EQ(g->tasks[0].task.last_hart, 3);
}

TEST(a_new_weight_counts_at_once)
{
    struct sched_share share = {768, 0, SCHED_ALL_HARTS};
    struct sim_group *a, *b;

    sim_start(1, 67);
    a = sim_add_hogs(256, 1);
    b = sim_add_hogs(256, 1);
    sim_run(10 * SECOND);
    sched_group_set(&a->group, &share);
    sim_reset_times();
    sim_run(10 * SECOND);
    CHECK_NEAR(sim_run_time(a), 7.5 * SECOND, 1);
    CHECK_NEAR(sim_run_time(b), 2.5 * SECOND, 1);
}

UNIT_MAIN("sched")
