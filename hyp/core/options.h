/* The hypervisor's own options: NAME=VALUE words of /chosen/bootargs (`--set` of qemu-run.sh). */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "arch/types.h"

enum console_choice { CONSOLE_AUTO, CONSOLE_UART, CONSOLE_FIRMWARE };

struct options {
    bool sstc_off;        /* sstc=off: timers by firmware, stimecmp of guests emulated */
    bool htinst_ignore;   /* htinst=ignore: fetch the instruction that faulted         */
    bool vmidlen_limited; /* vmidlen=N: use at most N bits of VMID                     */
    u32 vmidlen;
    enum console_choice console; /* console=uart|firmware|legacy                              */
};

extern struct options options;

/* Parses `words`. False: one was wrong, and a sentence about it has been printed. */
bool options_parse(const char *words);

/* Makes the probed features what the options say they should be. */
void options_apply(void);

#endif
