/* STA: where a hart is told of its stolen time (SBI, "Steal-time Accounting Extension"). */
#include "arch/u64.h"
#include "hyp/sbi/sbi.h"

enum {
    STA_SET_SHMEM = 0,
};

static enum sbi_error set_shmem(const struct sbi_call *call)
{
    u32 low = call->arg[0], high = call->arg[1], flags = call->arg[2];
    gpa_t shmem = u64_join(low, high);

    if (flags)
        return SBI_ERR_INVALID_PARAM;
    if (shmem == SBI_STA_NONE)
        return call->env->steal_report(call->vcpu, SBI_STA_NONE);
    if (!IS_ALIGNED(low, SBI_STA_SIZE))
        return SBI_ERR_INVALID_PARAM;
    if (!sbi_is_ram(call, shmem, SBI_STA_SIZE))
        return SBI_ERR_INVALID_ADDRESS;
    return call->env->steal_report(call->vcpu, shmem);
}

enum sbi_outcome sbi_sta(const struct sbi_call *call, struct sbi_result *result)
{
    if (call->function != STA_SET_SHMEM)
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    return sbi_return(result, set_shmem(call));
}
