/*
 * Writes to every page of its RAM, which a VM with lazy memory may have more of than its host. It
 * ends well only where the host has all of it. With `how=sbi` in its bootargs it does not write
 * itself, but asks for its stolen time there (SBI STA), whatever the answer.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/io.h"
#include "guest/lib/printf.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"

static void take(u32 *page, u32 value, bool by_sbi)
{
    if (by_sbi)
        sbi_call(SBI_EXT_STA, 0, (u32)page, 0, 0, 0, 0);
    else
        *page = value;
}

int main(void)
{
    char how[8];
    bool by_sbi;
    u32 first = ALIGN_UP((u32)image_end, PAGE_SIZE), size = fdt_ram_size();
    u32 pages = (RAM_BASE + size - first) / PAGE_SIZE;

    fdt_bootarg("how", how, sizeof(how));
    by_sbi = !strcmp(how, "sbi");
    printf("t_hungry: from here on %u pages are taken\n", pages);
    for (u32 i = 0; i < pages; i++) {
        u32 *page = (u32 *)(first + i * PAGE_SIZE);

        /* The device tree is at the end of what it describes. */
        if (fdt_word(page) != FDT_MAGIC)
            take(page, i, by_sbi);
    }
    printf("t_hungry: all %u pages were taken\n", pages);
    return 0;
}
