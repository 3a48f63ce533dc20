/*
 * What the hypervisor costs, in instructions: each operation is made many times between two reads
 * of instret, and the least is reported, less that of an empty measurement. Natively these are the
 * costs of the firmware and of plain device accesses.
 *
 * The numbers mean something where instret counts the hart's own instructions: with `counters =
 * "direct"` in the VM's description, on an emulator that counts (-icount).
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/io.h"
#include "guest/lib/sbi.h"
#include "guest/lib/test.h"

#define RUNS    100u
#define LINES   4u
#define TOUCHES 64u

static u32 empty; /* instructions of a measurement of nothing */

static u32 min(u32 a, u32 b)
{
    return a < b ? a : b;
}

static void report(const char *name, u32 instructions)
{
    printf("bench: %s %u\n", name, instructions - empty);
}

/* Instructions from one read of instret to the next with `code` between them. */
#define COUNT(code, ...)                                                             \
    ({                                                                               \
        u32 before_, after_;                                                         \
        __asm__ volatile("csrr %[before], instret\n" code "\ncsrr %[after], instret" \
                         : [before] "=&r"(before_), [after] "=&r"(after_)__VA_ARGS__ \
                         : "memory");                                                \
        after_ - before_;                                                            \
    })

static u32 count_nothing(void)
{
    return COUNT("", :);
}

static u32 count_call(u32 extension, u32 function, u32 arg0, u32 arg1)
{
    register u32 a0 __asm__("a0") = arg0;
    register u32 a1 __asm__("a1") = arg1;
    register u32 a6 __asm__("a6") = function;
    register u32 a7 __asm__("a7") = extension;

    return COUNT("ecall", , "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7));
}

static u32 count_load(u32 address)
{
    return COUNT("lw zero, 0(%[address])", : [address] "r"(address));
}

static u32 count_byte_load(u32 address)
{
    return COUNT("lbu zero, 0(%[address])", : [address] "r"(address));
}

/* Stores the bytes from `text` to `end` one by one to the same address. */
static u32 count_stores(u32 address, const char *text, const char *end)
{
    u32 byte;

    return COUNT("1: lbu %[byte], 0(%[text])\n"
                 "   sb %[byte], 0(%[address])\n"
                 "   addi %[text], %[text], 1\n"
                 "   bne %[text], %[end], 1b",
                 , [byte] "=&r"(byte), [text] "+r"(text)
                 : [address] "r"(address), [end] "r"(end));
}

static u32 least_call(u32 extension, u32 function, u32 a0, u32 a1)
{
    u32 least = ~0u;

    for (u32 i = 0; i < RUNS; i++)
        least = min(least, count_call(extension, function, a0, a1));
    return least;
}

static u32 least_load(u32 (*count)(u32 address), u32 address)
{
    u32 least = ~0u;

    for (u32 i = 0; i < RUNS; i++)
        least = min(least, count(address));
    return least;
}

/* A line of 64 characters and a newline. */
static void bench_uart_store(void)
{
    static const char line[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/\n";
    const char *end = line + sizeof(line) - 1;
    u32 with = ~0u, without = ~0u;
    u8 memory;

    for (u32 i = 0; i < LINES; i++) {
        with = min(with, count_stores(UART_BASE, line, end));
        without = min(without, count_stores((u32)&memory, line, end));
    }
    /* The loop itself cancels out; each store to memory was one instruction. */
    report("uart_store", (with - without) / (sizeof(line) - 1) + 1 + empty);
}

/* Each page of untouched RAM once. Only a VM with `lazy` memory has to do anything for it. */
static void bench_first_touch(void)
{
    u32 middle = ALIGN_DOWN(RAM_BASE + fdt_ram_size() / 2, SUPERPAGE_SIZE);
    u32 least = ~0u;

    for (u32 i = 0; i < TOUCHES; i++)
        least = min(least, count_load(middle + i * PAGE_SIZE));
    report("first_touch", least);
}

/* The other hart answers each IPI with one. */
static volatile u32 pongs;

static void on_ping(void)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    sbi_send_ipi(1, boot.hart);
    pongs++;
}

static void pong(void)
{
    trap_on_interrupt(INTERRUPT_SOFTWARE, on_ping);
    csr_write(sie, BIT(INTERRUPT_SOFTWARE));
    pongs = 1;
    interrupts_on();
    for (;;)
        wait_for_interrupt();
}

static u32 count_ping_pong(u32 hart)
{
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    u32 before = csr_read(instret);
    sbi_send_ipi(1, hart);
    while (!(csr_read(sip) & BIT(INTERRUPT_SOFTWARE)))
        wait_for_interrupt();
    return csr_read(instret) - before;
}

/* The sender's own instructions: its call, and from there until the answer is pending. */
static void bench_ipi(void)
{
    u32 hart = boot.hart == 0, send = ~0u, both = ~0u;

    if (hart_count() < 2 || hart_start(hart, pong) != SBI_SUCCESS || !hart_wait_value(&pongs, 1)) {
        printf("bench: no second hart for the IPIs\n");
        return;
    }
    csr_write(sie, BIT(INTERRUPT_SOFTWARE)); /* wakes wfi; interrupts stay off */
    for (u32 i = 0; i < RUNS; i++) {
        u32 seen = pongs;
        csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
        send = min(send, count_call(SBI_EXT_IPI, 0, 1, hart));
        hart_wait_value(&pongs, seen + 1);
        both = min(both, count_ping_pong(hart));
        hart_wait_value(&pongs, seen + 2);
    }
    report("ipi_send", send);
    report("ipi_round_trip", both);
}

int main(void)
{
    empty = count_nothing();
    report("sbi_base_call", least_call(SBI_EXT_BASE, BASE_SPEC_VERSION, 0, 0));
    report("set_timer", least_call(SBI_EXT_TIME, 0, 0xffffffff, 0xffffffff));
    report("plic_load", least_load(count_load, PLIC_BASE + 4));
    report("uart_status_load", least_load(count_byte_load, UART_BASE + 5));
    bench_uart_store();
    bench_first_touch();
    bench_ipi();
    return 0;
}
