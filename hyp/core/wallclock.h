/* The time of day, from the machine's clock if it has one that we can read, and then by `time`. */
#ifndef CORE_WALLCLOCK_H
#define CORE_WALLCLOCK_H

#include "arch/types.h"

/* Reads the machine's clock once, at boot. Without one, time begins at 0 (1970). */
void wallclock_init(void);

/* Nanoseconds since 1970. */
u64 wallclock_ns(void);

/* The deadline for timer_arm at which wallclock_ns reaches `when_ns`; TIMER_NEVER if past 64 bits.
 */
u64 wallclock_deadline(u64 when_ns);

#endif
