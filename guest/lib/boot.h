/* How the guest was started: what start.S found before anything was changed. */
#ifndef GUEST_BOOT_H
#define GUEST_BOOT_H

#define BOOT_HART    0
#define BOOT_FDT     4
#define BOOT_SSTATUS 8
#define BOOT_SIE     12
#define BOOT_SIP     16
#define BOOT_SATP    20
#define BOOT_TIME    24
#define BOOT_TIMEH   28
#define BOOT_PC      32

#ifndef __ASSEMBLER__

#include "arch/types.h"

struct boot {
    u32 hart;        /* a0 */
    const void *fdt; /* a1 */
    u32 sstatus, sie, sip, satp;
    u32 time, timeh;
    u32 pc; /* where the first instruction was: the load address */
};

_Static_assert(offsetof(struct boot, sie) == BOOT_SIE, "sie");
_Static_assert(offsetof(struct boot, satp) == BOOT_SATP, "satp");
_Static_assert(offsetof(struct boot, pc) == BOOT_PC, "pc");

extern struct boot boot;

/* First byte of the image and first byte after it, bss included (from the linker script). */
extern char image_start[], image_end[];

/* The guest itself. Returns 0 to power off, anything else to end as failed. */
int main(void);

/* Called by start.S: on the first hart, and on each that hart_start() started. */
void boot_first_hart(void);
void boot_secondary_hart(u32 id, void (*run)(void));

/* Ends the machine: powers off by SRST, or reports failure through the test finisher. */
void power_off(bool failed) __attribute__((noreturn));

#endif
#endif
