/* The floating-point registers of the hart, saved and loaded whole. sstatus.FS must not be Off. */
#ifndef ARCH_FP_H
#define ARCH_FP_H

#define FP_F(n) (8 * (n))
#define FP_FCSR 256

#ifndef __ASSEMBLER__

#include "arch/types.h"

struct fp_state {
    u64 f[32]; /* with F but no D, each takes the low half */
    u32 fcsr;
    u32 reserved;
};

_Static_assert(offsetof(struct fp_state, fcsr) == FP_FCSR, "fcsr");

void fp_save_d(struct fp_state *state);
void fp_load_d(const struct fp_state *state);
void fp_save_f(struct fp_state *state);
void fp_load_f(const struct fp_state *state);

#endif
#endif
