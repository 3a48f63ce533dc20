/*
 * A guest that never gives anything back, to be stopped from outside while others run on.
 * `how=` in its bootargs:
 *   busy  (default) an empty loop, interrupts off
 *   wfi   waits for an interrupt when none is enabled
 *   stop  stops its only hart
 *   sbi   asks for something as fast as it can, for ever
 */
#include "guest/lib/fdt.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/csr.h"

int main(void)
{
    char how[8];

    fdt_bootarg("how", how, sizeof(how));
    printf("t_spin: from here on nothing useful (%s)\n", *how ? how : "busy");
    interrupts_off();
    csr_write(sie, 0);
    if (strcmp(how, "stop") == 0)
        sbi_hart_stop();
    for (;;) {
        if (strcmp(how, "wfi") == 0)
            wait_for_interrupt();
        if (strcmp(how, "sbi") == 0)
            sbi_probe(SBI_EXT_TIME);
    }
}
