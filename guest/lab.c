/*
 * The guest of docs/two-stage.md: tables at addresses that never change, with one entry for each
 * thing that can happen in a walk, then a keyboard. It stays there to be looked at.
 *
 *   gVA          leaf    leads to gPA   what for
 *   0x00400000   4 KiB   0x80c10000     an ordinary page of the kernel
 *   0x00401000   4 KiB   0x80c11000     a page of U-mode, read and execute
 *   0x00402000   4 KiB   0x80c12000     read only
 *   0x00403000   4 KiB   0x80c13000     A and D are 0
 *   0x00404000   4 KiB   0x80c14000     W without R: reserved
 *   0x00405000   4 KiB   0x40000000     a gPA where there is nothing
 *   0x00406000   -       -              an entry that is not valid
 *   0x00407000   4 KiB   0x80c17000     `f` changes where it leads
 *   0x00800000   4 MiB   0x80c01000     a superpage that is misaligned
 *   0x00c00000   -       0x40000000     a pointer to a table where there is nothing
 *   0x10000000   4 KiB   the same       the UART
 *   0x40000000   4 MiB   0x80c00000     a superpage
 *   0x80400000   4 MiB   the same       the kernel
 *   0x80800000   4 MiB   the same       all of these tables
 *
 * Each word of these pages is its own gPA. Keys: t touches what faults, d stores to 0x00403000, f
 * does without a fence, s has the hypervisor exchange two pages, o powers off.
 */
#include "guest/lib/boot.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/sv32.h"
#include "guest/lib/trap.h"
#include "guest/lib/uart.h"

#define ASID       5u
#define ROOT       0x80800000u
#define LAST       0x80801000u /* the table of level 0 for gVA 0x00400000 and on */
#define LAST_UART  0x80802000u /* the same for 0x10000000 and on                 */
#define PAGES      0x80c10000u
#define PAGE_COUNT 9u
#define PAGE(n)    (PAGES + (n)*PAGE_SIZE)
#define BIG        0x80c00000u
#define KERNEL     0x80400000u
#define NOWHERE    0x40000000u

#define HEAP     0x00400000u
#define GVA(n)   (HEAP + (n)*PAGE_SIZE)
#define BIG_GVA  0x40000000u
#define SKEW_GVA 0x00800000u
#define ORPHANS  0x00c00000u

#define POLL 10000u /* ticks: 1 ms */

static const struct {
    u32 table;
    gva_t gva;
    gpa_t target;
    u32 flags;
} entries[] = {
    {ROOT, HEAP, LAST, PTE_V},
    {ROOT, SKEW_GVA, BIG + PAGE_SIZE, PTE_KERNEL_RW},
    {ROOT, ORPHANS, NOWHERE, PTE_V},
    {ROOT, UART_BASE, LAST_UART, PTE_V},
    {ROOT, BIG_GVA, BIG, PTE_KERNEL_RW},
    {ROOT, KERNEL, KERNEL, PTE_KERNEL_RWX},
    {ROOT, ROOT, ROOT, PTE_KERNEL_RW},
    {LAST, GVA(0), PAGE(0), PTE_KERNEL_RW},
    {LAST, GVA(1), PAGE(1), PTE_USER_RX},
    {LAST, GVA(2), PAGE(2), PTE_KERNEL_RO},
    {LAST, GVA(3), PAGE(3), PTE_V | PTE_R | PTE_W},
    {LAST, GVA(4), PAGE(4), PTE_V | PTE_W | PTE_A | PTE_D},
    {LAST, GVA(5), NOWHERE, PTE_KERNEL_RWX},
    {LAST, GVA(7), PAGE(7), PTE_KERNEL_RW},
    {LAST_UART, UART_BASE, UART_BASE, PTE_KERNEL_RW},
};

static void build_tables(void)
{
    for (u32 i = 0; i < ARRAY_SIZE(entries); i++) {
        pte_t *table = (pte_t *)entries[i].table;

        table[sv32_vpn(entries[i].gva, entries[i].table == ROOT)] =
            pte_make(entries[i].target, entries[i].flags);
    }
    for (u32 gpa = PAGE(0); gpa < PAGE(PAGE_COUNT); gpa += sizeof(u32))
        write32(gpa, gpa);
    write32(BIG, BIG);
}

/* ---- t: accesses that fault, and what the guest is told of each. ---- */

static void touch(char kind, gva_t gva)
{
    struct trap_seen seen;

    trap_arm();
    if (kind == 'r')
        read32(gva);
    else if (kind == 'w')
        write32(gva, 0);
    else
        ((void (*)(void))gva)();
    seen = trap_disarm();
    printf("lab: %s 0x%08x: cause %u, stval 0x%08x\n",
           kind == 'r'   ? "load from"
           : kind == 'w' ? "store to"
                         : "fetch from",
           gva, seen.cause, seen.value);
}

static void touch_all(void)
{
    touch('r', GVA(6));
    touch('w', GVA(2));
    touch('x', GVA(0));
    touch('r', SKEW_GVA);
    touch('r', GVA(5));
    touch('w', GVA(5));
    touch('x', GVA(5));
    touch('r', ORPHANS);
}

/* ---- f: an entry is changed while the TLB may hold what it was. ---- */

static void change_without_fence(void)
{
    pte_t *entry = &((pte_t *)LAST)[sv32_vpn(GVA(7), 0)];
    const pte_t old = *entry;
    u32 before, unfenced, fenced;

    before = read32(GVA(7));
    *(volatile pte_t *)entry = pte_make(PAGE(8), PTE_KERNEL_RW);
    unfenced = read32(GVA(7));
    sfence_vma_page(GVA(7));
    fenced = read32(GVA(7));
    *(volatile pte_t *)entry = old;
    sfence_vma_page(GVA(7));
    printf("lab: gVA 0x%08x leads to gPA 0x%08x; then the entry is changed to 0x%08x:\n", GVA(7),
           before, PAGE(8));
    printf("lab: a load finds 0x%08x, and 0x%08x after SFENCE.VMA\n", unfenced, fenced);
}

/* ---- s: below the guest, the host pages of two of its pages change places. ---- */

static void swap(void)
{
    struct sbiret ret = sbi_call(SBI_EXT_TWOFOLD, TWOFOLD_SWAP, PAGE(0), PAGE(1), 0, 0, 0);

    if (ret.error)
        printf("lab: nobody exchanges pages here: not in a VM, or one without `debug`\n");
    else
        printf("lab: gVA 0x%08x holds 0x%08x now\n", GVA(0), read32(GVA(0)));
}

static void sleep_for(u64 ticks)
{
    u64 end = read_time() + ticks;

    sbi_set_timer(end);
    while (read_time() < end)
        wait_for_interrupt();
}

static char read_key(void)
{
    while (!(read8(UART_LSR) & LSR_DATA_READY))
        sleep_for(POLL);
    return (char)read8(UART_RBR);
}

int main(void)
{
    interrupts_off();
    csr_set(sie, BIT(INTERRUPT_TIMER));
    build_tables();
    sv32_use((const pte_t *)ROOT, ASID);
    printf("lab: ready, root at gPA 0x%08x, satp = 0x%08x\n", ROOT, csr_read(satp));
    for (;;) {
        switch (read_key()) {
        case 't':
            touch_all();
            break;
        case 'd':
            write32(GVA(3), PAGE(3));
            printf("lab: stored\n");
            break;
        case 'f':
            change_without_fence();
            break;
        case 's':
            swap();
            break;
        case 'o':
            return 0;
        }
    }
}
