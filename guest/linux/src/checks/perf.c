/*
 * Performance counters (SBI PMU). Which the machine has, the kernel says in its log; what it says
 * must count, and what it does not must not be had.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

#define READ_LOG 3 /* of syslog(2) */
#define LOG_SIZE (1 << 18)

/* Events of firmware are raw ones with this bit (Linux, drivers/perf/riscv_pmu_sbi.c). */
#define FIRMWARE_EVENT (1ull << 63)
#define FW_ACCESS_LOAD 2

#define NOTHING_THERE 0x00200000 /* no device and no RAM on virt */

/* What the kernel's driver found; none where there is no driver. */
struct found {
    int firmware, hardware;
};

static struct found found_counters(void)
{
    struct found found = {0, 0};
    char *log = calloc(1, LOG_SIZE), *line;

    EXPECT(log && klogctl(READ_LOG, log, LOG_SIZE - 1) > 0, "cannot read the kernel's log");
    line = strstr(log, "riscv-pmu-sbi: ");
    while (line && sscanf(line, "riscv-pmu-sbi: %d firmware and %d hardware", &found.firmware,
                          &found.hardware) != 2)
        line = strstr(line + 1, "riscv-pmu-sbi: ");
    free(log);
    return found;
}

/* A counter of this process, stopped; -1: there is none for the event. */
static int open_counter(uint32_t type, uint64_t event)
{
    struct perf_event_attr attr = {
        .type = type, .size = sizeof(attr), .config = event, .disabled = 1};
    int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);

    EXPECT(fd >= 0 || errno == ENOENT || errno == EOPNOTSUPP || errno == ENODEV,
           "perf_event_open: %s", strerror(errno));
    return fd;
}

static uint64_t count_of(int fd)
{
    uint64_t count;

    EXPECT(read(fd, &count, sizeof(count)) == sizeof(count), "reading a counter: %s",
           strerror(errno));
    return count;
}

static void work(unsigned loops)
{
    while (loops--)
        __asm__ volatile("");
}

/* A turn of the loop is a few instructions, and takes more than a tenth of a cycle anywhere. */
static void hardware(uint64_t event)
{
    int fd = open_counter(PERF_TYPE_HARDWARE, event), there = found_counters().hardware;
    const unsigned turns = 10000000;
    uint64_t count;

    EXPECT((fd >= 0) == (there > 0), "%d hardware counters, but %s", there,
           fd < 0 ? "none for it" : "one was given");
    if (fd < 0)
        return;
    EXPECT(ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0, "starting a counter: %s", strerror(errno));
    work(turns);
    EXPECT(ioctl(fd, PERF_EVENT_IOC_DISABLE, 0) == 0, "stopping a counter: %s", strerror(errno));
    count = count_of(fd);
    EXPECT(count > turns / 10, "in %u turns it counted %llu", turns, (unsigned long long)count);
    work(turns);
    EXPECT(count_of(fd) == count, "it counts though it is stopped");
}

static void cycles(void)
{
    hardware(PERF_COUNT_HW_CPU_CYCLES);
}

static void instructions(void)
{
    hardware(PERF_COUNT_HW_INSTRUCTIONS);
}

static sigjmp_buf after_fault;

static void fault(int signal)
{
    (void)signal;
    siglongjmp(after_fault, 1);
}

static void load_from_nowhere(volatile uint32_t *address)
{
    if (sigsetjmp(after_fault, 1) == 0) {
        (void)*address;
        fail("a load from nowhere did not fault");
    }
}

static void firmware(void)
{
    int fd = open_counter(PERF_TYPE_RAW, FIRMWARE_EVENT | FW_ACCESS_LOAD), memory, i;
    int there = found_counters().firmware;
    struct sigaction action = {.sa_handler = fault};
    void *nowhere;

    EXPECT((fd >= 0) == (there > 0), "%d firmware counters, but %s", there,
           fd < 0 ? "none for it" : "one was given");
    if (fd < 0)
        return;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    memory = open("/dev/mem", O_RDONLY | O_SYNC);
    nowhere = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, memory, NOTHING_THERE);
    EXPECT(memory >= 0 && nowhere != MAP_FAILED, "mapping /dev/mem: %s", strerror(errno));
    EXPECT(ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0, "starting a counter: %s", strerror(errno));
    for (i = 0; i < 5; i++)
        load_from_nowhere(nowhere);
    EXPECT(count_of(fd) == 5, "of 5 loads that faulted it counted %llu",
           (unsigned long long)count_of(fd));
}

const struct check perf_checks[] = {
    {"perf-cycles", cycles},
    {"perf-instructions", instructions},
    {"perf-firmware", firmware},
    {NULL, NULL},
};
