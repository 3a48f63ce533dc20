/*
 * The hypervisor's own interrupts. They are never taken as traps in HS-mode: who runs long, the
 * idle loop, and a guest's exit come here and look at what is pending.
 */
#ifndef CORE_INTERRUPTS_H
#define CORE_INTERRUPTS_H

/* Takes what is pending for the hypervisor on this hart: kicks, timers, external interrupts. With
 * no lock held. */
void interrupts_handle(void);

/* Who takes external interrupts: set once at boot by the driver of the interrupt controller. */
void interrupts_set_external(void (*handler)(void));

#endif
