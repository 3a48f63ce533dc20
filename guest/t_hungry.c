/*
 * Writes to every page of its RAM, which a VM with lazy memory may have more of than its host. It
 * ends well only where the host has all of it.
 */
#include "guest/lib/boot.h"
#include "guest/lib/fdt.h"
#include "guest/lib/io.h"
#include "guest/lib/printf.h"

int main(void)
{
    u32 first = ALIGN_UP((u32)image_end, PAGE_SIZE), size = fdt_ram_size();
    u32 pages = (RAM_BASE + size - first) / PAGE_SIZE;

    printf("t_hungry: from here on %u pages are taken\n", pages);
    for (u32 i = 0; i < pages; i++) {
        u32 *page = (u32 *)(first + i * PAGE_SIZE);

        /* The device tree is at the end of what it describes. */
        if (fdt_word(page) != FDT_MAGIC)
            *page = i;
    }
    printf("t_hungry: all %u pages were taken\n", pages);
    return 0;
}
