/*
 * ticks NAME: prints "NAME: ticks N" and "NAME: instret M", the machine's time
 * counter and its count of instructions as they were when this program
 * started. The time counter runs at the timebase (10 MHz on QEMU virt) and goes
 * on while the machine is idle; the count of instructions does not.
 *
 * A kernel that has taken the counters for perf keeps programs from instret:
 * then there is no second line.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include "ticks.h"

static sigjmp_buf after_trap;

static void trapped(int signal)
{
    (void)signal;
    siglongjmp(after_trap, 1);
}

/* Returns 0 where a program may not read it. */
static int read_if_allowed(uint64_t *instret)
{
    signal(SIGILL, trapped);
    if (sigsetjmp(after_trap, 1) != 0)
        return 0;
    *instret = read_instret();
    return 1;
}

int main(int argc, char **argv)
{
    uint64_t instret = 0;
    int allowed = read_if_allowed(&instret);
    uint64_t now = read_ticks();
    const char *name = argc > 1 ? argv[1] : "now";

    printf("%s: ticks %llu\n", name, (unsigned long long)now);
    if (allowed)
        printf("%s: instret %llu\n", name, (unsigned long long)instret);
    return 0;
}
