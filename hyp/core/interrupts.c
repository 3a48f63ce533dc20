#include "hyp/core/interrupts.h"

#include "arch/csr.h"
#include "hyp/core/hart.h"
#include "hyp/core/timer.h"

static void (*handle_external)(void);

void interrupts_set_external(void (*handler)(void))
{
    handle_external = handler;
}

void interrupts_handle(void)
{
    u32 pending = csr_read(CSR_SIP);

    if (pending & BIT(IRQ_STI))
        timers_run();
    if (pending & BIT(IRQ_SEI) && handle_external)
        handle_external();
    /* Last: the two may have kicked this very hart, which looks now at what it was kicked for. */
    hart_clear_kick();
}
