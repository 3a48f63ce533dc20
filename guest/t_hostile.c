/*
 * A guest that tries to bring its host down: one after the other what has hung or crashed
 * hypervisors. Each attempt has to come back, as a trap or as nothing at all; at the end the guest
 * powers off. What it does not do is check results: that is what the other tests are for.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/insn.h"
#include "guest/lib/plic.h"
#include "guest/lib/rtc.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"
#include "guest/lib/uart.h"

#define NOWHERE 0x08000000u
#define WINDOW  0x40000000u
#define TICKS   20000u /* 2 ms of `time` */

static u32 slot[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

/* Runs one instruction with t0 = address; whatever it does, it is over when this returns. */
static void attempt(u32 bits, u32 address)
{
    struct insn_run insn = {.slot = slot, .pc = (gva_t)slot};

    insn_prepare(&insn, SSTATUS_SPP);
    insn.frame.x[2] = insn.frame.x[5] = insn.frame.x[8] = address;
    insn_execute(&insn, bits);
    CHECK(insn.completed || insn.frame.sepc == insn.pc, "%08x: stopped at %08x, cause %u", bits,
          insn.frame.sepc, insn.frame.scause);
}

static void hypervisor_registers(void)
{
    if (runs_natively())
        SKIP("they may be the guest's own");
    for (u32 csr = 0x200; csr < 0x700; csr++) {
        attempt(encode_csrr(10, csr), 0);
        if (csr >= 0x600 || csr < 0x300)
            attempt(encode_csrw(csr, 5), 0xffffffff);
    }
    attempt(encode_r(OPCODE_SYSTEM, 0, 0x11, 0, 0, 0), 0);         /* hfence.vvma */
    attempt(encode_r(OPCODE_SYSTEM, 0, 0x31, 0, 0, 0), 0);         /* hfence.gvma */
    attempt(encode_r(OPCODE_SYSTEM, 4, 0x34, 10, 5, 0), RAM_BASE); /* hlv.w */
    attempt(encode_r(OPCODE_SYSTEM, 4, 0x35, 0, 5, 10), RAM_BASE); /* hsv.w */
}

static void every_access_to_every_device(void)
{
    static const u32 places[] = {NOWHERE,
                                 FINISHER_BASE + 4,
                                 RTC_BASE,
                                 RTC_BASE + 0xffe,
                                 PLIC_BASE + 4,
                                 PLIC_BASE + 0xffe,
                                 PLIC_BASE + 0x5ffffe,
                                 PLIC_BASE + 0x600000,
                                 UART_SCR,
                                 UART_BASE + 0xffe,
                                 VIRTIO_BASE,
                                 VIRTIO_BASE + 0x7fff,
                                 0,
                                 0xfffffffe};
    static const u32 compressed[] = {C_LW, C_FLW, C_FLD, C_SW, C_FSW, C_FSD};

    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        for (u32 funct3 = 0; funct3 < 8; funct3++) {
            attempt(encode_i(OPCODE_LOAD, funct3, 10, 5, 0), places[i]);
            attempt(encode_s(OPCODE_STORE, funct3, 5, 0, 0), places[i]);
            attempt(encode_i(OPCODE_LOAD_FP, funct3, 10, 5, 0), places[i]);
            attempt(encode_s(OPCODE_STORE_FP, funct3, 5, 0, 0), places[i]);
        }
        for (u32 funct5 = 0; funct5 < 32; funct5++)
            attempt(encode_r(OPCODE_AMO, 2, funct5 << 2 | 3, 10, 5, 0), places[i]);
        for (u32 j = 0; j < ARRAY_SIZE(compressed); j++) {
            attempt(encode_c_register(compressed[j], 9, 8, 0), places[i]);
            attempt(j < 3 ? encode_c_load_sp(compressed[j], 9, 0)
                          : encode_c_store_sp(compressed[j], 9, 0),
                    places[i]);
        }
    }
}

static void fetches_from_everywhere(void)
{
    static const u32 places[] = {NOWHERE,   FINISHER_BASE, RTC_BASE,   PLIC_BASE,
                                 UART_BASE, VIRTIO_BASE,   0xfffffffc, 0};

    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        struct insn_run insn = {.slot = slot, .pc = places[i]};
        insn_prepare(&insn, SSTATUS_SPP);
        insn_execute(&insn, 0);
        CHECK(insn.frame.sepc - places[i] < PAGE_SIZE, "stopped at %x", insn.frame.sepc);
    }
}

static void garbage_into_every_device_register(void)
{
    static const u32 values[] = {0xffffffff, 0x5a5a5a5a, 0};

    trap_arm(); /* some of it may be refused */
    for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
        for (u32 offset = 0; offset < 0x400; offset += 4)
            write32(PLIC_BASE + offset, values[i]);
        for (u32 offset = 0x2000; offset < 0x2800; offset += 4)
            write32(PLIC_BASE + offset, values[i]);
        for (u32 at = 0x200000; at < 0x220000; at += 4)
            write32(PLIC_BASE + at, values[i]);
        for (u32 offset = 0; offset < 0x40; offset += 4)
            write32(RTC_BASE + offset, values[i]);
        for (u32 offset = 1; offset < 8; offset++)
            write8(UART_BASE + offset, (u8)values[i]);
        for (u32 offset = 0; offset < 0x100; offset += 4)
            write32(VIRTIO_BASE + offset, values[i]);
    }
    rtc_clear();
    write8(UART_IER, 0);
    write8(UART_LCR, 3);
    write32(FINISHER_BASE, 0x1234); /* no request that it knows */
    trap_disarm();
}

