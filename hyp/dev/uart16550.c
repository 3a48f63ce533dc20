#include "hyp/dev/uart16550.h"

/* Offsets; two registers share one where a bit of LCR or the direction tells them apart. */
enum {
    UART_RBR_THR_DLL = 0,
    UART_IER_DLM = 1,
    UART_IIR_FCR = 2,
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCR = 7,
};

#define IER_RECEIVED    BIT(0)
#define IER_THRE        BIT(1)
#define IER_LINE_STATUS BIT(2)
#define IER_IMPLEMENTED 0x0fu

/* Interrupt identification, in order of falling priority. */
#define IIR_LINE_STATUS 0x06u
#define IIR_RECEIVED    0x04u
#define IIR_TIMEOUT     0x0cu
#define IIR_THRE        0x02u
#define IIR_NONE        0x01u
#define IIR_FIFO        0xc0u

#define FCR_ENABLE        BIT(0)
#define FCR_CLEAR_RECEIVE BIT(1)
#define FCR_CLEAR_SEND    BIT(2)
#define FCR_TRIGGER_SHIFT 6
#define FCR_STICKY        0xc9u /* trigger level, DMA mode, enable */

#define LCR_DLAB BIT(7)

#define MCR_DTR         BIT(0)
#define MCR_RTS         BIT(1)
#define MCR_OUT1        BIT(2)
#define MCR_OUT2        BIT(3)
#define MCR_LOOPBACK    BIT(4)
#define MCR_IMPLEMENTED 0x1fu

#define LSR_DATA_READY BIT(0)
#define LSR_OVERRUN    BIT(1)
#define LSR_THRE       BIT(5)
#define LSR_TEMT       BIT(6)

#define MSR_CTS BIT(4)
#define MSR_DSR BIT(5)
#define MSR_RI  BIT(6)
#define MSR_DCD BIT(7)

#define DIVISOR_9600_BAUD 0x0c /* of QEMU's 115200 base, after a reset */

static bool in_loopback(const struct uart16550 *uart)
{
    return uart->mcr & MCR_LOOPBACK;
}

static bool divisor_latched(const struct uart16550 *uart)
{
    return uart->lcr & LCR_DLAB;
}

static bool fifo_enabled(const struct uart16550 *uart)
{
    return uart->fcr & FCR_ENABLE;
}

static u32 capacity(const struct uart16550 *uart)
{
    return fifo_enabled(uart) ? UART16550_FIFO_SIZE : 1;
}

static u32 trigger_level(const struct uart16550 *uart)
{
    static const u8 levels[] = {1, 4, 8, 14};

    return fifo_enabled(uart) ? levels[uart->fcr >> FCR_TRIGGER_SHIFT] : 1;
}

/*
 * The interrupt of the highest priority that is enabled and has a cause. There is no clock behind
 * the receiver: bytes too few for the trigger level have timed out at once.
 */
static u32 interrupt_id(const struct uart16550 *uart)
{
    if ((uart->ier & IER_LINE_STATUS) && uart->overrun)
        return IIR_LINE_STATUS;
    if ((uart->ier & IER_RECEIVED) && uart->received)
        return uart->received < trigger_level(uart) ? IIR_TIMEOUT : IIR_RECEIVED;
    if ((uart->ier & IER_THRE) && uart->thre_pending)
        return IIR_THRE;
    return IIR_NONE; /* the modem lines never change, so they never interrupt */
}

static u32 line_status(const struct uart16550 *uart)
{
    u32 status = LSR_THRE | LSR_TEMT; /* always: a byte stored is a byte sent */

    if (uart->received)
        status |= LSR_DATA_READY;
    if (uart->overrun)
        status |= LSR_OVERRUN;
    return status;
}

/* A store to THR changes nothing: neither another register nor an interrupt not yet pending. */
static bool transmits_plainly(const struct uart16550 *uart)
{
    if (divisor_latched(uart) || in_loopback(uart))
        return false;
    return uart->thre_pending || !(uart->ier & IER_THRE);
}

/*
 * Brings all that follows from the other state up to date. LSR and plain_transmit are read without
 * the lock, hence stored whole.
 */
