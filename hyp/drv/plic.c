#include "hyp/drv/plic.h"

#include "arch/csr.h"
#include "hyp/core/interrupts.h"
#include "hyp/core/machine.h"
#include "hyp/core/paging.h"
#include "hyp/core/sched.h"

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
static void (*handlers[MAX_SOURCES])(void);

static void take_all(void)
{
    u32 source;

    while ((source = context[CLAIM_WORD])) {
        if (source < MAX_SOURCES && handlers[source])
            handlers[source]();
        context[CLAIM_WORD] = source;
    }
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

bool plic_drv_init(void)
{
    u64 address, size;
    u32 number;
    fdt_node node = machine_find_device("riscv,plic0", &address, &size);

    if (node == FDT_NONE)
        node = machine_find_device("sifive,plic-1.0.0", &address, &size);
    if (node == FDT_NONE || !find_context(node, &number) || !map_registers(address, size, number))
        return false;
    context[THRESHOLD_WORD] = 0;
    interrupts_set_external(take_all);
    return true;
}

bool plic_drv_attach(u32 source, void (*handler)(void))
{
    if (!context || !source || source >= MAX_SOURCES)
        return false;
    handlers[source] = handler;
    priorities[source] = 1;
    enables[source / 32] |= BIT(source % 32);
    return true;
}
