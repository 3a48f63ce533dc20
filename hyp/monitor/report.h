/* What the hypervisor says of itself and of the machine: at boot, and when it has a bug. */
#ifndef MONITOR_REPORT_H
#define MONITOR_REPORT_H

#include "arch/types.h"

/* From now on a trap of our own that nobody expects prints a dump and stops the machine. */
void report_own_traps(void);

/* Name and load address: the first sign of life. */
void report_banner(hpa_t load);

/* The machine and its features, in an aligned table. `console`: what we print through; NULL: what
 * it was last time. */
void report_machine(const char *console);

/* Says what the machine lacks that we cannot do without, and what will not work. False: we cannot
 * run here. */
bool report_can_run(void);

/* Which harts came up. */
void report_harts(void);

/* The disks and network cards that drivers have. */
void report_devices(void);

#endif