static void update(struct uart16550 *uart)
{
    bool level = interrupt_id(uart) != IIR_NONE;

    __atomic_store_n(&uart->lsr, (u8)line_status(uart), __ATOMIC_RELAXED);
    __atomic_store_n(&uart->plain_transmit, transmits_plainly(uart), __ATOMIC_RELAXED);
    if (level != uart->irq_level) {
        uart->irq_level = level;
        irq_line_set(&uart->irq, level);
    }
}

/* Ends a change of the device: updates it, unlocks it and tells the host about new room. */
static void update_and_unlock(struct uart16550 *uart)
{
    bool drained;

    update(uart);
    drained = uart->refused && !in_loopback(uart) && uart->received < capacity(uart);
    if (drained)
        uart->refused = false;
    spin_unlock(&uart->lock);
    if (drained && uart->host.drained)
        uart->host.drained(uart->host.ctx);
}

/* A byte at the end of the line; one too many is lost in the FIFO, overwrites without it. */
static void shift_in(struct uart16550 *uart, u8 byte)
{
    if (uart->received == capacity(uart))
        uart->overrun = true;
    else if (fifo_enabled(uart))
        uart->fifo[(uart->fifo_head + uart->received) % UART16550_FIFO_SIZE] = byte;
    if (!fifo_enabled(uart))
        uart->rbr = byte;
    if (uart->received < capacity(uart))
        uart->received++;
}

static u8 read_rbr(struct uart16550 *uart)
{
    u8 byte;

    if (!fifo_enabled(uart)) {
        uart->received = 0;
        return uart->rbr;
    }
    if (!uart->received)
        return 0;
    byte = uart->fifo[uart->fifo_head];
    uart->fifo_head = (uart->fifo_head + 1) % UART16550_FIFO_SIZE;
    uart->received--;
    return byte;
}

/* Reading the identity of a transmitter-empty interrupt is what clears it. */
static u8 read_iir(struct uart16550 *uart)
{
    u32 id = interrupt_id(uart);

    if (id == IIR_THRE)
        uart->thre_pending = false;
    return (u8)(fifo_enabled(uart) ? id | IIR_FIFO : id);
}

static u8 read_lsr(struct uart16550 *uart)
{
    u32 lsr = line_status(uart);

    uart->overrun = false;
    return (u8)lsr;
}

