#include "hyp/core/wallclock.h"

#include "arch/csr.h"
#include "hyp/core/machine.h"
#include "hyp/core/paging.h"
#include "hyp/core/timer.h"

#define NS_PER_S 1000000000u

/* Registers of the goldfish RTC: reading the low word latches the high one. */
#define RTC_TIME_LOW  0
#define RTC_TIME_HIGH 4

static u64 ns_at_boot, ticks_at_boot;

/* value * multiplier / divisor, in two steps so that 64 bits do not overflow. */
static u64 scale(u64 value, u32 multiplier, u32 divisor)
{
    return value / divisor * multiplier + value % divisor * multiplier / divisor;
}

void wallclock_init(void)
{
    u64 address, size;
    fdt_node node = machine_find_device("google,goldfish-rtc", &address, &size);

    ticks_at_boot = time_now();
    if (node != FDT_NONE) {
        volatile u32 *regs = paging_map_device(address, (u32)size);

        if (regs) {
            u32 low = regs[RTC_TIME_LOW / 4];

            ns_at_boot = u64_join(low, regs[RTC_TIME_HIGH / 4]);
        }
    }
}

u64 wallclock_ns(void)
{
    return ns_at_boot + scale(time_now() - ticks_at_boot, NS_PER_S, machine.timebase);
}

u64 wallclock_deadline(u64 when_ns)
{
    u64 now_ns = wallclock_ns(), now = time_now();
    u64 wait;

    if (when_ns <= now_ns)
        return now;
    wait = scale(when_ns - now_ns, machine.timebase, NS_PER_S);
    return wait < TIMER_NEVER - now ? now + wait : TIMER_NEVER;
}
