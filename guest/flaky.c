/*
 * An example of a guest that does not do well: it works for `seconds=` (default 3), then reports a
 * failure. What comes next is up to the `restart` of its VM.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/printf.h"

#define TICKS_PER_SECOND 10000000u

int main(void)
{
    u32 seconds = fdt_bootarg_number("seconds", 3);

    printf("flaky: this time it will work\n");
    while (read_time() < (u64)seconds * TICKS_PER_SECOND)
        hart_relax();
    printf("flaky: it did not\n");
    return 1;
}
