/* The first C code of every hart, and the last. */
#include "guest/lib/boot.h"
#include "guest/lib/hart.h"
#include "guest/lib/io.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"

#define FINISHER_FAIL 0x3333u

/* Of `time`, at the 10 MHz of the `virt` machine. */
#define RELAX_TICKS 1000u
#define WAIT_TICKS  200000000u

struct boot boot;

static struct hart harts[MAX_HARTS];

extern char start_secondary[];

static void adopt_hart(u32 id)
{
    struct hart *hart = &harts[id];

    hart->id = id;
    __asm__ volatile("mv tp, %0" : : "r"(hart));
    trap_init();
}

void boot_first_hart(void)
{
    adopt_hart(boot.hart);
    power_off(main() != 0);
}

/* `run` comes as the opaque argument of sbi_hart_start. */
void boot_secondary_hart(u32 id, void (*run)(void))
{
    adopt_hart(id);
    run();
    interrupts_off();
    csr_write(satp, 0);
    sbi_hart_stop();
    for (;;) /* it does not return */
        wait_for_interrupt();
}

u32 hart_count(void)
{
    u32 count = 0;

    while (count < MAX_HARTS && sbi_hart_status(count).error == SBI_SUCCESS)
        count++;
    return count;
}

s32 hart_start(u32 id, void (*run)(void))
{
    return sbi_hart_start(id, (u32)start_secondary, (u32)run).error;
}

void hart_relax(void)
{
    u32 sstatus = csr_read(sstatus) & SSTATUS_SIE, sie = csr_read(sie);

    interrupts_off();
    csr_write(sie, BIT(INTERRUPT_TIMER));
    sbi_set_timer(read_time() + RELAX_TICKS);
    wait_for_interrupt();
    sbi_set_timer(~0ull);
    csr_write(sie, sie);
    csr_set(sstatus, sstatus);
}

bool hart_wait_state(u32 id, u32 state)
{
    u64 limit = read_time() + WAIT_TICKS;

    while (sbi_hart_status(id).value != state && read_time() < limit)
        hart_relax();
    return sbi_hart_status(id).value == state;
}

bool hart_wait_value(const volatile u32 *value, u32 wanted)
{
    u64 limit = read_time() + WAIT_TICKS;

    while (*value < wanted && read_time() < limit)
        hart_relax();
    return *value >= wanted;
}

void power_off(bool failed)
{
    interrupts_off();
    csr_write(satp, 0); /* the finisher is reached at its physical address */
    sfence_vma();
    /* One or the other: the machine may take a while to end, and the last word would count. */
    if (failed)
        write32(FINISHER_BASE, 1u << 16 | FINISHER_FAIL);
    else
        sbi_system_reset(SBI_SHUTDOWN, 0);
    for (;;)
        wait_for_interrupt();
}
