/*
 * An attack by addresses: any access to any device, and page tables that lead anywhere. See
 * guest/lib/attack.h for its bootargs.
 */
#include "guest/lib/attack.h"
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/hart.h"
#include "guest/lib/plic.h"
#include "guest/lib/rtc.h"
#include "guest/lib/sv32.h"
#include "guest/lib/uart.h"

#define WINDOW 0x40000000u /* U-mode's view of the instruction */
#define TABLES 16u /* second-level tables, in the playground: leaves may lead to them, too */

#define ROOT_ENTRY(va) ((va) >> 22)

static u32 slot[PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));
static pte_t *root;
static pte_t window_leads_to;
static u32 ram_end;

/* ---- Devices ---- */

/* A device, a hole or an edge of RAM, and how many bytes from there on are of interest. */
static const struct place {
    u32 base, size;
} places[] = {
    {FINISHER_BASE, 16},
    {FINISHER_BASE, PAGE_SIZE},
    {RTC_BASE, 0x28},
    {RTC_BASE, PAGE_SIZE},
    {PLIC_BASE, 0x200},
    {PLIC_BASE + 0x1000, 0x20},
    {PLIC_BASE + 0x2000, 0x800},
    {PLIC_BASE + 0x200000, 0x10000},
    {PLIC_BASE, 0x1000000},
    {UART_BASE + 1, 7},
    {UART_BASE + 1, PAGE_SIZE},
    {VIRTIO_BASE, 0x8100},
    {NOWHERE, 0x1000000},
    {0, 0x2000},
    {0xffffffe0, 32},
    {RAM_BASE - 16, 32},
};

/* Anything but what the finisher would take for a wish to end. */
static u32 data_for(u32 address)
{
    u32 data = attack_value();
    bool ends = (data & 0xffff) == 0x5555 || (data & 0xffff) == 0x7777 || (data & 0xffff) == 0x3333;

    return address >> PAGE_SHIFT == FINISHER_BASE >> PAGE_SHIFT && ends ? 0x12345678 : data;
}

static void quieten_devices(void)
{
    trap_arm();
    for (u32 context = 0; context < 2 * MAX_HARTS; context++)
        for (u32 word = 0; word < 3; word++)
            write32(PLIC_BASE + 0x2000 + 0x80 * context + 4 * word, 0);
    rtc_clear();
    write8(UART_LCR, 3);
    write8(UART_IER, 0);
    write8(UART_MCR, 0);
    trap_disarm();
}

static void devices(void)
{
    struct insn_run insn = {.slot = slot, .pc = (gva_t)slot};

    sv32_off();
    while (attack_goes_on()) {
        const struct place *place = &RANDOM_ONE_OF(places);
        u32 address = place->base + random_word() % place->size;
        attack_prepare_access(&insn, SSTATUS_SPP, address, data_for(address));
        attack_insn(&insn, attack_access());
    }
    quieten_devices();
}

/* Accesses around the end of RAM, and fetches from where nothing can be fetched. */
static void edges(void)
{
    static const u32 nowhere_to_run[] = {NOWHERE, FINISHER_BASE, RTC_BASE,   PLIC_BASE,
                                         0,       UART_BASE,     0xfffffffc, VIRTIO_BASE};
    struct insn_run insn = {.slot = slot};

    sv32_off();
    while (attack_goes_on()) {
        u32 address = ram_end - 16 + random_word() % 32;
        insn.pc = (gva_t)slot;
        attack_prepare_access(&insn, SSTATUS_SPP, address, attack_value());
        attack_insn(&insn, attack_access());
        insn.pc = RANDOM_ONE_OF(nowhere_to_run) & ~3u;
        insn_prepare(&insn, SSTATUS_SPP);
        attack_insn(&insn, 0);
    }
}

/* ---- Page tables ---- */

/* Does this entry lead into the 4 MiB of this guest's image? */
static bool is_image(pte_t pte)
{
    return pte >> 20 == ROOT_ENTRY((u32)image_start);
}

static u32 table_address(void)
{
    return PLAYGROUND + random_word() % TABLES * PAGE_SIZE;
}

