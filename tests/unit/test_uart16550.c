/* The 16550: registers, FIFO, interrupts, loopback, and what Linux's 8250 driver does to it. */
#include "tests/unit/unit.h"
#include "hyp/dev/uart16550.c"

#include <pthread.h>
#include <sched.h>

#define SOURCE 10

static struct uart16550 uart;

/* What the host and the interrupt controller saw. */
static struct {
    u8 sent[64];
    u32 sent_count, drained_count, line_changes;
    bool level;
    bool refill; /* `drained` types the next byte */
    u8 next;
} seen;

static void put(void *ctx, u8 byte)
{
    (void)ctx;
    if (seen.sent_count < sizeof(seen.sent))
        seen.sent[seen.sent_count] = byte;
    seen.sent_count++;
}

static void drained(void *ctx)
{
    (void)ctx;
    seen.drained_count++;
    while (seen.refill && uart16550_receive(&uart, seen.next))
        seen.next++;
}

static void line(void *controller, u32 source, bool level)
{
    CHECK(controller == &seen);
    CHECK_EQ(source, SOURCE);
    CHECK(level != seen.level); /* only changes are told */
    seen.level = level;
    seen.line_changes++;
}

static void start_with(const struct uart_host *host)
{
    struct irq_line irq = {.set = line, .controller = &seen, .source = SOURCE};

    memset(&seen, 0, sizeof(seen));
    memset(&uart, 0xa5, sizeof(uart));
    uart16550_init(&uart, irq, host);
}

static void start(void)
{
    static const struct uart_host host = {.put = put, .drained = drained};

    start_with(&host);
}

static u32 load_wide(u32 offset, u32 width)
{
    u32 value = 0xdeadbeef;

    CHECK_EQ(uart16550_ops.read(&uart, offset, width, &value), MMIO_OK);
    return value;
}

static u32 load(u32 offset)
{
    return load_wide(offset, 1);
}

static void store(u32 offset, u32 value)
{
    CHECK_EQ(uart16550_ops.write(&uart, offset, 1, value), MMIO_OK);
}

static u32 type(const char *text)
{
    u32 n = 0;

    while (text[n] && uart16550_receive(&uart, (u8)text[n]))
        n++;
    return n;
}

static void set_divisor_latch(bool on)
{
    store(UART_LCR, on ? 0x83 : 0x03);
}

static void enable_fifo(u32 trigger)
{
    store(UART_IIR_FCR, trigger << 6 | 1);
}

TEST(power_on_values_are_those_of_virt)
{
    static const u8 expected[] = {0x00, 0x00, 0x01, 0x00, 0x08, 0x60, 0xb0, 0x00};

    start();
    for (u32 offset = 0; offset < ARRAY_SIZE(expected); offset++)
        CHECK_EQ(load(offset), expected[offset]);
    set_divisor_latch(true);
    CHECK_EQ(load(UART_RBR_THR_DLL), 0x0c);
    CHECK_EQ(load(UART_IER_DLM), 0);
    CHECK(!seen.level);
}

TEST(unimplemented_bits_read_as_zero)
{
    start();
    store(UART_IER_DLM, 0xf0);
    CHECK_EQ(load(UART_IER_DLM), 0);
    store(UART_MCR, 0xe0);
    CHECK_EQ(load(UART_MCR), 0);
    store(UART_LCR, 0x7f);
    CHECK_EQ(load(UART_LCR), 0x7f);
    store(UART_SCR, 0xa5);
    CHECK_EQ(load(UART_SCR), 0xa5);
}

TEST(status_registers_ignore_stores)
{
    start();
    store(UART_LSR, 0xff);
    store(UART_MSR, 0xff);
    CHECK_EQ(load(UART_LSR), 0x60);
    CHECK_EQ(load(UART_MSR), 0xb0);
}

