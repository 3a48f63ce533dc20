/* What the commands of scripts share with the monitor. */
#ifndef MONITOR_CMD_SCRIPT_H
#define MONITOR_CMD_SCRIPT_H

#include "arch/types.h"

struct vm;

/* Does a command wait for text of this VM? Any hart. */
bool script_expects(const struct vm *vm);

#endif
