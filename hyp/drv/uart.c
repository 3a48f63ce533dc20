#include "hyp/drv/uart.h"

#include "arch/firmware.h"
#include "hyp/core/claim.h"
#include "hyp/core/machine.h"
#include "hyp/core/options.h"
#include "hyp/core/paging.h"
#include "hyp/core/printk.h"
#include "hyp/core/timer.h"
#include "hyp/drv/plic.h"

/* 16550 registers, before reg-shift. */
#define UART_DATA 0
#define UART_IER  1
#define UART_FCR  2
#define UART_LSR  5

#define IER_RECEIVED BIT(0)
#define FCR_ENABLE   BIT(0)
#define LSR_READY    BIT(0)
#define LSR_THRE     BIT(5)

#define FIFO_SIZE 16
#define POLL_MS   10

static struct uart {
    volatile u8 *base;
    u32 shift;     /* of a register's number to its offset  */
    bool wide;     /* registers are accessed as 32 bits     */
    u32 interrupt; /* 0: none                               */
} uart;

static void (*typed_handler)(u8 byte);
static struct timer poll_timer;

static u8 read_reg(u32 number)
{
    volatile u8 *at = uart.base + (number << uart.shift);

    return uart.wide ? (u8) * (volatile u32 *)at : *at;
}

static void write_reg(u32 number, u8 value)
{
    volatile u8 *at = uart.base + (number << uart.shift);

    if (uart.wide)
        *(volatile u32 *)at = value;
    else
        *at = value;
}

/* write_reg of each byte, with what does not change decided once. */
static void fill_fifo(const char *text, u32 count)
{
    const char *end = text + count;
    volatile u8 *at = uart.base + (UART_DATA << uart.shift);

    if (uart.wide)
        while (text < end)
            *(volatile u32 *)at = (u8)*text++;
    else
        while (text < end)
            *at = (u8)*text++;
}

/* An empty transmitter takes a whole FIFO without being asked again. */
static void uart_write(void *device, const char *text, u32 size)
{
    (void)device;
    for (u32 count; size; size -= count, text += count) {
        count = size < FIFO_SIZE ? size : FIFO_SIZE;
        while (!(read_reg(UART_LSR) & LSR_THRE))
            ;
        fill_fifo(text, count);
    }
}

static void uart_receive(void *ctx)
{
    (void)ctx;
    while (read_reg(UART_LSR) & LSR_READY)
        typed_handler(read_reg(UART_DATA));
}

static void firmware_receive(void)
{
    static u8 buffer;
    s32 byte;

    while ((byte = firmware_console_read(&buffer, image_address(&buffer))) >= 0)
        typed_handler((u8)byte);
}

static void poll(struct timer *timer)
{
    if (uart.base)
        uart_receive(NULL);
    else
        firmware_receive();
    timer_arm(timer, timer_after(POLL_MS));
}

/* The node that /chosen names as console, else the first 16550. */
static fdt_node find_node(void)
{
    const struct fdt *fdt = &machine.fdt;
    const char *path;

    if (fdt_string(fdt, fdt_path(fdt, "/chosen"), "stdout-path", &path)) {
        fdt_node node = fdt_path(fdt, path);

        if (fdt_is_compatible(fdt, node, "ns16550a") || fdt_is_compatible(fdt, node, "ns16550"))
            return node;
    }
    return fdt_next_compatible(fdt, FDT_NONE, "ns16550a");
}

static bool find_uart(void)
{
    const struct fdt *fdt = &machine.fdt;
    fdt_node node = find_node();
    u64 address, size;
    u32 width = 1;

    if (!fdt_reg(fdt, node, 0, &address, &size) || !fdt_is_available(fdt, node))
        return false;
    fdt_u32(fdt, node, "reg-shift", &uart.shift);
    fdt_u32(fdt, node, "reg-io-width", &width);
    fdt_u32(fdt, node, "interrupts", &uart.interrupt);
    if (uart.shift > 2 || (width != 1 && width != 4))
        return false;
    uart.wide = width == 4;
    uart.base = paging_map_device(address, 8u << uart.shift);
    return uart.base != NULL;
}

static void start_receiving(void)
{
    poll_timer.fire = poll;
    if (uart.base && plic_drv_attach(uart.interrupt, uart_receive, NULL)) {
        write_reg(UART_IER, IER_RECEIVED);
        return;
    }
    timer_arm(&poll_timer, timer_after(POLL_MS));
}

static void use_uart(void)
{
    static const struct console_sink sink = {.write = uart_write};

    if (find_uart()) {
        write_reg(UART_FCR, FCR_ENABLE);
        console_set_sink(&sink);
    } else if (options.console == CONSOLE_UART) {
        complain("console=uart", "the device tree has no 16550 that we can drive: "
                                 "the console is the firmware's");
    }
}

const char *console_init(void (*typed)(u8 byte))
{
    typed_handler = typed;
    if (options.console <= CONSOLE_UART)
        use_uart();
    /* The firmware's console is there as a rule. */
    claim_node(find_node(), "the hypervisor's console");
    start_receiving();
    if (uart.base)
        return "the 16550 of the device tree";
    return firmware_has_debug_console() ? "firmware (SBI DBCN)" : "firmware (legacy SBI)";
}