TEST(a_transmitted_byte_goes_to_the_host)
{
    start();
    store(UART_RBR_THR_DLL, 'A');
    store(UART_RBR_THR_DLL, 0x1ff); /* one byte wide, whatever the register held */
    CHECK_EQ(seen.sent_count, 2);
    CHECK_EQ(seen.sent[0], 'A');
    CHECK_EQ(seen.sent[1], 0xff);
    CHECK_EQ(load(UART_LSR), 0x60);
}

TEST(every_width_acts_on_the_one_register)
{
    start();
    store(UART_SCR, 0x5a);
    for (u32 width = 1; width <= 4; width *= 2) {
        CHECK_EQ(load_wide(UART_MCR, width), 0x08);
        CHECK_EQ(load_wide(UART_LSR, width), 0x60);
        CHECK_EQ(uart16550_ops.write(&uart, 0, width, 0x64636261), MMIO_OK);
    }
    CHECK_EQ(seen.sent_count, 3);
    CHECK_EQ(seen.sent[2], 'a');
    CHECK_EQ(load(UART_IER_DLM), 0); /* the bytes above did not spill */
    CHECK_EQ(uart16550_ops.write(&uart, UART_MCR, 4, 0xffffff0b), MMIO_OK);
    CHECK_EQ(load(UART_MCR), 0x0b);
    CHECK_EQ(load(UART_LSR), 0x60);
}

TEST(offsets_past_the_registers_fault)
{
    static const u32 offsets[] = {8, 12, 0x10, 0xfc, 0xff, 0xfffffffc};
    u32 value;

    start();
    for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
        CHECK_EQ(uart16550_ops.read(&uart, offsets[i], 1, &value), MMIO_FAULT);
        CHECK_EQ(uart16550_ops.write(&uart, offsets[i], 1, 0xff), MMIO_FAULT);
    }
    CHECK_EQ(seen.sent_count, 0);
}

TEST(the_divisor_latch_hides_thr_and_ier)
{
    start();
    set_divisor_latch(true);
    store(UART_RBR_THR_DLL, 0x34);
    store(UART_IER_DLM, 0x12);
    CHECK_EQ(load(UART_RBR_THR_DLL), 0x34);
    CHECK_EQ(load(UART_IER_DLM), 0x12);
    CHECK_EQ(seen.sent_count, 0);
    set_divisor_latch(false);
    CHECK_EQ(load(UART_IER_DLM), 0);
    CHECK_EQ(load(UART_RBR_THR_DLL), 0);
    store(UART_RBR_THR_DLL, 'x');
    CHECK_EQ(seen.sent_count, 1);
}

TEST(the_divisor_latch_does_not_take_received_bytes)
{
    start();
    CHECK(uart16550_receive(&uart, 'k'));
    set_divisor_latch(true);
    CHECK_EQ(load(UART_RBR_THR_DLL), 0x0c);
    set_divisor_latch(false);
    CHECK_EQ(load(UART_LSR), 0x61);
    CHECK_EQ(load(UART_RBR_THR_DLL), 'k');
}

TEST(without_fifos_one_byte_fits)
{
    start();
    CHECK_EQ(type("ab"), 1);
    CHECK_EQ(load(UART_LSR), 0x61);
    CHECK_EQ(load(UART_RBR_THR_DLL), 'a');
    CHECK_EQ(load(UART_LSR), 0x60);
    CHECK_EQ(load(UART_RBR_THR_DLL), 'a'); /* the buffer register keeps its value */
    CHECK_EQ(seen.drained_count, 1);
}

TEST(the_fifo_keeps_sixteen_bytes_in_order)
{
    start();
    enable_fifo(0);
    CHECK_EQ(type("0123456789abcdefghij"), 16);
    for (u32 i = 0; i < 16; i++) {
        CHECK_EQ(load(UART_LSR), 0x61);
        CHECK_EQ(load(UART_RBR_THR_DLL), "0123456789abcdef"[i]);
    }
    CHECK_EQ(load(UART_LSR), 0x60);
    CHECK_EQ(load(UART_RBR_THR_DLL), 0); /* empty */
}

