/*
 * An attack without a way back: all harts but one run random code in S-mode, with page tables and
 * a trap vector of their own making, and are lost. The one that keeps its wits drives them on by
 * IPIs and fences, and resets the machine when they have had their time. See guest/lib/attack.h for
 * its bootargs; a dose is a life. What such a machine does is its own affair: it may also end
 * early.
 */
#include "guest/lib/attack.h"
#include "guest/lib/boot.h"
#include "guest/lib/crew.h"
#include "guest/lib/fdt.h"
#include "guest/lib/lives.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/sv32.h"

/*
 * What a wild hart sees: a page with its trap handler, pages of code, which it may write, pages of
 * data, and devices. Of the kernel nothing but the page that leads there.
 */
#define WILD       0x40000000u
#define CODE_PAGES 4u
#define CODE       (WILD + PAGE_SIZE)
#define DATA       (CODE + CODE_PAGES * PAGE_SIZE)
#define DATA_PAGES 4u
#define DEVICES    (DATA + DATA_PAGES * PAGE_SIZE)

#define HART_MEMORY 0x10000u /* of the playground, for each hart */

/*
 * The trap handler: goes on behind what trapped, but inside the code. Registers may be lost.
 *     csrr t0, sepc; addi t0, t0, 4; slli t0, t0, 18; srli t0, t0, 18; lui t1, CODE
 *     or t0, t0, t1; csrw sepc, t0; sret
 */
static const u32 handler[] = {0x141022f3, 0x00428293, 0x01229293, 0x0122d293,
                              0x40001337, 0x0062e2b3, 0x14129073, 0x10200073};

static u32 seed_of_life;

/*
 * From the kernel to a wild hart, with all its registers from the 32 words at `registers`. In a
 * page of its own, which both address spaces have at the same place.
 */
void go_wild(u32 satp, u32 stvec, u32 entry, gva_t registers);
__asm__(
    ".balign 4096\n"
    "go_wild:\n"
    "csrw    satp, a0\n"
    "sfence.vma\n"
    "csrw    stvec, a1\n"
    "csrw    sepc, a2\n"
    "mv      x31, a3\n"
    ".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "lw      x\\n, (\\n*4)(x31)\n"
    ".endr\n"
    "sret\n"
    ".balign 4096\n");

/* ---- A wild hart ---- */

static u32 wild_instruction(u32 *state)
{
    static const u8 opcodes[] = {OPCODE_LOAD,   OPCODE_STORE, OPCODE_AMO, OPCODE_SYSTEM,
                                 OPCODE_SYSTEM, 0x13,         0x33,       0x63};
    u32 word = random_next(state), choice = random_next(state) % 16;

    if (choice == 0)
        return 0x73; /* ecall */
    return choice < 3 ? word : (word & ~0x7fu) | opcodes[choice % ARRAY_SIZE(opcodes)];
}

/* Addresses of its own, and numbers of SBI extensions where those belong, a7. */
static u32 wild_register(u32 number, u32 *state)
{
    static const u32 extensions[] = {SBI_EXT_HSM,  SBI_EXT_RFENCE, SBI_EXT_IPI,     SBI_EXT_TIME,
                                     SBI_EXT_BASE, SBI_EXT_DBCN,   LEGACY_SEND_IPI, SBI_EXT_STA};
    u32 word = random_next(state);

    if (number == REG_A7)
        return extensions[word % ARRAY_SIZE(extensions)];
    return word % 4 ? DATA + word % (DATA_PAGES * PAGE_SIZE) : word % 8;
}

static void map_wild(pte_t *root, pte_t *table, u32 code, u32 data)
{
    static const u32 devices[] = {RTC_BASE, PLIC_BASE,  PLIC_BASE + 0x2000, PLIC_BASE + 0x201000,
                                  NOWHERE,  VIRTIO_BASE};
    u32 page = 0;

    root[sv32_vpn(WILD, 1)] = pte_make((u32)table, PTE_V);
    for (; page <= CODE_PAGES; page++)
        table[page] = pte_make(code + page * PAGE_SIZE, PTE_KERNEL_RWX);
    for (u32 i = 0; i < DATA_PAGES; i++)
        table[page++] = pte_make(data + i * PAGE_SIZE, PTE_KERNEL_RW);
    for (u32 i = 0; i < ARRAY_SIZE(devices); i++)
        table[page++] = pte_make(devices[i], PTE_KERNEL_RW);
}

/* The page of go_wild, by a table of its own. */
static void map_bridge(pte_t *root, pte_t *table)
{
    gva_t bridge = (gva_t)go_wild;

    root[sv32_vpn(bridge, 1)] = pte_make((u32)table, PTE_V);
    table[sv32_vpn(bridge, 0)] = pte_make(bridge, PTE_V | PTE_R | PTE_X | PTE_A);
}

static void lose_oneself(void)
{
    u32 id = this_hart()->id, state = random_mix(seed_of_life, id);
    u32 memory = PLAYGROUND + id * HART_MEMORY, code = memory + 3 * PAGE_SIZE;
    u32 data = code + (1 + CODE_PAGES) * PAGE_SIZE;
    pte_t *root = (pte_t *)memory;

    memset(root, 0, HART_MEMORY);
    map_bridge(root, root + 1024);
    map_wild(root, root + 2048, code, data);
    memcpy((void *)code, handler, sizeof(handler));
    for (u32 at = code + PAGE_SIZE; at < data; at += 4)
        *(u32 *)at = wild_instruction(&state);
    for (u32 i = 0; i < 32; i++)
        ((u32 *)data)[i] = wild_register(i, &state);
    crew_alive[id] = 1;
    /* Some have nothing that a trap could go to: they fault for ever. */
    u32 stvec = random_next(&state) % 4 ? WILD : random_next(&state) & ~3u;
    csr_write(sstatus, SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_FS | SSTATUS_SUM);
    csr_write(sie, random_next(&state));
    go_wild(sv32_satp(root, id), stvec, CODE + random_next(&state) % PAGE_SIZE * 2, DATA);
}

/* Its root is no memory: not even the first instruction can be fetched. */
static void lose_all_memory(void)
{
    crew_alive[this_hart()->id] = 1;
    csr_write(satp, SATP_SV32 | NOWHERE >> PAGE_SHIFT);
    sfence_vma();
}

/* ---- The hart that keeps its wits ---- */

static void drive_on(void)
{
    u32 harts = hart_count();
    u64 time = read_time();

    while (attack_goes_on()) {
        u32 hart = random_word() % harts;
        if (sbi_hart_status(hart).value == HART_STOPPED)
            hart_start(hart, random_word() % 8 ? lose_oneself : lose_all_memory);
        sbi_send_ipi(random_word(), 0);
        sbi_remote_sfence(random_word(), 0, attack_value(), attack_value());
        csr_clear(sip, BIT(INTERRUPT_SOFTWARE));
        hart_relax();
        CHECK(read_time() > time, "time stands still");
        time = read_time();
    }
    CHECK_EQ(sbi_hart_status(boot.hart).value, HART_STARTED);
}

int main(void)
{
    static const struct test_case life = CASE(drive_on);

    attack_begin("t_attack_wild");
    if (!attack_next_round())
        return test_end();
    seed_of_life = random_word();
    attack_start_dose();
    test_one(&life);
    if (test_end() != 0)
        return 1;
    printf("t_attack_wild: the end of this life\n");
    lives_next(
        (enum reset_type[]){SBI_SHUTDOWN, SBI_COLD_REBOOT, SBI_WARM_REBOOT}[random_word() % 3]);
}
