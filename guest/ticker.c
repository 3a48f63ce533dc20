/*
 * An example of a guest with a deadline, as a small real-time system has it: it wants to run every
 * millisecond, and measures how late it is each time. Every `every=` seconds (default 10) it prints
 * what it has seen; a key that is typed makes it do so at once, and `q` power off.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/trap.h"

#define TICKS_PER_US 10u
#define PERIOD       (1000 * TICKS_PER_US)

static volatile u32 runs, worst; /* since the last report; microseconds                    */
static u64 due;

/* The periodic task. One that could not run in time is left out, not made up for. */
static void on_timer(void)
{
    u64 now = read_time();
    u32 late = (u32)(now - due) / TICKS_PER_US;

    runs++;
    if (late > worst)
        worst = late;
    while (due <= now)
        due += PERIOD;
    sbi_set_timer(due);
}

static void report(void)
{
    printf("ticker: ran %u times, at the latest %u us after its time\n", runs, worst);
    runs = worst = 0;
}

int main(void)
{
    u64 pause = (u64)fdt_bootarg_number("every", 10) * 1000000 * TICKS_PER_US;
    u64 next_report = read_time() + pause;
    s32 key = -1;

    printf("ticker: every millisecond from now on\n");
    trap_on_interrupt(INTERRUPT_TIMER, on_timer);
    due = read_time() + PERIOD;
    sbi_set_timer(due);
    csr_write(sie, BIT(INTERRUPT_TIMER));
    interrupts_on();
    while (key != 'q') {
        wait_for_interrupt();
        key = sbi_legacy(LEGACY_GETCHAR, 0, 0, 0, 0);
        if (key == -1 && read_time() < next_report)
            continue;
        report();
        next_report = read_time() + pause;
    }
    return 0;
}
