#include "hyp/vm/pmu.h"

#include "arch/features.h"
#include "hyp/vm/stats.h"
#include "hyp/vm/vm.h"

/*
 * The firmware events that come by here. Misaligned accesses do not: the guest takes the trap
 * without us. Of the others, those count that we have had: what we have given access faults for is
 * where nothing is, or what a device refuses.
 */
static const struct {
    u32 event;
    enum stat stat;
} firmware_events[] = {
    {PMU_EVENT_ACCESS_LOAD, STAT_EXIT_BAD_LOAD},
    {PMU_EVENT_ACCESS_STORE, STAT_EXIT_BAD_STORE},
    {PMU_EVENT_ILLEGAL_INSN, STAT_EXIT_ILLEGAL},
    {PMU_EVENT_SET_TIMER, STAT_SET_TIMER},
    {PMU_EVENT_IPI_SENT, STAT_IPI_SENT},
    {PMU_EVENT_IPI_RECEIVED, STAT_IPI_RECEIVED},
    {PMU_EVENT_FENCE_I_SENT, STAT_FENCE_I_SENT},
    {PMU_EVENT_FENCE_I_RECEIVED, STAT_FENCE_I_RECEIVED},
    {PMU_EVENT_SFENCE_VMA_SENT, STAT_FENCE_VMA_SENT},
    {PMU_EVENT_SFENCE_VMA_RECEIVED, STAT_FENCE_VMA_RECEIVED},
    {PMU_EVENT_SFENCE_VMA_ASID_SENT, STAT_FENCE_ASID_SENT},
    {PMU_EVENT_SFENCE_VMA_ASID_RECEIVED, STAT_FENCE_ASID_RECEIVED},
};

static bool firmware_count(struct vcpu *vcpu, u32 event, u64 *count)
{
    for (u32 i = 0; i < ARRAY_SIZE(firmware_events); i++) {
        if (firmware_events[i].event == event) {
            *count = stats_event(vcpu->vm, vcpu->id, firmware_events[i].stat);
            return true;
        }
    }
    return false;
}

bool pmu_count(struct vcpu *vcpu, u32 event, u64 *count)
{
    bool hardware = event == PMU_EVENT_CYCLES || event == PMU_EVENT_INSTRUCTIONS;

    if (!hardware)
        return firmware_count(vcpu, event, count);
    if (!features.counters || vcpu->vm->config.counters_direct)
        return false;
    *count = event == PMU_EVENT_CYCLES ? vcpu_cycle(vcpu) : vcpu_instret(vcpu);
    return true;
}

u64 pmu_cycle(const struct vcpu *vcpu)
{
    return pmu_value(&vcpu->pmu, PMU_CYCLE, vcpu_cycle(vcpu));
}

u64 pmu_instret(const struct vcpu *vcpu)
{
    return pmu_value(&vcpu->pmu, PMU_INSTRET, vcpu_instret(vcpu));
}