TEST(the_fifo_wraps_around)
{
    start();
    enable_fifo(0);
    for (u32 i = 0; i < 100; i++) {
        CHECK(uart16550_receive(&uart, (u8)i));
        CHECK(uart16550_receive(&uart, (u8)(i + 100)));
        CHECK_EQ(load(UART_RBR_THR_DLL), i);
        CHECK_EQ(load(UART_RBR_THR_DLL), i + 100);
    }
}

TEST(drained_comes_once_and_only_after_a_refusal)
{
    start();
    enable_fifo(0);
    CHECK_EQ(type("0123456789abcdef"), 16);
    load(UART_RBR_THR_DLL);
    CHECK_EQ(seen.drained_count, 0); /* nothing had been refused */
    CHECK_EQ(type("gh"), 1);
    load(UART_RBR_THR_DLL);
    CHECK_EQ(seen.drained_count, 1);
    load(UART_RBR_THR_DLL);
    CHECK_EQ(seen.drained_count, 1);
}

TEST(nothing_typed_is_lost_when_drained_refills)
{
    start();
    enable_fifo(2);
    seen.refill = true;
    drained(NULL); /* fill for the first time */
    CHECK_EQ(seen.next, 16);
    for (u32 i = 0; i < 200; i++)
        CHECK_EQ(load(UART_RBR_THR_DLL), i);
}

TEST(a_host_may_do_without_drained)
{
    static const struct uart_host host = {.put = put};

    start_with(&host);
    CHECK_EQ(type("ab"), 1);
    CHECK_EQ(load(UART_RBR_THR_DLL), 'a');
    CHECK_EQ(type("b"), 1);
}

TEST(clearing_the_receive_fifo_makes_room)
{
    start();
    enable_fifo(0);
    store(UART_IER_DLM, IER_RECEIVED);
    type("0123456789abcdefg");
    CHECK(seen.level);
    store(UART_IIR_FCR, 0x03);
    CHECK_EQ(load(UART_LSR), 0x60);
    CHECK(!seen.level);
    CHECK_EQ(seen.drained_count, 1);
    CHECK_EQ(type("z"), 1);
    CHECK_EQ(load(UART_RBR_THR_DLL), 'z');
}

TEST(switching_the_fifos_empties_them)
{
    start();
    type("a");
    enable_fifo(0);
    CHECK_EQ(load(UART_LSR), 0x60);
    type("bc");
    enable_fifo(0); /* enabled already: nothing happens */
    CHECK_EQ(load(UART_RBR_THR_DLL), 'b');
    store(UART_IIR_FCR, 0);
    CHECK_EQ(load(UART_LSR), 0x60);
    CHECK_EQ(load(UART_IIR_FCR), 0x01);
}

TEST(trigger_levels_tell_data_from_timeout)
{
    static const u32 levels[] = {1, 4, 8, 14};

    for (u32 t = 0; t < ARRAY_SIZE(levels); t++) {
        start();
        enable_fifo(t);
        store(UART_IER_DLM, IER_RECEIVED);
        CHECK_EQ(load(UART_IIR_FCR), 0xc1);
        for (u32 n = 1; n <= 16; n++) {
            CHECK(uart16550_receive(&uart, 'x'));
            CHECK(seen.level);
            CHECK_EQ(load(UART_IIR_FCR), n < levels[t] ? 0xcc : 0xc4);
        }
        for (u32 n = 15; n > 0; n--) {
            load(UART_RBR_THR_DLL);
            CHECK(seen.level);
            CHECK_EQ(load(UART_IIR_FCR), n < levels[t] ? 0xcc : 0xc4);
        }
        load(UART_RBR_THR_DLL);
        CHECK(!seen.level);
        CHECK_EQ(load(UART_IIR_FCR), 0xc1);
    }
}

