/* Who may run at all: pause, hold, retire and wake, in order and at random; and the times told. */
#include "tests/unit/sched_sim.h"

TEST(a_paused_group_does_not_run)
{
    FOR_EACH_HARTS(count)
    {
        struct sim_group *g;

        sim_start(count, 103);
        g = sim_add_hogs(256, 3);
        sim_add_hogs(256, 1);
        sim_run(SECOND);
        sched_group_pause(&g->group);
        sim_run(2 * KICK_TICKS);
        CHECK_EQ(g->group.running, 0);
        sim_reset_times();
        sim_run(SECOND);
        CHECK_EQ(sim_run_time(g), 0);
        sched_group_resume(&g->group);
        sim_run(10 * SECOND);
        CHECK(sim_run_time(g) > 4 * SECOND);
        CHECK_AT_MOST(sim_run_time(g),
                      10.0 * SECOND * count - (count < 4 ? 4.9 * SECOND : 9 * SECOND));
    }
}

TEST(pauses_count)
{
    struct sim_group *g;

    sim_start(1, 107);
    g = sim_add_hogs(256, 1);
    sched_group_pause(&g->group);
    sched_group_pause(&g->group);
    sim_run(MS);
    sched_group_resume(&g->group);
    sim_run(MS);
    CHECK_EQ(g->group.running, 0);
    sched_group_resume(&g->group);
    sim_run(MS);
    CHECK_EQ(g->group.running, 1);
}

TEST(who_ignores_pauses_runs_but_not_when_held)
{
    struct sim_group *g;
    struct sim_task *keeper;

    sim_start(1, 109);
    g = sim_add_hogs(256, 2);
    keeper = sim_add_task(g, FOR_EVER, 0);
    keeper->task.ignores_pause = true;
    sched_group_pause(&g->group);
    sim_run(SECOND);
    CHECK(keeper->task.state == TASK_RUNNING);
    sim.kick_at[0] = FOR_EVER;
    sched_group_pause(&g->group); /* again: it stays */
    sim_run(MS);
    CHECK(keeper->task.state == TASK_RUNNING);
    stop(&g->group, &g->group.held); /* hold, but for the wait */
    sim_run(2 * KICK_TICKS);
    CHECK_EQ(g->group.running, 0);
    sched_group_release(&g->group);
    sim_run(2 * KICK_TICKS);
    CHECK(keeper->task.state == TASK_RUNNING);
}

TEST(hold_returns_at_once_when_nothing_runs)
{
    struct sim_group *g;

    sim_start(1, 113);
    g = sim_add_hogs(256, 2); /* on the only hart, which is here */
    sched_group_hold(&g->group);
    CHECK_EQ(g->group.running, 0);
    sim_run(MS);
    CHECK_EQ(g->group.running, 0);
    sched_group_release(&g->group);
    sim_run(MS);
    CHECK_EQ(g->group.running, 1);
}

TEST(nobody_steals_from_a_stopped_group)
{
    struct sim_group *g;
    struct task_times times;

    sim_start(1, 127);
    sim_add_hogs(256, 1);
    g = sim_add_hogs(256, 1);
    sim_run(SECOND);
    times = sched_task_times(&g->tasks[0].task);
    CHECK_NEAR(times.steal, SECOND / 2, 2);
    CHECK_NEAR(times.run + times.steal, SECOND, 0.01);
    sched_group_pause(&g->group);
    sim_run(MS);
    times = sched_task_times(&g->tasks[0].task);
    sim_run(10 * SECOND);
    CHECK_EQ(sched_task_times(&g->tasks[0].task).steal, times.steal);
    sched_group_resume(&g->group);
    sim_run(MS);
    CHECK_AT_MOST(sched_task_times(&g->tasks[0].task).steal, times.steal + MS);
}

TEST(a_wake_up_while_running_is_kept)
{
    struct sim_task *t;

    sim_start(1, 131);
    t = sim_add_task(sim_add_group(256, 0, SCHED_ALL_HARTS), FOR_EVER, FOR_EVER / 2);
    sim_run(MS);
    sched_wake(&t->task);
    sim_end(TASK_BLOCK);
    CHECK(t->task.state == TASK_READY);
    sim_begin();
    CHECK(t->task.state == TASK_RUNNING);
    sim_end(TASK_BLOCK);
    CHECK(t->task.state == TASK_BLOCKED); /* it was kept once */
    sim_begin();
}

