/* The hypervisor's own interrupts. They are never taken as traps in HS-mode: a guest's exit or the
 * idle loop comes here and looks at what is pending. */
#include "arch/csr.h"
#include "hyp/core/hart.h"
#include "hyp/core/sched.h"
#include "hyp/core/timer.h"

static void (*handle_external)(void);

void interrupts_set_external(void (*handler)(void))
{
    handle_external = handler;
}

void interrupts_handle(void)
{
    u32 pending = csr_read(CSR_SIP);

    if (pending & BIT(IRQ_SSI))
        hart_clear_kick();
    if (pending & BIT(IRQ_STI))
        timers_run();
    if (pending & BIT(IRQ_SEI) && handle_external)
        handle_external();
}
