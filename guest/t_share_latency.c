/*
 * How late a guest runs that sleeps most of the time, beside others that never do: from `from=` ms
 * of its time on it waits for `count=` timers, 20 to 50 ms apart, or `apart=` seconds more,
 * computes for `burst=` us after each, and tells how much later than its timer it ran.
 * tests/check_shares.py judges it.
 */
#include "guest/lib/csr.h"
#include "guest/lib/fdt.h"
#include "guest/lib/printf.h"
#include "guest/lib/random.h"
#include "guest/lib/sbi.h"

#define TICKS_PER_US 10u /* of `time`, on `virt` */
#define US_PER_S     1000000ull

static u32 sleep_and_measure(u64 microseconds)
{
    u64 deadline = read_time() + microseconds * TICKS_PER_US;

    sbi_set_timer(deadline);
    while (read_time() < deadline)
        wait_for_interrupt();
    return (u32)(read_time() - deadline) / TICKS_PER_US;
}

static void compute(u32 microseconds)
{
    u64 end = read_time() + microseconds * TICKS_PER_US;

    while (read_time() < end)
        continue;
}

int main(void)
{
    u32 count = fdt_bootarg_number("count", 30), burst = fdt_bootarg_number("burst", 100);
    u64 apart = fdt_bootarg_number("apart", 0) * US_PER_S;
    u32 most = 0, sum = 0;

    csr_write(sie, BIT(INTERRUPT_TIMER)); /* for wfi; none is taken */
    sleep_and_measure(fdt_bootarg_number("from", 500) * 1000);
    for (u32 i = 0; i < count; i++) {
        u32 late = sleep_and_measure(apart + 20000 + random_word() % 30000);

        sum += late;
        most = late > most ? late : most;
        compute(burst);
    }
    printf("t_share_latency: of %u timers, late by %u us at most, %u us on average\n", count, most,
           sum / count);
    return 0;
}