TEST(a_receive_interrupt_waits_until_it_is_enabled)
{
    start();
    type("a");
    CHECK(!seen.level);
    store(UART_IER_DLM, IER_RECEIVED);
    CHECK(seen.level);
    CHECK_EQ(load(UART_IIR_FCR), 0x04);
    CHECK(seen.level); /* reading IIR does not clear this one */
    store(UART_IER_DLM, 0);
    CHECK(!seen.level);
    store(UART_IER_DLM, IER_RECEIVED);
    CHECK(seen.level);
    load(UART_RBR_THR_DLL);
    CHECK(!seen.level);
}

TEST(out2_does_not_gate_the_interrupt)
{
    start();
    store(UART_MCR, 0);
    store(UART_IER_DLM, IER_RECEIVED);
    type("a");
    CHECK(seen.level);
}

TEST(enabling_thri_raises_and_reading_iir_clears_it)
{
    start();
    store(UART_IER_DLM, IER_THRE);
    CHECK(seen.level);
    CHECK_EQ(load(UART_IIR_FCR), 0x02);
    CHECK(!seen.level);
    CHECK_EQ(load(UART_IIR_FCR), 0x01);
    store(UART_IER_DLM, IER_THRE); /* no edge */
    CHECK(!seen.level);
    store(UART_IER_DLM, 0);
    store(UART_IER_DLM, IER_THRE);
    CHECK(seen.level);
}

TEST(every_byte_sent_raises_thri_anew)
{
    start();
    store(UART_IER_DLM, IER_THRE);
    for (u32 i = 0; i < 10; i++) {
        CHECK_EQ(load(UART_IIR_FCR), 0x02);
        CHECK(!seen.level);
        store(UART_RBR_THR_DLL, '0' + i);
        CHECK(seen.level);
        store(UART_RBR_THR_DLL, 'a' + i); /* already pending: no change of the line */
        CHECK(seen.level);
    }
    CHECK_EQ(seen.sent_count, 20);
    CHECK_EQ(seen.line_changes, 21);
}

TEST(bytes_sent_with_thri_off_leave_no_interrupt_behind)
{
    start();
    store(UART_RBR_THR_DLL, 'a');
    CHECK(!seen.level);
    CHECK_EQ(load(UART_IIR_FCR), 0x01);
}

TEST(clearing_the_send_fifo_raises_thri)
{
    start();
    enable_fifo(0);
    store(UART_IER_DLM, IER_THRE);
    CHECK_EQ(load(UART_IIR_FCR), 0xc2);
    CHECK(!seen.level);
    store(UART_IIR_FCR, 0x05);
    CHECK(seen.level);
    CHECK_EQ(load(UART_IIR_FCR), 0xc2);
}

TEST(interrupts_are_reported_in_order_of_priority)
{
    start();
    store(UART_MCR, MCR_LOOPBACK);
    store(UART_RBR_THR_DLL, 'a');
    store(UART_RBR_THR_DLL, 'b'); /* overrun */
    store(UART_IER_DLM, 0x0f);
    CHECK_EQ(load(UART_IIR_FCR), 0x06);
    CHECK_EQ(load(UART_LSR), 0x63); /* reading clears the overrun */
    CHECK_EQ(load(UART_IIR_FCR), 0x04);
    CHECK_EQ(load(UART_RBR_THR_DLL), 'b'); /* without FIFO the last byte stays */
    CHECK(seen.level);
    CHECK_EQ(load(UART_IIR_FCR), 0x02);
    CHECK(!seen.level);
    CHECK_EQ(load(UART_IIR_FCR), 0x01);
}

TEST(reading_iir_of_another_interrupt_keeps_thri)
{
    start();
    type("a");
    store(UART_IER_DLM, IER_RECEIVED | IER_THRE);
    CHECK_EQ(load(UART_IIR_FCR), 0x04);
    CHECK_EQ(load(UART_IIR_FCR), 0x04);
    load(UART_RBR_THR_DLL);
    CHECK(seen.level);
    CHECK_EQ(load(UART_IIR_FCR), 0x02);
}

