/*
 * Honest work for some 100 million instructions, under timer ticks: to run beside guests that
 * misbehave. Its result has to be right, its ticks have to come, and it has to get to its end.
 */
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

#define STEPS      10u
#define ITERATIONS 1000000u /* of each step; about ten instructions */
#define TABLE_SIZE 4096u
#define TICK       100000u /* 10 ms of `time` */
#define CHECKSUM   0x609fa0a4u

static volatile u32 ticks, early;
static u64 deadline;
static u32 table[TABLE_SIZE];

static void on_tick(void)
{
    if (read_time() < deadline)
        early++;
    ticks++;
    deadline = read_time() + TICK;
    sbi_set_timer(deadline);
}

/* A linear congruential generator walks over a table and changes it: registers and memory. */
static u32 work(u32 state)
{
    for (u32 i = 0; i < ITERATIONS; i++) {
        state = state * 1664525u + 1013904223u;
        u32 *slot = &table[state >> 20];
        *slot += state ^ *slot >> 7;
    }
    return state;
}

static void checksum_under_ticks(void)
{
    u32 state = 1, sum = 0;

    csr_write(sie, BIT(INTERRUPT_TIMER));
    deadline = read_time() + TICK;
    sbi_set_timer(deadline);
    interrupts_on();
    for (u32 step = 1; step <= STEPS; step++) {
        state = work(state);
        printf("t_healthy: %u of %u\n", step, STEPS);
    }
    interrupts_off();
    csr_write(sie, 0);
    for (u32 i = 0; i < TABLE_SIZE; i++)
        sum = sum * 31 + table[i];
    CHECK_EQ(sum, CHECKSUM);
    CHECK_EQ(early, 0);
    CHECK(ticks > 0, "no tick came");
}

int main(void)
{
    static const struct test_case cases[] = {CASE(checksum_under_ticks)};

    trap_on_interrupt(INTERRUPT_TIMER, on_tick);
    return test_run("t_healthy", cases, ARRAY_SIZE(cases));
}
