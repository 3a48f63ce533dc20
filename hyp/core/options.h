/* The hypervisor's own options: NAME=VALUE words of /chosen/bootargs (`--set` of qemu-run.sh). */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "arch/types.h"

enum console_choice {
    CONSOLE_AUTO, /* the UART of the device tree, else the firmware */
    CONSOLE_UART,
    CONSOLE_FIRMWARE,
    CONSOLE_LEGACY, /* the firmware, as if it had no DBCN */
};

#define VMID_BITS_ALL 32

/* All u32, so that a table can say which word sets which. */
struct options {
    u32 sstc_off;      /* sstc=off: timers by firmware, stimecmp of guests emulated */
    u32 htinst_ignore; /* htinst=ignore: fetch the instruction that faulted         */
    u32 vmid_bits_max; /* vmidlen=N: use at most N bits of VMID                     */
    u32 console;       /* console=uart|firmware|legacy: enum console_choice         */
    u32 monitor;       /* monitor=on: the keyboard begins there, and it stays up    */
    u32 colour;        /* colour=on: VMs' names in colours                          */
    u32 escape;        /* escape=^X: the control character that leaves a VM         */
};

extern struct options options;

/* Parses `words`. False: one was wrong, and a sentence about it has been printed. */
bool options_parse(const char *words);

/* Makes what was probed, of the hart and of the firmware, what the options say it should be. */
void options_apply(void);

#endif
