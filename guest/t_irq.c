/*
 * External interrupts: two devices that share one controller. The UART's "transmitter empty" is
 * there as soon as it is enabled; the clock's alarm goes off when it is set to the past.
 */
#include "guest/lib/boot.h"
#include "guest/lib/hart.h"
#include "guest/lib/plic.h"
#include "guest/lib/rtc.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"
#include "guest/lib/uart.h"

#define BOTH          (BIT(UART_IRQ) | BIT(RTC_IRQ))
#define MILLISECOND   1000000ull /* of the clock, in nanoseconds */
#define HIGH_PRIORITY 7u

static u32 context; /* of this hart's S-mode */

static bool pending(void)
{
    return csr_read(sip) & BIT(INTERRUPT_EXTERNAL);
}

/* Both devices quiet, both sources enabled at priority 1, nothing in service. */
static void reset_all(void)
{
    write8(UART_IER, 0);
    (void)read8(UART_IIR);
    rtc_clear();
    for (u32 source = plic_claim(context); source; source = plic_claim(context))
        plic_complete(context, source);
    plic_complete(context, UART_IRQ);
    plic_complete(context, RTC_IRQ);
    plic_set_priority(UART_IRQ, 1);
    plic_set_priority(RTC_IRQ, 1);
    plic_set_threshold(context, 0);
    plic_enable_only(context, BOTH);
    for (u32 source = plic_claim(context); source; source = plic_claim(context))
        plic_complete(context, source);
}

static void raise_uart(void)
{
    write8(UART_IER, IER_THRE);
}

static void quiet_uart(void)
{
    write8(UART_IER, 0);
}

static void raise_rtc(void)
{
    rtc_set_alarm(1); /* long past */
}

static void nothing_at_first(void)
{
    reset_all();
    CHECK(!pending(), "pending");
    CHECK_EQ(plic_claim(context), 0);
}

static void uart_alone(void)
{
    reset_all();
    raise_uart();
    CHECK(pending(), "not pending");
    CHECK_EQ(read32(PLIC_PENDING), BIT(UART_IRQ));
    CHECK_EQ(plic_claim(context), UART_IRQ);
    CHECK(!pending(), "pending while in service");
    CHECK_EQ(read8(UART_IIR) & IIR_ID, IIR_THRE); /* the load clears it */
    CHECK_EQ(read8(UART_IIR) & IIR_ID, IIR_NONE);
    plic_complete(context, UART_IRQ);
    CHECK(!pending(), "pending after completion");
    CHECK_EQ(plic_claim(context), 0);
}

static void rtc_alone(void)
{
    reset_all();
    raise_rtc();
    CHECK(pending(), "not pending");
    CHECK_EQ(plic_claim(context), RTC_IRQ);
    rtc_clear();
    plic_complete(context, RTC_IRQ);
    CHECK(!pending(), "pending after completion");
}

/* The more urgent comes first; completion may be in the other order. */
static void two_at_once_by_priority(void)
{
    reset_all();
    plic_set_priority(RTC_IRQ, HIGH_PRIORITY);
    raise_uart();
    raise_rtc();
    CHECK_EQ(plic_claim(context), RTC_IRQ);
    CHECK(pending(), "the second is lost");
    CHECK_EQ(plic_claim(context), UART_IRQ);
    CHECK(!pending(), "both are in service");
    quiet_uart();
    plic_complete(context, UART_IRQ);
    rtc_clear();
    plic_complete(context, RTC_IRQ);
    CHECK(!pending(), "pending after completion");
}

/* Equally urgent: the lower number first. */
static void two_at_once_by_number(void)
{
    reset_all();
    raise_rtc();
    raise_uart();
    CHECK_EQ(plic_claim(context), UART_IRQ);
    CHECK_EQ(plic_claim(context), RTC_IRQ);
    rtc_clear();
    plic_complete(context, RTC_IRQ);
    CHECK(!pending(), "the other is still in service");
    quiet_uart();
    plic_complete(context, UART_IRQ);
    CHECK(!pending(), "pending after completion");
}

/* A wire that stays high asks again after each completion, and not before. */
static void level_kept_high(void)
{
    if (runs_natively())
        SKIP("QEMU's own PLIC forgets the level at the claim");
    reset_all();
    raise_rtc();
    for (u32 round = 0; round < 5; round++) {
        CHECK(pending(), "round %u: not pending", round);
        CHECK_EQ(plic_claim(context), RTC_IRQ);
        CHECK_EQ(plic_claim(context), 0);
        CHECK(!pending(), "round %u: pending while in service", round);
        plic_complete(context, RTC_IRQ);
    }
    CHECK_EQ(plic_claim(context), RTC_IRQ);
    rtc_clear();
    plic_complete(context, RTC_IRQ);
    CHECK(!pending(), "pending though the wire is low");
}

static void threshold(void)
{
    reset_all();
    plic_set_priority(UART_IRQ, 3);
    raise_uart();
    plic_set_threshold(context, 3);
    CHECK(!pending(), "priority equal to the threshold");
    plic_set_threshold(context, HIGH_PRIORITY);
    CHECK(!pending(), "highest threshold");
    plic_set_threshold(context, 2);
    CHECK(pending(), "priority above the threshold");
    plic_set_threshold(context, 0);
    CHECK(pending(), "no threshold");
}

