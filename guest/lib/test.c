#include "guest/lib/test.h"
#include "guest/lib/boot.h"

static struct {
    const char *topic, *name;
    enum { PASSED, FAILED, SKIPPED } result;
    u32 passed, failed;
    char why[128];
} test;

void test_fail(const char *format, ...)
{
    va_list args;

    if (test.result == FAILED)
        return; /* the first reason is the one to tell */
    va_start(args, format);
    vsnprintf(test.why, sizeof(test.why), format, args);
    va_end(args);
    test.result = FAILED;
}

void test_skip(const char *why)
{
    snprintf(test.why, sizeof(test.why), "%s", why);
    test.result = SKIPPED;
}

static void report(void)
{
    switch (test.result) {
    case PASSED:
        test.passed++;
        printf("PASS %s.%s\n", test.topic, test.name);
        break;
    case FAILED:
        test.failed++;
        printf("FAIL %s.%s: %s\n", test.topic, test.name, test.why);
        break;
    case SKIPPED:
        printf("SKIP %s.%s: %s\n", test.topic, test.name, test.why);
        break;
    }
}

static int summary(void)
{
    printf("SUMMARY %s: %u passed, %u failed\n", test.topic, test.passed, test.failed);
    return test.failed > 0;
}

int test_run(const char *topic, const struct test_case *cases, u32 count)
{
    test.topic = topic;
    for (u32 i = 0; i < count; i++) {
        test.name = cases[i].name;
        test.result = PASSED;
        cases[i].run();
        report();
    }
    return summary();
}

void test_abort(void)
{
    if (test.topic) {
        test_fail("unexpected trap");
        report();
        summary();
    }
    power_off(true);
}
