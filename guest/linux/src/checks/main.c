/*
 * checks [NAME]...: runs all checks, or those named, and prints a line for each,
 *
 *     PASS name
 *     FAIL name: why
 *
 * The exit status is the number of failures. /bin/selftest adds the checks that
 * a shell can make, and counts.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* Enough for an emulated machine whose host is busy; a check takes a fraction of a second. */
#define SECONDS_A_CHECK 60

static const struct check *const tables[] = {
    float_checks, memory_checks, smp_checks,     shootdown_checks,
    time_checks,  signal_checks, process_checks, perf_checks,
};

/* Where the process of a check leaves the reason of its failure. */
static char *reason;
#define REASON_SIZE 256

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, REASON_SIZE, format, arguments);
    va_end(arguments);
    _exit(1);
}

static void describe_end(int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(reason, REASON_SIZE, "not done after %d s", SECONDS_A_CHECK);
    else if (WIFSIGNALED(status))
        snprintf(reason, REASON_SIZE, "killed by signal %d", WTERMSIG(status));
    else if (reason[0] == '\0')
        snprintf(reason, REASON_SIZE, "exited with status %d", WEXITSTATUS(status));
}

/* Returns 1 when the check failed. */
static int run(const struct check *check)
{
    int status = 0;
    pid_t child;

    reason[0] = '\0';
    child = fork();
    if (child == 0) {
        /* What it starts is one group, which goes when the check is over. */
        setpgid(0, 0);
        alarm(SECONDS_A_CHECK);
        check->run();
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        snprintf(reason, REASON_SIZE, "cannot fork and wait: %m");
    else
        kill(-child, SIGKILL);
    if (status == 0 && reason[0] == '\0') {
        printf("PASS %s\n", check->name);
        return 0;
    }
    describe_end(status);
    printf("FAIL %s: %s\n", check->name, reason);
    return 1;
}

static int wanted(const char *name, int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return 1;
    return argc == 1;
}

int main(int argc, char **argv)
{
    const struct check *check;
    int ran = 0, failed = 0;
    size_t i;

    setvbuf(stdout, NULL, _IOLBF, 0);
    reason = mmap(NULL, REASON_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reason == MAP_FAILED) {
        printf("FAIL checks: no memory to start with\n");
        return 1;
    }
    for (i = 0; i < ARRAY_SIZE(tables); i++) {
        for (check = tables[i]; check->name; check++) {
            if (!wanted(check->name, argc, argv))
                continue;
            failed += run(check);
            ran++;
        }
    }
    if (ran == 0)
        printf("FAIL checks: no check has the name given\n");
    return ran == 0 ? 1 : failed;
}
