/* Floating point: right answers, and registers that stay one's own. */
#define _GNU_SOURCE
#include <fenv.h>
#include <math.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* The answers are those of any IEEE 754 machine, computed on another one. */
static void known_answers(void)
{
    volatile double sum = 0;
    volatile float single = 0;
    uint32_t single_bits;
    int i;

    for (i = 1; i <= 100000; i++)
        sum += 1.0 / ((double)i * i);
    EXPECT(bits_of(sum) == 0x3ffa519be5fbb345, "sum of 1/i^2 is 0x%016llx",
           (unsigned long long)bits_of(sum));
    for (i = 1; i <= 10000; i++)
        single += 1.0f / (float)i;
    memcpy(&single_bits, (float *)&single, sizeof(single_bits));
    EXPECT(single_bits == 0x411c9a10, "sum of 1/i in single precision is 0x%08x",
           (unsigned)single_bits);
    sum = 2;
    EXPECT(bits_of(sqrt(sum)) == 0x3ff6a09e667f3bcd, "sqrt(2) is 0x%016llx",
           (unsigned long long)bits_of(sqrt(sum)));
}

/* Each seed goes its own chaotic way: one wrong bit at any time shows at the end. */
static double logistic_map(double x, int steps)
{
    while (steps-- > 0) {
        x = 3.99 * x * (1 - x);
        if (steps % 500 == 0)
            sched_yield();
    }
    return x;
}

/* Many more processes than CPUs compute at once, each with its own rounding mode. */
static void context_switches(void)
{
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    enum { PROCESSES = 12, STEPS = 40000 };
    double alone[PROCESSES];
    pid_t child[PROCESSES];
    int i;

    for (i = 0; i < PROCESSES; i++) {
        fesetround(modes[i % 4]);
        alone[i] = logistic_map(0.1 + 0.05 * i, STEPS);
    }
    for (i = 0; i < PROCESSES; i++) {
        child[i] = fork_child();
        if (child[i] == 0) {
            double together;

            fesetround(modes[i % 4]);
            together = logistic_map(0.1 + 0.05 * i, STEPS);
            EXPECT(bits_of(together) == bits_of(alone[i]), "process %d computed another value", i);
            EXPECT(fegetround() == modes[i % 4], "process %d lost its rounding mode", i);
            _exit(0);
        }
    }
    for (i = 0; i < PROCESSES; i++)
        expect_exit(child[i], 0);
}

#define EACH_REGISTER(X)                                                                          \
    X(0)                                                                                          \
    X(1)                                                                                          \
    X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) \
        X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
#define LOAD(n)    "fld f" #n ", 8*" #n "(%1)\n\t"
#define STORE(n)   "fsd f" #n ", 8*" #n "(%2)\n\t"
#define CLOBBER(n) , "f" #n

/* All 32 registers are loaded, the CPU is given away by sched_yield, all are stored. */
static void yield_with_registers(const uint64_t in[32], uint64_t out[32])
{
    register long number __asm__("a7") = 124; /* sched_yield */
    register long result __asm__("a0") = 0;

    __asm__ volatile(EACH_REGISTER(LOAD) "ecall\n\t" EACH_REGISTER(STORE)
                     : "+r"(result)
                     : "r"(in), "r"(out), "r"(number)
                     : "memory" EACH_REGISTER(CLOBBER));
}

static void keep_registers(unsigned who)
{
    uint64_t in[32], out[32];
    unsigned round, i;

    for (round = 0; round < 300; round++) {
        for (i = 0; i < 32; i++)
            in[i] = 0x0123456789abcdefu * (who * 1000u + round + 1) + i;
        yield_with_registers(in, out);
        for (i = 0; i < 32; i++)
            EXPECT(in[i] == out[i], "f%u of process %u became 0x%016llx, was 0x%016llx", i, who,
                   (unsigned long long)out[i], (unsigned long long)in[i]);
    }
}

static void registers(void)
{
    enum { PROCESSES = 12 };
    pid_t child[PROCESSES];
    unsigned i;

    for (i = 0; i < PROCESSES; i++) {
        child[i] = fork_child();
        if (child[i] == 0) {
            keep_registers(i);
            _exit(0);
        }
    }
    for (i = 0; i < PROCESSES; i++)
        expect_exit(child[i], 0);
}

const struct check float_checks[] = {
    {"float-known-answers", known_answers},
    {"float-context-switches", context_switches},
    {"float-registers", registers},
    {NULL, NULL},
};