/* Outside loopback a peer that is always ready; inside, the four outputs lead to the inputs. */
static u8 read_msr(const struct uart16550 *uart)
{
    u32 mcr = uart->mcr;

    if (!in_loopback(uart))
        return MSR_DCD | MSR_DSR | MSR_CTS;
    return (u8)((mcr & MCR_RTS ? MSR_CTS : 0) | (mcr & MCR_DTR ? MSR_DSR : 0) |
                (mcr & MCR_OUT1 ? MSR_RI : 0) | (mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static u8 read_register(struct uart16550 *uart, u32 offset)
{
    switch (offset) {
    case UART_RBR_THR_DLL:
        return divisor_latched(uart) ? uart->dll : read_rbr(uart);
    case UART_IER_DLM:
        return divisor_latched(uart) ? uart->dlm : uart->ier;
    case UART_IIR_FCR:
        return read_iir(uart);
    case UART_LCR:
        return uart->lcr;
    case UART_MCR:
        return uart->mcr;
    case UART_LSR:
        return read_lsr(uart);
    case UART_MSR:
        return read_msr(uart);
    default:
        return uart->scr;
    }
}

/* The byte has left, or arrived, before the guest can look: the transmitter is empty again. */
static void write_thr(struct uart16550 *uart, u8 byte)
{
    if (in_loopback(uart))
        shift_in(uart, byte);
    uart->thre_pending = true;
}

/* Drivers rely on the interrupt whenever they enable it, transmitter long empty or not. */
static void write_ier(struct uart16550 *uart, u8 value)
{
    if ((uart->ier ^ value) & IER_THRE)
        uart->thre_pending = value & IER_THRE;
    uart->ier = value & IER_IMPLEMENTED;
}

static void write_fcr(struct uart16550 *uart, u8 value)
{
    bool switched = (uart->fcr ^ value) & FCR_ENABLE;

    if (switched || (value & FCR_CLEAR_RECEIVE))
        uart->received = 0;
    if (switched || (value & FCR_CLEAR_SEND))
        uart->thre_pending = true;
    uart->fcr = value & FCR_STICKY;
}

static void write_register(struct uart16550 *uart, u32 offset, u8 value)
{
    switch (offset) {
    case UART_RBR_THR_DLL:
        if (divisor_latched(uart))
            uart->dll = value;
        else
            write_thr(uart, value);
        break;
    case UART_IER_DLM:
        if (divisor_latched(uart))
            uart->dlm = value;
        else
            write_ier(uart, value);
        break;
    case UART_IIR_FCR:
        write_fcr(uart, value);
        break;
    case UART_LCR:
        uart->lcr = value;
        break;
    case UART_MCR:
        uart->mcr = value & MCR_IMPLEMENTED;
        break;
    case UART_SCR:
        uart->scr = value;
        break;
    default: /* LSR and MSR are read-only */
        break;
    }
}

/*
 * Whatever its width, an access acts on the one register at its offset, as on virt. What kernels do
 * without end, polling LSR and storing to THR, is done first and without the lock; the rest is out
 * of line so that it costs these two no stack frame.
 */
static NOINLINE enum mmio_result read_locked(struct uart16550 *uart, u32 offset, u32 *value)
{
    if (offset >= UART16550_SIZE)
        return MMIO_FAULT;
    spin_lock(&uart->lock);
    *value = read_register(uart, offset);
    update_and_unlock(uart);
    return MMIO_OK;
}

static enum mmio_result uart16550_read(void *device, u32 offset, u32 width, u32 *value)
{
    struct uart16550 *uart = device;
    u32 lsr = __atomic_load_n(&uart->lsr, __ATOMIC_RELAXED);

    (void)width;
    if (unlikely(offset != UART_LSR || (lsr & LSR_OVERRUN)))
        return read_locked(uart, offset, value);
    *value = lsr;
    return MMIO_OK;
}

static NOINLINE enum mmio_result write_locked(struct uart16550 *uart, u32 offset, u8 value)
{
    bool transmits;

    if (offset >= UART16550_SIZE)
        return MMIO_FAULT;
    spin_lock(&uart->lock);
    transmits = offset == UART_RBR_THR_DLL && !divisor_latched(uart) && !in_loopback(uart);
    write_register(uart, offset, value);
    update_and_unlock(uart);
    if (transmits)
        uart->host.put(uart->host.ctx, value);
    return MMIO_OK;
}

static enum mmio_result uart16550_write(void *device, u32 offset, u32 width, u32 value)
{
    struct uart16550 *uart = device;
    bool plain = __atomic_load_n(&uart->plain_transmit, __ATOMIC_RELAXED);

    (void)width;
    if (unlikely(offset != UART_RBR_THR_DLL || !plain))
        return write_locked(uart, offset, (u8)value);
    uart->host.put(uart->host.ctx, (u8)value);
    return MMIO_OK;
}

const struct mmio_ops uart16550_ops = {
    .read = uart16550_read,
    .write = uart16550_write,
};

bool uart16550_receive(struct uart16550 *uart, u8 byte)
{
    bool accepted;

    spin_lock(&uart->lock);
    accepted = !in_loopback(uart) && uart->received < capacity(uart);
    if (accepted)
        shift_in(uart, byte);
    else
        uart->refused = true;
    update(uart);
    spin_unlock(&uart->lock);
    return accepted;
}

void uart16550_reset(struct uart16550 *uart)
{
    spin_lock(&uart->lock);
    uart->thre_pending = false;
    uart->ier = 0;
    uart->fcr = 0;
    uart->lcr = 0;
    uart->mcr = MCR_OUT2;
    uart->overrun = false;
    uart->scr = 0;
    uart->dll = DIVISOR_9600_BAUD;
    uart->dlm = 0;
    uart->rbr = 0;
    uart->fifo_head = 0;
    uart->received = 0;
    update_and_unlock(uart);
}

void uart16550_init(struct uart16550 *uart, struct irq_line irq, const struct uart_host *host)
{
    *uart = (struct uart16550){.host = *host, .irq = irq};
    uart16550_reset(uart);
}