TEST(loopback_returns_bytes_and_sends_none)
{
    start();
    enable_fifo(0);
    store(UART_MCR, MCR_LOOPBACK);
    for (u32 i = 0; i < 16; i++)
        store(UART_RBR_THR_DLL, 'a' + i);
    CHECK_EQ(load(UART_LSR), 0x61);
    store(UART_RBR_THR_DLL, 'z'); /* one too many: lost, told once */
    CHECK_EQ(load(UART_LSR), 0x63);
    CHECK_EQ(load(UART_LSR), 0x61);
    for (u32 i = 0; i < 16; i++)
        CHECK_EQ(load(UART_RBR_THR_DLL), 'a' + i);
    CHECK_EQ(load(UART_LSR), 0x60);
    CHECK_EQ(seen.sent_count, 0);
    store(UART_MCR, 0);
    store(UART_RBR_THR_DLL, 'o');
    CHECK_EQ(seen.sent_count, 1);
}

TEST(loopback_leads_the_modem_outputs_to_the_inputs)
{
    start();
    for (u32 outputs = 0; outputs < 16; outputs++) {
        u32 expected = (outputs & MCR_DTR ? MSR_DSR : 0) | (outputs & MCR_RTS ? MSR_CTS : 0) |
                       (outputs & MCR_OUT1 ? MSR_RI : 0) | (outputs & MCR_OUT2 ? MSR_DCD : 0);

        store(UART_MCR, MCR_LOOPBACK | outputs);
        CHECK_EQ(load(UART_MSR), expected);
    }
    store(UART_MCR, 0x0f);
    CHECK_EQ(load(UART_MSR), 0xb0);
}

TEST(typing_waits_while_in_loopback)
{
    start();
    enable_fifo(0);
    store(UART_MCR, MCR_LOOPBACK);
    CHECK_EQ(type("a"), 0);
    CHECK_EQ(load(UART_LSR), 0x60);
    store(UART_RBR_THR_DLL, 'l');
    CHECK_EQ(load(UART_RBR_THR_DLL), 'l');
    CHECK_EQ(seen.drained_count, 0); /* room, but not for the host */
    store(UART_MCR, 0);
    CHECK_EQ(seen.drained_count, 1);
    CHECK_EQ(type("a"), 1);
}

/* drivers/tty/serial/8250: autoconfig() decides on a 16550A. */
TEST(linux_autoconfig_finds_a_16550a)
{
    u32 ier, mcr, lcr;

    start();
    ier = load(UART_IER_DLM);
    store(UART_IER_DLM, 0);
    CHECK_EQ(load(UART_IER_DLM) & 0x0f, 0);
    store(UART_IER_DLM, 0x0f);
    CHECK_EQ(load(UART_IER_DLM) & 0x0f, 0x0f);
    store(UART_IER_DLM, ier);

    mcr = load(UART_MCR);
    lcr = load(UART_LCR);
    store(UART_MCR, MCR_LOOPBACK | MCR_OUT2 | MCR_RTS);
    CHECK_EQ(load(UART_MSR) & 0xf0, MSR_DCD | MSR_CTS);
    store(UART_MCR, mcr);

    store(UART_LCR, 0xbf); /* EFR of other chips: DLAB here, so FCR and IER are safe */
    store(UART_IIR_FCR, 0);
    store(UART_LCR, 0);
    store(UART_IIR_FCR, FCR_ENABLE);
    CHECK_EQ(load(UART_IIR_FCR) >> 6, 3);
    store(UART_LCR, lcr);

    /* size_fifo(): sixteen of 256 bytes sent in loopback come back. */
    store(UART_LCR, 0);
    store(UART_IIR_FCR, FCR_ENABLE | FCR_CLEAR_RECEIVE | FCR_CLEAR_SEND);
    store(UART_MCR, MCR_LOOPBACK);
    set_divisor_latch(true);
    store(UART_RBR_THR_DLL, 1);
    store(UART_IER_DLM, 0);
    set_divisor_latch(false);
    for (u32 i = 0; i < 256; i++)
        store(UART_RBR_THR_DLL, i);
    for (u32 i = 0; i < 16; i++) {
        CHECK(load(UART_LSR) & LSR_DATA_READY);
        CHECK_EQ(load(UART_RBR_THR_DLL), i);
    }
    CHECK(!(load(UART_LSR) & LSR_DATA_READY));
    CHECK_EQ(seen.sent_count, 0);
}

