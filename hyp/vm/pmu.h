/*
 * The performance counters of a vCPU (hyp/sbi/pmu.h says which): what they count. Cycle and instret
 * are virtual, what passes while the vCPU is loaded; where the description gives the guest the
 * hart's own, or the hart has none, there are firmware counters only.
 */
#ifndef VM_PMU_H
#define VM_PMU_H

#include "arch/types.h"

struct vcpu;

/* How often `event`, an event_idx of SBI PMU, has happened to the vCPU. False: it is not counted
 * here. Loaded. */
bool pmu_count(struct vcpu *vcpu, u32 event, u64 *count);

/* What the guest reads as cycle and instret. Loaded; features.counters holds. */
u64 pmu_cycle(const struct vcpu *vcpu);
u64 pmu_instret(const struct vcpu *vcpu);

#endif
