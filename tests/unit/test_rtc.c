/* The goldfish clock: halves, latches, the alarm, and the edges of 64 bits. */
#include "tests/unit/unit.h"
#include "hyp/dev/rtc.c"

#define SOURCE 11
#define NOW    0x17a00000fffffff0ull /* 16 ns before the low half wraps */

static struct rtc rtc;

static struct {
    u64 now, when, step; /* `step` passes at every look at the clock */
    bool armed, level;
    u32 arm_count;
} host;

static u64 now_ns(void *ctx)
{
    u64 now = host.now;

    CHECK(ctx == &host);
    host.now += host.step;
    return now;
}

static void arm(void *ctx, u64 when_ns, bool armed)
{
    CHECK(ctx == &host);
    host.when = when_ns;
    host.armed = armed;
    host.arm_count++;
}

static void line(void *controller, u32 source, bool level)
{
    CHECK(controller == &host);
    CHECK_EQ(source, SOURCE);
    CHECK(level != host.level);
    host.level = level;
}

static void start_at(u64 now)
{
    static const struct rtc_host wiring = {.now_ns = now_ns, .arm = arm, .ctx = &host};
    struct irq_line irq = {.set = line, .controller = &host, .source = SOURCE};

    memset(&host, 0, sizeof(host));
    memset(&rtc, 0x5a, sizeof(rtc));
    host.now = now;
    rtc_init(&rtc, irq, &wiring);
}

static void start(void)
{
    start_at(NOW);
}

static u32 load(u32 offset)
{
    u32 value = 0xdeadbeef;

    CHECK_EQ(rtc_ops.read(&rtc, offset, 4, &value), MMIO_OK);
    return value;
}

static void store(u32 offset, u32 value)
{
    CHECK_EQ(rtc_ops.write(&rtc, offset, 4, value), MMIO_OK);
}

static u64 load_time(void)
{
    u32 low = load(RTC_TIME_LOW);

    return u64_join(low, load(RTC_TIME_HIGH));
}

static void store_time(u64 time)
{
    store(RTC_TIME_HIGH, u64_high(time));
    store(RTC_TIME_LOW, u64_low(time));
}

static void store_alarm(u64 time)
{
    store(RTC_ALARM_HIGH, u64_high(time));
    store(RTC_ALARM_LOW, u64_low(time));
}

/* The VM's timer: calls the device when the moment that it asked for has come. */
static void pass(u64 ns)
{
    host.now += ns;
    if (host.armed && host.now >= host.when) {
        host.armed = false;
        rtc_alarm(&rtc);
    }
}

TEST(power_on_shows_the_time_of_the_host)
{
    start();
    CHECK_EQ(load_time(), NOW);
    CHECK_EQ(load(RTC_ALARM_LOW), 0);
    CHECK_EQ(load(RTC_ALARM_HIGH), 0);
    CHECK_EQ(load(RTC_IRQ_ENABLED), 0);
    CHECK_EQ(load(RTC_ALARM_STATUS), 0);
    CHECK(!host.armed);
}

TEST(reading_low_latches_high)
{
    start();
    host.step = 16; /* the low half wraps between the two loads */
    CHECK_EQ(load_time(), NOW);
    CHECK_EQ(load(RTC_TIME_HIGH), u64_high(NOW)); /* still the latch */
    CHECK_EQ(load_time(), NOW + 16);
}

TEST(high_before_any_low_reads_zero)
{
    start();
    CHECK_EQ(load(RTC_TIME_HIGH), 0);
}

TEST(setting_the_time_moves_this_clock_only)
{
    const u64 wanted = 0x0123456789abcdefull;

    start();
    store_time(wanted);
    CHECK_EQ(load_time(), wanted);
    host.now += 1000;
    CHECK_EQ(load_time(), wanted + 1000);
    CHECK_EQ(host.now, NOW + 1000);
}

