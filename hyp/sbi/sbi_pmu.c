/*
 * PMU: performance counters (SBI, "Performance Monitoring Unit Extension"). Snapshots in shared
 * memory and all that came after SBI 2.0 are not there; the bits of config_flags that would hold
 * back counting in some modes are hints, and taken as such.
 */
#include "hyp/sbi/pmu.h"

#include "arch/u64.h"

enum {
    PMU_NUM_COUNTERS = 0,
    PMU_COUNTER_GET_INFO = 1,
    PMU_COUNTER_CONFIG_MATCHING = 2,
    PMU_COUNTER_START = 3,
    PMU_COUNTER_STOP = 4,
    PMU_COUNTER_FW_READ = 5,
    PMU_COUNTER_FW_READ_HI = 6,
};

#define CONFIG_SKIP_MATCH  BIT(0)
#define CONFIG_CLEAR_VALUE BIT(1)
#define CONFIG_AUTO_START  BIT(2)
#define CONFIG_FLAGS       0xffu

#define START_SET_INIT_VALUE BIT(0)
#define START_INIT_SNAPSHOT  BIT(1)
#define START_FLAGS          (START_SET_INIT_VALUE | START_INIT_SNAPSHOT)

#define STOP_RESET         BIT(0)
#define STOP_TAKE_SNAPSHOT BIT(1)
#define STOP_FLAGS         (STOP_RESET | STOP_TAKE_SNAPSHOT)

#define INFO_FIRMWARE    BIT(31)
#define INFO_WIDTH_SHIFT 12
#define FIRST_CSR        0xc00u /* cycle */

/*
 * The counters a0 + i for which bit i of a1 is set. False: one of them is not there, or none is
 * named, which other firmware refuse too.
 */
static bool counter_set(const struct sbi_call *call, u32 *set)
{
    u32 base = call->arg[0], mask = call->arg[1];

    if (!mask || base >= PMU_COUNTERS)
        return false;
    *set = mask << base;
    return *set >> base == mask && !(*set & ~pmu_counters(call));
}

/* The counter that a0 names, if it is one of `among`. */
static bool counter(const struct sbi_call *call, u32 among)
{
    return call->arg[0] < PMU_COUNTERS && among & BIT(call->arg[0]);
}

static enum sbi_error get_info(const struct sbi_call *call, u32 *info)
{
    u32 index = call->arg[0];

    if (!counter(call, pmu_counters(call)))
        return SBI_ERR_INVALID_PARAM;
    *info = (PMU_COUNTER_WIDTH - 1) << INFO_WIDTH_SHIFT;
    *info |= PMU_FIRMWARE & BIT(index) ? INFO_FIRMWARE : FIRST_CSR + index;
    return SBI_SUCCESS;
}

/* event_data, a4 and a5, means nothing for the events there are; callers leave anything in it. */
static enum sbi_error configure(const struct sbi_call *call, u32 *index)
{
    u32 set, flags = call->arg[2], event = call->arg[3];
    u32 chosen;

    if (!counter_set(call, &set) || flags & ~CONFIG_FLAGS)
        return SBI_ERR_INVALID_PARAM;
    if (flags & CONFIG_SKIP_MATCH)
        set &= ~set + 1; /* the first of them */
    chosen = pmu_assign(call, set, event);
    if (chosen == PMU_COUNTERS)
        return SBI_ERR_NOT_SUPPORTED;
    if (flags & CONFIG_CLEAR_VALUE)
        pmu_stand(call, chosen, 0);
    if (flags & CONFIG_AUTO_START)
        pmu_run(call, chosen, pmu_read(call, chosen));
    *index = chosen;
    return SBI_SUCCESS;
}

/* One that is started already goes on as it was; the others are started all the same. */
static enum sbi_error start(const struct sbi_call *call)
{
    const struct pmu *pmu = call->env->pmu(call->vcpu);
    u32 set, flags = call->arg[2];
    u64 initial = u64_join(call->arg[3], call->arg[4]);
    u32 already;

    if (!counter_set(call, &set) || set & ~pmu->assigned || flags & ~START_FLAGS)
        return SBI_ERR_INVALID_PARAM;
    if (flags & START_INIT_SNAPSHOT)
        return SBI_ERR_NO_SHMEM;
    already = set & pmu_started(pmu);
    for (u32 index = 0; index < PMU_COUNTERS; index++)
        if (set & ~already & BIT(index))
            pmu_run(call, index, flags & START_SET_INIT_VALUE ? initial : pmu_read(call, index));
    return already ? SBI_ERR_ALREADY_STARTED : SBI_SUCCESS;
}

/* One that has stopped already is released all the same: kernels stop first and release later. */
static enum sbi_error stop(const struct sbi_call *call)
{
    const struct pmu *pmu = call->env->pmu(call->vcpu);
    u32 set, flags = call->arg[2];
    u32 started;

    if (!counter_set(call, &set) || flags & ~STOP_FLAGS)
        return SBI_ERR_INVALID_PARAM;
    if (flags & STOP_TAKE_SNAPSHOT)
        return SBI_ERR_NO_SHMEM;
    started = set & pmu_started(pmu);
    for (u32 index = 0; index < PMU_COUNTERS; index++) {
        if (started & BIT(index))
            pmu_stand(call, index, pmu_read(call, index));
        if (flags & STOP_RESET && set & pmu->assigned & BIT(index))
            pmu_release(call, index);
    }
    return started == set ? SBI_SUCCESS : SBI_ERR_ALREADY_STOPPED;
}

static enum sbi_error read_firmware(const struct sbi_call *call, u64 *whole)
{
    if (!counter(call, PMU_FIRMWARE))
        return SBI_ERR_INVALID_PARAM;
    *whole = pmu_read(call, call->arg[0]);
    return SBI_SUCCESS;
}

enum sbi_outcome sbi_pmu(const struct sbi_call *call, struct sbi_result *result)
{
    enum sbi_error error;
    u64 whole = 0;

    switch (call->function) {
    case PMU_NUM_COUNTERS:
        result->value = PMU_COUNTERS;
        return SBI_RETURN;
    case PMU_COUNTER_GET_INFO:
        return sbi_return(result, get_info(call, &result->value));
    case PMU_COUNTER_CONFIG_MATCHING:
        return sbi_return(result, configure(call, &result->value));
    case PMU_COUNTER_START:
        return sbi_return(result, start(call));
    case PMU_COUNTER_STOP:
        return sbi_return(result, stop(call));
    case PMU_COUNTER_FW_READ:
    case PMU_COUNTER_FW_READ_HI:
        error = read_firmware(call, &whole);
        result->value = call->function == PMU_COUNTER_FW_READ ? u64_low(whole) : u64_high(whole);
        return sbi_return(result, error);
    default:
        return sbi_return(result, SBI_ERR_NOT_SUPPORTED);
    }
}
