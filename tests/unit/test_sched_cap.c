/* Caps of the scheduler: reached, held, owed and lifted. */
#include "tests/unit/sched_sim.h"

/* Lets 20 s pass and checks every stretch of two periods of the group's, and all of it. */
static void check_cap(struct sim_group *g, u32 cap)
{
    u64 budget = PERIOD / 100 * cap, late = 4 * KICK_TICKS;
    u64 last = 0, before = sched_group_run_time(&g->group), start = before;

    for (u32 i = 0; i < 200; i++) {
        u64 now;

        sim_run(g->group.period_end - fake_harts.now);
        now = sched_group_run_time(&g->group);
        CHECK_AT_MOST(now - before, budget + late);
        CHECK_AT_MOST(now - before + last, 2 * budget + late);
        last = now - before;
        before = now;
        sim_run(1);
    }
    CHECK_NEAR(before - start, 200 * budget, 0.5);
}

TEST(caps_are_reached_and_held_alone)
{
    static const u32 caps[] = {1, 10, 33, 50, 99};

    for (u32 i = 0; i < ARRAY_SIZE(caps); i++) {
        struct sim_group *g;

        sim_start(2, 71);
        sim_add_task(g = sim_add_group(256, caps[i], SCHED_ALL_HARTS), FOR_EVER, 0);
        sim_run(1);
        check_cap(g, caps[i]);
    }
}

TEST(caps_are_over_all_tasks_of_a_group)
{
    static const u32 caps[] = {5, 50, 100, 150, 390};

    for (u32 i = 0; i < ARRAY_SIZE(caps); i++) {
        struct sim_group *g;

        sim_start(4, 73);
        g = sim_add_group(256, caps[i], SCHED_ALL_HARTS);
        for (u32 j = 0; j < 6; j++)
            sim_add_task(g, j < 4 ? FOR_EVER : 2 * MS, MS);
        sim_run(1);
        check_cap(g, caps[i]);
    }
}

TEST(caps_are_held_beside_others)
{
    FOR_EACH_HARTS(count)
    {
        struct sim_group *g;

        sim_start(count, 79);
        sim_add_task(g = sim_add_group(4096, 25, SCHED_ALL_HARTS), FOR_EVER, 0);
        for (u32 i = 0; i < 4; i++)
            sim_add_hogs(256, 2);
        sim_run(1);
        check_cap(g, 25);
        sim_reset_times();
        sim_run(20 * SECOND);
        for (u32 i = 1; i <= 4; i++) /* and what is left goes to them */
            CHECK_NEAR(sim_run_time(&sim.groups[i]), (20.0 * count - 5) * SECOND / 4, 1);
    }
}

/* Within any stretch, not only in whole periods: one budget more than it has periods begun. */
TEST(caps_hold_in_any_window)
{
    enum { STEP = 5, STEPS = 4000, WINDOW = 2 * SCHED_PERIOD_MS / STEP };
    static u64 samples[STEPS];
    u64 budget = PERIOD * 30 / 100;
    struct sim_group *g;

    sim_start(1, 83);
    g = sim_add_group(1024, 30, SCHED_ALL_HARTS);
    sim_add_task(g, 25 * MS, 90 * MS); /* so that its use falls here and there in its periods */
    sim_add_task(g, 7 * MS, 40 * MS);
    sim_add_hogs(256, 1);
    sim_add_task(sim_add_group(2048, 0, SCHED_ALL_HARTS), 60 * MS, 170 * MS);
    for (u32 i = 0; i < STEPS; i++) {
        samples[i] = sched_group_run_time(&g->group);
        if (i >= WINDOW)
            CHECK_AT_MOST(samples[i] - samples[i - WINDOW], 3 * budget + 4 * KICK_TICKS);
        sim_run(STEP * MS);
    }
    CHECK_AT_MOST(samples[STEPS - 1] - samples[0], budget * (STEPS * STEP / 100 + 1));
}

TEST(an_overrun_is_owed)
{
    struct sim_group *g;

    sim_start(1, 89);
    sim_add_task(g = sim_add_group(256, 10, SCHED_ALL_HARTS), FOR_EVER, 0);
    sim_run(KICK_TICKS * 2);
    fake_harts.now += 50 * MS; /* the hart heard of nothing for so long: 5 periods' worth */
    sim.updated = fake_harts.now;
    sim_run(1);
    CHECK(g->group.budget < -(s64)(39 * MS));
    sim_reset_times();
    sim_run(340 * MS);
    CHECK_EQ(sim_run_time(g), 0);
    sim_run(SECOND);
    CHECK(sim_run_time(g) > 0);
    sim_run(9 * SECOND - 340 * MS);
    CHECK_NEAR(sim_run_time(g), SECOND - 40 * MS, 3);
}

TEST(a_cap_that_is_lifted_is_lifted_at_once)
{
    struct sched_share share = {256, 0, SCHED_ALL_HARTS};
    struct sim_group *g;

    sim_start(1, 97);
    sim_add_task(g = sim_add_group(256, 1, SCHED_ALL_HARTS), FOR_EVER, 0);
    sim_run(50 * MS);
    CHECK_EQ(g->group.running, 0);
    sched_group_set(&g->group, &share);
    sim_run(2 * KICK_TICKS);
    CHECK_EQ(g->group.running, 1);
    share.cap = 1;
    sched_group_set(&g->group, &share);
    sim_reset_times();
    sim_run(50 * MS);
    CHECK_AT_MOST(sim_run_time(g), MS + 2 * KICK_TICKS);
}

/* After a long sleep, there is one budget and no more. */
TEST(budgets_are_not_saved_up)
{
    struct sim_group *g;

    sim_start(1, 101);
    sim_add_task(g = sim_add_group(256, 20, SCHED_ALL_HARTS), MS, 1000 * SECOND);
    sim_run(1000 * SECOND);
    g->tasks[0].left = g->tasks[0].burst = FOR_EVER;
    sim_run(2 * MS);
    sim_reset_times();
    sim_run(90 * MS);
    CHECK_AT_MOST(sim_run_time(g), 20 * MS + 2 * KICK_TICKS);
}

UNIT_MAIN("sched_cap")