TEST(setting_one_half_keeps_the_other)
{
    start();
    store(RTC_TIME_LOW, 0x11111111);
    CHECK_EQ(load_time(), (NOW & 0xffffffff00000000ull) | 0x11111111);
    store(RTC_TIME_HIGH, 0x22222222);
    CHECK_EQ(load_time(), 0x2222222211111111ull);
}

TEST(time_runs_through_the_wrap_of_64_bits)
{
    start();
    store_time(~0ull - 9);
    host.now += 9;
    CHECK_EQ(load_time(), ~0ull);
    host.now += 1;
    CHECK_EQ(load_time(), 0);
}

TEST(a_clock_set_back_before_1970_plus_uptime_works)
{
    start();
    store_time(5);
    CHECK_EQ(load_time(), 5);
    store_alarm(105);
    CHECK_EQ(host.when, NOW + 100);
}

TEST(the_alarm_goes_off_at_its_time)
{
    start();
    store(RTC_IRQ_ENABLED, 1);
    store_alarm(NOW + 1000);
    CHECK_EQ(load(RTC_ALARM_STATUS), 1);
    CHECK(host.armed);
    CHECK_EQ(host.when, NOW + 1000);
    pass(999);
    CHECK(!host.level);
    pass(1);
    CHECK(host.level);
    CHECK_EQ(load(RTC_ALARM_STATUS), 0);
    store(RTC_CLEAR_INTERRUPT, 1);
    CHECK(!host.level);
}

TEST(the_low_half_starts_the_alarm)
{
    start();
    store(RTC_ALARM_HIGH, u64_high(NOW) + 1);
    CHECK(!host.armed);
    CHECK_EQ(load(RTC_ALARM_STATUS), 0);
    store(RTC_ALARM_LOW, 7);
    CHECK(host.armed);
    CHECK_EQ(host.when, u64_join(7, u64_high(NOW) + 1));
    CHECK_EQ(load(RTC_ALARM_HIGH), u64_high(NOW) + 1);
    CHECK_EQ(load(RTC_ALARM_LOW), 7);
}

TEST(an_alarm_in_the_past_or_now_goes_off_at_once)
{
    start();
    store(RTC_IRQ_ENABLED, 1);
    store_alarm(NOW);
    CHECK(host.level);
    CHECK_EQ(load(RTC_ALARM_STATUS), 0);
    CHECK(!host.armed);
    store(RTC_CLEAR_INTERRUPT, 0);
    CHECK(!host.level);
    store_alarm(1);
    CHECK(host.level);
}

TEST(a_past_alarm_replaces_a_running_one)
{
    start();
    store_alarm(NOW + 1000);
    store_alarm(NOW - 1);
    CHECK(!host.armed);
    CHECK_EQ(load(RTC_ALARM_STATUS), 0);
}

TEST(the_interrupt_waits_until_it_is_enabled)
{
    start();
    store_alarm(NOW + 10);
    pass(10);
    CHECK(!host.level);
    store(RTC_IRQ_ENABLED, 0xfffffffe); /* bit 0 counts */
    CHECK(!host.level);
    CHECK_EQ(load(RTC_IRQ_ENABLED), 0);
    store(RTC_IRQ_ENABLED, 0xffffffff);
    CHECK(host.level);
    CHECK_EQ(load(RTC_IRQ_ENABLED), 1);
    store(RTC_IRQ_ENABLED, 0);
    CHECK(!host.level);
}

TEST(a_cleared_alarm_stays_silent)
{
    start();
    store(RTC_IRQ_ENABLED, 1);
    store_alarm(NOW + 10);
    store(RTC_CLEAR_ALARM, 0);
    CHECK(!host.armed);
    CHECK_EQ(load(RTC_ALARM_STATUS), 0);
    host.now += 100;
    rtc_alarm(&rtc); /* the call was on its way */
    CHECK(!host.level);
}

