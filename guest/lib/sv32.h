/*
 * Sv32 page tables of the guest: the VS-stage when it runs in a VM, the only stage when it runs
 * natively; the same code. The library itself must stay mapped at its physical address.
 */
#ifndef GUEST_SV32_H
#define GUEST_SV32_H

#include "arch/sv32.h"
#include "guest/lib/csr.h"

/* Rights with A and D set in advance, so that no hardware needs to write the entry. */
#define PTE_KERNEL_RWX (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define PTE_KERNEL_RW  (PTE_V | PTE_R | PTE_W | PTE_A | PTE_D)
#define PTE_KERNEL_RO  (PTE_V | PTE_R | PTE_A)
#define PTE_USER_RX    (PTE_V | PTE_R | PTE_X | PTE_U | PTE_A)
#define PTE_USER_RW    (PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D)

enum { SV32_4K = 0, SV32_4M = 1 }; /* the level of a leaf */

/* A zeroed page of the guest's own pool, or NULL. There is no way to give it back. */
void *page_alloc(void);

/* A new root table. Returns NULL when there is no page. */
pte_t *sv32_new(void);

/*
 * Sets the leaf at `level` for `va`: maps, remaps, or unmaps (flags 0). `gpa` has 34 bits. The
 * caller fences. Returns the entry, or NULL when there is no page for a table.
 */
pte_t *sv32_map(pte_t *root, gva_t va, gpa_t gpa, int level, u32 flags);

/*
 * Maps the kernel (4 MiB, RWX), the device tree (4 MiB, read) and the device registers at their
 * physical addresses. Returns false when there is no page for a table.
 */
bool sv32_map_kernel(pte_t *root);

static inline u32 sv32_satp(const pte_t *root, u32 asid)
{
    return SATP_SV32 | asid << SATP_ASID_SHIFT | (u32)root >> PAGE_SHIFT;
}

/* Turns paging on with `root`, or to another root; everything cached is forgotten. */
static inline void sv32_use(const pte_t *root, u32 asid)
{
    csr_write(satp, sv32_satp(root, asid));
    sfence_vma();
}

static inline void sv32_off(void)
{
    csr_write(satp, 0);
    sfence_vma();
}

#endif
