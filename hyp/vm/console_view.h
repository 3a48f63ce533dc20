/*
 * What the machine's console shows of the VMs, and how it calls them. For console.c, which knows
 * what they have printed.
 */
#ifndef VM_CONSOLE_VIEW_H
#define VM_CONSOLE_VIEW_H

#include "arch/types.h"
#include "hyp/vm/console.h"

/* Gives a new VM its label. */
void console_view_add(struct vm *vm);

/* Whether what this VM prints is shown now. */
bool console_in_view(const struct vm *vm);

/* Whether others' lines may come between the parts of one. */
bool console_view_is_shared(void);

/* Shows at least one byte: a line of the VM or a part of one. False: the VM is not in view. */
bool console_view_show(const struct vm *vm, const char *text, u32 size);

/*
 * Changes the view, on a new line. When it has returned no other VM is shown any more. To VIEW_ONE
 * with the lock of the VM's console held. False: that is the view already.
 */
bool console_view_set(enum console_view view, const struct vm *vm);

#endif
