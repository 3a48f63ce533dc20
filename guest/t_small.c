/*
 * A small machine at work, to run in numbers: every hart wakes up by its timer, does a piece of
 * work, and sleeps again, for `ms=` milliseconds of guest time or, without it, until a `q` is
 * typed. What all have computed has to be right in the end.
 */
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/fdt.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

#define TICKS_PER_MS 10000u
#define PERIOD       (10 * TICKS_PER_MS)
#define STEPS        1000u
#define PIECE_SUM    0x93dc8405u

static u64 start;         /* instructions of the hart before main(), where the VM may see them */
static u64 end;           /* of the work, in guest time; 0: not by time                         */
static volatile u32 zero; /* of which the compiler does not know that it is */
static volatile u32 pieces[MAX_HARTS];

/* The same sum every time. */
static u32 piece_of_work(void)
{
    u32 sum = zero;

    for (u32 i = 0; i < STEPS; i++)
        sum = (sum << 5 | sum >> 27) ^ i * 2654435761u;
    return sum;
}

static void sleep_until(u64 time)
{
    csr_write(sie, BIT(INTERRUPT_TIMER));
    sbi_set_timer(time);
    wait_for_interrupt();
}

static bool is_over(void)
{
    if (end != 0)
        return read_time() >= end;
    return this_hart()->id == boot.hart && sbi_legacy(LEGACY_GETCHAR, 0, 0, 0, 0) == 'q';
}

static void work(void)
{
    u32 id = this_hart()->id;
    u64 next = read_time();

    crew_alive[id] = 1;
    do {
        if (piece_of_work() != PIECE_SUM)
            crew_wrong[id]++;
        pieces[id]++;
        next += PERIOD;
        sleep_until(next);
    } while (!crew_quit && !is_over());
    sbi_set_timer(~0ull);
    csr_write(sie, 0);
}

static void every_hart_works(void)
{
    u32 harts = hart_count();

    if (!crew_start(work))
        return;
    printf("t_small: %u harts at work since instruction %llu\n", harts, start);
    work();
    for (u32 hart = 0; hart < harts; hart++)
        CHECK(pieces[hart] > 0, "hart %u did nothing", hart);
    crew_stop();
    crew_is_right("a wrong sum");
}

int main(void)
{
    static const struct test_case cases[] = {CASE(every_hart_works)};
    u32 ms = fdt_bootarg_number("ms", 0);

    start = csr_read64(instret, instreth);
    end = ms ? read_time() + (u64)ms * TICKS_PER_MS : 0;
    return test_run("t_small", cases, ARRAY_SIZE(cases));
}
