/* The host's interrupt controller: every device interrupt goes to the boot hart. */
#ifndef DRV_PLIC_H
#define DRV_PLIC_H

#include "arch/types.h"

/* Finds the PLIC and takes the external interrupts of this hart. False: the machine has none that
 * we drive, so devices must be polled. */
bool plic_drv_init(void);

/* Calls `handler` at every interrupt of `source`; the handler quiets the device. */
bool plic_drv_attach(u32 source, void (*handler)(void));

#endif
