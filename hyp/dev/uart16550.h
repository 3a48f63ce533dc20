/*
 * An ns16550a as on QEMU's virt: registers one byte apart, FIFOs of 16 bytes, loopback. Bytes that
 * the guest transmits go to the host at once, so the transmitter is always empty. Bytes typed for
 * the guest come in through uart16550_receive, which refuses what does not fit.
 */
#ifndef DEV_UART16550_H
#define DEV_UART16550_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/dev/mmio.h"

#define UART16550_SIZE      8  /* bytes of registers; an access past them faults */
#define UART16550_FIFO_SIZE 16 /* bytes */

/* What the device asks of the host. Both are called with no lock of the device held. */
struct uart_host {
    void (*put)(void *ctx, u8 byte); /* a byte that the guest transmitted                */
    void (*drained)(void *ctx);      /* room again after a refused byte; NULL: not wanted */
    void *ctx;
};

/* Private to uart16550.c. */
struct uart16550 {
    struct spinlock lock;
    struct uart_host host;
    struct irq_line irq;
    bool irq_level;      /* as last driven on the line                                 */
    bool plain_transmit; /* a store to THR changes nothing here, it only sends a byte  */
    bool thre_pending;   /* "transmitter empty" not yet seen by a read of IIR          */
    bool overrun;        /* a byte came in that did not fit, which takes loopback      */
    bool refused;        /* a typed byte was refused and `drained` is owed             */
    u8 ier, fcr, lcr, mcr, scr, dll, dlm;
    u8 lsr; /* follows from the rest, kept for reading without the lock */
    u8 rbr; /* the receive buffer while the FIFOs are off */
    u8 fifo[UART16550_FIFO_SIZE];
    u32 fifo_head, received; /* `received` bytes from fifo_head on; 0 or 1 with the FIFOs off */
};

extern const struct mmio_ops uart16550_ops; /* device: struct uart16550 * */

/* Wires the device and puts it in its power-on state. `host` is copied. */
void uart16550_init(struct uart16550 *uart, struct irq_line irq, const struct uart_host *host);

/* The power-on state: line low, FIFO empty; what was typed and not read is lost, as on a reset. */
void uart16550_reset(struct uart16550 *uart);

/*
 * Puts a typed byte where the guest reads it and raises the interrupt that it asked for. False
 * when there is no room (or the guest has the device in loopback): the caller keeps the byte and
 * host.drained is called when a next try can succeed, perhaps on another hart before this call has
 * returned. Callable on any hart, from `drained` too.
 */
bool uart16550_receive(struct uart16550 *uart, u8 byte);

#endif