static gpa_t random_target(void)
{
    static const u64 targets[] = {
        0,           NOWHERE,        0x100000000ull, 0x10c000000ull, 0x110000000ull,
        0x180400000, 0x2fffff000ull, 0x3fffff000ull, PLIC_BASE,      UART_BASE,
        RTC_BASE,    FINISHER_BASE,  VIRTIO_BASE,    RAM_BASE,       0x380000000ull};

    switch (random_word() % 4) {
    case 0:
        return table_address();
    case 1:
        return PLAYGROUND + (random_word() % PLAYGROUND_SIZE & ~(PAGE_SIZE - 1));
    case 2:
        return ram_end - PAGE_SIZE + random_word() % 2 * PAGE_SIZE;
    default:
        return RANDOM_ONE_OF(targets);
    }
}

/* Any entry; with `table`, rather one that leads to a table. */
static pte_t random_entry(bool table)
{
    u32 flags = random_word() & 0x3ff;
    pte_t pte;

    if (table && random_word() % 2)
        flags = PTE_V;
    else if (random_word() % 2)
        flags |= PTE_V | PTE_R;
    pte = random_word() % 8 ? pte_make(random_target(), flags) : random_word();
    return is_image(pte) ? pte_make(table_address(), PTE_V) : pte;
}

/* The kernel's own entry and U-mode's code stay; all else is new. */
static void scramble_tables(void)
{
    for (u32 i = 0; i < PAGE_SIZE / 4; i++)
        if (i != ROOT_ENTRY((u32)image_start) && i != ROOT_ENTRY(WINDOW))
            root[i] = random_word() % 16 ? random_entry(true) : pte_make((u32)root, PTE_V);
    for (u32 i = 0; i < TABLES * PAGE_SIZE; i += 4)
        *(u32 *)(PLAYGROUND + i) = random_entry(false);
    root[ROOT_ENTRY(WINDOW)] = window_leads_to;
    sv32_use(root, random_word() % 512);
}

/*
 * Not into the image nor across its edge; nor by the image's entry as a last one, to which a root
 * that leads to itself would take it.
 */
static gva_t random_va(void)
{
    u32 index = ROOT_ENTRY((u32)image_start) & ~1u;

    for (;;) {
        gva_t va = random_word();
        if ((ROOT_ENTRY(va) & ~1u) != index && (va >> PAGE_SHIFT & 0x3fe) != index)
            return va;
    }
}

static void access_somewhere(void)
{
    struct insn_run insn = {.slot = slot};
    u32 mode = random_word() % 2 ? SSTATUS_SPP : 0;

    insn.pc = mode ? (gva_t)slot : WINDOW;
    attack_prepare_access(&insn, mode, random_va(), attack_value());
    insn.frame.sstatus |= random_word() & (SSTATUS_SUM | SSTATUS_MXR);
    attack_insn(&insn, attack_access());
}

/* U-mode goes there; what it finds to execute is anything. */
static void run_somewhere(void)
{
    struct trap_frame frame = {.sstatus = SSTATUS_SPIE | SSTATUS_FS, .sepc = random_va() & ~1u};

    for (u32 x = 1; x < 32; x++)
        frame.x[x] = random_va();
    attack_leash();
    run_until_trap(&frame);
    attack_unleash();
}

/* With a fence or without. */
static void change_a_table(void)
{
    root[random_word() % 256] = random_entry(true); /* below WINDOW */
    if (random_word() % 2)
        sfence_vma();
}

static void page_tables(void)
{
    while (attack_goes_on()) {
        csr_write(satp, 0);
        scramble_tables();
        for (u32 i = 0; i < 500 && attack_goes_on(); i++) {
            access_somewhere();
            if (i % 8 == 0)
                run_somewhere();
            if (i % 16 == 0)
                change_a_table();
        }
    }
    sv32_off();
    quieten_devices();
}

int main(void)
{
    static const struct test_case attacks[] = {CASE(devices), CASE(edges), CASE(page_tables)};

    attack_begin("t_attack_memory");
    ram_end = RAM_BASE + fdt_ram_size();
    root = sv32_new();
    sv32_map_kernel(root);
    sv32_map(root, WINDOW, (u32)slot, SV32_4K, PTE_USER_RX);
    window_leads_to = root[ROOT_ENTRY(WINDOW)];
    return attack_rounds(attacks, ARRAY_SIZE(attacks));
}
