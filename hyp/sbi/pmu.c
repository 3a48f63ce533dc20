#include "hyp/sbi/pmu.h"

static struct pmu *pmu_of(const struct sbi_call *call)
{
    return call->env->pmu(call->vcpu);
}

u32 pmu_counters(const struct sbi_call *call)
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

/* The event that a counter counts; a hardware counter always the same. */
static u32 event_of(const struct sbi_call *call, u32 index)
{
    if (index == PMU_CYCLE)
        return PMU_EVENT_CYCLES;
    return index == PMU_INSTRET ? PMU_EVENT_INSTRUCTIONS : pmu_of(call)->event[index];
}

/* How often its event has happened; 0 where it has none. */
static u64 count(const struct sbi_call *call, u32 index)
{
    u64 times;

    return call->env->pmu_count(call->vcpu, event_of(call, index), &times) ? times : 0;
}

u64 pmu_read(const struct sbi_call *call, u32 index)
{
    return pmu_value(pmu_of(call), index, count(call, index));
}

void pmu_run(const struct sbi_call *call, u32 index, u64 value)
{
    struct pmu *pmu = pmu_of(call);

    pmu->stopped &= ~BIT(index);
    pmu->base[index] = value - count(call, index);
}

void pmu_stand(const struct sbi_call *call, u32 index, u64 value)
{
    struct pmu *pmu = pmu_of(call);

    pmu->stopped |= BIT(index);
    pmu->base[index] = value;
}

u32 pmu_assign(const struct sbi_call *call, u32 set, u32 event)
{
    struct pmu *pmu = pmu_of(call);
    u32 able = set & counters_for(event) & ~pmu_started(pmu);
    u32 index = 0;
    u64 times;

    if (!able || !call->env->pmu_count(call->vcpu, event, &times))
        return PMU_COUNTERS;
    if (able & ~pmu->assigned)
        able &= ~pmu->assigned;
    while (!(able & BIT(index)))
        index++;
    pmu_stand(call, index, pmu_read(call, index));
    pmu->assigned |= BIT(index);
    pmu->event[index] = event;
    return index;
}

void pmu_release(const struct sbi_call *call, u32 index)
{
    struct pmu *pmu = pmu_of(call);
    u64 last = pmu_read(call, index);

    pmu->assigned &= ~BIT(index);
    pmu->event[index] = PMU_EVENT_NONE;
    pmu_run(call, index, last);
}
