/*
 * The RAM of a VM: backing it, filling it with images, reaching it by gPA, giving it back.
 *
 * Normally all of it is there from the start, in 4 MiB leaves, from gPA 0x8000_0000 on. With
 * `lazy`, pages of 4 KiB are backed, with zeros, when they are first touched. With `shared` (which
 * is lazy too), a page of an image that no guest has written is the host's one copy of it, mapped R
 * and X into every VM that has the same bytes there (shared_image.h); the first write gives the VM
 * a copy of its own. Pages that were given back (memory_give_back) are backed as lazy ones are, in
 * every VM. With dma = "trusted", RAM is one run of the host's and at the same addresses: gPA =
 * hPA. Since nothing stops a device from writing there, it stays the VM's for ever, once it has it.
 *
 * Who may touch guest RAM, and what it may hold meanwhile: a vCPU of the VM on its hart, or a task
 * of the VM that is no vCPU, its keeper and the worker of its devices; with no lock but one that
 * the VM's vCPUs wait for between vcpu_begin_wait and vcpu_end_wait, as they do for the lock of a
 * device (devices.h). For backing a page, or giving it back, may have to wait until all vCPUs are
 * outside.
 *
 * The order of calls, by the VM's keeper and with no vCPU running: memory_create; then for each
 * life boot_plan, which adds the pieces, memory_clear_step and memory_load_step until they are
 * done, boot_finish; in the end memory_free_step. The pieces stay until then: later lives begin
 * with the same ones.
 *
 * What takes long goes in steps of at most 256 KiB of work: `*progress` is 0 at first and the
 * step's own from then on.
 */
#ifndef VM_MEMORY_H
#define VM_MEMORY_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/vm/memory_piece.h"
#include "hyp/vm/shared_image.h"

struct vm;

/* The segments of a kernel, and an initrd. */
#define MEMORY_PIECES 66

/* Where 4 MiB of RAM, that were there from the start, are now. */
struct memory_chunk {
    u32 frame : 22; /* of the block that is all of it, MEMORY_NO_FRAME: there is none */
    u32 split : 1;  /* its pages are where stage 2 has them, each to be freed by itself */
};
#define MEMORY_NO_FRAME 0x3fffffu

/* A piece as the VM has it. */
struct memory_piece {
    struct piece piece;
    u32 loaded;                 /* bytes that were copied into RAM                      */
    struct shared_image *image; /* what has its pages, once loaded; NULL unless `shared` */
};

struct vm_memory {
    gpa_t base;                  /* where RAM begins; a multiple of 4 MiB                  */
    struct spinlock lock;        /* for changes of stage 2 and of the counts               */
    u32 users;                   /* who uses pages at this moment, vCPUs left out: atomic  */
    struct memory_chunk *chunks; /* each 4 MiB of RAM; NULL when lazy or off               */
    struct memory_piece pieces[MEMORY_PIECES];
    u32 piece_count;
    bool has_run;                /* from `base` on, for ever: dma = "trusted"              */
    struct shared_search search; /* for the image of the piece that is being loaded        */
    u32 own_pages;               /* of RAM, backed for this VM alone                       */
    u32 shared_pages;            /* of RAM, mapped from shared images                      */
};

/* For a VM that is off: before any other use. */
void memory_init(struct vm *vm);

/* Allocates stage 2 and, unless lazy, maps all RAM, not cleared. False: no memory, or what the
 * description asks for cannot be (told); the VM is as it was. */
bool memory_create(struct vm *vm);

/* The state after power-on: RAM reads as zero. Lazy memory that was touched is given back, and its
 * tables. True: done. */
bool memory_clear_step(struct vm *vm, u32 *progress);

/* Adds a piece, all of it RAM (checked by the caller). False: there is no room for its record. */
bool memory_add_piece(struct vm *vm, const struct piece *piece);

enum memory_load { MEMORY_LOADING, MEMORY_LOADED, MEMORY_LOAD_FAILED };

/* Puts the pieces in place, after the RAM is clear: copies them, or shares them. Failed: no host
 * memory; told. */
enum memory_load memory_load_step(struct vm *vm, u32 *progress);

/* Gives everything back but what a trusted device may still write to, stage 2 too, and forgets the
 * pieces. True: done. */