TEST(retired_tasks_are_gone)
{
    struct sim_group *g;

    sim_start(1, 137);
    g = sim_add_hogs(256, 3);
    sim_run(MS);
    CHECK(g->tasks[0].task.state == TASK_RUNNING);
    CHECK(!sched_retire(&g->tasks[0].task));
    CHECK(sched_retire(&g->tasks[1].task));
    CHECK(sched_retire(&g->tasks[1].task)); /* still */
    CHECK(g->tasks[1].task.state == TASK_RETIRED);
    sched_wake(&g->tasks[1].task);
    CHECK(g->tasks[1].task.state == TASK_RETIRED);
    sim_run(SECOND);
    CHECK_EQ(sched_task_times(&g->tasks[1].task).runs, 0);
    CHECK(sched_retire(&g->tasks[g->tasks[0].task.state == TASK_READY ? 0 : 2].task));
    sim_run(MS);
    CHECK_EQ(g->group.running, 1);
    sched_init_task(&g->tasks[1].task, &g->group, sim_never_called);
    sim_wake(&g->tasks[1]);
    sim_run(SECOND);
    CHECK(sched_task_times(&g->tasks[1].task).runs > 0);
}

TEST(times_add_up)
{
    u64 run = 0, idle = 0;

    sim_start(4, 139);
    for (u32 i = 0; i < 6; i++)
        sim_add_task(sim_add_group(256, i == 3 ? 20 : 0, i == 4 ? BIT(1) : SCHED_ALL_HARTS),
                     (1 + i) * MS, (3 * i) * MS + 1);
    sim_run(10 * SECOND);
    for (u32 i = 0; i < 6; i++)
        run += sim_run_time(&sim.groups[i]);
    for (u32 i = 0; i < 4; i++)
        idle += sched_idle_time(i);
    CHECK_EQ(run + idle, 4 * (fake_harts.now - 12345678));
}

/* ---- Whatever is done to it in whatever order: the simulator checks what must always hold. */

static void random_share(struct sched_share *share)
{
    share->weight = SCHED_WEIGHT_MIN << sim_random(9);
    share->cap = sim_random(3) ? SCHED_NO_CAP : 1 + sim_random(250);
    share->affinity = sim_random(2) ? SCHED_ALL_HARTS : 1 + sim_random(31);
}

static void random_operation(void)
{
    struct sim_group *g = &sim.groups[sim_random(sim.count)];
    struct sim_task *t = &g->tasks[sim_random(g->count)];
    struct sched_share share;

    fake_harts.here = sim_random(hart_count);
    switch (sim_random(8)) {
    case 0:
        random_share(&share);
        sched_group_set(&g->group, &share);
        break;
    case 1:
        sched_group_pause(&g->group);
        break;
    case 2:
    case 3:
        if (g->group.paused)
            sched_group_resume(&g->group);
        break;
    case 4:
        if (!g->group.running)
            sched_group_hold(&g->group);
        break;
    case 5:
        if (g->group.held)
            sched_group_release(&g->group);
        break;
    case 6:
        if (t->task.state == TASK_RETIRED)
            sched_init_task(&t->task, &g->group, sim_never_called);
        else if (sched_retire(&t->task))
            t->wakes_at = FOR_EVER;
        break;
    case 7:
        sim_wake(t);
        break;
    }
}

static void random_run(u32 seed)
{
    sim_start(1 + seed % 5, seed);
    for (u32 i = 0; i < 3 + seed % 7; i++) {
        struct sched_share share;
        struct sim_group *g;

        random_share(&share);
        g = sim_add_group(share.weight, share.cap, share.affinity);
        g->group.urgent = sim_random(8) == 0;
        for (u32 j = 0; j <= sim_random(4); j++)
            sim_add_task(g, sim_random(3) ? 1 + sim_random(20 * (u32)MS) : FOR_EVER,
                         sim_random(30 * (u32)MS));
        g->tasks[0].task.ignores_pause = sim_random(2);
    }
    for (u32 i = 0; i < 300; i++) {
        sim_run(sim_random(4) ? sim_random(200) : sim_random(30 * (u32)MS));
        random_operation();
    }
}

/* In the end everybody who can run has run: no wake-up was lost on the way. */
static void check_all_run(void)
{
    struct sched_share share = {256, 0, SCHED_ALL_HARTS};

    for (u32 i = 0; i < sim.count; i++) {
        struct sim_group *g = &sim.groups[i];

        g->group.urgent = false;
        sched_group_set(&g->group, &share);
        while (g->group.paused)
            sched_group_resume(&g->group);
        while (g->group.held)
            sched_group_release(&g->group);
    }
    FOR_EACH_TASK(t)
    if (t->task.state == TASK_RETIRED)
        sched_init_task(&t->task, &t->group->group, sim_never_called);
    FOR_EACH_TASK(t)
    {
        sim_wake(t);
        t->task.runs = 0;
    }
    sim_run(20 * SECOND);
    FOR_EACH_TASK(t)
    CHECK(t->task.runs > 0);
}

TEST(random_operations)
{
    for (u32 seed = 1; seed <= 80; seed++) {
        random_run(seed);
        check_all_run();
    }
}

UNIT_MAIN("sched_stop")
