/*
 * An attack by interrupts: timer, IPI, UART, clock and PLIC, each as often as it can be had, and
 * sleep that never lasts. See guest/lib/attack.h for its bootargs.
 */
#include "guest/lib/attack.h"
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/plic.h"
#include "guest/lib/rtc.h"
#include "guest/lib/sbi.h"
#include "guest/lib/uart.h"

static volatile u32 interrupts[MAX_HARTS];

/* Handlers raise what they have just cleared, for as long as the dose lasts. */
static void storm_on(void (*again)(void), void (*end)(void))
{
    interrupts[this_hart()->id]++;
    if (attack_goes_on() && !crew_quit)
        again();
    else
        end();
}

/* ---- Timer ---- */

static void timer_again(void)
{
    static const u32 distances[] = {0, 0, 1, 2, 10, 100, 1000};
    u64 now = read_time();

    sbi_set_timer(random_word() % 4 ? now + RANDOM_ONE_OF(distances) : random_word() % 2);
}

static void timer_end(void)
{
    sbi_set_timer(~0ull);
}

static void on_timer(void)
{
    storm_on(timer_again, timer_end);
}

/* Waits for the end of the dose; what comes meanwhile comes to the handlers. */
static void weather(u32 enabled)
{
    csr_write(sie, enabled);
    interrupts_on();
    while (attack_goes_on())
        continue;
    interrupts_off();
    csr_write(sie, 0);
}

static void timer(void)
{
    u32 before = interrupts[boot.hart];

    sbi_set_timer(0);
    weather(BIT(INTERRUPT_TIMER));
    timer_end();
    CHECK(interrupts[boot.hart] > before, "none came");
}

/* ---- IPIs ---- */

static void ipi_again(void)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    sbi_send_ipi(0, SBI_ALL_HARTS);
}

static void ipi_end(void)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
}

static void on_ipi(void)
{
    storm_on(ipi_again, ipi_end);
}

static void send_to_oneself(void)
{
    u32 before = interrupts[boot.hart];

    crew_quit = 0;
    sbi_send_ipi(1, boot.hart);
    weather(BIT(INTERRUPT_SOFTWARE));
    ipi_end();
    CHECK(interrupts[boot.hart] > before, "none came");
}

static void answer_until_quit(void)
{
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    interrupts_on();
    crew_alive[this_hart()->id] = 1;
    while (!crew_quit)
        sbi_send_ipi(0, SBI_ALL_HARTS);
}

static void send_to_everyone(void)
{
    u32 before = interrupts[boot.hart];

    NEED_TWO_HARTS();
    if (!crew_start(answer_until_quit))
        return;
    attack_start_dose();
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    interrupts_on();
    while (attack_goes_on())
        sbi_send_ipi(random_word(), random_word() % 4);
    interrupts_off();
    csr_write(sie, 0);
    crew_stop();
    CHECK(interrupts[boot.hart] > before, "none came");
}

/* ---- External interrupts ---- */

static void external_again(void)
{
    u32 context = plic_context(boot.hart), source = plic_claim(context);

    if (source == RTC_IRQ)
        write32(RTC_CLEAR_INTERRUPT, 1);
    rtc_set_alarm(random_word() % 2 ? 0 : rtc_time() + random_word() % 65536);
    write8(UART_IER, 0);
    write8(UART_IER, IER_THRE); /* is empty again, at once */
    plic_complete(context, random_word() % 8 ? source : random_word() % 128);
    plic_complete(context, source);
}

static void external_end(void)
{
    u32 context = plic_context(boot.hart);

    write8(UART_IER, 0);
    rtc_clear();
    plic_complete(context, plic_claim(context));
    csr_clear(sie, BIT(INTERRUPT_EXTERNAL));
}

static void on_external(void)
{
    storm_on(external_again, external_end);
}

static void external(void)
{
    u32 context = plic_context(boot.hart), before = interrupts[boot.hart];

    for (u32 source = 1; source < 32; source++)
        plic_set_priority(source, 1 + source % 7);
    plic_set_threshold(context, 0);
    plic_enable_only(context, ~1u);
    rtc_set_alarm(0);
    write8(UART_IER, IER_THRE);
    weather(BIT(INTERRUPT_EXTERNAL));
    external_end();
    plic_enable_only(context, 0);
    CHECK(interrupts[boot.hart] > before, "none came");
}

/* ---- Sleep ---- */

static void doze(u32 *state)
{
    u32 word = random_next(state);

    csr_write(sie, word & BIT(INTERRUPT_SOFTWARE) ? BIT(INTERRUPT_TIMER) | BIT(INTERRUPT_SOFTWARE)
                                                  : BIT(INTERRUPT_TIMER));
    sbi_set_timer(read_time() + word % 64);
    if (word & 256)
        sbi_send_ipi(word >> 16, 0);
    wait_for_interrupt();
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
}

static void doze_until_quit(void)
{
    u32 id = this_hart()->id, state = random_mix(id, 1);

    crew_alive[id] = 1;
    while (!crew_quit)
        doze(&state);
}

static void light_sleep(void)
{
    u32 state = random_word() | 1;

    if (!crew_start(doze_until_quit))
        return;
    while (attack_goes_on())
        doze(&state);
    sbi_set_timer(~0ull);
    csr_write(sie, 0);
    crew_stop();
}

int main(void)
{
    static const struct test_case attacks[] = {CASE(timer), CASE(send_to_oneself),
                                               CASE(send_to_everyone), CASE(external),
                                               CASE(light_sleep)};

    trap_on_interrupt(INTERRUPT_TIMER, on_timer);
    trap_on_interrupt(INTERRUPT_SOFTWARE, on_ipi);
    trap_on_interrupt(INTERRUPT_EXTERNAL, on_external);
    attack_begin("t_attack_storm");
    return attack_rounds(attacks, ARRAY_SIZE(attacks));
}
