/*
 * What one CPU changes, the others must see when the system call has returned:
 * translations (remote sfence.vma), code (remote fence.i) and memory order
 * (membarrier). A hypervisor that drops or delays a remote fence fails here. On
 * one CPU the threads take turns, which checks the local fences.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

#ifndef SYS_riscv_flush_icache
#define SYS_riscv_flush_icache 259
#endif

static int cpus[MAX_CPUS];
static int cpu_count;
static pthread_t thread[MAX_CPUS];
static atomic_int stop;
static atomic_uint seen[MAX_CPUS]; /* rounds that each CPU's thread has made */

/* A thread on each CPU runs body(index) until stop is set. */
static void start_threads(void *(*body)(void *))
{
    intptr_t i;

    cpu_count = usable_cpus(cpus);
    for (i = 0; i < cpu_count; i++)
        EXPECT(pthread_create(&thread[i], NULL, body, (void *)i) == 0, "pthread_create for CPU %d",
               cpus[i]);
}

static void stop_threads(void)
{
    int i;

    atomic_store(&stop, 1);
    for (i = 0; i < cpu_count; i++)
        pthread_join(thread[i], NULL);
}

/* Returns when each thread has begun and ended a round since the call. */
static void let_all_look(void)
{
    unsigned before[MAX_CPUS];
    int i;

    for (i = 0; i < cpu_count; i++)
        before[i] = atomic_load(&seen[i]);
    for (i = 0; i < cpu_count; i++)
        while (atomic_load(&seen[i]) - before[i] < 2)
            sched_yield();
}

static void end_round(intptr_t i)
{
    atomic_fetch_add(&seen[i], 1);
    /* Busy beside others, but give way when CPUs are few. */
    if (atomic_load(&seen[i]) % 16 == 0)
        sched_yield();
}

/* ---- Remap: a page is replaced by another, and its number is then published. */

static volatile uint32_t *window;
static atomic_uint published;

static void *watch_window(void *index)
{
    unsigned least, value;

    pin_to(cpus[(intptr_t)index]);
    while (!atomic_load(&stop)) {
        least = atomic_load(&published);
        value = *window;
        EXPECT(value >= least,
               "CPU %d reads page %u through a stale translation, after page %u was mapped",
               cpus[(intptr_t)index], value, least);
        end_round((intptr_t)index);
    }
    return NULL;
}

static void remap(void)
{
    enum { REMAPS = 25 };
    uint32_t *fresh;
    uint32_t i;

    window = map_pages(1);
    start_threads(watch_window);
    for (i = 1; i <= REMAPS; i++) {
        fresh = map_pages(1);
        *fresh = i;
        /* Moves the new page over the old one, which is unmapped in one go. */
        EXPECT(mremap(fresh, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)window) ==
                   (void *)window,
               "mremap: %s", strerror(errno));
        atomic_store(&published, i);
        let_all_look();
    }
    stop_threads();
}

/* ---- mprotect: when a page is read-only, no CPU writes it any more. */

static atomic_uint *counter;
static atomic_int writable;

/* Before each store that may fault, the writer waits here. */
static void on_store_fault(int number)
{
    (void)number;
    while (!atomic_load(&writable) && !atomic_load(&stop))
        sched_yield();
}

static void *write_counter(void *index)
{
    pin_to(cpus[(intptr_t)index]);
    while (!atomic_load(&stop)) {
        atomic_fetch_add(counter, 1);
        end_round((intptr_t)index);
    }
    return NULL;
}

static void write_protect(void)
{
    enum { ROUNDS = 15 };
    unsigned before, after;
    int i;

    counter = map_pages(1);
    atomic_store(&writable, 1);
    signal(SIGSEGV, on_store_fault);
    start_threads(write_counter);
    for (i = 0; i < ROUNDS; i++) {
        let_all_look();
        atomic_store(&writable, 0);
        EXPECT(mprotect(counter, PAGE, PROT_READ) == 0, "mprotect: %s", strerror(errno));
        before = atomic_load(counter);
        sleep_ms(2);
        after = atomic_load(counter);
        EXPECT(before == after, "a read-only page was written %u times", after - before);
        EXPECT(mprotect(counter, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect: %s",
               strerror(errno));
        atomic_store(&writable, 1);
    }
    stop_threads();
}

/*
 * ---- Code: a function is rewritten, and all CPUs run the new one after flush_icache. They do
 * not run it during the store: QEMU, with a host thread for each hart, may then keep the old
 * translation for good.
 */

static uint32_t *code;
static atomic_int may_call;

static void write_function(uint32_t result)
{
    code[0] = result << 20 | 0x00000513; /* li a0, result */
    code[1] = 0x00008067;                /* ret */
    EXPECT(syscall(SYS_riscv_flush_icache, code, code + 2, 0) == 0, "riscv_flush_icache: %s",
           strerror(errno));
}

static void *call_function(void *index)
{
    unsigned least, value;

    pin_to(cpus[(intptr_t)index]);
    while (!atomic_load(&stop)) {
        if (!atomic_load(&may_call)) {
            end_round((intptr_t)index);
            continue;
        }
        least = atomic_load(&published);
        value = ((unsigned (*)(void))(uintptr_t)code)();
        EXPECT(value >= least, "CPU %d runs function %u, after function %u was written",
               cpus[(intptr_t)index], value, least);
        end_round((intptr_t)index);
    }
    return NULL;
}

static void new_code(void)
{
    enum { REWRITES = 25 };
    uint32_t i;

    code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(code != MAP_FAILED, "mmap: %s", strerror(errno));
    write_function(0);
    start_threads(call_function);
    for (i = 1; i <= REWRITES; i++) {
        write_function(i);
        atomic_store(&published, i);
        atomic_store(&may_call, 1);
        let_all_look();
        atomic_store(&may_call, 0);
        let_all_look();
    }
    stop_threads();
}

/* ---- membarrier interrupts all CPUs that run this process. */

static void *spin(void *index)
{
    pin_to(cpus[(intptr_t)index]);
    while (!atomic_load(&stop))
        end_round((intptr_t)index);
    return NULL;
}

static void barrier(void)
{
    int i;

    EXPECT(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0) == 0,
           "registering for membarrier: %s", strerror(errno));
    start_threads(spin);
    for (i = 0; i < 200; i++)
        EXPECT(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) == 0, "membarrier: %s",
               strerror(errno));
    stop_threads();
}

const struct check shootdown_checks[] = {
    {"shootdown-remap", remap},
    {"shootdown-write-protect", write_protect},
    {"shootdown-new-code", new_code},
    {"shootdown-membarrier", barrier},
    {NULL, NULL},
};
