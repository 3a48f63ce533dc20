/* Processes: many of them, and what they tell each other. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void many_forks(void)
{
    enum { AT_ONCE = 20, ROUNDS = 5 };
    pid_t child[AT_ONCE];
    int round, i;

    for (round = 0; round < ROUNDS; round++) {
        for (i = 0; i < AT_ONCE; i++) {
            child[i] = fork_child();
            if (child[i] == 0)
                _exit(100 + i);
        }
        for (i = 0; i < AT_ONCE; i++)
            expect_exit(child[i], 100 + i);
    }
}

static void programs(void)
{
    pid_t child;
    int i;

    for (i = 0; i < 10; i++) {
        child = fork_child();
        if (child == 0) {
            execl("/bin/busybox", i % 2 ? "false" : "true", (char *)NULL);
            _exit(99);
        }
        expect_exit(child, i % 2);
    }
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state;
}

/* Two megabytes go through a pipe, in pieces of many sizes. */
static void pipe_bulk(void)
{
    enum { WORDS = 512 * 1024 };
    uint32_t state = 1, chunk[512], word, i, n;
    int ends[2];
    ssize_t got;
    pid_t child;

    EXPECT(pipe(ends) == 0, "pipe: %s", strerror(errno));
    child = fork_child();
    if (child == 0) {
        for (i = 0; i < WORDS; i += n) {
            n = i % 500 + 1 < WORDS - i ? i % 500 + 1 : WORDS - i;
            for (word = 0; word < n; word++)
                chunk[word] = next_random(&state);
            EXPECT(write(ends[1], chunk, n * 4) == (ssize_t)(n * 4), "write: %s", strerror(errno));
        }
        _exit(0);
    }
    close(ends[1]);
    for (i = 0; i < WORDS; i += (uint32_t)got / 4) {
        got = read(ends[0], chunk, sizeof(chunk));
        EXPECT(got > 0 && got % 4 == 0, "read gives %zd after %u words", got, (unsigned)i);
        for (word = 0; word < (uint32_t)got / 4; word++)
            EXPECT(chunk[word] == next_random(&state), "word %u is wrong", (unsigned)(i + word));
    }
    expect_exit(child, 0);
}

/* A token goes round a ring of processes, each of which adds one. */
static void token_ring(void)
{
    enum { MEMBERS = 8, ROUNDS = 50 };
    int link[MEMBERS][2], i, round;
    pid_t child[MEMBERS];
    uint32_t token = 0;

    for (i = 0; i < MEMBERS; i++)
        EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, link[i]) == 0, "socketpair: %s",
               strerror(errno));
    for (i = 1; i < MEMBERS; i++) {
        child[i] = fork_child();
        if (child[i] != 0)
            continue;
        for (round = 0; round < ROUNDS; round++) {
            EXPECT(read(link[i][0], &token, 4) == 4, "read: %s", strerror(errno));
            token++;
            EXPECT(write(link[(i + 1) % MEMBERS][1], &token, 4) == 4, "write: %s", strerror(errno));
        }
        _exit(0);
    }
    for (round = 0; round < ROUNDS; round++) {
        token++;
        EXPECT(write(link[1][1], &token, 4) == 4, "write: %s", strerror(errno));
        EXPECT(read(link[0][0], &token, 4) == 4, "read: %s", strerror(errno));
    }
    EXPECT(token == MEMBERS * ROUNDS, "the token is %u, expected %d", (unsigned)token,
           MEMBERS * ROUNDS);
    for (i = 1; i < MEMBERS; i++)
        expect_exit(child[i], 0);
}

/* Processes add to one word of memory that they share. */
static void shared_memory(void)
{
    enum { PROCESSES = 6, ADDITIONS = 20000 };
    atomic_uint *sum = map_shared(1);
    pid_t child[PROCESSES];
    int i, n;

    for (i = 0; i < PROCESSES; i++) {
        child[i] = fork_child();
        if (child[i] == 0) {
            for (n = 0; n < ADDITIONS; n++)
                atomic_fetch_add(sum, 1);
            _exit(0);
        }
    }
    for (i = 0; i < PROCESSES; i++)
        expect_exit(child[i], 0);
    EXPECT(atomic_load(sum) == PROCESSES * ADDITIONS, "the sum is %u, expected %d",
           atomic_load(sum), PROCESSES * ADDITIONS);
}

const struct check process_checks[] = {
    {"process-many-forks", many_forks},       {"process-programs", programs},
    {"process-pipe-bulk", pipe_bulk},         {"process-token-ring", token_ring},
    {"process-shared-memory", shared_memory}, {NULL, NULL},
};
