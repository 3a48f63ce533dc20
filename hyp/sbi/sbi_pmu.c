/*
 * PMU: performance counters (SBI, "Performance Monitoring Unit Extension"). Snapshots in shared
 * memory and all that came after SBI 2.0 are not there; the bits of config_flags that would hold
 * back counting in some modes are hints, and taken as such.
 */
#include "hyp/sbi/pmu.h"

#include "arch/u64.h"
#include "hyp/sbi/sbi.h"

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

static struct pmu *pmu_of(const struct sbi_call *call)
{
    return call->env->pmu(call->vcpu);
}

/* How often `event` has happened; 0 for one that is not counted here. */
static u64 count_of_event(const struct sbi_call *call, u32 event)
{
    u64 count;

    return call->env->pmu_count(call->vcpu, event, &count) ? count : 0;
}

/* Which counters there are. The hardware's can be missing. */
static u32 counters(const struct sbi_call *call)
{
    u64 count;
    bool hardware = call->env->pmu_count(call->vcpu, PMU_EVENT_CYCLES, &count);

    return hardware ? PMU_HARDWARE | PMU_FIRMWARE : PMU_FIRMWARE;
}

/* Which counters can count `event`. */
static u32 counters_for(u32 event)
{
    if (event == PMU_EVENT_CYCLES)
        return BIT(PMU_CYCLE);
    return event == PMU_EVENT_INSTRUCTIONS ? BIT(PMU_INSTRET) : PMU_FIRMWARE;
}

/* What the counter's event has come to: that of a hardware counter is always the same. */
static u64 count(const struct sbi_call *call, u32 index)
{
    u32 event = pmu_of(call)->event[index];

    if (index == PMU_CYCLE)
        event = PMU_EVENT_CYCLES;
    else if (index == PMU_INSTRET)
        event = PMU_EVENT_INSTRUCTIONS;
    return count_of_event(call, event);
}

static u64 value(const struct sbi_call *call, u32 index)
{
    return pmu_value(pmu_of(call), index, count(call, index));
}

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
    return *set >> base == mask && !(*set & ~counters(call));
}

static u32 first_of(u32 set)
{
    u32 index = 0;

    while (!(set & BIT(index)))
        index++;
    return index;
}

static enum sbi_error get_info(const struct sbi_call *call, u32 *info)
{
    u32 index = call->arg[0];

    if (index >= PMU_COUNTERS || !(counters(call) & BIT(index)))
        return SBI_ERR_INVALID_PARAM;
    *info = (PMU_COUNTER_WIDTH - 1) << INFO_WIDTH_SHIFT;
    *info |= PMU_FIRMWARE & BIT(index) ? INFO_FIRMWARE : FIRST_CSR + index;
    return SBI_SUCCESS;
}

/* Which of `set` is to count `event`: one that nobody uses, or else one that is stopped; 0: none.
 */
static u32 matching(const struct pmu *pmu, u32 set, u32 event)
{
    u32 able = set & counters_for(event) & ~pmu_started(pmu);

    return able & ~pmu->assigned ? able & ~pmu->assigned : able;
}

/* event_data, a4 and a5, means nothing for the events there are; callers leave anything in it. */
static enum sbi_error configure(const struct sbi_call *call, u32 *index)
{
    struct pmu *pmu = pmu_of(call);
    u32 set, flags = call->arg[2], event = call->arg[3];
    u64 events, from;

    if (!counter_set(call, &set) || flags & ~CONFIG_FLAGS)
        return SBI_ERR_INVALID_PARAM;
    if (!call->env->pmu_count(call->vcpu, event, &events))
        return SBI_ERR_NOT_SUPPORTED;
    if (flags & CONFIG_SKIP_MATCH)
        set = BIT(first_of(set));
    set = matching(pmu, set, event);
    if (!set)
        return SBI_ERR_NOT_SUPPORTED;

    *index = first_of(set);
    from = flags & CONFIG_CLEAR_VALUE ? 0 : value(call, *index);
    pmu->assigned |= BIT(*index);
    pmu->event[*index] = event;
    if (flags & CONFIG_AUTO_START)
        pmu_run(pmu, *index, from, events);
    else
        pmu_stand(pmu, *index, from);
    return SBI_SUCCESS;
}

/* One that runs already goes on as it was; the others are started all the same. */
static enum sbi_error start(const struct sbi_call *call)
{
    struct pmu *pmu = pmu_of(call);
    u32 set, flags = call->arg[2];
    u32 already;

    if (!counter_set(call, &set) || set & ~pmu->assigned || flags & ~START_FLAGS)
        return SBI_ERR_INVALID_PARAM;
    if (flags & START_INIT_SNAPSHOT)
        return SBI_ERR_NO_SHMEM;
    already = set & pmu_started(pmu);
    for (u32 index = 0; index < PMU_COUNTERS; index++) {
        bool from_value = flags & START_SET_INIT_VALUE;

        if (!(set & ~already & BIT(index)))
            continue;
        pmu_run(pmu, index, from_value ? u64_join(call->arg[3], call->arg[4]) : value(call, index),
                count(call, index));
    }
    return already ? SBI_ERR_ALREADY_STARTED : SBI_SUCCESS;
}

/* Without an event a hardware counter is a plain CSR again, which counts. */
static void release(const struct sbi_call *call, u32 index)
{
    struct pmu *pmu = pmu_of(call);
    u64 last = value(call, index);

    pmu->assigned &= ~BIT(index);
    pmu->event[index] = PMU_EVENT_NONE;
    pmu_run(pmu, index, last, count(call, index));
}

/* One that has stopped already is released all the same: kernels stop first and release later. */
static enum sbi_error stop(const struct sbi_call *call)
{
    struct pmu *pmu = pmu_of(call);
    u32 set, flags = call->arg[2];
    u32 started;

    if (!counter_set(call, &set) || flags & ~STOP_FLAGS)
        return SBI_ERR_INVALID_PARAM;
    if (flags & STOP_TAKE_SNAPSHOT)
        return SBI_ERR_NO_SHMEM;
    started = set & pmu_started(pmu);
    for (u32 index = 0; index < PMU_COUNTERS; index++) {
        if (started & BIT(index))
            pmu_stand(pmu, index, value(call, index));
        if (flags & STOP_RESET && set & pmu->assigned & BIT(index))
            release(call, index);
    }
    return started == set ? SBI_SUCCESS : SBI_ERR_ALREADY_STOPPED;
}

static enum sbi_error read_firmware(const struct sbi_call *call, u64 *whole)
{
    u32 index = call->arg[0];

    if (index >= PMU_COUNTERS || !(PMU_FIRMWARE & BIT(index)))
        return SBI_ERR_INVALID_PARAM;
    *whole = value(call, index);
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
