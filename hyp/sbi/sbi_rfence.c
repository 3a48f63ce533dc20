/*
 * RFENCE: instruction and address-translation fences on a set of harts (SBI, "RFENCE Extension").
 * The functions that fence for a hypervisor, 3 to 6, are for harts that have the H extension. The
 * guest's have not, so these are as unsupported as any unknown function.
 */
#include "hyp/sbi/remote.h"

enum {
    RFENCE_FENCE_I = 0,
    RFENCE_SFENCE_VMA = 1,
    RFENCE_SFENCE_VMA_ASID = 2,
};

/* Describes the fence that is asked for: which of the three, and over what range. */
static enum sbi_error describe_fence(const struct sbi_call *call, struct sbi_fence *fence)
{
    switch (call->function) {
    case RFENCE_FENCE_I:
        *fence = remote_fence_i();
        return SBI_SUCCESS;
    case RFENCE_SFENCE_VMA:
        return remote_fence_vma(call->arg[2], call->arg[3], fence);
    case RFENCE_SFENCE_VMA_ASID:
        return remote_fence_vma_asid(call->arg[2], call->arg[3], call->arg[4], fence);
    default:
        return SBI_ERR_NOT_SUPPORTED;
    }
}

enum sbi_outcome sbi_rfence(const struct sbi_call *call, struct sbi_result *result)
{
    struct sbi_fence fence;
    enum sbi_error error = describe_fence(call, &fence);

    if (error == SBI_SUCCESS)
        error = remote_send(call, call->arg[0], call->arg[1], &fence);
    return sbi_return(result, error);
}
