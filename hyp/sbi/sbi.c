/* The table of extensions, from an EID to who answers it. */
#include "hyp/sbi/sbi.h"

static enum sbi_outcome no_extension(const struct sbi_call *call, struct sbi_result *result)
{
    (void)call;
    return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
}

const struct sbi_extension sbi_extensions[SBI_EXTENSIONS] = {
    {SBI_EXT_BASE, sbi_base, "Base"},
    {SBI_EXT_TIME, sbi_time, "TIME"},
    {SBI_EXT_DBCN, sbi_dbcn, "DBCN"},
    {SBI_EXT_IPI, sbi_ipi, "IPI"},
    {SBI_EXT_RFENCE, sbi_rfence, "RFENCE"},
    {SBI_EXT_HSM, sbi_hsm, "HSM"},
    {SBI_EXT_SRST, sbi_srst, "SRST"},
    {SBI_EXT_PMU, sbi_pmu, "PMU"},
    {SBI_EXT_STA, sbi_sta, "STA"},
    {SBI_EXT_TWOFOLD, sbi_twofold, "Twofold"},
    [SBI_LEGACY] = {SBI_EXT_LEGACY_LAST, sbi_legacy, "legacy"},
    [SBI_UNKNOWN] = {0, no_extension, "unknown"},
};

bool sbi_extension_exists(const struct sbi_call *call, u32 extension)
{
    if (extension == SBI_EXT_TWOFOLD)
        return call->env->debug_allowed(call->vcpu);
    return sbi_extension_of(extension) != &sbi_extensions[SBI_UNKNOWN];
}
