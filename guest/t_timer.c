/*
 * The timer: deadlines past, near, far and never, in both halves of their 64 bits; through the SBI
 * and, where there is Sstc, through stimecmp. None comes early, none is lost, none comes uncalled.
 */
#include "guest/lib/isa.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

#define NEVER     (~0ull)
#define SOON      20000ull /* ticks: 2 ms at the 10 MHz of `virt` */
#define FAR_AWAY  0x4000000000ull
#define HIGH_WORD 0x100000000ull

static volatile u32 ticks;
static void (*set_deadline)(u64 deadline) = sbi_set_timer;

static void on_tick(void)
{
    ticks++;
    set_deadline(NEVER);
}

static bool pending(void)
{
    return csr_read(sip) & BIT(INTERRUPT_TIMER);
}

/* Both halves by hand: first a low half that is never reached, so that no mixture is in the past.
 */
static void set_stimecmp(u64 deadline)
{
    csr_write(0x14d, 0xffffffff);
    csr_write(0x15d, u64_high(deadline));
    csr_write(0x14d, u64_low(deadline));
}

static void wait_until(u64 time)
{
    while (read_time() < time)
        continue;
}

static void past_deadline_is_pending_at_once(void)
{
    set_deadline(read_time());
    CHECK(pending(), "now");
    set_deadline(1);
    CHECK(pending(), "long ago");
    set_deadline(0);
    CHECK(pending(), "zero");
    set_deadline(NEVER);
    CHECK(!pending(), "never");
}

/* An emulator's timer may lag behind `time`; a lost one never comes. */
static bool comes_by(u64 time)
{
    while (!pending() && read_time() < time)
        continue;
    return pending();
}

static void not_before_its_time(void)
{
    for (u32 i = 0; i < 10; i++) {
        u64 deadline = read_time() + SOON;
        set_deadline(deadline);
        CHECK(comes_by(deadline + 1000 * SOON), "lost");
        CHECK(read_time() >= deadline, "early");
    }
    set_deadline(NEVER);
}

static void a_later_deadline_cancels(void)
{
    set_deadline(0);
    CHECK(pending(), "not pending");
    set_deadline(read_time() + FAR_AWAY);
    CHECK(!pending(), "still pending");
    u64 soon = read_time() + SOON;
    set_deadline(soon);
    set_deadline(NEVER);
    wait_until(soon + SOON);
    CHECK(!pending(), "came though cancelled");
}

/* Deadlines with another high word each time: were one half written alone, it might be past. */
static void high_word_sweep(void)
{
    u64 now = read_time();

    ticks = 0;
    csr_write(sie, BIT(INTERRUPT_TIMER));
    interrupts_on();
    for (u32 i = 0; i < 64; i++) {
        set_deadline(now + FAR_AWAY + 0xffffffffu);
        set_deadline(((now >> 32) + 1 + i) << 32); /* low half 0, in the past on its own */
        set_deadline((now & ~0xffffffffull) + HIGH_WORD - 1);
        set_deadline(HIGH_WORD << (i % 31));
        set_deadline(NEVER - i);
        set_deadline(0xffffffff00000000ull);
    }
    interrupts_off();
    csr_write(sie, 0);
    set_deadline(NEVER);
    CHECK_EQ(ticks, now >> 31 ? ticks : 0); /* after 3 minutes some of these are past */
}

static void never_means_never(void)
{
    ticks = 0;
    csr_write(sie, BIT(INTERRUPT_TIMER));
    set_deadline(NEVER);
    interrupts_on();
    wait_until(read_time() + 2 * SOON);
    interrupts_off();
    csr_write(sie, 0);
    CHECK_EQ(ticks, 0);
}

static void interrupt_comes_once_per_deadline(void)
{
    ticks = 0;
    csr_write(sie, BIT(INTERRUPT_TIMER));
    interrupts_on();
    for (u32 i = 0; i < 20; i++) {
        u64 deadline = read_time() + SOON / 10;
        set_deadline(deadline);
        while (ticks == i && read_time() < deadline + 1000 * SOON)
            continue;
        CHECK_EQ(ticks, i + 1);
        CHECK(read_time() >= deadline, "early");
    }
    interrupts_off();
    csr_write(sie, 0);
}

static void masked_by_stie(void)
{
    ticks = 0;
    csr_write(sie, 0);
    set_deadline(0);
    interrupts_on();
    bool waits = pending() && ticks == 0;
    csr_write(sie, BIT(INTERRUPT_TIMER));
    for (u32 i = 0; i < 1000 && ticks == 0; i++)
        (void)read_time();
    interrupts_off();
    csr_write(sie, 0);
    CHECK(waits, "not held back");
    CHECK_EQ(ticks, 1);
}

/* With nothing else to wake the hart; with interrupts on, and with them off but enabled in sie. */
static void wfi_with_only_the_timer(void)
{
    csr_write(sie, BIT(INTERRUPT_TIMER));
    for (u32 i = 0; i < 10; i++) {
        u64 deadline = read_time() + SOON;
        set_deadline(deadline);
        while (!pending())
            wait_for_interrupt();
        CHECK(read_time() >= deadline, "early, interrupts off");
    }
    ticks = 0;
    for (u32 i = 0; i < 10; i++) {
        u64 deadline = read_time() + SOON;
        set_deadline(deadline);
        interrupts_on();
        while (ticks == i)
            wait_for_interrupt();
        interrupts_off();
        CHECK(read_time() >= deadline, "early, interrupts on");
    }
    csr_write(sie, 0);
    CHECK_EQ(ticks, 10);
}

/* A wfi when the deadline has passed already must not sleep. */
static void wfi_after_the_deadline(void)
{
    csr_write(sie, BIT(INTERRUPT_TIMER));
    set_deadline(0);
    wait_for_interrupt();
    set_deadline(NEVER);
    csr_write(sie, 0);
}

static void by_stimecmp(void)
{
    /* A hypervisor gives stimecmp in any case: kernels of the field write it without asking. */
    if (runs_natively() && !isa_has("sstc"))
        SKIP("no Sstc: the cases that follow use the SBI again");
    set_deadline = set_stimecmp;
}

#define CASES(way)                                                                        \
    CASE_IN(way, past_deadline_is_pending_at_once), CASE_IN(way, not_before_its_time),    \
        CASE_IN(way, a_later_deadline_cancels), CASE_IN(way, high_word_sweep),            \
        CASE_IN(way, never_means_never), CASE_IN(way, interrupt_comes_once_per_deadline), \
        CASE_IN(way, masked_by_stie), CASE_IN(way, wfi_with_only_the_timer),              \
        CASE_IN(way, wfi_after_the_deadline)

int main(void)
{
    static const struct test_case cases[] = {
        CASES("sbi"),
        CASE(by_stimecmp),
        CASES("direct"),
    };

    trap_on_interrupt(INTERRUPT_TIMER, on_tick);
    return test_run("t_timer", cases, ARRAY_SIZE(cases));
}
