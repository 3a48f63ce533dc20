/* Save and load of the floating-point registers, with D (64-bit) and with F only (32-bit). */
#include "arch/csr.h"
#include "arch/fp.h"

.macro each_fp op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, \
            24, 25, 26, 27, 28, 29, 30, 31
    \op f\n, FP_F(\n)(a0)
    .endr
.endm

.macro fp_save name, op
    .globl \name
\name:
    csrr    t0, CSR_FCSR
    each_fp \op
    sw      t0, FP_FCSR(a0)
    ret
.endm

.macro fp_load name, op
    .globl \name
\name:
    lw      t0, FP_FCSR(a0)
    each_fp \op
    csrw    CSR_FCSR, t0
    ret
.endm

    .section .text
    fp_save fp_save_d, fsd
    fp_load fp_load_d, fld
    fp_save fp_save_f, fsw
    fp_load fp_load_f, flw
