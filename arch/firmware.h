/* Calls to the firmware below: the SBI as the hypervisor uses it. Any hart, any time. */
#ifndef ARCH_FIRMWARE_H
#define ARCH_FIRMWARE_H

#include "arch/sbi_abi.h"
#include "arch/types.h"

/* Asks firmware what it has; to be called once, before the rest. */
void firmware_probe(void);

/* From now on as with firmware that has no DBCN. */
void firmware_forget_debug_console(void);

/* What firmware lacks, for the boot table. */
bool firmware_has_debug_console(void);
bool firmware_has_hsm(void);

/* Prints `size` bytes, by DBCN or, where there is none, character by character. `pa` is `text`'s
 * own physical address; the text does not cross a page. */
void firmware_console_write(const char *text, hpa_t pa, u32 size);

/* Returns a typed byte, or -1 when there is none. `pa`: where the one byte `buffer` is. */
s32 firmware_console_read(const u8 *buffer, hpa_t pa);

/* One timer interrupt at host time `deadline`; all ones: none. For harts without Sstc. */
void firmware_set_timer(u64 deadline);

/* A supervisor software interrupt to the hart with this id. */
void firmware_send_ipi(u32 hart_id);

/* Starts a stopped hart at the physical address `entry` with a1 = `opaque`. */
s32 firmware_hart_start(u32 hart_id, hpa_t entry, u32 opaque);

/* Powers off, or reports that it could not by returning. */
void firmware_shutdown(bool failure);

#endif
