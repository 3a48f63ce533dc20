/* Memory of one process: demand paging, protection, copy on write, files, misaligned access. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static long faults(void)
{
    struct rusage usage;

    EXPECT(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage: %s", strerror(errno));
    return usage.ru_minflt;
}

/* A value that no other word of the area has. */
static uint32_t pattern(size_t index)
{
    return (uint32_t)index * 2654435761u ^ 0xa5a5a5a5u;
}

/* Each page comes zeroed at its first touch, by one fault, and keeps what is written. */
static void demand_paging(void)
{
    enum { PAGES = 1024, WORDS = PAGE / 4 };
    uint32_t *words = map_pages(PAGES);
    long before = faults(), taken;
    size_t i;

    for (i = 0; i < PAGES * WORDS; i++) {
        EXPECT(words[i] == 0, "fresh word %zu is 0x%08x", i, (unsigned)words[i]);
        words[i] = pattern(i);
    }
    taken = faults() - before;
    EXPECT(taken >= PAGES, "%ld faults for %d pages", taken, PAGES);
    for (i = 0; i < PAGES * WORDS; i++)
        EXPECT(words[i] == pattern(i), "word %zu is 0x%08x", i, (unsigned)words[i]);
    EXPECT(munmap(words, PAGES * PAGE) == 0, "munmap: %s", strerror(errno));
}

static sigjmp_buf after_fault;
static void *volatile fault_address;
static volatile int fault_code;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    fault_address = info->si_addr;
    fault_code = info->si_code;
    siglongjmp(after_fault, 1);
}

