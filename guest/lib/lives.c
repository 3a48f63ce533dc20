/*
 * The clock counts nanoseconds. Bits 41:0 are left to it, an hour and more since the first life
 * began; bits 57:42 count the lives, and bit 62 says that all of this is so: the year 2116.
 */
#include "guest/lib/lives.h"
#include "guest/lib/csr.h"
#include "guest/lib/rtc.h"

#define AGE_BITS    42
#define LIFE_BITS   16
#define MARK        (1ull << 62)
#define NS_PER_TICK 100u /* at the 10 MHz of the `virt` machine */

#define FINISHER_RESET 0x7777u

static u32 life;
static u64 ticks_before;

static void set_clock(u64 time)
{
    write32(RTC_TIME_HIGH, u64_high(time));
    write32(RTC_TIME_LOW, u64_low(time));
}

void lives_begin(void)
{
    u64 clock = rtc_time(), age = clock & ((1ull << AGE_BITS) - 1);

    life = 0;
    ticks_before = 0;
    if (clock >> (AGE_BITS + LIFE_BITS) != MARK >> (AGE_BITS + LIFE_BITS)) {
        set_clock(MARK);
        return;
    }
    life = (u32)(clock >> AGE_BITS) & (BIT(LIFE_BITS) - 1);
    ticks_before = age / NS_PER_TICK - read_time();
}

u32 lives_before(void)
{
    return life;
}

u64 lives_ticks(void)
{
    return ticks_before + read_time();
}

void lives_next(enum reset_type type)
{
    set_clock(MARK | (u64)(life + 1) << AGE_BITS | lives_ticks() * NS_PER_TICK);
    if (type == SBI_SHUTDOWN)
        write32(FINISHER_BASE, FINISHER_RESET);
    else
        sbi_system_reset(type, 0);
    for (;;)
        wait_for_interrupt();
}
