#include "guest/lib/sv32.h"
#include "guest/lib/boot.h"
#include "guest/lib/io.h"
#include "guest/lib/string.h"

#define POOL_PAGES 128

static u8 pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u32 pool_used;

void *page_alloc(void)
{
    if (pool_used == POOL_PAGES)
        return NULL;
    return memset(pool[pool_used++], 0, PAGE_SIZE);
}

pte_t *sv32_new(void)
{
    return page_alloc();
}

/* The level-0 table that `entry` of a root leads to, made when there is none. */
static pte_t *next_table(pte_t *entry)
{
    if (!(*entry & PTE_V)) {
        void *table = page_alloc();
        if (!table)
            return NULL;
        *entry = pte_make((u32)table, PTE_V);
    }
    return (pte_t *)(u32)pte_address(*entry);
}

pte_t *sv32_map(pte_t *root, gva_t va, gpa_t gpa, int level, u32 flags)
{
    pte_t *entry = &root[sv32_vpn(va, 1)];

    if (level == SV32_4K) {
        pte_t *table = next_table(entry);
        if (!table)
            return NULL;
        entry = &table[sv32_vpn(va, 0)];
    }
    *entry = pte_make(gpa, flags);
    return entry;
}

bool sv32_map_kernel(pte_t *root)
{
    static const gva_t devices[] = {FINISHER_BASE, RTC_BASE, UART_BASE, VIRTIO_BASE};

    for (u32 i = 0; i < ARRAY_SIZE(devices); i++)
        if (!sv32_map(root, devices[i], devices[i], SV32_4K, PTE_KERNEL_RW))
            return false;
    sv32_map(root, PLIC_BASE, PLIC_BASE, SV32_4M, PTE_KERNEL_RW);
    gva_t tree = ALIGN_DOWN((gva_t)boot.fdt, SUPERPAGE_SIZE);
    sv32_map(root, tree, tree, SV32_4M, PTE_KERNEL_RO);
    gva_t kernel = ALIGN_DOWN((gva_t)image_start, SUPERPAGE_SIZE);
    return sv32_map(root, kernel, kernel, SV32_4M, PTE_KERNEL_RWX) != NULL;
}
