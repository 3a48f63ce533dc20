/*
 * Reads lines from the UART, as a person types them, and tells each with its number of bytes and
 * the name that `who=` in its bootargs gives. Four lines do more: off     powers off fail    ends
 * as failed deaf    reads nothing for a second flood   prints more than a scroll-back holds
 */
#include "guest/lib/csr.h"
#include "guest/lib/fdt.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/uart.h"

#define LINE_MAX   128u
#define POLL       10000u    /* ticks: 1 ms */
#define DEAF       10000000u /* ticks: 1 s  */
#define FLOOD      400u      /* lines       */
#define SYS_FAILED 1u        /* reason of a reset: system failure */

static char who[16];

static void sleep_for(u64 ticks)
{
    u64 end = read_time() + ticks;

    csr_set(sie, BIT(INTERRUPT_TIMER));
    sbi_set_timer(end);
    while (read_time() < end)
        wait_for_interrupt();
}

static char read_byte(void)
{
    while (!(read8(UART_LSR) & LSR_DATA_READY))
        sleep_for(POLL);
    return (char)read8(UART_RBR);
}

/* Up to '\n' or '\r'; what does not fit is left out, but counted. */
static u32 read_line(char *line)
{
    u32 length = 0;

    for (;;) {
        char c = read_byte();

        if (c == '\n' || c == '\r')
            break;
        if (length < LINE_MAX - 1)
            line[length] = c;
        length++;
    }
    line[length < LINE_MAX ? length : LINE_MAX - 1] = '\0';
    return length;
}

static void flood(void)
{
    for (u32 i = 0; i < FLOOD; i++)
        printf("%s: flood, line %u of %u\n", who, i + 1, FLOOD);
}

int main(void)
{
    char line[LINE_MAX];

    fdt_bootarg("who", who, sizeof(who));
    interrupts_off();
    printf("%s: ready\n", who);
    for (;;) {
        u32 length = read_line(line);

        printf("%s: %u bytes: %s\n", who, length, line);
        if (!strcmp(line, "off"))
            return 0;
        if (!strcmp(line, "fail"))
            sbi_system_reset(SBI_SHUTDOWN, SYS_FAILED);
        if (!strcmp(line, "deaf"))
            sleep_for(DEAF);
        if (!strcmp(line, "flood"))
            flood();
    }
}
