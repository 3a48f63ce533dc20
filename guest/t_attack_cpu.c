/*
 * An attack by instructions: any CSR, any instruction, any sequence of them, and faults one after
 * the other. See guest/lib/attack.h for its bootargs.
 */
#include "guest/lib/attack.h"
#include "guest/lib/boot.h"
#include "guest/lib/hart.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"

/*
 * Virtual addresses: the page that the instruction is in, then data and devices. Nothing else but
 * the kernel is mapped, so nothing else is hit.
 */
#define WINDOW 0x40000000u

#define SEQUENCE 24u /* words of code that are random at once */

#define CSR_SATP  0x180u
#define CSR_COUNT 4096u

static u32 slot[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));
static pte_t *root;
static u32 window_pages;

/* `code` are the rights to the page of code; data is for the same mode. */
static void map_window(u32 code)
{
    static const u32 places[] = {
        PLAYGROUND, PLAYGROUND + PAGE_SIZE, RTC_BASE,    PLIC_BASE,
        NOWHERE,    PLIC_BASE + 0x2000,     VIRTIO_BASE, PLIC_BASE + 0x201000};
    u32 data = (PTE_KERNEL_RW & ~PTE_U) | (code & PTE_U);

    sv32_map(root, WINDOW, (u32)slot, SV32_4K, code);
    for (u32 i = 0; i < ARRAY_SIZE(places); i++)
        sv32_map(root, WINDOW + (i + 1) * PAGE_SIZE, places[i], SV32_4K, data);
    window_pages = ARRAY_SIZE(places);
    sv32_use(root, random_word() % 512);
    for (u32 i = 0; i < ARRAY_SIZE(slot); i++)
        slot[i] = EBREAK;
}

static u32 random_data_address(void)
{
    return WINDOW + PAGE_SIZE * (1 + random_word() % window_pages) + random_word() % 256;
}

static void prepare(struct insn_run *insn, u32 mode)
{
    insn_prepare(insn, mode);
    for (u32 x = 1; x < 32; x++)
        insn->frame.x[x] = random_data_address();
}

/* ---- CSRs ---- */

/* Half of them where supervisors and hypervisors have theirs. */
static u32 random_csr(void)
{
    static const u16 blocks[] = {0x100, 0x140, 0x180, 0x200, 0x240, 0x280, 0x600, 0x640,
                                 0x680, 0x000, 0xc00, 0xe00, 0x5c0, 0xdb0, 0x380, 0x780};

    return random_word() % 2 ? random_word() % CSR_COUNT
                             : (u32)RANDOM_ONE_OF(blocks) + random_word() % 64;
}

/* What is written to satp turns paging off, where this kernel goes on; no bits are set in it. */
static u32 csr_operand(u32 csr)
{
    return csr == CSR_SATP ? attack_value() & ~SATP_SV32 : attack_value();
}

static u32 csr_operation(u32 csr)
{
    return csr == CSR_SATP ? 1 : 1 + random_word() % 3 + (random_word() & 4);
}

/*
 * Does something to the CSR and writes back what it was, in three instructions in a row: a CSR that
 * would end this guest is right again before anything looks at it.
 */
static void one_csr(u32 mode)
{
    struct insn_run insn = {.slot = slot, .pc = mode ? (gva_t)slot : WINDOW};
    u32 csr = random_csr(), operand = random_word() % 4 ? 11 : random_word() % 32;

    insn_prepare(&insn, mode);
    insn.frame.sstatus &= ~SSTATUS_SPIE; /* no interrupt in between */
    insn.frame.sepc = insn.pc;
    for (u32 x = 1; x < 32; x++)
        insn.frame.x[x] = csr_operand(csr);
    slot[0] = encode_csrr(10, csr);
    slot[1] = encode_i(OPCODE_SYSTEM, csr_operation(csr), 12, operand, (s32)csr);
    slot[2] = encode_csrw(csr, 10);
    slot[3] = EBREAK;
    __asm__ volatile("fence.i" : : : "memory");
    run_until_trap(&insn.frame);
    CHECK(insn.frame.sepc - insn.pc <= 12, "CSR %03x: stopped at %08x, cause %u", csr,
          insn.frame.sepc, insn.frame.scause);
}

