/* The watchdog of exits: whoever has too many, by much or by little, comes to its limit on average.
 */
#include "tests/unit/unit.h"
#include "tests/unit/fake_console.h"
#include "tests/unit/fake_vm.h"

#include "hyp/vm/watchdog.c"

static struct vm vm;
static u64 exits, deadline; /* the second in ms */
static u32 pauses;

u64 stats_exits(struct vm *of, u32 vcpu)
{
    (void)of;
    (void)vcpu;
    return exits;
}

u64 timer_after(u32 milliseconds)
{
    return milliseconds;
}

void timer_arm(struct timer *timer, u64 when)
{
    (void)timer;
    deadline = when;
}

void timer_cancel_wait(struct timer *timer)
{
    (void)timer;
    deadline = 0;
}

void sched_group_pause(struct sched_group *group)
{
    (void)group;
    pauses++;
}

void sched_group_resume(struct sched_group *group)
{
    (void)group;
    pauses--;
}

enum vm_state vm_state(const struct vm *of)
{
    return (enum vm_state)of->life.state;
}

void vm_hold(struct vm *of)
{
    (void)of;
}

void vm_release(struct vm *of)
{
    (void)of;
}

/* Makes `rate` exits a second for `seconds`, whenever it is let. Returns how many there were. */
static u64 run(u32 rate, u32 seconds)
{
    u64 before = exits;

    for (u64 ms = 0; ms < 1000ull * seconds; ms += deadline) {
        exits += pauses ? 0 : rate * deadline / 1000;
        vm.watchdog.timer.fire(&vm.watchdog.timer);
    }
    return exits - before;
}

static void start(u32 max_exits)
{
    vm = (struct vm){.config = {.name = "a", .max_exits = max_exits}};
    exits = 0;
    pauses = 0;
    console_forget();
    watchdog_init(&vm);
    watchdog_start(&vm);
}

TEST(what_is_within_the_limit_is_never_held_back)
{
    start(10000);
    CHECK_EQ(run(10000, 60), 600000);
    CHECK_STR(fake_console.text, "");
}

TEST(the_average_is_the_limit)
{
    static const u32 rates[] = {10500, 11000, 15000, 19000, 20000, 35000, 1000000};

    for (u32 i = 0; i < ARRAY_SIZE(rates); i++) {
        u64 made;

        start(10000);
        made = run(rates[i], 600);
        CHECK(made >= 5800000);
        CHECK(made <= 6200000);
    }
}

TEST(it_is_told_once_that_it_is_throttled)
{
    start(10000);
    run(10500, 60);
    CHECK_STR(fake_console.text,
              "Twofold: VM \"a\" is throttled: 10500 exits a second, its max-exits "
              "is 10000\n");
}

TEST(the_limit_is_lifted_at_once)
{
    start(10000);
    exits = 100000;
    vm.watchdog.timer.fire(&vm.watchdog.timer);
    CHECK_EQ(pauses, 1);
    watchdog_set(&vm, 0);
    CHECK_EQ(pauses, 0);
    CHECK_EQ(deadline, 0);
}

UNIT_MAIN("watchdog")
