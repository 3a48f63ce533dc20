/* The goldfish real-time clock: nanoseconds since 1970, and an alarm. */
#ifndef GUEST_RTC_H
#define GUEST_RTC_H

#include "arch/u64.h"
#include "guest/lib/io.h"

#define RTC_TIME_LOW        (RTC_BASE + 0x00)
#define RTC_TIME_HIGH       (RTC_BASE + 0x04)
#define RTC_ALARM_LOW       (RTC_BASE + 0x08)
#define RTC_ALARM_HIGH      (RTC_BASE + 0x0c)
#define RTC_IRQ_ENABLED     (RTC_BASE + 0x10)
#define RTC_CLEAR_ALARM     (RTC_BASE + 0x14)
#define RTC_CLEAR_INTERRUPT (RTC_BASE + 0x1c)

/* Reading the low word latches the high one. */
static inline u64 rtc_time(void)
{
    u32 low = read32(RTC_TIME_LOW);

    return u64_join(low, read32(RTC_TIME_HIGH));
}

/* Writing the low word arms the alarm; one in the past goes off at once. */
static inline void rtc_set_alarm(u64 time)
{
    write32(RTC_IRQ_ENABLED, 1);
    write32(RTC_ALARM_HIGH, u64_high(time));
    write32(RTC_ALARM_LOW, u64_low(time));
}

static inline void rtc_clear(void)
{
    write32(RTC_CLEAR_ALARM, 1);
    write32(RTC_CLEAR_INTERRUPT, 1);
}

#endif
