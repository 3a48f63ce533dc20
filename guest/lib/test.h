/*
 * A guest that is a test: a table of cases, each a function that returns when it is done or at
 * its first failed check. Prints PASS, FAIL or SKIP for each and a SUMMARY; the machine then
 * powers off, or reports failure through the test finisher.
 */
#ifndef GUEST_TEST_H
#define GUEST_TEST_H

#include "guest/lib/csr.h"
#include "guest/lib/printf.h"
#include "guest/lib/trap.h"

struct test_case {
    const char *name;
    void (*run)(void);
};

#define CASE(function)      \
    {                       \
#function, function \
    }

/* The same function as a case of its own in several settings: "paged_loads". */
#define CASE_IN(setting, function)      \
    {                                   \
        setting "_" #function, function \
    }

/* Runs all cases. Returns what main() has to return. */
int test_run(const char *topic, const struct test_case *cases, u32 count);

/* The same step by step, for cases that come in no fixed number. */
void test_begin(const char *topic);
void test_one(const struct test_case *one);
int test_end(void);

/* Marks the running case as failed, or as not to be had here. The case returns next. */
void test_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void test_skip(const char *why);

/* Ends the whole test as failed: after a trap that nobody expected. */
void test_abort(void) __attribute__((noreturn));

#define CHECK(condition, ...)       \
    do {                            \
        if (!(condition)) {         \
            test_fail(__VA_ARGS__); \
            return;                 \
        }                           \
    } while (0)

#define CHECK_EQ(actual, expected)                                                             \
    do {                                                                                       \
        u32 actual_ = (u32)(actual), expected_ = (u32)(expected);                              \
        CHECK(actual_ == expected_, "%s is 0x%x, expected 0x%x", #actual, actual_, expected_); \
    } while (0)

/* `seen` is the answer of trap_disarm(): exactly one trap, with this cause and stval. */
#define CHECK_TRAP(seen, want_cause, want_value) \
    do {                                         \
        CHECK_EQ((seen).count, 1);               \
        CHECK_EQ((seen).cause, want_cause);      \
        CHECK_EQ((seen).value, want_value);      \
    } while (0)

#define SKIP(why)       \
    do {                \
        test_skip(why); \
        return;         \
    } while (0)

#endif
