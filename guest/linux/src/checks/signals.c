/* Signals, and the traps that become signals. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

/* ---- Instructions that must trap: the handler notes where, and goes on behind them. */

static volatile uintptr_t trap_pc;
static volatile int trap_signal;

static void on_trap(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    uintptr_t pc = (uintptr_t)user->uc_mcontext.__gregs[0];

    trap_signal = number;
    trap_pc = (uintptr_t)info->si_addr;
    /* Two low bits 11: an instruction of four bytes, else of two. */
    user->uc_mcontext.__gregs[0] = pc + ((*(const uint16_t *)pc & 3) == 3 ? 4 : 2);
}

/* Runs one instruction, with its own label, and tells what the handler saw. */
#define EXPECT_TRAP(instruction, expected)                                                  \
    do {                                                                                    \
        uintptr_t at;                                                                       \
        trap_signal = 0;                                                                    \
        __asm__ volatile("la %0, 1f\n1:\t" instruction : "=&r"(at) : : "t0", "memory");     \
        EXPECT(trap_signal == (expected), "'%s' gives signal %d, expected %d", instruction, \
               trap_signal, expected);                                                      \
        EXPECT(trap_pc == at, "'%s' at %p is reported at %p", instruction, (void *)at,      \
               (void *)trap_pc);                                                            \
    } while (0)

static void traps(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    EXPECT_TRAP(".4byte 0xffffffff", SIGILL);
    EXPECT_TRAP(".2byte 0", SIGILL);
    EXPECT_TRAP("csrr t0, 0x100", SIGILL); /* sstatus */
    EXPECT_TRAP("csrr t0, 0x180", SIGILL); /* satp */
    EXPECT_TRAP("csrr t0, 0x600", SIGILL); /* hstatus: a virtual instruction under a hypervisor */
    EXPECT_TRAP("csrr t0, 0x200", SIGILL); /* vsstatus */
    EXPECT_TRAP("csrr t0, 0x300", SIGILL); /* mstatus */
    EXPECT_TRAP("csrw 0xc00, t0", SIGILL); /* cycle cannot be written */
    EXPECT_TRAP(".4byte 0x12000073", SIGILL);  /* sfence.vma */
    EXPECT_TRAP(".4byte 0x10200073", SIGILL);  /* sret */
    EXPECT_TRAP(".4byte 0x62000073", SIGILL);  /* hfence.gvma */
    EXPECT_TRAP(".4byte 0x6802c2f3", SIGILL);  /* hlv.w t0, (t0) */
    EXPECT_TRAP(".4byte 0x00100073", SIGTRAP); /* ebreak */
    EXPECT_TRAP(".2byte 0x9002", SIGTRAP);     /* c.ebreak */
}

/* ---- The FP registers of a program survive a handler that uses them. */

static volatile double scratch;

static void on_usr1(int number)
{
    int i;

    for (i = 0; i < 100; i++)
        scratch = scratch * 1.5 + number;
}

static void float_survives(void)
{
    double sum = 0, expected = 0;
    int i;

    signal(SIGUSR1, on_usr1);
    for (i = 0; i < 1000; i++) {
        sum += 0.5 * i;
        raise(SIGUSR1);
    }
    for (i = 0; i < 1000; i++)
        expected += 0.5 * i;
    EXPECT(sum == expected, "a sum became %f, expected %f", sum, expected);
}

/* ---- A thousand queued signals arrive, in order, with their values. */

static void queue(void)
{
    enum { SIGNALS = 1000 };
    siginfo_t info;
    sigset_t set;
    pid_t child, parent = getpid();
    int i;

    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    child = fork_child();
    if (child == 0) {
        for (i = 0; i < SIGNALS; i++)
            while (sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = i}) != 0)
                EXPECT(errno == EAGAIN, "sigqueue: %s", strerror(errno));
        _exit(0);
    }
    for (i = 0; i < SIGNALS; i++) {
        EXPECT(sigwaitinfo(&set, &info) == SIGRTMIN, "sigwaitinfo: %s", strerror(errno));
        EXPECT(info.si_value.sival_int == i, "signal %d came as number %d", info.si_value.sival_int,
               i);
    }
    expect_exit(child, 0);
}

/* ---- A signal ends a process that sleeps, and one that computes. */

static void killing(void)
{
    int status, busy;
    pid_t child;

    for (busy = 0; busy < 2; busy++) {
        child = fork_child();
        while (child == 0)
            if (!busy)
                pause();
        sleep_ms(10);
        EXPECT(kill(child, SIGTERM) == 0, "kill: %s", strerror(errno));
        EXPECT(waitpid(child, &status, 0) == child, "waitpid: %s", strerror(errno));
        EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "ended with status 0x%x",
               (unsigned)status);
    }
}

const struct check signal_checks[] = {
    {"signal-traps", traps},
    {"signal-float-survives", float_survives},
    {"signal-queue", queue},
    {"signal-killing", killing},
    {NULL, NULL},
};
