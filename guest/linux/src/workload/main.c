/*
 * workload [ROUNDS]: a fixed amount of work for benchmarks that compare a guest
 * with the bare machine. One round warms up what is cached, by the kernel too;
 * then come ROUNDS rounds (20 unless told) that are timed by the machine's time
 * counter. Prints for each phase, and at the end for all,
 *
 *     workload: compute ticks N
 *     workload: ticks N
 *     workload: done
 *
 * Under QEMU's -icount shift=0 a tick of the 10 MHz counter is 100 instructions,
 * and two runs of the same machine give the same numbers. Nothing here depends
 * on time or chance; what is computed is checked.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ticks.h"

#define PAGE 4096u

static _Noreturn void die(const char *what)
{
    printf("workload: FAILED: %s: %m\n", what);
    exit(1);
}

/* ---- Integers and doubles: a sieve, a checksum over it, a matrix product. */

enum { SIEVE = 60000, SIZE = 48 };

static uint32_t sieve_checksum(void)
{
    static uint8_t composite[SIEVE];
    uint32_t sum = 1;
    unsigned i, j;

    memset(composite, 0, sizeof(composite));
    for (i = 2; i * i < SIEVE; i++)
        for (j = i * i; !composite[i] && j < SIEVE; j += i)
            composite[j] = 1;
    for (i = 2; i < SIEVE; i++)
        sum = (sum << 5 | sum >> 27) ^ (composite[i] ? i : i * 2654435761u);
    return sum;
}

static double matrix_trace(void)
{
    static double a[SIZE][SIZE], b[SIZE][SIZE];
    double trace = 0, sum;
    int i, j, k;

    for (i = 0; i < SIZE; i++)
        for (j = 0; j < SIZE; j++) {
            a[i][j] = 1.0 / (i + j + 1);
            b[i][j] = i - j;
        }
    for (i = 0; i < SIZE; i++)
        for (j = 0; j < SIZE; j++) {
            for (sum = 0, k = 0; k < SIZE; k++)
                sum += a[i][k] * b[k][j];
            trace += i == j ? sum : sum * 1e-3;
        }
    return trace;
}

static void compute(void)
{
    static uint32_t first_sum;
    static double first_trace;
    uint32_t sum = sieve_checksum();
    double trace = matrix_trace();

    if (first_sum == 0) {
        first_sum = sum;
        first_trace = trace;
    }
    if (sum != first_sum || trace != first_trace)
        die("another result than in the first round");
}

/* ---- Processes: children that copy pages on write and end. */

static void fork_wait(void)
{
    enum { CHILDREN = 8, PAGES = 16 };
    static uint8_t memory[PAGES * PAGE];
    int i, status;
    pid_t child;

    for (i = 0; i < CHILDREN; i++) {
        child = fork();
        if (child < 0)
            die("fork");
        if (child == 0) {
            unsigned page;

            for (page = 0; page < PAGES; page++)
                memory[page * PAGE]++;
            _exit(memory[0] == 1 ? i : 99);
        }
        if (waitpid(child, &status, 0) != child || status != i << 8)
            die("a child ended wrongly");
    }
}

/* ---- Mappings: map, touch, protect, unmap. */

static void map_touch_unmap(void)
{
    enum { MAPPINGS = 16, PAGES = 32 };
    uint8_t *memory;
    int i, page;

    for (i = 0; i < MAPPINGS; i++) {
        memory =
            mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            die("mmap");
        for (page = 0; page < PAGES; page++)
            memory[page * PAGE] = (uint8_t)page;
        if (mprotect(memory, PAGES * PAGE / 2, PROT_READ) != 0)
            die("mprotect");
        for (page = 0; page < PAGES; page++)
            if (memory[page * PAGE] != page)
                die("a page lost its value");
        munmap(memory, PAGES * PAGE);
    }
}

/* ---- Threads: two that hand a turn to each other, made and joined each time. */

enum { TURNS = 200 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned turn;

static void *take_turns(void *parity)
{
    unsigned mine = (unsigned)(uintptr_t)parity;

    pthread_mutex_lock(&mutex);
    while (turn < TURNS) {
        if (turn % 2 == mine) {
            turn++;
            pthread_cond_signal(&changed);
        } else {
            pthread_cond_wait(&changed, &mutex);
        }
    }
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void threads(void)
{
    pthread_t thread[2];
    uintptr_t i;

    turn = 0;
    for (i = 0; i < 2; i++)
        if (pthread_create(&thread[i], NULL, take_turns, (void *)i) != 0)
            die("pthread_create");
    for (i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    if (turn != TURNS)
        die("the threads stopped early");
}

/* ---- */

static const struct phase {
    const char *name;
    void (*run)(void);
} phases[] = {
    {"compute", compute},
    {"fork", fork_wait},
    {"mmap", map_touch_unmap},
    {"threads", threads},
};
enum { PHASES = sizeof(phases) / sizeof(phases[0]) };

static void run_rounds(int rounds, uint64_t took[PHASES])
{
    uint64_t start;
    int round, i;

    for (round = 0; round < rounds; round++)
        for (i = 0; i < PHASES; i++) {
            start = read_ticks();
            phases[i].run();
            took[i] += read_ticks() - start;
        }
}

int main(int argc, char **argv)
{
    uint64_t took[PHASES] = {0}, start, all;
    int rounds = argc > 1 ? atoi(argv[1]) : 20;
    int i;

    if (argc > 2 || rounds < 1) {
        fprintf(stderr, "workload: expected one number of rounds, 1 or more\n");
        return 2;
    }
    run_rounds(1, took);
    memset(took, 0, sizeof(took));
    start = read_ticks();
    run_rounds(rounds, took);
    all = read_ticks() - start;
    for (i = 0; i < PHASES; i++)
        printf("workload: %s ticks %llu\n", phases[i].name, (unsigned long long)took[i]);
    printf("workload: ticks %llu\nworkload: done\n", (unsigned long long)all);
    return 0;
}
