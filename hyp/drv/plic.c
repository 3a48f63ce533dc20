#include "hyp/drv/plic.h"

#include "arch/csr.h"
#include "hyp/core/interrupts.h"
#include "hyp/core/machine.h"
#include "hyp/core/paging.h"
#include "hyp/core/sched.h"

/* Registers (PLIC specification, "Memory Map"), in bytes. */
#define PRIORITY(source)        (4 * (source))
#define ENABLE(context, source) (0x2000 + 0x80 * (context) + 4 * ((source) / 32))
#define THRESHOLD(context)      (0x200000 + 0x1000 * (context))
#define CLAIM(context)          (0x200004 + 0x1000 * (context))

#define MAX_SOURCES 128

static volatile u8 *registers;
static u32 context; /* of the boot hart's S-mode */
static void (*handlers[MAX_SOURCES])(void);

static volatile u32 *reg(u32 offset)
{
    return (volatile u32 *)(registers + offset);
}

static void take_all(void)
{
    u32 source;

    while ((source = *reg(CLAIM(context)))) {
        if (source < MAX_SOURCES && handlers[source])
            handlers[source]();
        *reg(CLAIM(context)) = source;
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
static bool find_context(fdt_node node)
{
    struct fdt_prop pairs;
    u32 intc = boot_hart_intc();

    if (!intc || !fdt_prop(&machine.fdt, node, "interrupts-extended", &pairs))
        return false;
    for (context = 0; context < pairs.length / 8; context++)
        if (fdt_cell(&pairs, 2 * context) == intc && fdt_cell(&pairs, 2 * context + 1) == IRQ_SEI)
            return true;
    return false;
}

bool plic_drv_init(void)
{
    u64 address, size;
    fdt_node node = machine_find_device("riscv,plic0", &address, &size);

    if (node == FDT_NONE)
        node = machine_find_device("sifive,plic-1.0.0", &address, &size);
    if (node == FDT_NONE || !find_context(node))
        return false;
    registers = paging_map_device(address, (u32)size);
    if (!registers)
        return false;
    *reg(THRESHOLD(context)) = 0;
    interrupts_set_external(take_all);
    return true;
}

bool plic_drv_attach(u32 source, void (*handler)(void))
{
    if (!registers || !source || source >= MAX_SOURCES)
        return false;
    handlers[source] = handler;
    *reg(PRIORITY(source)) = 1;
    *reg(ENABLE(context, source)) |= BIT(source % 32);
    return true;
}