TEST(a_call_too_early_arms_again)
{
    start();
    store(RTC_IRQ_ENABLED, 1);
    store_alarm(NOW + 10);
    host.now += 9;
    host.armed = false; /* a timer that fired for an alarm since changed */
    rtc_alarm(&rtc);
    CHECK(!host.level);
    CHECK_EQ(load(RTC_ALARM_STATUS), 1);
    CHECK(host.armed);
    CHECK_EQ(host.when, NOW + 10);
    pass(1);
    CHECK(host.level);
    rtc_alarm(&rtc); /* twice does no harm */
    CHECK(host.level);
}

TEST(setting_the_clock_does_not_set_the_alarm_off)
{
    start();
    store(RTC_IRQ_ENABLED, 1);
    store_alarm(NOW + 1000);
    store_time(NOW + 5000);
    CHECK(!host.level);
    CHECK_EQ(host.when, NOW + 1000);
    pass(1000);
    CHECK(host.level);
}

TEST(an_alarm_past_the_end_of_host_time_never_comes)
{
    start();
    store_time(0);
    store_alarm(~0ull); /* NOW + 2^64 - 1 has 65 bits */
    CHECK_EQ(load(RTC_ALARM_STATUS), 1);
    CHECK_EQ(host.when, ~0ull);
    CHECK(!host.level);
}

TEST(a_deadline_just_inside_host_time_is_exact)
{
    start_at(1000);
    store_time(0);
    store_alarm(~0ull - 1000);
    CHECK_EQ(host.when, ~0ull);
    store_alarm(~0ull - 1001);
    CHECK_EQ(host.when, ~0ull - 1);
}

TEST(only_words_are_accessible)
{
    u32 value;

    start();
    for (u32 offset = 0; offset < RTC_SIZE; offset += 4) {
        for (u32 width = 1; width <= 2; width++) {
            CHECK_EQ(rtc_ops.read(&rtc, offset, width, &value), MMIO_FAULT);
            CHECK_EQ(rtc_ops.write(&rtc, offset, width, 1), MMIO_FAULT);
        }
    }
    CHECK_EQ(load(RTC_IRQ_ENABLED), 0);
}

TEST(offsets_past_the_registers_fault)
{
    u32 value;

    start();
    CHECK_EQ(load(0x20), 0);
    store(0x20, 0xffffffff);
    CHECK_EQ(rtc_ops.read(&rtc, RTC_SIZE, 4, &value), MMIO_FAULT);
    CHECK_EQ(rtc_ops.write(&rtc, RTC_SIZE, 4, 1), MMIO_FAULT);
    CHECK_EQ(rtc_ops.read(&rtc, 0xffc, 4, &value), MMIO_FAULT);
}

TEST(write_only_registers_read_zero_and_status_ignores_stores)
{
    start();
    store_alarm(NOW + 10);
    CHECK_EQ(load(RTC_CLEAR_ALARM), 0);
    CHECK_EQ(load(RTC_CLEAR_INTERRUPT), 0);
    store(RTC_ALARM_STATUS, 0);
    CHECK_EQ(load(RTC_ALARM_STATUS), 1);
}

TEST(reset_stops_the_alarm_and_keeps_the_time)
{
    start();
    store_time(77);
    store(RTC_IRQ_ENABLED, 1);
    store_alarm(0);
    CHECK(host.level);
    store_alarm(1000000);
    load(RTC_TIME_LOW);
    rtc_reset(&rtc);
    CHECK(!host.level);
    CHECK(!host.armed);
    CHECK_EQ(load(RTC_TIME_HIGH), 0);
    CHECK_EQ(load(RTC_ALARM_LOW), 0);
    CHECK_EQ(load(RTC_IRQ_ENABLED), 0);
    CHECK_EQ(load_time(), 77);
    store(RTC_IRQ_ENABLED, 1);
    CHECK(!host.level); /* nothing is pending any more */
}

UNIT_MAIN("rtc")
