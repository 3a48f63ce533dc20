/*
 * A guest whose tables are made to keep the monitor busy, or to send it in circles; it then stands
 * still to be looked at. `how=` in its bootargs:
 *   storm  every entry of the root leads to one table, whose neighbours never go to neighbours: a
 *          million pages, and none like the one before
 *   self   every entry of the root leads to the root
 *   void   every entry of the root leads to a table where there is no memory
 * The kernel keeps its superpage, or nothing would run.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/io.h"
#include "guest/lib/printf.h"
#include "guest/lib/string.h"
#include "guest/lib/sv32.h"

#define NOWHERE 0x40000000u

static pte_t root[SV32_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static pte_t table[SV32_ENTRIES] __attribute__((aligned(PAGE_SIZE)));

static void fill_table(void)
{
    for (u32 i = 0; i < SV32_ENTRIES; i++)
        table[i] = pte_make(RAM_BASE + (i % 2 ? MIB(8) : MIB(12)) + i * PAGE_SIZE, PTE_USER_RW);
}

static void fill_root(u32 target)
{
    for (u32 i = 0; i < SV32_ENTRIES; i++)
        root[i] = pte_make(target, PTE_V);
    sv32_map(root, ALIGN_DOWN((u32)image_start, SUPERPAGE_SIZE),
             ALIGN_DOWN((u32)image_start, SUPERPAGE_SIZE), SV32_4M, PTE_KERNEL_RWX);
}

int main(void)
{
    char how[8];

    fdt_bootarg("how", how, sizeof(how));
    fill_table();
    fill_root(strcmp(how, "self") == 0   ? (u32)root
              : strcmp(how, "void") == 0 ? NOWHERE
                                         : (u32)table);
    interrupts_off();
    csr_write(sie, 0);
    sv32_use(root, 0);
    printf("t_tables: laid (%s)\n", how);
    for (;;)
        wait_for_interrupt();
}
