#include "hyp/drv/plic.h"

#include "arch/csr.h"
#include "hyp/core/claim.h"
#include "hyp/core/interrupts.h"
#include "hyp/core/lock.h"
#include "hyp/core/machine.h"
#include "hyp/core/paging.h"

/*
 * Registers (PLIC specification, "Memory Map"), in words. Of the megabytes that they span, three
 * pages are mapped: that of the priorities, that of the context's enable bits, and the context's
 * own.
 */
#define ENABLES        0x2000
#define ENABLES_SIZE   0x80 /* of each context */
#define CONTEXTS       0x200000
#define CONTEXT_SIZE   0x1000
#define THRESHOLD_WORD 0
#define CLAIM_WORD     1

#define MAX_SOURCES 128

static volatile u32 *priorities, *enables, *context; /* of the boot hart's S-mode */
static u32 source_count;                             /* with source 0, which is none */

static struct attachment {
    void (*handler)(void *ctx); /* NULL: nobody is attached */
    void *ctx;
} attachments[MAX_SOURCES];

static struct spinlock lock; /* of who attaches and detaches */
static u32 rounds;           /* odd: the boot hart takes an interrupt, or looks for one */

/* Odd before the claim, even after the completion: who waits for one whole round (detach) knows
 * that the boot hart has done with what it found before. */
static void count_round(void)
{
    __atomic_fetch_add(&rounds, 1, __ATOMIC_SEQ_CST);
}

static void call_handler(u32 source)
{
    const struct attachment *attachment = &attachments[source];
    void (*handler)(void *ctx) = __atomic_load_n(&attachment->handler, __ATOMIC_SEQ_CST);

    if (handler)
        handler(attachment->ctx);
}

static bool take_one(void)
{
    u32 source;

    count_round();
    source = context[CLAIM_WORD];
    if (source && source < source_count)
        call_handler(source);
    if (source)
        context[CLAIM_WORD] = source;
    count_round();
    return source != 0;
}

static void take_all(void)
{
    while (take_one())
        ;
}

/* The phandle of the interrupt controller inside the boot hart's node; 0 when there is none. */
static u32 boot_hart_intc(void)
{
    fdt_node intc = fdt_child(&machine.fdt, machine.hart_nodes[0], "interrupt-controller");
    u32 phandle = 0;

    fdt_u32(&machine.fdt, intc, "phandle", &phandle);
    return phandle;
}

/* The contexts are the pairs of "interrupts-extended", in order: whose is the boot hart's SEI? */
static bool find_context(fdt_node node, u32 *number)
{
    struct fdt_prop pairs;
    u32 intc = boot_hart_intc();

    if (!intc || !fdt_prop(&machine.fdt, node, "interrupts-extended", &pairs))
        return false;
    for (u32 i = 0; i < pairs.length / 8; i++)
        if (fdt_cell(&pairs, 2 * i) == intc && fdt_cell(&pairs, 2 * i + 1) == IRQ_SEI) {
            *number = i;
            return true;
        }
    return false;
}

static bool map_registers(hpa_t address, u64 size, u32 number)
{
    u32 own = CONTEXTS + CONTEXT_SIZE * number;

    if (own + CONTEXT_SIZE > size)
        return false;
    priorities = paging_map_device(address, 4 * MAX_SOURCES);
    enables = paging_map_device(address + ENABLES + ENABLES_SIZE * number, ENABLES_SIZE);
    if (priorities && enables)
        context = paging_map_device(address + own, CONTEXT_SIZE);
    return context != NULL;
}

/* What the controller has, and our tables hold. */
static u32 count_sources(fdt_node node)
{
    u32 last = MAX_SOURCES - 1;

    fdt_u32(&machine.fdt, node, "riscv,ndev", &last);
    return last < MAX_SOURCES ? last + 1 : MAX_SOURCES;
}

/* Who booted us may have left sources on, for which nobody here would ever quiet the device. */
static void disable_all(void)
{
    for (u32 word = 0; word * 32 < source_count; word++)
        enables[word] = 0;
}

bool plic_drv_init(void)
{
    u64 address, size;
    u32 number;
    fdt_node node = machine_find_device("riscv,plic0", &address, &size);

    if (node == FDT_NONE)
        node = machine_find_device("sifive,plic-1.0.0", &address, &size);
    if (node == FDT_NONE || !find_context(node, &number) || !map_registers(address, size, number))
        return false;
    claim_node(node, "the hypervisor's interrupts");
    source_count = count_sources(node);
    disable_all();
    context[THRESHOLD_WORD] = 0;
    interrupts_set_external(take_all);
    return true;
}

static void attach(u32 source, void (*handler)(void *ctx), void *ctx)
{
    attachments[source].ctx = ctx;
    __atomic_store_n(&attachments[source].handler, handler, __ATOMIC_SEQ_CST);
    enables[source / 32] |= BIT(source % 32);
    plic_drv_mask(source, false);
}

bool plic_drv_attach(u32 source, void (*handler)(void *ctx), void *ctx)
{
    bool is_free;

    if (!source || source >= source_count)
        return false;
    spin_lock(&lock);
    is_free = !attachments[source].handler;
    if (is_free)
        attach(source, handler, ctx);
    spin_unlock(&lock);
    return is_free;
}

static void wait_for_round(void)
{
    u32 now = __atomic_load_n(&rounds, __ATOMIC_SEQ_CST);

    while ((now & 1) && __atomic_load_n(&rounds, __ATOMIC_ACQUIRE) == now)
        ;
}

/* The source stays enabled, at a priority that never interrupts. */
void plic_drv_detach(u32 source)
{
    spin_lock(&lock);
    plic_drv_mask(source, true);
    __atomic_store_n(&attachments[source].handler, NULL, __ATOMIC_SEQ_CST);
    wait_for_round();
    /* The handler may have unmasked it. */
    plic_drv_mask(source, true);
    spin_unlock(&lock);
}

/*
 * By its priority, not its enable bit: the controller ignores the completion of a source that is
 * not enabled ("Interrupt Completion"), and the one that is masked may be in service.
 *
 * One hart masks and another unmasks: locks and atomics order their memory accesses, and only a
 * fence that names output orders the stores to the controller with those.
 */
void plic_drv_mask(u32 source, bool masked)
{
    __asm__ volatile("fence rw, o" ::: "memory");
    priorities[source] = !masked;
    __asm__ volatile("fence o, rw" ::: "memory");
}
