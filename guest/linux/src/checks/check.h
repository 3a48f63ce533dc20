/*
 * The self-test's checks. A check is a function that returns when all is well
 * and calls fail() when it is not. It runs in a process of its own, so it may
 * crash, change its affinity, or leave threads and mappings behind.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE          4096u
#define MAX_CPUS      64
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct check {
    const char *name;
    void (*run)(void);
};

/* One table per file, ended by a null name. */
extern const struct check float_checks[];
extern const struct check memory_checks[];
extern const struct check smp_checks[];
extern const struct check shootdown_checks[];
extern const struct check time_checks[];
extern const struct check signal_checks[];
extern const struct check process_checks[];
extern const struct check perf_checks[];

/* Ends the check's process as failed, for the reason printed. Any thread may call it. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define EXPECT(condition, ...) \
    do {                       \
        if (!(condition))      \
            fail(__VA_ARGS__); \
    } while (0)

/* Fills cpus[] with the numbers of the CPUs this process may use; returns how many. */
int usable_cpus(int cpus[MAX_CPUS]);
/* Moves the calling thread to one CPU, and is on it when it returns. */
void pin_to(int cpu);

/* Anonymous private memory, zeroed; fails the check when there is none. */
void *map_pages(size_t pages);
/* The same, shared with the children that are forked later. */
void *map_shared(size_t pages);

/* fork() that fails the check when it cannot. */
pid_t fork_child(void);
/* Waits for a child; fails the check unless it exited with this status. */
void expect_exit(pid_t child, int status);

/* CLOCK_MONOTONIC. */
uint64_t now_ns(void);
void sleep_ms(unsigned ms);

#endif
