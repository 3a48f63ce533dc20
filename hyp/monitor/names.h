/* What numbers are called: causes, SBI calls, devices. All names are single words. */
#ifndef MONITOR_NAMES_H
#define MONITOR_NAMES_H

#include "arch/types.h"

/* A value of scause or vscause; NULL: the spec gives it no name. */
const char *cause_name(u32 scause);

/* All of them, for 0, 1, ... until NULL. */
const char *cause_name_at(u32 index);

/* An interrupt of a guest, by its number in vsip or in hvip: "software", "timer", "external". */
const char *interrupt_name(u32 number);

/* An SBI call, as trace_sbi_call has it. */
struct sbi_call_name {
    const char *extension; /* NULL: no extension that guests have                        */
    const char *function;  /* NULL: it has none of that number                           */
    u32 number;            /* of the function                                            */
};
struct sbi_call_name sbi_call_name(u32 call);

/* The names of all extensions that guests have, for 0, 1, ... until NULL. */
const char *sbi_name_at(u32 index);

/* The device that has the byte at `gpa`, and where its registers begin; NULL: none. All VMs have
 * the same machine. */
const char *device_name(gpa_t gpa, u32 *base);

/* The names of all devices, for 0, 1, ... until NULL. */
const char *device_name_at(u32 index);

#endif