bool memory_free_step(struct vm *vm, u32 *progress);

enum memory_touched {
    MEMORY_BACKED,    /* is RAM, and mapped now with the rights that were asked for: the vCPU
                       * tries again                                                         */
    MEMORY_COPIED,    /* the same, and a page of its own has taken the place of a shared one:
                       * no vCPU sees that any more                                          */
    MEMORY_NOT_RAM,   /* no RAM there                                                        */
    MEMORY_EXHAUSTED, /* no host page for it; told, and the VM ends                          */
};

/*
 * Backs the page of `gpa` for a read (or fetch) or for a write, if it is lazily backed RAM. Waits
 * until the VM's other vCPUs are outside when they must forget the old page, or when the new one
 * has instructions that their harts have not seen stored (fence.i). Any hart, no lock held.
 *
 * `write` is for whatever needs the right W: stores and AMOs, and the hart's own updates of A and D
 * in the guest's tables, which fault as the access does that caused them; there, htinst is the
 * pseudoinstruction of a write (privileged spec, "Transformed Instruction or Pseudoinstruction for
 * mtinst or htinst"), or, where it is zero, the software walk tells (walk.h: implicit_write). A
 * fault on a page that is mapped with the rights asked for is a stale TLB entry: MEMORY_BACKED.
 */
enum memory_touched memory_touch(struct vm *vm, gpa_t gpa, bool write);

/* Is [gpa, gpa + size) all of it RAM of the VM? Never overflows. */
bool memory_is_ram(const struct vm *vm, gpa_t gpa, u64 size);

/*
 * Copies from and to guest RAM. Short for 2, 4 and 16 aligned bytes of RAM that is there: queues of
 * devices are read with it. False: the range is not all RAM, or could not be backed, and the VM
 * ends. Part of it may have been copied then.
 */
bool memory_read(struct vm *vm, gpa_t gpa, void *to, u32 size);
bool memory_write(struct vm *vm, gpa_t gpa, const void *from, u32 size);

/*
 * Where guest RAM is on the host, for reading or for writing too: returns how many bytes from `gpa`
 * on, at most `size`, are one run at *at, all of them backed now. 0: `gpa` is not RAM, or could not
 * be backed, and the VM ends. The run stays the VM's until memory_give_back or memory_free_step
 * takes it: who calls these sees to it that nobody uses a run any more.
 */
u32 memory_locate(struct vm *vm, gpa_t gpa, u32 size, bool write, hpa_t *at);

/*
 * Gives whole pages of RAM back to the host: no vCPU can use them any more when it returns. When
 * one is touched again, it is a page of zeros; if the host has none left then, the VM ends. Pages
 * that are not backed, and pages in which a shared image has bytes, stay as they are. In time that
 * is proportional to `size`. False: not RAM, not whole pages, RAM that must stay where it is
 * (dma = "trusted"), or no host memory for the table that splits a 4 MiB leaf; those before it have
 * been given back.
 */
bool memory_give_back(struct vm *vm, gpa_t gpa, u64 size);

/* What memory_read would read, and backs nothing: for the monitor, of a VM that it holds. False:
 * the VM has no memory now. */
bool memory_peek(const struct vm *vm, gpa_t gpa, void *to, u32 size);

/*
 * Exchanges the host pages behind two pages of RAM, each of which becomes the VM's own first. The
 * caller then makes the vCPUs forget (tlb_shoot_down). False: one is not RAM, or there is no host
 * memory for it or for the table that splits a 4 MiB leaf.
 */
bool memory_swap(struct vm *vm, gpa_t a, gpa_t b);

/* How many 4 KiB pages of RAM a VM keeps that is off. */
u32 memory_kept_pages(const struct vm *vm);

/* What the VM takes of the host's memory, in 4 KiB pages. Any hart. Pages of shared images are the
 * host's: shared_image_pages() counts them once. */
struct memory_footprint {
    u32 own;    /* RAM that is its alone                                      */
    u32 shared; /* RAM that it shares, as mapped                              */
    u32 tables; /* stage 2                                                    */
    u32 other;  /* struct vm, vCPUs, the list of chunks: the hypervisor's own */
};
struct memory_footprint memory_footprint(const struct vm *vm);

#endif
