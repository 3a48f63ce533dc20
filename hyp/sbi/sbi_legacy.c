/*
 * The calls of SBI 0.1 (SBI, "Legacy Extensions"). Each is an extension of its own: the EID says
 * what to do, a6 is not an argument, a0 takes the result and a1 stays as it was.
 */
#include "arch/u64.h"
#include "hyp/sbi/remote.h"

enum {
    LEGACY_SET_TIMER = 0,
    LEGACY_CONSOLE_PUTCHAR = 1,
    LEGACY_CONSOLE_GETCHAR = 2,
    LEGACY_CLEAR_IPI = 3,
    LEGACY_SEND_IPI = 4,
    LEGACY_REMOTE_FENCE_I = 5,
    LEGACY_REMOTE_SFENCE_VMA = 6,
    LEGACY_REMOTE_SFENCE_VMA_ASID = 7,
    LEGACY_SHUTDOWN = 8,
};

static enum sbi_outcome legacy_return(struct sbi_result *result, s32 value)
{
    result->error = value;
    return SBI_RETURN_LEGACY;
}

/* Sends `fence`, or an IPI when it is NULL, to the harts of the mask that a0 points to. */
static enum sbi_outcome send_to_mask(const struct sbi_call *call, const struct sbi_fence *fence,
                                     struct sbi_result *result)
{
    if (!remote_send_legacy(call, call->arg[0], fence))
        return SBI_RESUME;
    return legacy_return(result, SBI_SUCCESS);
}

static enum sbi_outcome remote_fence(const struct sbi_call *call, struct sbi_result *result)
{
    const u32 *arg = call->arg;
    struct sbi_fence fence;
    enum sbi_error error = SBI_SUCCESS;

    if (call->extension == LEGACY_REMOTE_FENCE_I)
        fence = remote_fence_i();
    else if (call->extension == LEGACY_REMOTE_SFENCE_VMA)
        error = remote_fence_vma(arg[1], arg[2], &fence);
    else
        error = remote_fence_vma_asid(arg[1], arg[2], arg[3], &fence);

    if (error != SBI_SUCCESS)
        return legacy_return(result, error);
    return send_to_mask(call, &fence, result);
}

enum sbi_outcome sbi_legacy(const struct sbi_call *call, struct sbi_result *result)
{
    switch (call->extension) {
    case LEGACY_SET_TIMER:
        call->env->set_timer(call->vcpu, u64_join(call->arg[0], call->arg[1]));
        return SBI_RETURN_LEGACY;
    case LEGACY_CONSOLE_PUTCHAR:
        call->env->console_put(call->vcpu, (u8)call->arg[0]);
        return SBI_RETURN_LEGACY;
    case LEGACY_CONSOLE_GETCHAR:
        return legacy_return(result, call->env->console_get(call->vcpu));
    case LEGACY_CLEAR_IPI:
        return legacy_return(result, call->env->clear_ipi(call->vcpu));
    case LEGACY_SEND_IPI:
        return send_to_mask(call, NULL, result);
    case LEGACY_REMOTE_FENCE_I:
    case LEGACY_REMOTE_SFENCE_VMA:
    case LEGACY_REMOTE_SFENCE_VMA_ASID:
        return remote_fence(call, result);
    case LEGACY_SHUTDOWN:
        call->env->reset(call->vcpu, SBI_RESET_SHUTDOWN, SBI_REASON_NONE);
        return SBI_RESUME;
    default:
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    }
}
