/*
 * A clock that a person may stop: says each tenth of a second which one it is, `ticks=` of them
 * (default 50), and notices when time has jumped in between or a timer came much too late. Who
 * pauses the machine pauses its time: nothing of that is seen here. A `q` ends it early. With
 * `end=fail` it ends as failed, though it did not.
 */
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"
#include "guest/lib/uart.h"

#define TENTH 1000000u     /* of a second, in ticks of `time` on virt */
#define JUMP  (10 * TENTH) /* later than this is a jump, however slow the machine below is */

static u32 tick_count(void)
{
    char text[8];
    u32 count = 0;

    fdt_bootarg("ticks", text, sizeof(text));
    for (const char *p = text; *p >= '0' && *p <= '9'; p++)
        count = count * 10 + (u32)(*p - '0');
    return count ? count : 50;
}

static bool told_to_quit(void)
{
    return (read8(UART_LSR) & LSR_DATA_READY) && read8(UART_RBR) == 'q';
}

/* Waits for the time by WFI; interrupts stay off. */
static void sleep_until(u64 deadline)
{
    sbi_set_timer(deadline);
    csr_set(sie, BIT(INTERRUPT_TIMER));
    while (read_time() < deadline)
        wait_for_interrupt();
    sbi_set_timer(~0ull);
}

static void time_goes_on_evenly(void)
{
    u32 count = tick_count();
    u64 next = read_time();

    for (u32 i = 1; i <= count && !told_to_quit(); i++) {
        u32 late;

        next += TENTH;
        sleep_until(next);
        late = u64_low(read_time() - next);
        printf("tick %u\n", i);
        CHECK(late < JUMP, "tick %u came %u us late", i, late / 10);
    }
}

int main(void)
{
    static const struct test_case cases[] = {CASE(time_goes_on_evenly)};

    char end[8];
    int failed = test_run("t_clock", cases, ARRAY_SIZE(cases));

    fdt_bootarg("end", end, sizeof(end));
    return failed || strcmp(end, "fail") == 0;
}
