/* SBI calls: from registers to struct sbi_call and back. */
#include "hyp/core/trace.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/sbi_env.h"
#include "hyp/vm/vm.h"

#define ECALL_LENGTH 4

/*
 * After a call that stopped, suspended or reset its caller, or injected a trap. A suspension that
 * need not wait still ends in vcpu_prepare, as every suspension does.
 */
static NOINLINE enum run_next after_resume(struct vcpu *vcpu)
{
    /* Another vCPU may have started it again already: that start is carried out by its next run. */
    if (vcpu->hsm == HSM_STOPPED || vcpu->hsm == HSM_START_PENDING || vm_is_ending(vcpu->vm))
        return RUN_BLOCK;
    if (vcpu->hsm == HSM_SUSPENDED)
        return exit_wait(vcpu) == RUN_GUEST ? RUN_YIELD : RUN_BLOCK;
    return RUN_GUEST;
}

void exit_sbi_init(struct vcpu *vcpu)
{
    vcpu->call = (struct sbi_call){.arg = &vcpu->context.x[REG_A0], .env = &sbi_env, .vcpu = vcpu};
}

enum run_next exit_sbi(struct vcpu *vcpu)
{
    u32 *x = vcpu->context.x;
    u32 function = x[REG_A6], id = x[REG_A7];
    const struct sbi_extension *extension;
    struct sbi_result result;

    trace(vcpu->trace_tag, TRACE_SBI, vcpu->context.pc, trace_sbi_call(id, function));
    extension = sbi_extension_of(id);
    stats_count(&vcpu->stats, STATS_SBI + sbi_extension_index(extension));
    vcpu->call.function = function;
    vcpu->call.extension = id;
    switch (sbi_handle(extension, &vcpu->call, &result)) {
    case SBI_RETURN:
        x[REG_A1] = result.value;
        break;
    case SBI_RETURN_LEGACY:
        break;
    case SBI_RESUME:
        return after_resume(vcpu);
    }
    x[REG_A0] = (u32)result.error;
    vcpu->context.pc += ECALL_LENGTH;
    return likely(vcpu->hsm == HSM_STARTED) ? RUN_GUEST : after_resume(vcpu);
}
