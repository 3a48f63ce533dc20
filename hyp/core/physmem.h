/*
 * Host physical memory, seen from the hypervisor. Low RAM is mapped directly; RAM past the direct
 * map (34-bit addresses) is reached a page at a time through a window that each hart has. All of
 * it hides here: the callers have hPAs.
 */
#ifndef CORE_PHYSMEM_H
#define CORE_PHYSMEM_H

#include "arch/types.h"

/* Is [pa, pa + size) all of it directly mapped RAM? Only then may phys_ptr be used on it. */
bool phys_is_direct(hpa_t pa, u64 size);

/* The direct mapping of `pa`; panics when there is none. Valid for ever. */
void *phys_ptr(hpa_t pa);

/* The direct mapping of a page, by its frame number; NULL where there is none. Short. */
void *phys_frame(u32 frame);

/* The address behind a pointer got from phys_ptr. */
hpa_t phys_of(const void *ptr);

/*
 * Copies and fills, any RAM, any alignment, any size; the range must be RAM (callers check what
 * guests say). An aligned halfword or word is never moved in parts (copy.h).
 */
void phys_read(hpa_t pa, void *to, u32 size);
void phys_write(hpa_t pa, const void *from, u32 size);
void phys_fill(hpa_t pa, u8 byte, u64 size);

/* One aligned word. */
u32 phys_read32(hpa_t pa);

#endif
