/*
 * What was typed for a VM and could not be given to it yet, because it is only starting or does not
 * read. Its user, the keyboard, holds its own lock around every call.
 */
#ifndef MONITOR_TYPE_AHEAD_H
#define MONITOR_TYPE_AHEAD_H

#include "arch/types.h"

struct vm;

/* Gives the byte to the VM, after what is kept for it; or keeps it. */
void type_ahead_give(struct vm *vm, u8 byte);

/* Gives what is kept. True: there is more, so call again in a while. */
bool type_ahead_retry(void);

/* Is anything kept? Was anything dropped since type_ahead_lost? */
bool type_ahead_waits(void);
bool type_ahead_has_lost(void);

/* How many bytes had to be dropped since the last call, and for whom. 0: none. */
u32 type_ahead_lost(struct vm **vm);

#endif