/* Walks that lead out of memory, at the root and below; the root only for one access. */
static void page_tables_out_of_memory(void)
{
    static const u64 places[] = {NOWHERE,   0x108000000ull, 0x2fffff000ull, 0x3fffff000ull,
                                 PLIC_BASE, UART_BASE,      FINISHER_BASE,  0};
    pte_t *root = sv32_new();

    sv32_map_kernel(root);
    sv32_use(root, 0);
    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        root[sv32_vpn(WINDOW, 1)] = pte_make(places[i], PTE_V);
        sfence_vma();
        attempt(encode_i(OPCODE_LOAD, 2, 10, 5, 0), WINDOW);
        attempt(encode_s(OPCODE_STORE, 2, 5, 10, 0), WINDOW);
        root[sv32_vpn(WINDOW, 1)] = pte_make(places[i] & ~0x3fffffull, PTE_KERNEL_RWX & ~PTE_D);
        sfence_vma();
        attempt(encode_i(OPCODE_LOAD, 2, 10, 5, 4), WINDOW);
        attempt(encode_s(OPCODE_STORE, 2, 5, 10, 4), WINDOW);
    }
    sv32_off();
}

/* A root outside memory: that hart can never fetch again. The others have to go on. */
static void lose_itself(void)
{
    sv32_use((const pte_t *)NOWHERE, 0);
}

static void a_hart_in_an_endless_fault_loop(void)
{
    u32 hart = boot.hart == 0;

    if (hart_count() < 2)
        SKIP("one hart only");
    CHECK_EQ(hart_start(hart, lose_itself), SBI_SUCCESS);
    for (u32 i = 0; i < 10; i++)
        hart_relax();
    sbi_send_ipi(1, hart);
    sbi_remote_sfence(0, SBI_ALL_HARTS, 0, 0xffffffff); /* waits for that hart, too */
}

static void calls_with_garbage(void)
{
    static const u32 extensions[] = {SBI_EXT_BASE, SBI_EXT_TIME, SBI_EXT_IPI,    SBI_EXT_RFENCE,
                                     0x12345678,   0xffffffff,   SBI_EXT_TWOFOLD};
    static const u32 values[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff};
    u32 count = ARRAY_SIZE(values);

    if (runs_natively())
        SKIP("OpenSBI takes some of it at its word");
    for (u32 i = 0; i < ARRAY_SIZE(extensions); i++)
        for (u32 function = 0; function < 8; function++)
            for (u32 j = 0; j < count * count; j++)
                sbi_call(extensions[i], function, values[j % count], values[j / count],
                         values[(j + 1) % count], values[(j + 2) % count], values[j % 3]);
    for (u32 j = 0; j < count * count; j++) {
        sbi_call(SBI_EXT_HSM, HSM_STATUS, values[j % count], values[j / count], 0, 0, 0);
        sbi_call(SBI_EXT_SRST, 1, values[j % count], values[j / count], 0, 0, 0);
    }
    sbi_set_timer(~0ull);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
}

static void debug_console_at_the_edge_of_memory(void)
{
    u32 end = RAM_BASE + fdt_ram_size();
    const u32 ranges[][3] = {{64, end - 4, 0},   {0xffffffff, end - 4, 0},    {64, RAM_BASE, 1},
                             {0xffffffff, 0, 0}, {0xffffffff, 0, 0xffffffff}, {64, UART_BASE, 0}};

    if (runs_natively())
        SKIP("OpenSBI takes it at its word");
    for (u32 i = 0; i < ARRAY_SIZE(ranges); i++)
        for (u32 function = DBCN_WRITE; function <= DBCN_READ; function++)
            CHECK(sbi_call(SBI_EXT_DBCN, function, ranges[i][0], ranges[i][1], ranges[i][2], 0, 0)
                          .error != SBI_SUCCESS,
                  "range %u was taken", i);
}

static void storms(void)
{
    for (u32 i = 0; i < 2000; i++) {
        sbi_set_timer(i % 2 ? 0 : ~0ull);
        sbi_send_ipi(0, SBI_ALL_HARTS);
        plic_claim(plic_context(boot.hart));
        plic_complete(plic_context(boot.hart), i);
        write32(RTC_IRQ_ENABLED, i % 2);
        rtc_set_alarm(i);
    }
    sbi_set_timer(~0ull);
    csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
    rtc_clear();
}

static void wfi_with_interrupts_off(void)
{
    csr_write(sie, BIT(INTERRUPT_TIMER));
    sbi_set_timer(read_time() + TICKS);
    wait_for_interrupt();
    sbi_set_timer(~0ull);
    csr_write(sie, 0);
}

static void all_ones_into_supervisor_csrs(void)
{
    u32 sstatus = csr_read(sstatus);

    csr_write(scounteren, 0xffffffff);
    csr_write(senvcfg, 0xffffffff);
    csr_write(sepc, 0xffffffff);
    csr_write(scause, 0xffffffff);
    csr_write(stval, 0xffffffff);
    csr_write(sie, 0xffffffff);
    csr_write(sie, 0);
    csr_write(sstatus, 0xffffffff & ~SSTATUS_SIE);
    csr_write(sstatus, sstatus);
    csr_write(sip, 0xffffffff);
    csr_write(sip, 0);
    csr_write(senvcfg, 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(hypervisor_registers),
        CASE(every_access_to_every_device),
        CASE(fetches_from_everywhere),
        CASE(garbage_into_every_device_register),
        CASE(page_tables_out_of_memory),
        CASE(calls_with_garbage),
        CASE(debug_console_at_the_edge_of_memory),
        CASE(storms),
        CASE(wfi_with_interrupts_off),
        CASE(all_ones_into_supervisor_csrs),
        CASE(a_hart_in_an_endless_fault_loop),
    };

    return test_run("t_hostile", cases, ARRAY_SIZE(cases));
}
