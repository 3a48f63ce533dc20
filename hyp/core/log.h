/*
 * The log: what the hypervisor itself has said, the newest of it, to be read back later. Pure.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "arch/types.h"

#define LOG_SIZE     16384 /* bytes of text, and of what keeps it apart; a power of two */
#define LOG_TEXT_MAX 255   /* bytes of one entry                                        */

/* Appends an entry, of at most LOG_TEXT_MAX bytes, in place of the oldest; `time` is in ticks. */
void log_append(u64 time, const char *text, u32 size);

/*
 * Copies the next entry at or after position `*from` (0: the oldest) into `text`, terminated and
 * cut off at `size`, and moves `*from` behind it. Returns its length, 0 when there is none. An
 * entry is what one printk printed: a line with its '\n', or a part of one. Any hart.
 */
u32 log_read(u64 *from, u64 *time, char *text, u32 size);

/* Where the next entry will be: a reader that begins here sees only what is new. */
u64 log_end(void);

#endif
