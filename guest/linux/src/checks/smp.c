/* All CPUs: each runs, atomics are atomic, and one CPU wakes another. On one CPU they hold too. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static int cpus[MAX_CPUS];
static int cpu_count;

/* Runs body(index) in a thread on each CPU at once, and waits for all. */
static void on_each_cpu(void *(*body)(void *))
{
    pthread_t thread[MAX_CPUS];
    intptr_t i;

    cpu_count = usable_cpus(cpus);
    for (i = 0; i < cpu_count; i++)
        EXPECT(pthread_create(&thread[i], NULL, body, (void *)i) == 0, "pthread_create for CPU %d",
               cpus[i]);
    for (i = 0; i < cpu_count; i++)
        pthread_join(thread[i], NULL);
}

/* ---- Each CPU makes progress while all others are busy. */

static atomic_uint progress[MAX_CPUS];
static atomic_int all_advanced;

static int everyone_has(unsigned rounds)
{
    int i;

    for (i = 0; i < cpu_count; i++)
        if (atomic_load(&progress[i]) < rounds)
            return 0;
    return 1;
}

static void *advance(void *index)
{
    intptr_t i = (intptr_t)index;

    pin_to(cpus[i]);
    while (!atomic_load(&all_advanced)) {
        atomic_fetch_add(&progress[i], 1);
        if (i == 0 && everyone_has(10000))
            atomic_store(&all_advanced, 1);
    }
    return NULL;
}

static void every_cpu_advances(void)
{
    on_each_cpu(advance);
}

/* ---- Atomics and locks under contention. */

enum { ADDITIONS = 20000 };
static atomic_uint added;
static unsigned exchanged, locked;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* lr/sc, where atomic_fetch_add is an AMO. */
static void add_by_reservation(unsigned *word)
{
    unsigned value, failed;

    do {
        __asm__ volatile("lr.w.aq %0, (%2)\n\taddi %0, %0, 1\n\tsc.w.rl %1, %0, (%2)"
                         : "=&r"(value), "=&r"(failed)
                         : "r"(word)
                         : "memory");
    } while (failed);
}

static void *contend(void *index)
{
    int i;

    pin_to(cpus[(intptr_t)index]);
    for (i = 0; i < ADDITIONS; i++) {
        atomic_fetch_add(&added, 1);
        add_by_reservation(&exchanged);
        pthread_mutex_lock(&mutex);
        locked++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void atomics(void)
{
    unsigned expected;

    on_each_cpu(contend);
    expected = (unsigned)cpu_count * ADDITIONS;
    EXPECT(atomic_load(&added) == expected, "amoadd: %u, expected %u", atomic_load(&added),
           expected);
    EXPECT(exchanged == expected, "lr/sc: %u, expected %u", exchanged, expected);
    EXPECT(locked == expected, "mutex: %u, expected %u", locked, expected);
}

/* ---- A turn goes from CPU to CPU; who waits for it sleeps, and is woken by another CPU. */

enum { ROUNDS = 100 };
static atomic_uint turn;

static void futex_wait(unsigned value)
{
    long result = syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);

    EXPECT(result == 0 || errno == EAGAIN || errno == EINTR, "futex wait: %s", strerror(errno));
}

static void *pass_on(void *index)
{
    unsigned mine = (unsigned)(intptr_t)index, now, end = ROUNDS * (unsigned)cpu_count;

    pin_to(cpus[mine]);
    while ((now = atomic_load(&turn)) < end) {
        if (now % (unsigned)cpu_count != mine) {
            futex_wait(now);
            continue;
        }
        atomic_store(&turn, now + 1);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, cpu_count, NULL, NULL, 0);
    }
    return NULL;
}

static void wakeups(void)
{
    on_each_cpu(pass_on);
    EXPECT(atomic_load(&turn) == ROUNDS * (unsigned)cpu_count, "the turn stopped at %u",
           atomic_load(&turn));
}

/* ---- One thread visits all CPUs, its memory with it. */

static void migration(void)
{
    enum { HOPS = 200 };
    volatile uint32_t *page = map_pages(1);
    uint32_t i;

    cpu_count = usable_cpus(cpus);
    for (i = 0; i < HOPS; i++) {
        pin_to(cpus[i % (uint32_t)cpu_count]);
        EXPECT(i == 0 || page[i - 1] == i, "word %u lost on the way", (unsigned)i - 1);
        page[i] = i + 1;
    }
    for (i = 0; i < HOPS; i++)
        EXPECT(page[i] == i + 1, "word %u is %u after %d hops", (unsigned)i, (unsigned)page[i],
               HOPS);
}

const struct check smp_checks[] = {
    {"smp-every-cpu-advances", every_cpu_advances},
    {"smp-atomics", atomics},
    {"smp-wakeups", wakeups},
    {"smp-migration", migration},
    {NULL, NULL},
};
