/* What all checks use. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

int usable_cpus(int cpus[MAX_CPUS])
{
    cpu_set_t set;
    int cpu, count = 0;

    EXPECT(sched_getaffinity(0, sizeof(set), &set) == 0, "sched_getaffinity: %s", strerror(errno));
    for (cpu = 0; cpu < MAX_CPUS; cpu++)
        if (CPU_ISSET(cpu, &set))
            cpus[count++] = cpu;
    return count;
}

void pin_to(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    EXPECT(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity to CPU %d: %s", cpu,
           strerror(errno));
    EXPECT(sched_getcpu() == cpu, "pinned to CPU %d but running on CPU %d", cpu, sched_getcpu());
}

static void *map(size_t pages, int flags)
{
    void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

    EXPECT(memory != MAP_FAILED, "mmap of %zu pages: %s", pages, strerror(errno));
    return memory;
}

void *map_pages(size_t pages)
{
    return map(pages, MAP_PRIVATE);
}

void *map_shared(size_t pages)
{
    return map(pages, MAP_SHARED);
}

pid_t fork_child(void)
{
    pid_t child = fork();

    EXPECT(child >= 0, "fork: %s", strerror(errno));
    return child;
}

void expect_exit(pid_t child, int status)
{
    int got;

    EXPECT(waitpid(child, &got, 0) == child, "waitpid: %s", strerror(errno));
    /* A child that failed itself has given the reason: keep that one. */
    if (status == 0 && WIFEXITED(got) && WEXITSTATUS(got) == 1)
        _exit(1);
    EXPECT(WIFEXITED(got) && WEXITSTATUS(got) == status,
           "a child ended with status 0x%x, expected exit %d", (unsigned)got, status);
}

uint64_t now_ns(void)
{
    struct timespec now;

    EXPECT(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime: %s", strerror(errno));
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void sleep_ms(unsigned ms)
{
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};

    while (nanosleep(&left, &left) != 0)
        EXPECT(errno == EINTR, "nanosleep: %s", strerror(errno));
}
