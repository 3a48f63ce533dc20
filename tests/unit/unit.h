/*
 * The harness of the host unit tests. A test program includes the .c files that it tests, defines
 * its tests with TEST(name) { ... CHECK(...); } and ends with one UNIT_MAIN(). Every test prints
 * one line, `PASS suite.name` or `FAIL suite.name: file:line: what`, and the program's status is
 * 0 only when all passed. Built with ASan and UBSan, any finding of which ends the program.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit_test {
    const char *name;
    void (*run)(void);
    struct unit_test *next;
};

static struct unit_test *unit_tests, **unit_tail = &unit_tests;
static const char *unit_name;
static jmp_buf unit_failed;

#define TEST(test)                                                  \
    static void test_##test(void);                                  \
    __attribute__((constructor)) static void register_##test(void)  \
    {                                                               \
        static struct unit_test entry = {#test, test_##test, NULL}; \
        *unit_tail = &entry;                                        \
        unit_tail = &entry.next;                                    \
    }                                                               \
    static void test_##test(void)

#define UNIT_FAIL(...)                                             \
    do {                                                           \
        printf("FAIL %s: %s:%d: ", unit_name, __FILE__, __LINE__); \
        printf(__VA_ARGS__);                                       \
        printf("\n");                                              \
        longjmp(unit_failed, 1);                                   \
    } while (0)

#define CHECK(condition)                 \
    do {                                 \
        if (!(condition))                \
            UNIT_FAIL("%s", #condition); \
    } while (0)

/* For integers of any width up to 64 bits; prints both values. */
#define CHECK_EQ(got, expected)                                                   \
    do {                                                                          \
        unsigned long long unit_got = (unsigned long long)(got);                  \
        unsigned long long unit_exp = (unsigned long long)(expected);             \
        if (unit_got != unit_exp)                                                 \
            UNIT_FAIL("%s is 0x%llx, expected 0x%llx", #got, unit_got, unit_exp); \
    } while (0)

#define CHECK_STR(got, expected)                                                 \
    do {                                                                         \
        if (strcmp((got), (expected)))                                           \
            UNIT_FAIL("%s is \"%s\", expected \"%s\"", #got, (got), (expected)); \
    } while (0)

static inline int unit_main(const char *suite)
{
    static char full_name[256];
    volatile int failed = 0;

    unit_name = full_name;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct unit_test *volatile t = unit_tests; t; t = t->next) {
        snprintf(full_name, sizeof(full_name), "%s.%s", suite, t->name);
        if (setjmp(unit_failed)) {
            failed++;
            continue;
        }
        t->run();
        printf("PASS %s\n", full_name);
    }
    return failed ? 1 : 0;
}

#define UNIT_MAIN(suite)         \
    int main(void)               \
    {                            \
        return unit_main(suite); \
    }

#endif
