/* HSM: starting, stopping and suspending harts (SBI, "Hart State Management Extension"). */
#include "hyp/sbi/sbi.h"

enum {
    HSM_HART_START = 0,
    HSM_HART_STOP = 1,
    HSM_HART_GET_STATUS = 2,
    HSM_HART_SUSPEND = 3,
};

/* All other suspend types are reserved, or specific to platforms that the guest's is not. */
#define SUSPEND_RETENTIVE     0x00000000u
#define SUSPEND_NON_RETENTIVE 0x80000000u

/* An instruction can begin there: an even address with room in RAM for the shortest one. */
static bool is_entry(const struct sbi_call *call, gpa_t address)
{
    return IS_ALIGNED(address, 2) && sbi_is_ram(call, address, 2);
}

static bool hart_exists(const struct sbi_call *call, u32 hart)
{
    return hart < call->env->hart_count(call->vcpu);
}

static enum sbi_error hart_start(const struct sbi_call *call, u32 hart, u32 entry, u32 opaque)
{
    if (!hart_exists(call, hart))
        return SBI_ERR_INVALID_PARAM;
    if (call->env->hsm_state(call->vcpu, hart) != HSM_STOPPED)
        return SBI_ERR_ALREADY_AVAILABLE;
    if (!is_entry(call, entry))
        return SBI_ERR_INVALID_ADDRESS;
    /* Another hart may have been faster since: the env decides, under its lock. */
    return call->env->hart_start(call->vcpu, hart, entry, opaque);
}

static enum sbi_outcome hart_stop(const struct sbi_call *call, struct sbi_result *result)
{
    enum sbi_error error = call->env->hart_stop(call->vcpu);

    return error == SBI_SUCCESS ? SBI_RESUME : sbi_return(result, error);
}

static enum sbi_outcome hart_get_status(const struct sbi_call *call, u32 hart,
                                        struct sbi_result *result)
{
    if (!hart_exists(call, hart))
        return sbi_return(result, SBI_ERR_INVALID_PARAM);
    result->value = call->env->hsm_state(call->vcpu, hart);
    return SBI_RETURN;
}

static enum sbi_outcome hart_suspend(const struct sbi_call *call, u32 type, u32 entry, u32 opaque,
                                     struct sbi_result *result)
{
    bool retentive = type == SUSPEND_RETENTIVE;
    enum sbi_error error;

    if (!retentive && type != SUSPEND_NON_RETENTIVE)
        return sbi_return(result, SBI_ERR_INVALID_PARAM);
    if (!retentive && !is_entry(call, entry))
        return sbi_return(result, SBI_ERR_INVALID_ADDRESS);
    error = call->env->hart_suspend(call->vcpu, retentive, entry, opaque);
    if (error == SBI_SUCCESS && !retentive)
        return SBI_RESUME;
    return sbi_return(result, error);
}

enum sbi_outcome sbi_hsm(const struct sbi_call *call, struct sbi_result *result)
{
    const u32 *arg = call->arg;

    switch (call->function) {
    case HSM_HART_START:
        return sbi_return(result, hart_start(call, arg[0], arg[1], arg[2]));
    case HSM_HART_STOP:
        return hart_stop(call, result);
    case HSM_HART_GET_STATUS:
        return hart_get_status(call, arg[0], result);
    case HSM_HART_SUSPEND:
        return hart_suspend(call, arg[0], arg[1], arg[2], result);
    default:
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    }
}
