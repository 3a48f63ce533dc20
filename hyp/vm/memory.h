/* The RAM of a VM: backing it, reaching it by gPA, giving it back. */
#ifndef VM_MEMORY_H
#define VM_MEMORY_H

#include "arch/types.h"

struct vm;

/* Allocates stage 2 and, unless lazy, maps all RAM, not cleared. False: no memory; the VM is as it
 * was. */
bool memory_create(struct vm *vm);

/* Gives every page back. No vCPU runs. */
void memory_destroy(struct vm *vm);

/* Clears all RAM that is backed: the state after power-on. No vCPU runs. */
void memory_clear(struct vm *vm);

enum memory_touched {
    MEMORY_BACKED,    /* is RAM, and mapped now                                     */
    MEMORY_NOT_RAM,   /* no RAM there                                               */
    MEMORY_EXHAUSTED, /* no host page for it; told                                  */
};

/* Backs the page of `gpa`, if it is lazily backed RAM that has not been touched. */
enum memory_touched memory_touch(struct vm *vm, gpa_t gpa);

/* Is [gpa, gpa + size) all of it RAM of the VM? Never overflows. */
bool memory_is_ram(const struct vm *vm, gpa_t gpa, u64 size);

/* Copies from and to guest RAM; the range is RAM. False: it could not be backed. */
bool memory_read(struct vm *vm, gpa_t gpa, void *to, u32 size);
bool memory_write(struct vm *vm, gpa_t gpa, const void *from, u32 size);

/* Exchanges the host pages behind two pages of RAM. False: one is
 * not backed RAM, or there is no page for the table that splits a 4 MiB leaf. */
bool memory_swap(struct vm *vm, gpa_t a, gpa_t b);

#endif