static void catch_faults(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* Each returns 1 when the access faulted. */
static int load_faults(volatile uint8_t *at)
{
    if (sigsetjmp(after_fault, 1) != 0)
        return 1;
    (void)*at;
    return 0;
}

static int store_faults(volatile uint8_t *at)
{
    if (sigsetjmp(after_fault, 1) != 0)
        return 1;
    *at = 1;
    return 0;
}

static void expect_fault_at(const uint8_t *at, int code)
{
    EXPECT(fault_address == at, "fault reported at %p, expected %p", fault_address,
           (const void *)at);
    EXPECT(fault_code == code, "fault with si_code %d, expected %d", fault_code, code);
}

static void protection(void)
{
    uint8_t *page = map_pages(2);
    uint8_t *at = page + PAGE + 123;

    catch_faults();
    EXPECT(!store_faults(at), "a fresh page cannot be written");
    mprotect(page + PAGE, PAGE, PROT_READ);
    EXPECT(!load_faults(at), "a read-only page cannot be read");
    EXPECT(store_faults(at), "a read-only page can be written");
    expect_fault_at(at, SEGV_ACCERR);
    mprotect(page + PAGE, PAGE, PROT_NONE);
    EXPECT(load_faults(at), "a page without permissions can be read");
    expect_fault_at(at, SEGV_ACCERR);
    mprotect(page + PAGE, PAGE, PROT_READ | PROT_WRITE);
    EXPECT(!store_faults(at) && *at == 1, "a page made writable again cannot be written");
    munmap(page + PAGE, PAGE);
    EXPECT(load_faults(at), "an unmapped page can be read");
    expect_fault_at(at, SEGV_MAPERR);
    EXPECT(load_faults((uint8_t *)0xfffff000), "the kernel's addresses can be read");
    EXPECT(load_faults(NULL), "the null page can be read");
}

/* After fork, parent and child write the same pages: neither sees the other's values. */
static void copy_on_write(void)
{
    enum { PAGES = 256 };
    uint32_t(*page)[PAGE / 4] = map_pages(PAGES);
    pid_t child;
    long before;
    size_t i;

    for (i = 0; i < PAGES; i++)
        page[i][i] = pattern(i);
    child = fork_child();
    before = faults();
    for (i = 0; i < PAGES; i++) {
        EXPECT(page[i][i] == pattern(i), "page %zu changed by fork", i);
        page[i][i] = child == 0 ? 1 : 2;
    }
    /* The later of the two may find itself the only owner, but faults all the same. */
    EXPECT(faults() - before >= PAGES, "%ld faults for %d shared pages", faults() - before, PAGES);
    sleep_ms(20);
    for (i = 0; i < PAGES; i++)
        EXPECT(page[i][i] == (child == 0 ? 1u : 2u), "page %zu holds the other process's value", i);
    if (child == 0)
        _exit(0);
    expect_exit(child, 0);
}

/* A file mapped and the same file read are the same; a private mapping leaves it as it is. */
static void file_mapping(void)
{
    int file = open("/bin/busybox", O_RDONLY);
    struct stat status;
    uint8_t *mapped, *copy;
    size_t size;

    EXPECT(file >= 0 && fstat(file, &status) == 0, "/bin/busybox: %s", strerror(errno));
    size = (size_t)status.st_size;
    mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    copy = malloc(size);
    EXPECT(mapped != MAP_FAILED && copy, "no memory for %zu bytes", size);
    EXPECT(read(file, copy, size) == (ssize_t)size, "short read of /bin/busybox");
    EXPECT(memcmp(mapped, copy, size) == 0, "the mapped file differs from the file read");
    memset(mapped, 0, PAGE);
    EXPECT(pread(file, mapped + PAGE, PAGE, 0) == (ssize_t)PAGE, "pread: %s", strerror(errno));
    EXPECT(memcmp(mapped + PAGE, copy, PAGE) == 0, "writing a private mapping changed the file");
}

/* Loads and stores of 2, 4 and 8 bytes that cross from one page into the next. */
static void misaligned(void)
{
    uint8_t *edge = (uint8_t *)map_pages(2) + PAGE;
    uint32_t word;
    int32_t half;
    double twice;
    int i;

    for (i = -8; i < 8; i++)
        edge[i] = (uint8_t)(0x80 + i);
    __asm__ volatile("lw %0, -3(%1)" : "=r"(word) : "r"(edge) : "memory");
    EXPECT(word == 0x807f7e7d, "lw across pages gives 0x%08x", (unsigned)word);
    __asm__ volatile("lh %0, -1(%1)" : "=r"(half) : "r"(edge) : "memory");
    EXPECT(half == (int32_t)0xffff807f, "lh across pages gives 0x%08x", (unsigned)half);
    __asm__ volatile("fld %0, -5(%1)\n\tfsd %0, -6(%1)" : "=&f"(twice) : "r"(edge) : "memory");
    for (i = -6; i < 2; i++)
        EXPECT(edge[i] == 0x80 + i + 1, "fsd across pages wrote 0x%02x at %d", edge[i], i);
    __asm__ volatile("sw %0, -1(%1)" : : "r"(0x11223344), "r"(edge) : "memory");
    EXPECT(edge[-1] == 0x44 && edge[0] == 0x33 && edge[2] == 0x11,
           "sw across pages wrote wrong bytes");
    __asm__ volatile("sh %0, -1(%1)" : : "r"(0x5566), "r"(edge) : "memory");
    EXPECT(edge[-1] == 0x66 && edge[0] == 0x55 && edge[1] == 0x22,
           "sh across pages wrote wrong bytes");
}

/* The stack grows page by page as it is used. */
static unsigned use_stack(unsigned depth)
{
    volatile uint8_t room[2 * PAGE];

    room[0] = (uint8_t)depth;
    return depth == 0 ? 0 : use_stack(depth - 1) + (room[0] == (uint8_t)depth);
}

static void stack_growth(void)
{
    unsigned intact = use_stack(100);

    EXPECT(intact == 100, "%u of 100 stack frames intact", intact);
}

const struct check memory_checks[] = {
    {"memory-demand-paging", demand_paging},
    {"memory-protection", protection},
    {"memory-copy-on-write", copy_on_write},
    {"memory-file-mapping", file_mapping},
    {"memory-misaligned", misaligned},
    {"memory-stack-growth", stack_growth},
    {NULL, NULL},
};