static void priority_zero_means_never(void)
{
    reset_all();
    plic_set_priority(UART_IRQ, 0);
    raise_uart();
    CHECK(!pending(), "pending at priority 0");
    CHECK_EQ(plic_claim(context), 0);
    plic_set_priority(UART_IRQ, 1);
    CHECK(pending(), "not pending at priority 1");
    CHECK_EQ(plic_claim(context), UART_IRQ);
    quiet_uart();
    plic_complete(context, UART_IRQ);
}

static void source_not_enabled(void)
{
    reset_all();
    plic_enable_only(context, BIT(RTC_IRQ));
    raise_uart();
    CHECK(!pending(), "pending");
    CHECK_EQ(read32(PLIC_PENDING), BIT(UART_IRQ)); /* yet the gateway has it */
    CHECK_EQ(plic_claim(context), 0);
    plic_enable_only(context, BOTH);
    plic_set_threshold(context, 0); /* QEMU's own PLIC looks again only now */
    CHECK(pending(), "not pending once enabled");
    CHECK_EQ(plic_claim(context), UART_IRQ);
    quiet_uart();
    plic_complete(context, UART_IRQ);
}

static void wrong_completions_are_ignored(void)
{
    reset_all();
    raise_rtc();
    CHECK_EQ(plic_claim(context), RTC_IRQ);
    plic_complete(context, 0);
    plic_complete(context, UART_IRQ);
    plic_complete(context, 95);
    plic_complete(context, 1023);
    plic_complete(context, 0xffffffff);
    CHECK(!pending(), "something else was completed");
    rtc_clear();
    plic_complete(context, RTC_IRQ);
    CHECK(!pending(), "pending after completion");
}

/* ---- Through the trap vector. ---- */

static volatile u32 taken[32];

static void on_external(void)
{
    u32 source = plic_claim(context);

    if (source == UART_IRQ)
        quiet_uart();
    if (source == RTC_IRQ)
        rtc_clear();
    taken[source]++;
    plic_complete(context, source);
}

static void both_taken_as_traps(void)
{
    reset_all();
    taken[0] = taken[UART_IRQ] = taken[RTC_IRQ] = 0;
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
    raise_uart();
    raise_rtc();
    interrupts_on();
    for (u32 i = 0; i < 1000 && taken[RTC_IRQ] == 0; i++)
        (void)read_time();
    interrupts_off();
    csr_write(sie, 0);
    CHECK_EQ(taken[UART_IRQ], 1);
    CHECK_EQ(taken[RTC_IRQ], 1);
    CHECK_EQ(taken[0], 0);
}

/* Sleeps until the alarm; natively and in a VM nothing else is there to wake the hart. */
static void wfi_until_the_alarm(void)
{
    reset_all();
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
    for (u32 i = 0; i < 5; i++) {
        u64 alarm = rtc_time() + 2 * MILLISECOND;
        rtc_set_alarm(alarm);
        while (!pending())
            wait_for_interrupt();
        CHECK(rtc_time() >= alarm, "early");
        on_external();
        CHECK(!pending(), "still pending");
    }
    csr_write(sie, 0);
}

/* ---- To another hart. ---- */

static volatile u32 other_claimed, other_ready;

static void take_one(void)
{
    u32 own = plic_context(this_hart()->id);

    /* Here and not before the start: firmware may clear the context of a hart that it starts. */
    plic_set_threshold(own, 0);
    plic_enable_only(own, BIT(UART_IRQ));
    csr_write(sie, BIT(INTERRUPT_EXTERNAL));
    other_ready = 1;
    while (!pending())
        wait_for_interrupt();
    other_claimed = plic_claim(own);
    quiet_uart();
    plic_complete(own, other_claimed);
    plic_enable_only(own, 0);
}

static void routed_to_another_hart(void)
{
    u32 hart = boot.hart == 0;

    if (hart_count() < 2)
        SKIP("one hart only");
    reset_all();
    plic_enable_only(context, 0);
    CHECK_EQ(hart_start(hart, take_one), SBI_SUCCESS);
    CHECK(hart_wait_value(&other_ready, 1), "the hart did not start");
    raise_uart();
    CHECK(!pending(), "it came here");
    CHECK(hart_wait_value(&other_claimed, 1), "it did not come there");
    CHECK_EQ(other_claimed, UART_IRQ);
    CHECK(hart_wait_state(hart, HART_STOPPED), "the hart did not stop");
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(nothing_at_first),
        CASE(uart_alone),
        CASE(rtc_alone),
        CASE(two_at_once_by_priority),
        CASE(two_at_once_by_number),
        CASE(level_kept_high),
        CASE(threshold),
        CASE(priority_zero_means_never),
        CASE(source_not_enabled),
        CASE(wrong_completions_are_ignored),
        CASE(both_taken_as_traps),
        CASE(wfi_until_the_alarm),
        CASE(routed_to_another_hart),
    };

    context = plic_context(boot.hart);
    trap_on_interrupt(INTERRUPT_EXTERNAL, on_external);
    return test_run("t_irq", cases, ARRAY_SIZE(cases));
}
