/* SRST: power-off and reboot of the whole VM (SBI, "System Reset Extension"). */
#include "hyp/sbi/sbi.h"

enum {
    SRST_SYSTEM_RESET = 0,
};

/* Types and reasons past these are reserved, or specific to vendors that we are not. */
enum {
    LAST_TYPE = SBI_RESET_WARM,
    LAST_REASON = SBI_REASON_FAILURE,
};

enum sbi_outcome sbi_srst(const struct sbi_call *call, struct sbi_result *result)
{
    u32 type = call->arg[0], reason = call->arg[1];

    if (call->function != SRST_SYSTEM_RESET)
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    if (type > LAST_TYPE || reason > LAST_REASON)
        return sbi_return(result, SBI_ERR_INVALID_PARAM);
    call->env->reset(call->vcpu, (enum sbi_reset)type, (enum sbi_reset_reason)reason);
    return SBI_RESUME;
}
