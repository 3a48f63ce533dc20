/* A test that fails on purpose: what runs the tests has to notice. */
#include "guest/lib/test.h"

static void one_is_one(void)
{
    CHECK_EQ(1, 1);
}

static void one_is_two(void)
{
    CHECK_EQ(1, 2);
}

int main(void)
{
    static const struct test_case cases[] = {CASE(one_is_one), CASE(one_is_two)};

    return test_run("t_fail", cases, ARRAY_SIZE(cases));
}
