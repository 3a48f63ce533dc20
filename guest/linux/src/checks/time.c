/*
 * Time: it never goes back, whichever CPU tells it, it goes at the right speed,
 * and timers fire on every CPU. Upper limits are wide: the host may be busy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "ticks.h"

#define MS 1000000u

static int cpus[MAX_CPUS];
static int cpu_count;

/* One thread goes from CPU to CPU and looks at the clock on each. */
static void never_back(void)
{
    uint64_t clock = 0, ticks = 0, next;
    int i;

    cpu_count = usable_cpus(cpus);
    for (i = 0; i < 1000; i++) {
        if (i % 4 == 0)
            pin_to(cpus[i / 4 % cpu_count]);
        next = now_ns();
        EXPECT(next >= clock, "the clock of CPU %d is %llu ns behind", cpus[i / 4 % cpu_count],
               (unsigned long long)(clock - next));
        clock = next;
        next = read_ticks();
        EXPECT(next >= ticks, "the time counter of CPU %d is %llu ticks behind",
               cpus[i / 4 % cpu_count], (unsigned long long)(ticks - next));
        ticks = next;
    }
}

/* Threads on all CPUs compare their clocks through a common latest value. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t latest;

static void *compare(void *index)
{
    int cpu = cpus[(intptr_t)index], i;
    uint64_t now;

    pin_to(cpu);
    for (i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        now = now_ns();
        EXPECT(now >= latest, "CPU %d is %llu ns behind another", cpu,
               (unsigned long long)(latest - now));
        latest = now;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void same_everywhere(void)
{
    pthread_t thread[MAX_CPUS];
    intptr_t i;

    cpu_count = usable_cpus(cpus);
    for (i = 0; i < cpu_count; i++)
        EXPECT(pthread_create(&thread[i], NULL, compare, (void *)i) == 0, "pthread_create");
    for (i = 0; i < cpu_count; i++)
        pthread_join(thread[i], NULL);
}

static uint32_t timebase(void)
{
    int file = open("/proc/device-tree/cpus/timebase-frequency", O_RDONLY);
    uint8_t cell[4];

    EXPECT(file >= 0 && read(file, cell, 4) == 4, "timebase-frequency in the device tree: %s",
           strerror(errno));
    close(file);
    return (uint32_t)cell[0] << 24 | (uint32_t)cell[1] << 16 | (uint32_t)cell[2] << 8 | cell[3];
}

/* The time counter goes at the rate that the device tree tells. */
static void counter_rate(void)
{
    uint32_t rate = timebase();
    uint64_t ns = now_ns(), ticks = read_ticks(), by_ticks;

    sleep_ms(200);
    ns = now_ns() - ns;
    by_ticks = (read_ticks() - ticks) * 1000000000u / rate;
    EXPECT(by_ticks > ns / 10 * 9 && by_ticks < ns / 10 * 11,
           "%llu ns by the clock are %llu ns by the counter", (unsigned long long)ns,
           (unsigned long long)by_ticks);
}

/* A sleep of 20 ms on each CPU in turn: each has a timer. */
static void timer_of_each_cpu(void)
{
    uint64_t took;
    int i;

    cpu_count = usable_cpus(cpus);
    for (i = 0; i < cpu_count; i++) {
        pin_to(cpus[i]);
        took = now_ns();
        sleep_ms(20);
        took = now_ns() - took;
        EXPECT(took >= 20 * MS, "20 ms of sleep on CPU %d took %llu ns", cpus[i],
               (unsigned long long)took);
        EXPECT(took < 2000 * MS, "20 ms of sleep on CPU %d took %llu ns", cpus[i],
               (unsigned long long)took);
    }
}

static atomic_int alarms;

static void on_alarm(int number)
{
    (void)number;
    atomic_fetch_add(&alarms, 1);
}

/* A periodic timer interrupts a program that computes. */
static void interval_timer(void)
{
    struct itimerval every_5_ms = {{0, 5000}, {0, 5000}};
    uint64_t start = now_ns();

    signal(SIGALRM, on_alarm);
    EXPECT(setitimer(ITIMER_REAL, &every_5_ms, NULL) == 0, "setitimer: %s", strerror(errno));
    while (atomic_load(&alarms) < 20)
        EXPECT(now_ns() - start < 10000u * (uint64_t)MS, "%d of 20 alarms after 10 s",
               atomic_load(&alarms));
    EXPECT(now_ns() - start >= 99 * MS, "20 alarms, one each 5 ms, after %llu ns",
           (unsigned long long)(now_ns() - start));
}

static void timer_file(void)
{
    struct itimerspec every_10_ms = {{0, 10 * MS}, {0, 10 * MS}};
    int file = timerfd_create(CLOCK_MONOTONIC, 0);
    uint64_t start = now_ns(), expired, total = 0;

    EXPECT(file >= 0 && timerfd_settime(file, 0, &every_10_ms, NULL) == 0, "timerfd: %s",
           strerror(errno));
    while (total < 10) {
        EXPECT(read(file, &expired, sizeof(expired)) == sizeof(expired), "timerfd: %s",
               strerror(errno));
        total += expired;
    }
    EXPECT(now_ns() - start >= 99 * MS, "10 expirations, one each 10 ms, after %llu ns",
           (unsigned long long)(now_ns() - start));
}

const struct check time_checks[] = {
    {"time-never-back", never_back},
    {"time-same-everywhere", same_everywhere},
    {"time-counter-rate", counter_rate},
    {"time-timer-of-each-cpu", timer_of_each_cpu},
    {"time-interval-timer", interval_timer},
    {"time-timer-file", timer_file},
    {NULL, NULL},
};
