/*
 * The monitor: a task of the hypervisor's own group that reads lines, from the keyboard or from a
 * script, and runs them as commands. It is the only one that holds VMs (vm_hold).
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "arch/types.h"
#include "hyp/monitor/keyboard.h"

/*
 * Makes the monitor: `script` (may be NULL: none) is run first, line by line; a line that fails
 * ends it, tells its number and makes the whole run a failed one. `interactive`: the keyboard
 * begins here, and the machine stays up when all VMs have ended, until `quit`. Otherwise the
 * machine ends with the last VM, but not before the script does. Boot hart, once, before the VMs
 * are made.
 */
void monitor_init(const char *script, u32 script_size, bool interactive);

/* Lets it begin: the VMs have been made. Boot hart, once, after monitor_init. */
void monitor_start(void);

/* A byte typed on the machine's console, from interrupt context: to the VM that has the keyboard,
 * or to the monitor; the escape key chooses. Any time after monitor_init. */
void monitor_typed(u8 byte);

/* Ends the machine: as failed if a line of the script has failed, or a VM. The monitor's task. */
void monitor_end(void) __attribute__((noreturn));

/* Something happened that a command may wait for. Any hart; with no lock held from the run queue
 * on. */
void monitor_wake(void);

#endif
