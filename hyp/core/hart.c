#include "hyp/core/hart.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "arch/fence.h"
#include "arch/firmware.h"
#include "hyp/core/machine.h"
#include "hyp/core/paging.h"
#include "hyp/core/printk.h"

struct hart harts[MAX_HARTS];
u32 hart_count;

/* What secondary_start (arch/entry.S) takes: in this order. */
struct hart_start {
    u32 satp, sp, tp;
};
static struct hart_start starts[MAX_HARTS];
static void (*secondary_entry)(void);

void secondary_start(void); /* arch/entry.S; called with physical addresses, by firmware */
void secondary_main(void);

static bool make_hart(u32 index, u32 id, u32 *sp)
{
    struct stacks stacks;

    if (!paging_map_stacks(index, &stacks))
        return false;
    harts[index].index = index;
    harts[index].id = id;
    harts[index].own.stack = stacks.own_top;
    harts[index].programmed = ~0ull;
    *sp = stacks.top;
    return true;
}

void hart_init_local(void)
{
    features_init_hart();
    csr_write(CSR_SIE, BIT(IRQ_SSI) | BIT(IRQ_STI) | BIT(IRQ_SEI));
    this_hart()->online = true;
}

void hart_init_boot(u32 id, void (*next)(void))
{
    u32 sp = 0;

    if (!make_hart(0, id, &sp))
        panic("no memory for the boot hart's stacks");
    hart_count = machine.hart_count;
    __asm__ volatile("mv tp, %0\n"
                     "mv sp, %1\n"
                     "jr %2\n" ::"r"(&harts[0]),
                     "r"(sp), "r"(next));
    __builtin_unreachable();
}

void secondary_main(void)
{
    secondary_entry();
}

/* Waits up to a second for a hart to come; firmware starts it in its own time. */
static bool wait_online(const struct hart *hart)
{
    u64 deadline = time_now() + machine.timebase;

    while (!__atomic_load_n(&hart->online, __ATOMIC_ACQUIRE))
        if (time_now() > deadline)
            return false;
    return true;
}

static void start_hart(u32 index, u32 id)
{
    struct hart_start *start = &starts[index];
    s32 error;

    if (!make_hart(index, id, &start->sp)) {
        printk("hart %u: not started: no memory for its stacks\n", id);
        return;
    }
    start->satp = paging_satp();
    start->tp = (u32)(uintptr_t)&harts[index];
    fence_full();
    error = firmware_hart_start(id, image_address((void *)secondary_start), (u32)(uintptr_t)start);
    if (error)
        printk("hart %u: firmware would not start it: SBI error %d\n", id, error);
    else if (!wait_online(&harts[index]))
        printk("hart %u: started by firmware, but did not come up within a second\n", id);
}

void harts_start(void (*entry)(void))
{
    u32 index = 1;

    secondary_entry = entry;
    for (u32 i = 0; i < machine.hart_count; i++)
        if (machine.hart_ids[i] != harts[0].id)
            start_hart(index++, machine.hart_ids[i]);
}

void hart_kick(const struct hart *hart)
{
    if (hart == this_hart())
        csr_set(CSR_SIP, BIT(IRQ_SSI));
    else
        firmware_send_ipi(hart->id);
}

void hart_clear_kick(void)
{
    csr_clear(CSR_SIP, BIT(IRQ_SSI));
    fence_full(); /* what the kick was for is read after it is forgotten */
}

void hart_wait(void)
{
    __asm__ volatile("wfi" ::: "memory");
}
