/*
 * The host's console: a 16550 that the device tree names, or else the firmware. Output is polled, a
 * FIFO at a time: who prints a line, and holds the console's lock for it, waits until all but its
 * last 16 bytes have left, at 115200 baud 12 ms for a long one. QEMU's UART takes them at once.
 */
#ifndef DRV_UART_H
#define DRV_UART_H

#include "arch/types.h"

/*
 * Chooses the console as `console=` and the device tree say, and from now on prints there. `typed`
 * gets every byte that comes in, on the boot hart: by interrupt where there is one, else polled.
 * Returns what it chose, for a person; that console=uart cannot be had has been told.
 */
const char *console_init(void (*typed)(u8 byte));

#endif
