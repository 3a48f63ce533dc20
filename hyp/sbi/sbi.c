/*
 * The way in: from an EID to the extension that answers it. A guest that polls or prints through
 * the SBI comes by here for every word and character, so the path is short: one comparison for the
 * legacy calls, then a table of which the first lines are the ones that are called often.
 */
#include "hyp/sbi/sbi.h"

struct extension {
    u32 id;
    sbi_handler *handler;
};

static const struct extension extensions[] = {
    {SBI_EXT_BASE, sbi_base}, {SBI_EXT_TIME, sbi_time},       {SBI_EXT_DBCN, sbi_dbcn},
    {SBI_EXT_IPI, sbi_ipi},   {SBI_EXT_RFENCE, sbi_rfence},   {SBI_EXT_HSM, sbi_hsm},
    {SBI_EXT_SRST, sbi_srst}, {SBI_EXT_TWOFOLD, sbi_twofold},
};

static enum sbi_outcome no_extension(const struct sbi_call *call, struct sbi_result *result)
{
    (void)call;
    return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
}

static inline sbi_handler *find_handler(u32 id)
{
    if (id <= SBI_EXT_LEGACY_LAST)
        return sbi_legacy;
    for (const struct extension *e = extensions; e < extensions + ARRAY_SIZE(extensions); e++) {
        if (e->id == id)
            return e->handler;
    }
    return no_extension;
}

enum sbi_outcome sbi_handle(const struct sbi_call *call, struct sbi_result *result)
{
    *result = (struct sbi_result){.error = SBI_SUCCESS, .value = 0};
    return find_handler(call->extension)(call, result);
}

bool sbi_extension_exists(const struct sbi_call *call, u32 extension)
{
    if (extension == SBI_EXT_TWOFOLD)
        return call->env->debug_allowed(call->vcpu);
    return find_handler(extension) != no_extension;
}
