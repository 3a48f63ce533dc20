#include "guest/lib/trap.h"
#include "guest/lib/hart.h"
#include "guest/lib/printf.h"
#include "guest/lib/test.h"

#define INTERRUPTS 16

static void (*handlers[INTERRUPTS])(void);

void trap_init(void)
{
    csr_write(sscratch, 0);
    csr_write(stvec, (u32)trap_vector);
}

void trap_arm(void)
{
    struct hart *hart = this_hart();

    hart->seen = (struct trap_seen){0};
    hart->armed = true;
    __asm__ volatile("" : : : "memory");
}

struct trap_seen trap_disarm(void)
{
    struct hart *hart = this_hart();

    __asm__ volatile("" : : : "memory");
    hart->armed = false;
    return hart->seen;
}

void trap_on_interrupt(enum interrupt number, void (*handler)(void))
{
    handlers[number] = handler;
}

void trap_print(const struct trap_frame *frame)
{
    static const char names[32][5] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                      "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                      "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                      "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

    printf("unexpected trap on hart %u: scause %x stval %x sepc %x sstatus %x\n", this_hart()->id,
           frame->scause, frame->stval, frame->sepc, frame->sstatus);
    for (u32 i = 1; i < 32; i++)
        printf("%4s %08x%s", names[i], frame->x[i], i % 4 == 3 ? "\n" : "  ");
}

static bool is_fetch_fault(u32 cause)
{
    return cause == EXCEPTION_FETCH_MISALIGNED || cause == EXCEPTION_FETCH_ACCESS ||
           cause == EXCEPTION_FETCH_PAGE;
}

static u32 next_instruction(const struct trap_frame *frame)
{
    if (is_fetch_fault(frame->scause))
        return frame->x[REG_RA];
    return frame->sepc + ((*(const u16 *)frame->sepc & 3) == 3 ? 4 : 2);
}

void trap_dispatch(struct trap_frame *frame)
{
    struct hart *hart = this_hart();
    u32 number = frame->scause & ~CAUSE_INTERRUPT;

    if ((frame->scause & CAUSE_INTERRUPT) && number < INTERRUPTS && handlers[number]) {
        handlers[number]();
        return;
    }
    if ((frame->scause & CAUSE_INTERRUPT) || !hart->armed) {
        trap_print(frame);
        test_abort();
    }
    hart->seen.count++;
    hart->seen.cause = frame->scause;
    hart->seen.value = frame->stval;
    hart->seen.pc = frame->sepc;
    frame->sepc = next_instruction(frame);
}
