/*
 * The host's goldfish RTC, handed to this VM: `passthrough = "/soc/rtc@101000"`. Its registers are
 * the machine's own, loads and stores of them cost no exit, and its alarm interrupts through two
 * interrupt controllers, the host's and the VM's. With `forever=1` in the bootargs it goes on with
 * alarms when the cases are done.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/plic.h"
#include "guest/lib/rtc.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"

#define MILLISECOND 1000000ull /* in nanoseconds */
#define NO_REGISTER (RTC_BASE + 0x800)
#define ALARMS      20u

static u32 context;
static volatile u32 alarms, others;

static void on_external(void)
{
    u32 source = plic_claim(context);

    if (source == RTC_IRQ) {
        rtc_clear();
        alarms++;
    } else {
        others++;
    }
    plic_complete(context, source);
}

static bool pending(void)
{
    return csr_read(sip) & BIT(INTERRUPT_EXTERNAL);
}

static void quiet(void)
{
    write32(RTC_IRQ_ENABLED, 0);
    rtc_clear();
    for (u32 source; (source = plic_claim(context));)
        plic_complete(context, source);
    alarms = others = 0;
}

static void listen(void)
{
    plic_set_priority(RTC_IRQ, 1);
    plic_set_threshold(context, 0);
    plic_enable_only(context, BIT(RTC_IRQ));
    quiet();
}

/* Whether the alarm is pending within a second. */
static bool alarm_comes(void)
{
    u64 end = read_time() + 10000000;

    while (!pending() && read_time() < end)
        continue;
    return pending();
}

static void the_tree_tells_of_it(void)
{
    u32 length;
    const u8 *reg = fdt_property("rtc@101000", "reg", &length);
    const char *compatible = fdt_property("rtc@101000", "compatible", &length);
    const void *source = fdt_property("rtc@101000", "interrupts", &length);

    CHECK(reg && compatible && source, "no node");
    CHECK_EQ(fdt_word(reg + 4), RTC_BASE);
    CHECK(strcmp(compatible, "google,goldfish-rtc") == 0, "it is \"%s\"", compatible);
    CHECK_EQ(fdt_word(source), RTC_IRQ);
}

/* The emulated RTC answers anywhere in its page. On the machine's own nothing is after the last
 * register, and the access fault is the machine's. */
static void the_registers_are_the_machines(void)
{
    struct trap_seen seen;

    trap_arm();
    (void)read32(NO_REGISTER);
    seen = trap_disarm();
    CHECK_TRAP(seen, EXCEPTION_LOAD_ACCESS, NO_REGISTER);
}

static void time_goes_on(void)
{
    u64 first = rtc_time(), ticks = read_time(), later;

    while (read_time() < ticks + 100000)
        continue;
    later = rtc_time();
    CHECK(first > 1600000000ull * 1000 * MILLISECOND, "it is %llu", first);
    CHECK(later >= first + 10 * MILLISECOND, "%llu, then %llu", first, later);
}

static void alarms_interrupt(void)
{
    listen();
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
    for (u32 i = 0; i < ALARMS; i++) {
        u64 alarm = rtc_time() + MILLISECOND;

        rtc_set_alarm(alarm);
        while (!pending())
            wait_for_interrupt();
        CHECK(rtc_time() >= alarm, "early");
        interrupts_on();
        interrupts_off();
    }
    csr_write(sie, 0);
    CHECK_EQ(alarms, ALARMS);
    CHECK_EQ(others, 0);
    CHECK(!pending(), "still pending");
}

static void an_alarm_of_the_past_interrupts_at_once(void)
{
    listen();
    rtc_set_alarm(1);
    CHECK(alarm_comes(), "no alarm");
    CHECK_EQ(plic_claim(context), RTC_IRQ);
    rtc_clear();
    plic_complete(context, RTC_IRQ);
    CHECK(!pending(), "again");
}

/* The host has masked the source: what comes before the guest has completed comes after it. */
static void an_alarm_before_completion_is_not_lost(void)
{
    listen();
    rtc_set_alarm(1);
    CHECK(alarm_comes(), "no alarm");
    CHECK_EQ(plic_claim(context), RTC_IRQ);
    rtc_clear();
    rtc_set_alarm(1);
    CHECK(!pending(), "it is in service");
    plic_complete(context, RTC_IRQ);
    CHECK(alarm_comes(), "the second alarm is lost");
    CHECK_EQ(plic_claim(context), RTC_IRQ);
    rtc_clear();
    plic_complete(context, RTC_IRQ);
    CHECK(!pending(), "again");
}

static void completions_out_of_turn_do_no_harm(void)
{
    listen();
    for (u32 i = 0; i < 100; i++)
        plic_complete(context, RTC_IRQ);
    CHECK(!pending(), "pending without an alarm");
    rtc_set_alarm(1);
    for (u32 i = 0; i < 100; i++)
        plic_complete(context, RTC_IRQ);
    CHECK(alarm_comes(), "no alarm");
    quiet();
    rtc_set_alarm(1);
    CHECK(alarm_comes(), "no alarm any more");
    quiet();
}

static void an_alarm_that_is_not_enabled_waits(void)
{
    listen();
    plic_enable_only(context, 0);
    rtc_set_alarm(1);
    for (u64 end = read_time() + 100000; read_time() < end;)
        CHECK(!pending(), "it came");
    plic_enable_only(context, BIT(RTC_IRQ));
    CHECK(alarm_comes(), "it is lost");
    quiet();
}

/* For who comes after this life: an alarm that nobody answers. */
static void leave_an_alarm(void)
{
    listen();
    rtc_set_alarm(1);
    CHECK(alarm_comes(), "no alarm");
}

/* For who ends this life from outside: an alarm every millisecond, answered as it comes. */
static void alarms_for_ever(void)
{
    printf("t_passthrough: alarms from now on\n");
    listen();
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
    for (;;) {
        rtc_set_alarm(rtc_time() + MILLISECOND);
        wait_for_interrupt();
        interrupts_on();
        interrupts_off();
    }
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(the_tree_tells_of_it),
        CASE(the_registers_are_the_machines),
        CASE(time_goes_on),
        CASE(alarms_interrupt),
        CASE(an_alarm_of_the_past_interrupts_at_once),
        CASE(an_alarm_before_completion_is_not_lost),
        CASE(completions_out_of_turn_do_no_harm),
        CASE(an_alarm_that_is_not_enabled_waits),
        CASE(leave_an_alarm),
    };

    int result;

    context = plic_context(boot.hart);
    trap_on_interrupt(INTERRUPT_EXTERNAL, on_external);
    result = test_run("t_passthrough", cases, ARRAY_SIZE(cases));
    if (!result && fdt_bootarg_number("forever", 0))
        alarms_for_ever();
    return result;
}
