/* TIME: the next timer interrupt (SBI, "Timer Extension"). */
#include "arch/u64.h"
#include "hyp/sbi/sbi.h"

enum {
    TIME_SET_TIMER = 0,
};

enum sbi_outcome sbi_time(const struct sbi_call *call, struct sbi_result *result)
{
    if (call->function != TIME_SET_TIMER)
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    call->env->set_timer(call->vcpu, u64_join(call->arg[0], call->arg[1]));
    return SBI_RETURN;
}
