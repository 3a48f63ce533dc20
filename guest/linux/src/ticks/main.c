/*
 * ticks NAME: prints "NAME: ticks N" and "NAME: instret M", the machine's time
 * counter and its count of instructions as they were when this program
 * started. The time counter runs at the timebase (10 MHz on QEMU virt) and goes
 * on while the machine is idle; the count of instructions does not.
 */
#include <stdint.h>
#include <stdio.h>

#include "ticks.h"

int main(int argc, char **argv)
{
    uint64_t instret = read_instret();
    uint64_t now = read_ticks();
    const char *name = argc > 1 ? argv[1] : "now";

    printf("%s: ticks %llu\n", name, (unsigned long long)now);
    printf("%s: instret %llu\n", name, (unsigned long long)instret);
    return 0;
}
