#include "hyp/core/paging.h"

#include "arch/csr.h"
#include "arch/fence.h"
#include "arch/layout.h"
#include "arch/sv32.h"
#include "hyp/core/hart.h"
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"

#define KERNEL_R  (PTE_V | PTE_A | PTE_D | PTE_G | PTE_R)
#define KERNEL_RW (KERNEL_R | PTE_W)
#define KERNEL_RX (KERNEL_R | PTE_X)

#define STACK_SLOT_PAGES (1 + STACK_PAGES + 1 + OWN_STACK_PAGES)

/* From the linker script. */
extern char image_start[], text_end[], rodata_end[], image_end[];

typedef pte_t table[SV32_ENTRIES] __attribute__((aligned(4096)));

static table root, image_table, image_direct_table, device_table, stack_table, window_table;

static hpa_t load_address, fdt_address;
static hpa_t direct_start, direct_end;
static u32 direct_first, direct_frames; /* the same in whole pages */
static u32 device_used;                 /* bytes of the device area given out */

static void set_root(u32 va, pte_t pte)
{
    root[sv32_vpn(va, 1)] = pte;
}

static void set_page(table *level0, u32 va, hpa_t pa, u32 flags)
{
    (*level0)[sv32_vpn(va, 0)] = pte_make(pa, flags);
}

hpa_t image_address(const void *ptr)
{
    return load_address + ((u32)(uintptr_t)ptr - IMAGE_BASE);
}

hpa_t image_start_address(void)
{
    return load_address;
}

hpa_t image_end_address(void)
{
    return image_address(image_end);
}

static u32 image_rights(u32 va)
{
    if (va < (u32)(uintptr_t)text_end)
        return KERNEL_RX;
    return va < (u32)(uintptr_t)rodata_end ? KERNEL_R : KERNEL_RW;
}

static void link_table(u32 va, const table *level0)
{
    set_root(va, pte_make(image_address(level0), PTE_V));
}

static void map_image(void)
{
    for (u32 va = IMAGE_BASE; va < (u32)(uintptr_t)image_end; va += PAGE_SIZE)
        set_page(&image_table, va, load_address + (va - IMAGE_BASE), image_rights(va));
}

void paging_init(hpa_t load, hpa_t fdt)
{
    load_address = load;
    fdt_address = fdt;
    map_image();
    link_table(IMAGE_BASE, &image_table);
    link_table(DEVICE_BASE, &device_table);
    link_table(STACK_BASE, &stack_table);
    link_table(WINDOW_BASE, &window_table);
    /* An FDT may start anywhere in a leaf and reach into the next. */
    for (u32 i = 0; i < 2; i++)
        set_root(FDT_BASE + i * SUPERPAGE_SIZE,
                 pte_make(ALIGN_DOWN(fdt, SUPERPAGE_SIZE) + i * SUPERPAGE_SIZE, KERNEL_R));
    csr_write(CSR_SATP, paging_satp());
    sfence_vma_all();
}

u32 paging_satp(void)
{
    return SATP_SV32 | (u32)(image_address(root) >> PAGE_SHIFT);
}

const void *paging_fdt(u32 *limit)
{
    u32 offset = (u32)fdt_address & (SUPERPAGE_SIZE - 1);

    *limit = 2 * SUPERPAGE_SIZE - offset;
    return (const void *)(uintptr_t)(FDT_BASE + offset);
}

/* The leaf of the direct map in which the image lies: page by page, without what is not RW. */
static void map_direct_around_image(u32 va)
{
    for (u32 offset = 0; offset < SUPERPAGE_SIZE; offset += PAGE_SIZE)
        if (image_rights(IMAGE_BASE + offset) == KERNEL_RW)
            set_page(&image_direct_table, va + offset, load_address + offset, KERNEL_RW);
    link_table(va, &image_direct_table);
}

void paging_init_direct(hpa_t lowest)
{
    direct_start = ALIGN_DOWN(lowest, SUPERPAGE_SIZE);
}

void paging_map_direct(hpa_t start, hpa_t end)
{
    for (hpa_t pa = ALIGN_DOWN(start, SUPERPAGE_SIZE); pa < end; pa += SUPERPAGE_SIZE) {
        u32 va = DIRECT_BASE + (u32)(pa - direct_start);

        if (pa - direct_start >= DIRECT_SIZE)
            break;
        if (pa == load_address)
            map_direct_around_image(va);
        else
            set_root(va, pte_make(pa, KERNEL_RW));
        if (pa + SUPERPAGE_SIZE > direct_end)
            direct_end = pa + SUPERPAGE_SIZE < end ? pa + SUPERPAGE_SIZE : end;
    }
    direct_first = (u32)(direct_start >> PAGE_SHIFT);
    direct_frames = (u32)((direct_end - direct_start) >> PAGE_SHIFT);
    sfence_vma_all();
}

volatile void *paging_map_device(hpa_t start, u32 size)
{
    u32 offset = (u32)start & (PAGE_SIZE - 1);
    u32 length = ALIGN_UP(offset + size, PAGE_SIZE);
    u32 va = DEVICE_BASE + device_used;

    if (length > DEVICE_SIZE - device_used)
        return NULL;
    for (u32 done = 0; done < length; done += PAGE_SIZE)
        set_page(&device_table, va + done, start - offset + done, KERNEL_RW);
    device_used += length;
    sfence_vma_all();
    return (volatile void *)(uintptr_t)(va + offset);
}

static bool map_stack_pages(u32 va, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        hpa_t page = page_alloc(0, ZONE_DIRECT);

        if (page == PAGE_NONE)
            return false;
        set_page(&stack_table, va + i * PAGE_SIZE, page, KERNEL_RW);
    }
    return true;
}

bool paging_map_stacks(u32 index, struct stacks *stacks)
{
    /* The first page of each part stays unmapped: the guard. */
    u32 stack = STACK_BASE + (index * STACK_SLOT_PAGES + 1) * PAGE_SIZE;
    u32 own = stack + (STACK_PAGES + 1) * PAGE_SIZE;

    if (!map_stack_pages(stack, STACK_PAGES) || !map_stack_pages(own, OWN_STACK_PAGES))
        return false;
    sfence_vma_all();
    stacks->top = stack + STACK_PAGES * PAGE_SIZE;
    stacks->own_top = own + OWN_STACK_PAGES * PAGE_SIZE;
    return true;
}

void *paging_window(hpa_t pa)
{
    u32 va = WINDOW_BASE + this_hart()->index * PAGE_SIZE;
    u32 offset = (u32)pa & (PAGE_SIZE - 1);

    set_page(&window_table, va, pa - offset, KERNEL_RW);
    /* The table is shared but the page is this hart's: only its own TLB can hold the old page. */
    sfence_vma_page((void *)(uintptr_t)va);
    return (void *)(uintptr_t)(va + offset);
}

void *paging_direct_frame(u32 frame)
{
    u32 index = frame - direct_first;

    return index < direct_frames ? (void *)(uintptr_t)(DIRECT_BASE + index * PAGE_SIZE) : NULL;
}

hpa_t paging_direct_start(void)
{
    return direct_start;
}

hpa_t paging_direct_end(void)
{
    return direct_end;
}

_Static_assert(MAX_HARTS *STACK_SLOT_PAGES <= SV32_ENTRIES, "stacks of all harts fit one table");
_Static_assert(MAX_HARTS <= SV32_ENTRIES, "windows of all harts fit one table");
