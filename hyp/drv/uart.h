/* The host's console: a 16550 that the device tree names, or else the firmware. */
#ifndef DRV_UART_H
#define DRV_UART_H

#include "arch/types.h"

/*
 * Chooses the console as `console=` and the device tree say, and from now on prints there. `typed`
 * gets every byte that comes in, on the boot hart: by interrupt where there is one, else polled.
 * Returns what it chose, for a person.
 */
const char *console_init(void (*typed)(u8 byte));

#endif
