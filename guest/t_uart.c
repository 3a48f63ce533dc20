/* The 16550, register by register, and its loopback, through which it receives what it sends. */
#include "guest/lib/io.h"
#include "guest/lib/test.h"
#include "guest/lib/uart.h"

#define FIFO_SIZE 16u

static void reset_uart(void)
{
    write8(UART_IER, 0);
    write8(UART_LCR, 3);
    write8(UART_MCR, 0);
    write8(UART_FCR, 0);
}

static void scratch_keeps_every_value(void)
{
    for (u32 value = 0; value < 256; value++) {
        write8(UART_SCR, (u8)value);
        CHECK_EQ(read8(UART_SCR), value);
    }
}

static void registers_keep_their_bits(void)
{
    reset_uart();
    for (u32 value = 0; value < 128; value++) {
        write8(UART_LCR, (u8)value);
        CHECK_EQ(read8(UART_LCR), value);
    }
    write8(UART_IER, 0xff);
    u8 ier = read8(UART_IER);
    write8(UART_IER, 0);
    write8(UART_MCR, 0xff);
    u8 mcr = read8(UART_MCR);
    reset_uart();
    CHECK_EQ(ier, 0x0f);
    CHECK_EQ(mcr, 0x1f);
}

static void divisor_latch_hides_two_registers(void)
{
    reset_uart();
    write8(UART_IER, IER_RECEIVED);
    write8(UART_LCR, LCR_DLAB | 3);
    write8(UART_DLL, 0x12);
    write8(UART_DLM, 0x34);
    CHECK_EQ(read8(UART_DLL), 0x12);
    CHECK_EQ(read8(UART_DLM), 0x34);
    write8(UART_LCR, 3);
    CHECK_EQ(read8(UART_IER), IER_RECEIVED);
    write8(UART_LCR, LCR_DLAB | 3);
    CHECK_EQ(read8(UART_DLL), 0x12);
    CHECK_EQ(read8(UART_DLM), 0x34);
    reset_uart();
}

static void fifo_shows_in_iir(void)
{
    reset_uart();
    CHECK_EQ(read8(UART_IIR) & IIR_FIFO, 0);
    write8(UART_FCR, FCR_ENABLE | FCR_CLEAR);
    CHECK_EQ(read8(UART_IIR) & IIR_FIFO, IIR_FIFO);
    reset_uart();
}

static void transmitter_is_ready(void)
{
    static const char text[] = "(sent through the UART)\n";

    reset_uart();
    for (const char *c = text; *c; c++) {
        while (!(read8(UART_LSR) & LSR_THRE))
            continue;
        write8(UART_THR, (u8)*c);
    }
    while (!(read8(UART_LSR) & LSR_TEMT))
        continue;
    CHECK_EQ(read8(UART_LSR) & (LSR_THRE | LSR_TEMT), LSR_THRE | LSR_TEMT);
}

static void loopback_of_bytes(void)
{
    reset_uart();
    write8(UART_MCR, MCR_LOOPBACK);
    while (read8(UART_LSR) & LSR_DATA_READY)
        (void)read8(UART_RBR);
    for (u32 value = 0; value < 256; value++) {
        write8(UART_THR, (u8)value);
        CHECK(read8(UART_LSR) & LSR_DATA_READY, "byte %x is not there", value);
        CHECK_EQ(read8(UART_RBR), value);
        CHECK(!(read8(UART_LSR) & LSR_DATA_READY), "byte %x is still there", value);
    }
    reset_uart();
}

static void loopback_through_the_fifo(void)
{
    reset_uart();
    write8(UART_MCR, MCR_LOOPBACK);
    write8(UART_FCR, FCR_ENABLE | FCR_CLEAR);
    for (u32 i = 0; i < FIFO_SIZE; i++)
        write8(UART_THR, (u8)(0x40 + i));
    CHECK_EQ(read8(UART_LSR) & (LSR_DATA_READY | LSR_OVERRUN), LSR_DATA_READY);
    write8(UART_THR, 0x7f); /* one too many */
    CHECK_EQ(read8(UART_LSR) & LSR_OVERRUN, LSR_OVERRUN);
    CHECK_EQ(read8(UART_LSR) & LSR_OVERRUN, 0); /* the load cleared it */
    for (u32 i = 0; i < FIFO_SIZE; i++)
        CHECK_EQ(read8(UART_RBR), 0x40 + i);
    CHECK_EQ(read8(UART_LSR) & LSR_DATA_READY, 0);
    reset_uart();
}

static void loopback_of_modem_lines(void)
{
    static const u8 pairs[][2] = {{0x01, 0x20}, {0x02, 0x10}, {0x04, 0x40}, {0x08, 0x80}};

    reset_uart();
    for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
        write8(UART_MCR, (u8)(MCR_LOOPBACK | pairs[i][0]));
        CHECK_EQ(read8(UART_MSR) & 0xf0, pairs[i][1]);
    }
    reset_uart();
}

/* Received data is more urgent than an empty transmitter. */
static void interrupts_in_order_of_urgency(void)
{
    reset_uart();
    (void)read8(UART_IIR);
    CHECK_EQ(read8(UART_IIR) & IIR_ID, IIR_NONE);
    write8(UART_MCR, MCR_LOOPBACK);
    write8(UART_THR, 0x55);
    write8(UART_IER, IER_RECEIVED | IER_THRE);
    CHECK_EQ(read8(UART_IIR) & IIR_ID, IIR_RECEIVED);
    CHECK_EQ(read8(UART_RBR), 0x55);
    CHECK_EQ(read8(UART_IIR) & IIR_ID, IIR_THRE);
    CHECK_EQ(read8(UART_IIR) & IIR_ID, IIR_NONE);
    reset_uart();
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(scratch_keeps_every_value),
        CASE(registers_keep_their_bits),
        CASE(fifo_shows_in_iir),
        CASE(divisor_latch_hides_two_registers),
        CASE(transmitter_is_ready),
        CASE(loopback_of_bytes),
        CASE(loopback_through_the_fifo),
        CASE(loopback_of_modem_lines),
        CASE(interrupts_in_order_of_urgency),
    };

    return test_run("t_uart", cases, ARRAY_SIZE(cases));
}
