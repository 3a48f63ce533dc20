/*
 * The machine below, as its device tree tells it: nothing about a board is in the code. Filled once
 * at boot, read-only afterwards.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include "arch/types.h"
#include "hyp/core/fdt.h"
#include "hyp/core/hart.h"

#define MAX_RAM_BANKS 8
#define MAX_RESERVED  32

struct range {
    hpa_t start, end; /* [start, end) */
};

struct machine {
    struct fdt fdt;
    struct range ram[MAX_RAM_BANKS];
    u32 ram_count;
    /* Not ours to give out, the image and FDT included; and, the last, the page records. */
    struct range reserved[MAX_RESERVED + 1];
    u32 reserved_count;
    u32 hart_ids[MAX_HARTS];
    fdt_node hart_nodes[MAX_HARTS];
    u32 hart_count;
    u32 timebase;         /* ticks a second                                   */
    const char *bootargs; /* "" when there are none                           */
    struct range bundle;  /* the VM description, as an initrd; empty when none */
    u32 fdt_size;
};

extern struct machine machine;

/* Reads the FDT that firmware gave (paging_fdt). Panics, in words, on one that cannot be used. */
void machine_init(u32 boot_hart_id, hpa_t fdt_address);

/* Maps RAM and hands what is free of it to the page allocator. */
void machine_init_memory(void);

/* The first available device compatible with `compatible` that has registers; FDT_NONE if none. */
fdt_node machine_find_device(const char *compatible, u64 *address, u64 *size);

#endif
