/*
 * ticks NAME: prints "NAME: ticks N", the machine's time counter as it was when
 * this program started. The counter runs at the timebase (10 MHz on QEMU virt);
 * under QEMU's -icount shift=0 an instruction takes 1 ns, so that a tick is a
 * hundred instructions.
 */
#include <stdint.h>
#include <stdio.h>

#include "ticks.h"

int main(int argc, char **argv)
{
    uint64_t now = read_ticks();

    printf("%s: ticks %llu\n", argc > 1 ? argv[1] : "now", (unsigned long long)now);
    return 0;
}
