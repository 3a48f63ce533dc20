/*
 * What was typed for the monitor, until its task takes it. While it is busy with a command, what is
 * typed waits here, except for what ends the command.
 */
#ifndef MONITOR_TYPED_H
#define MONITOR_TYPED_H

#include "arch/types.h"

/* From now on Ctrl-C cancels; if `live`, so does q. The task. */
void typed_set_busy(bool busy, bool live);

/* Takes the next byte. False: there is none. The task. */
bool typed_take(u8 *byte);

/* Was there a cancel since the last call? The task. */
bool typed_take_cancel(void);

/* How many bytes since the last call found no room. The task. */
u32 typed_take_lost(void);

#endif
