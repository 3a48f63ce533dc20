#include "hyp/core/physmem.h"

#include "arch/layout.h"
#include "hyp/core/copy.h"
#include "hyp/core/paging.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"

bool phys_is_direct(hpa_t pa, u64 size)
{
    hpa_t start = paging_direct_start(), end = paging_direct_end();

    return pa >= start && pa < end && size <= end - pa;
}

void *phys_frame(u32 frame)
{
    return paging_direct_frame(frame);
}

void *phys_ptr(hpa_t pa)
{
    if (!phys_is_direct(pa, 1))
        panic("phys_ptr of 0x%llx, which is not directly mapped", pa);
    return (void *)(uintptr_t)(DIRECT_BASE + (u32)(pa - paging_direct_start()));
}

hpa_t phys_of(const void *ptr)
{
    return paging_direct_start() + ((u32)(uintptr_t)ptr - DIRECT_BASE);
}

/* The bytes at `pa`, by the direct map or through this hart's window: valid up to the end of the
 * page.
 */
static void *reach(hpa_t pa)
{
    return phys_is_direct(pa, 1) ? phys_ptr(pa) : paging_window(pa);
}

/* How much of `size` bytes at `pa` can be reached at once. */
static u32 reachable(hpa_t pa, u64 size)
{
    u32 in_page = PAGE_SIZE - ((u32)pa & (PAGE_SIZE - 1));

    return size < in_page ? (u32)size : in_page;
}

void phys_read(hpa_t pa, void *to, u32 size)
{
    u8 *out = to;

    for (u32 count; size; size -= count, pa += count, out += count) {
        count = reachable(pa, size);
        copy_whole(out, reach(pa), count);
    }
}

void phys_write(hpa_t pa, const void *from, u32 size)
{
    const u8 *in = from;

    for (u32 count; size; size -= count, pa += count, in += count) {
        count = reachable(pa, size);
        copy_whole(reach(pa), in, count);
    }
}

void phys_fill(hpa_t pa, u8 byte, u64 size)
{
    for (u32 count; size; size -= count, pa += count) {
        count = reachable(pa, size);
        memset(reach(pa), byte, count);
    }
}

u32 phys_read32(hpa_t pa)
{
    return *(volatile u32 *)reach(pa);
}
