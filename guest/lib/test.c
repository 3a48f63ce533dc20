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

void test_begin(const char *topic)
{
    test.topic = topic;
    test.passed = test.failed = 0;
}

void test_one(const struct test_case *one)
{
    test.name = one->name;
    test.result = PASSED;
    one->run();
    report();
}

int test_end(void)
{
    printf("SUMMARY %s: %u passed, %u failed\n", test.topic, test.passed, test.failed);
    return test.failed > 0;
}

int test_run(const char *topic, const struct test_case *cases, u32 count)
{
    test_begin(topic);
    for (u32 i = 0; i < count; i++)
        test_one(&cases[i]);
    return test_end();
}

void test_abort(void)
{
    if (test.topic) {
        test_fail("unexpected trap");
        report();
        test_end();
    }
    power_off(true);
}
