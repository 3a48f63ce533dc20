/* The host's interrupt controller: every device interrupt goes to the boot hart. */
#ifndef DRV_PLIC_H
#define DRV_PLIC_H

#include "arch/types.h"

/* Finds the PLIC and takes the external interrupts of this hart. False: the machine has none that
 * we drive, so devices must be polled. */
bool plic_drv_init(void);

/*
 * Calls `handler` at every interrupt of `source`, on the boot hart, with no lock held; it quiets
 * the device, or masks the source. False: there is no such source, or it is attached. Any hart.
 */
bool plic_drv_attach(u32 source, void (*handler)(void *ctx), void *ctx);

/* No call is made any more, or under way, when it returns. Of an attached source. Any hart, not
 * from a handler, with no lock held that a handler may take. */
void plic_drv_detach(u32 source);

/* While an attached source is masked it does not interrupt; a level that is high then does
 * afterwards. Any hart, with any lock held. */
void plic_drv_mask(u32 source, bool masked);

#endif
