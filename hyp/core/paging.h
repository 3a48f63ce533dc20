/*
 * The hypervisor's own address space (arch/layout.h): W^X, guard pages under stacks. Built once on
 * the boot hart and shared by all; after boot only windows change, each hart its own.
 */
#ifndef CORE_PAGING_H
#define CORE_PAGING_H

#include "arch/types.h"

#define STACK_PAGES     4 /* of a hart's stack                         */
#define OWN_STACK_PAGES 2 /* of its stack for own traps                */

/* Leaves the boot table for one with W^X and the FDT mapped at FDT_BASE. `load`: of the image. */
void paging_init(hpa_t load, hpa_t fdt);

/* The value for satp on every hart. */
u32 paging_satp(void);

/* The physical address of something in the image. */
hpa_t image_address(const void *ptr);
hpa_t image_start_address(void);
hpa_t image_end_address(void);

/* Where the FDT that the firmware gave is mapped, and how much of it can be read. */
const void *paging_fdt(u32 *limit);

/* The direct map begins with the leaf that holds `lowest`, the first byte of all RAM. */
void paging_init_direct(hpa_t lowest);

/* Maps RAM [start, end) into the direct map, as far as that reaches. The image's text and rodata
 * are left out, so that nothing can write them there. */
void paging_map_direct(hpa_t start, hpa_t end);

/* Maps device registers; NULL when the device area is full. Never unmapped. */
volatile void *paging_map_device(hpa_t start, u32 size);

/* Maps pages got from page_alloc as the stacks of hart `index`; returns the top of each. */
struct stacks {
    u32 top, own_top;
};
bool paging_map_stacks(u32 index, struct stacks *stacks);

/* Points the window of this hart at the page of `pa`; returns the address of the byte at `pa`. */
void *paging_window(hpa_t pa);

/* Behind phys_is_direct and friends. */
void *paging_direct_frame(u32 frame);
hpa_t paging_direct_start(void);
hpa_t paging_direct_end(void);

#endif
