/* What was counted of a VM or of a vCPU, copied at once, and printed. */
#ifndef MONITOR_COUNTS_H
#define MONITOR_COUNTS_H

#include "arch/types.h"
#include "hyp/core/sched.h"
#include "hyp/vm/stats.h"

struct counts {
    struct task_times times;
    u64 exits, events[STAT_COUNT], sbi[SBI_EXTENSIONS];
    u64 loads[BUS_REGIONS], stores[BUS_REGIONS];
};

/* All but the times; `vcpu` is a number, or STATS_WHOLE_VM. */
void counts_take(struct counts *counts, struct vm *vm, u32 vcpu);

/* The times of that vCPU, or added up over all that the VM has now; it is held. */
void counts_take_times(struct counts *counts, struct vm *vm, u32 vcpu);

u64 counts_sbi(const struct counts *counts);
u64 counts_devices(const struct counts *counts);
u64 counts_faults(const struct counts *counts);

/* Prints all that is not 0. `vm` has the devices. */
void counts_show(const struct counts *counts, const struct vm *vm);

#endif
