/*
 * What a guest knows of the lives that its machine had before it was reset. A reset clears memory
 * and devices; the one thing that stays is the clock, once the guest has set it. So the count of
 * lives is kept there, in the bits of the time that the hours do not reach.
 */
#ifndef GUEST_LIVES_H
#define GUEST_LIVES_H

#include "guest/lib/sbi.h"

/* To be called before anything changes the clock. */
void lives_begin(void);

/* Lives before this one, back to the last power-on. */
u32 lives_before(void);

/* Ticks of `time` since the first life began. */
u64 lives_ticks(void);

/* Resets the machine, by `type` of SRST or, for SBI_SHUTDOWN, by the finisher: the next life. */
void lives_next(enum reset_type type) __attribute__((noreturn));

#endif
