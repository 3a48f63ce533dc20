/* Registers of the 16550 (National Semiconductor PC16550D), one byte each. */
#ifndef GUEST_UART_H
#define GUEST_UART_H

#include "guest/lib/io.h"

#define UART_RBR (UART_BASE + 0) /* receive, on loads                   */
#define UART_THR (UART_BASE + 0) /* transmit, on stores                 */
#define UART_IER (UART_BASE + 1) /* interrupt enable                    */
#define UART_IIR (UART_BASE + 2) /* interrupt identification, on loads  */
#define UART_FCR (UART_BASE + 2) /* FIFO control, on stores             */
#define UART_LCR (UART_BASE + 3) /* line control                        */
#define UART_MCR (UART_BASE + 4) /* modem control                       */
#define UART_LSR (UART_BASE + 5) /* line status                         */
#define UART_MSR (UART_BASE + 6) /* modem status                        */
#define UART_SCR (UART_BASE + 7) /* scratch                             */
#define UART_DLL (UART_BASE + 0) /* divisor, low and high byte, ...     */
#define UART_DLM (UART_BASE + 1) /* ... while LCR.DLAB is set           */

#define IER_RECEIVED 0x01u
#define IER_THRE     0x02u

#define IIR_NONE     0x01u
#define IIR_THRE     0x02u
#define IIR_RECEIVED 0x04u
#define IIR_ID       0x0fu
#define IIR_FIFO     0xc0u

#define FCR_ENABLE 0x01u
#define FCR_CLEAR  0x06u

#define LCR_DLAB 0x80u

#define MCR_LOOPBACK 0x10u

#define LSR_DATA_READY 0x01u
#define LSR_OVERRUN    0x02u
#define LSR_THRE       0x20u
#define LSR_TEMT       0x40u

#endif
