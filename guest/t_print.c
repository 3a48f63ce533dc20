/*
 * Prints numbered lines, byte by byte through the UART, as fast as it can: each with the name that
 * `who=` in its bootargs gives, and as long as its number says (tests/check_lines.py knows how).
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/printf.h"
#include "guest/lib/uart.h"

#define LINES      600u
#define MAX_FILLER 120u

static void put(const char *text)
{
    while (*text)
        write8(UART_THR, (u8)*text++);
}

int main(void)
{
    char who[16], head[48];

    fdt_bootarg("who", who, sizeof(who));
    for (u32 i = 0; i < LINES; i++) {
        snprintf(head, sizeof(head), "%s line %u of %u ", who, i, LINES);
        put(head);
        for (u32 j = 0; j < i * 7 % MAX_FILLER; j++)
            write8(UART_THR, (u8)('!' + (i + j) % 90));
        put("\n");
    }
    return 0;
}
