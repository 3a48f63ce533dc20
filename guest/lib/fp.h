/* The floating-point registers, all 32 as 64 bits. sstatus.FS has to be on. */
#ifndef GUEST_FP_H
#define GUEST_FP_H

#include "arch/types.h"

void fp_load(const u64 values[32]);
void fp_save(u64 values[32]);
u32 fp_read_fcsr(void);
void fp_write_fcsr(u32 value);

#endif
