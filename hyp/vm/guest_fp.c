#include "hyp/vm/guest_fp.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "hyp/vm/vcpu.h"

void guest_fp_save(struct vcpu *vcpu)
{
    if (features.fp_double)
        fp_save_d(&vcpu->fp);
    else
        fp_save_f(&vcpu->fp);
}

void guest_fp_load(const struct vcpu *vcpu)
{
    if (features.fp_double)
        fp_load_d(&vcpu->fp);
    else
        fp_load_f(&vcpu->fp);
}

u32 guest_fp_read(struct vcpu *vcpu, u32 number)
{
    guest_fp_save(vcpu);
    return u64_low(vcpu->fp.f[number]);
}

void guest_fp_write(struct vcpu *vcpu, u32 number, u32 value)
{
    guest_fp_save(vcpu);
    vcpu->fp.f[number] = u64_join(value, 0xffffffffu);
    guest_fp_load(vcpu);
    csr_set(CSR_VSSTATUS, SSTATUS_FS_DIRTY);
}
