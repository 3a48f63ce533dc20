/*
 * A guest whose trap handler cannot be fetched: every trap raises the next one, without end. It is
 * to be stopped from outside while others run on. `how=` in its bootargs:
 *   stvec  (default) the trap vector is an address with nothing behind it
 *   paged  the same under paging: the vector is not mapped
 *   satp   the root of the page tables lies outside memory, so nothing at all can be fetched
 */
#include "guest/lib/fdt.h"
#include "guest/lib/printf.h"
#include "guest/lib/string.h"
#include "guest/lib/sv32.h"

#define NOWHERE 0x08000000u

int main(void)
{
    char how[8];
    pte_t *root = sv32_new();

    fdt_bootarg("how", how, sizeof(how));
    printf("t_faultloop: from here on only faults (%s)\n", *how ? how : "stvec");
    csr_write(stvec, NOWHERE);
    if (strcmp(how, "paged") == 0) {
        sv32_map_kernel(root);
        sv32_use(root, 0);
    }
    if (strcmp(how, "satp") == 0)
        sv32_use((const pte_t *)NOWHERE, 0);
    __asm__ volatile("unimp");
    return 1;
}
