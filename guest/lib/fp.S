/* The only floating-point code of the library: the C of a guest never uses these registers. */
    .text

    /* void fp_load(const u64 values[32]) */
    .globl fp_load
fp_load:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld     f\n, (\n*8)(a0)
    .endr
    ret

    /* void fp_save(u64 values[32]) */
    .globl fp_save
fp_save:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd     f\n, (\n*8)(a0)
    .endr
    ret

    /* u32 fp_read_fcsr(void) */
    .globl fp_read_fcsr
fp_read_fcsr:
    frcsr   a0
    ret

    /* void fp_write_fcsr(u32 value) */
    .globl fp_write_fcsr
fp_write_fcsr:
    fscsr   a0
    ret