/* serial8250_do_startup(): neither UART_BUG_THRE nor UART_BUG_TXEN may be seen. */
TEST(linux_startup_sees_no_transmitter_bug)
{
    u32 first, second;

    start();
    store(UART_IIR_FCR, 1);
    store(UART_IIR_FCR, 7);
    store(UART_IIR_FCR, 0);
    load(UART_LSR), load(UART_RBR_THR_DLL), load(UART_IIR_FCR), load(UART_MSR);
    store(UART_IER_DLM, IER_THRE);
    first = load(UART_IIR_FCR);
    store(UART_IER_DLM, 0);
    store(UART_IER_DLM, IER_THRE);
    second = load(UART_IIR_FCR);
    store(UART_IER_DLM, 0);
    CHECK_EQ(first & IIR_NONE, 0);
    CHECK_EQ(second & IIR_NONE, 0);

    store(UART_IER_DLM, IER_THRE);
    CHECK_EQ(load(UART_LSR) & LSR_TEMT, LSR_TEMT);
    CHECK_EQ(load(UART_IIR_FCR) & IIR_NONE, 0);
    store(UART_IER_DLM, 0);
    CHECK(!seen.level);
}

TEST(reset_is_the_power_on_state_and_keeps_the_wiring)
{
    start();
    enable_fifo(3);
    type("0123456789abcdefg");
    store(UART_IER_DLM, 0x0f);
    store(UART_SCR, 0x77);
    store(UART_MCR, 0x1f);
    set_divisor_latch(true);
    store(UART_RBR_THR_DLL, 1);
    CHECK(seen.level);

    uart16550_reset(&uart);
    CHECK(!seen.level);
    CHECK_EQ(seen.drained_count, 1); /* the byte that the host kept can come now */
    CHECK_EQ(load(UART_IER_DLM), 0);
    CHECK_EQ(load(UART_IIR_FCR), 0x01);
    CHECK_EQ(load(UART_LCR), 0);
    CHECK_EQ(load(UART_MCR), 0x08);
    CHECK_EQ(load(UART_LSR), 0x60);
    CHECK_EQ(load(UART_SCR), 0);
    store(UART_RBR_THR_DLL, 'r');
    CHECK_EQ(seen.sent[0], 'r');
    store(UART_IER_DLM, IER_THRE);
    CHECK(seen.level);
}

#define TYPED 20000

static void *type_on_another_hart(void *unused)
{
    for (u32 i = 0; i < TYPED; i++)
        while (!uart16550_receive(&uart, (u8)i))
            sched_yield();
    return unused;
}

static void ignore_line(void *controller, u32 source, bool level)
{
    (void)controller;
    (void)source;
    (void)level;
}

TEST(two_harts_lose_no_byte)
{
    static const struct uart_host host = {.put = put};
    pthread_t other;

    start_with(&host);
    uart.irq.set = ignore_line;
    enable_fifo(1);
    store(UART_IER_DLM, IER_RECEIVED);
    CHECK(pthread_create(&other, NULL, type_on_another_hart, NULL) == 0);
    for (u32 i = 0; i < TYPED; i++) {
        while (!(load(UART_LSR) & LSR_DATA_READY))
            sched_yield();
        if (load(UART_RBR_THR_DLL) != (i & 0xff)) {
            printf("FAIL %s: byte %u is lost\n", unit_name, i);
            exit(1); /* a jump out would leave the other hart running */
        }
    }
    pthread_join(other, NULL);
    CHECK_EQ(load(UART_LSR), 0x60);
}

UNIT_MAIN("uart16550")
