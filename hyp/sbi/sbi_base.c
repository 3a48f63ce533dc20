/* Base: who we are and what there is (SBI, "Base Extension"). None of its functions can fail. */
#include "hyp/sbi/sbi.h"

enum {
    BASE_GET_SPEC_VERSION = 0,
    BASE_GET_IMPL_ID = 1,
    BASE_GET_IMPL_VERSION = 2,
    BASE_PROBE_EXTENSION = 3,
    BASE_GET_MVENDORID = 4,
    BASE_GET_MARCHID = 5,
    BASE_GET_MIMPID = 6,
};

static const u32 constants[] = {
    [BASE_GET_SPEC_VERSION] = SBI_SPEC_VERSION,
    [BASE_GET_IMPL_ID] = SBI_IMPL_ID,
    [BASE_GET_IMPL_VERSION] = SBI_IMPL_VERSION,
};

/* All that is not a constant. */
static NOINLINE void ask(const struct sbi_call *call, struct sbi_result *result)
{
    u32 function = call->function;

    if (function == BASE_PROBE_EXTENSION)
        result->value = sbi_extension_exists(call, call->arg[0]);
    else if (function <= BASE_GET_MIMPID)
        result->value = call->env->machine_id(call->vcpu, function);
    else
        result->error = SBI_ERR_NOT_SUPPORTED;
}

enum sbi_outcome sbi_base(const struct sbi_call *call, struct sbi_result *result)
{
    if (likely(call->function < ARRAY_SIZE(constants)))
        result->value = constants[call->function];
    else
        ask(call, result);
    return SBI_RETURN;
}