static void csrs(void)
{
    u32 satp;

    map_window(PTE_USER_RX);
    satp = csr_read(satp);
    while (attack_goes_on())
        one_csr(random_word() % 4 ? SSTATUS_SPP : 0);
    CHECK_EQ(csr_read(satp), satp);
    CHECK_EQ(csr_read(stvec), trap_vector);
    CHECK_EQ(csr_read(sscratch), 0);
    sbi_set_timer(~0ull);
    csr_write(sie, 0);
    csr_write(sip, 0);
}

/* ---- Instructions ---- */

static u32 random_instruction(void)
{
    static const u8 opcodes[] = {OPCODE_LOAD,    OPCODE_STORE,    OPCODE_AMO,
                                 OPCODE_LOAD_FP, OPCODE_STORE_FP, OPCODE_SYSTEM};
    u32 bits = random_word();

    switch (random_word() % 4) {
    case 0:
        return bits;
    case 1:
        return bits & ~3u; /* compressed loads and stores, and what is none of either */
    default:
        return (bits & ~0x7fu) | RANDOM_ONE_OF(opcodes);
    }
}

/* Reads or writes a CSR, or calls the SBI: attacks of their own, which know how to come back. */
static bool is_elsewhere(u32 bits)
{
    return (bits & 0x7f) == OPCODE_SYSTEM && ((bits >> 12 & 3) != 0 || bits >> 7 == 0);
}

static void kernel_instructions(void)
{
    struct insn_run insn = {.slot = slot + 512, .pc = WINDOW + 2048};

    map_window(PTE_USER_RX & ~PTE_U);
    while (attack_goes_on()) {
        u32 bits = random_instruction();
        if (is_elsewhere(bits))
            continue;
        prepare(&insn, SSTATUS_SPP);
        attack_leash();
        insn_execute(&insn, bits);
        slot[512] = slot[513] = slot[514] = EBREAK;
    }
    attack_unleash();
}

static void user_programs(void)
{
    struct trap_frame *frame;
    struct insn_run insn;

    map_window(PTE_USER_RX);
    frame = &insn.frame;
    while (attack_goes_on()) {
        u32 start = random_word() % (ARRAY_SIZE(slot) - SEQUENCE);
        for (u32 i = 0; i < SEQUENCE; i++)
            slot[start + i] = random_instruction();
        __asm__ volatile("fence.i" : : : "memory");
        prepare(&insn, 0);
        frame->sepc = WINDOW + start * 4;
        attack_leash();
        run_until_trap(frame);
        CHECK((frame->sstatus & SSTATUS_SPP) == 0, "U-mode was left, at %08x", frame->sepc);
    }
    attack_unleash();
}

/* ---- Faults, as many as there is time for. ---- */

static void faults(void)
{
    const u32 kinds[] = {
        0,
        EBREAK,
        encode_i(OPCODE_LOAD, 2, 10, 0, 0),
        encode_s(OPCODE_STORE, 2, 5, 10, 0),
        encode_i(OPCODE_LOAD, 2, 10, 10, 0),
        encode_r(OPCODE_AMO, 2, 2 << 2, 10, 10, 0),  /* lr.w */
        encode_r(OPCODE_SYSTEM, 0, 0x31, 0, 0, 0),   /* hfence.gvma */
        encode_r(OPCODE_SYSTEM, 4, 0x34, 10, 10, 0), /* hlv.w */
        encode_r(OPCODE_SYSTEM, 0, 0x18, 0, 0, 2),   /* mret */
        encode_csrr(10, 0x600),                      /* hstatus */
        encode_csrr(10, 0x300),                      /* mstatus */
    };
    struct insn_run insn = {.slot = slot, .pc = (gva_t)slot};

    map_window(PTE_USER_RX);
    while (attack_goes_on()) {
        insn_prepare(&insn, random_word() % 2 ? SSTATUS_SPP : 0);
        insn.pc = insn.frame.sstatus & SSTATUS_SPP ? (gva_t)slot : WINDOW;
        insn.frame.x[5] = random_data_address();
        insn.frame.x[10] = attack_value() | 3;
        attack_insn(&insn, RANDOM_ONE_OF(kinds));
    }
}

int main(void)
{
    static const struct test_case attacks[] = {CASE(csrs), CASE(kernel_instructions),
                                               CASE(user_programs), CASE(faults)};

    attack_begin("t_attack_cpu");
    root = sv32_new();
    sv32_map_kernel(root);
    return attack_rounds(attacks, ARRAY_SIZE(attacks));
}
