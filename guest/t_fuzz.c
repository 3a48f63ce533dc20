/*
 * Random instructions in U-mode, in the reach of nothing but device registers: whatever they are,
 * each ends in the guest's hands again, by a trap or by the timer.
 */
#include "guest/lib/insn.h"
#include "guest/lib/io.h"
#include "guest/lib/random.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"
#include "guest/lib/test.h"

#define NOWHERE    0x08000000u
#define WINDOW     0x40000000u
#define TICKS      20000u /* 2 ms of `time` */
#define FUZZ_COUNT 20000u

static u32 slot[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

/* Mostly loads, stores, AMOs and system instructions; the rest anything at all. */
static u32 random_instruction(void)
{
    static const u8 opcodes[] = {OPCODE_LOAD,     OPCODE_STORE, OPCODE_AMO,   OPCODE_LOAD_FP,
                                 OPCODE_STORE_FP, OPCODE_LOAD,  OPCODE_STORE, OPCODE_SYSTEM};
    u32 bits = random_word(), choice = random_word() % 12;

    if (choice < ARRAY_SIZE(opcodes))
        return (bits & ~0x7fu) | opcodes[choice];
    return choice == 8 ? bits : bits & ~3u; /* the latter: compressed loads and stores */
}

static void random_instructions(void)
{
    static const u32 devices[] = {RTC_BASE,    PLIC_BASE, PLIC_BASE + 0x2000, PLIC_BASE + 0x201000,
                                  VIRTIO_BASE, NOWHERE};
    struct insn_run insn = {.slot = slot + 512, .pc = WINDOW + 2048};
    pte_t *root = sv32_new();

    sv32_map_kernel(root);
    sv32_map(root, WINDOW, (u32)slot, SV32_4K, PTE_USER_RX);
    for (u32 i = 0; i < ARRAY_SIZE(devices); i++)
        sv32_map(root, WINDOW + (i + 1) * PAGE_SIZE, devices[i], SV32_4K, PTE_USER_RW);
    sv32_use(root, 0);
    csr_write(sie, BIT(INTERRUPT_TIMER)); /* ends what loops */
    for (u32 i = 0; i < FUZZ_COUNT; i++) {
        insn_prepare(&insn, 0);
        for (u32 x = 1; x < 32; x++)
            if (random_word() % 4)
                insn.frame.x[x] = WINDOW + PAGE_SIZE * (1 + random_word() % ARRAY_SIZE(devices)) +
                                  random_word() % 64;
        sbi_set_timer(read_time() + TICKS);
        insn_execute(&insn, random_instruction());
        CHECK((insn.frame.sstatus & SSTATUS_SPP) == 0, "instruction %u left U-mode", i);
    }
    sbi_set_timer(~0ull);
    csr_write(sie, 0);
    sv32_off();
}

int main(void)
{
    static const struct test_case cases[] = {CASE(random_instructions)};

    return test_run("t_fuzz", cases, ARRAY_SIZE(cases));
}
