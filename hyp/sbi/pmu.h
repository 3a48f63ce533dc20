/*
 * The performance counters of one hart, as SBI PMU offers them: which event each counts, and from
 * what value. How often an event has happened, the floor above knows (sbi_env.pmu_count).
 *
 *   0   cycle      by the number of their CSRs, as kernels expect that find them without asking;
 *   1   none       they count from power-on, and when no driver has them
 *   2   instret
 *   3.. firmware counters, for any firmware event
 */
#ifndef SBI_PMU_H
#define SBI_PMU_H

#include "arch/types.h"
#include "hyp/sbi/sbi.h"

#define PMU_CYCLE         0u
#define PMU_INSTRET       2u
#define PMU_FIRST_FW      3u
#define PMU_COUNTERS      19u
#define PMU_HARDWARE      (BIT(PMU_CYCLE) | BIT(PMU_INSTRET))
#define PMU_FIRMWARE      (BIT(PMU_COUNTERS) - BIT(PMU_FIRST_FW))
#define PMU_COUNTER_WIDTH 64u

/* event_idx: type in bits 19:16, code below (SBI, "PMU Extension": event types 0 and 15). */
#define PMU_EVENT_FW(code) (0xf0000u | (code))

enum pmu_event {
    PMU_EVENT_NONE = 0,
    PMU_EVENT_CYCLES = 1,
    PMU_EVENT_INSTRUCTIONS = 2,
    PMU_EVENT_ACCESS_LOAD = PMU_EVENT_FW(2),
    PMU_EVENT_ACCESS_STORE = PMU_EVENT_FW(3),
    PMU_EVENT_ILLEGAL_INSN = PMU_EVENT_FW(4),
    PMU_EVENT_SET_TIMER = PMU_EVENT_FW(5),
    PMU_EVENT_IPI_SENT = PMU_EVENT_FW(6),
    PMU_EVENT_IPI_RECEIVED = PMU_EVENT_FW(7),
    PMU_EVENT_FENCE_I_SENT = PMU_EVENT_FW(8),
    PMU_EVENT_FENCE_I_RECEIVED = PMU_EVENT_FW(9),
    PMU_EVENT_SFENCE_VMA_SENT = PMU_EVENT_FW(10),
    PMU_EVENT_SFENCE_VMA_RECEIVED = PMU_EVENT_FW(11),
    PMU_EVENT_SFENCE_VMA_ASID_SENT = PMU_EVENT_FW(12),
    PMU_EVENT_SFENCE_VMA_ASID_RECEIVED = PMU_EVENT_FW(13),
};

/* All zero is the state after power-on. One bit a counter, by index. */
struct pmu {
    u32 assigned;            /* has been given an event                                */
    u32 stopped;             /* stands still                                           */
    u32 event[PMU_COUNTERS]; /* of firmware counters that are assigned: enum pmu_event */
    u64 base[PMU_COUNTERS];  /* the value; of one that does not stand still, less the
                              * count of its event; modulo 2^64                        */
};

/* What a counter shows when its event has happened `count` times. */
static inline u64 pmu_value(const struct pmu *pmu, u32 index, u64 count)
{
    return pmu->stopped & BIT(index) ? pmu->base[index] : pmu->base[index] + count;
}

/* Which were started by the SBI, and not stopped since. */
static inline u32 pmu_started(const struct pmu *pmu)
{
    return pmu->assigned & ~pmu->stopped;
}

/*
 * What calls do, for the caller's hart; `index` is one of pmu_counters, that is, of those there
 * are. The hardware's can be missing.
 */
u32 pmu_counters(const struct sbi_call *call);

/* The value now. */
u64 pmu_read(const struct sbi_call *call, u32 index);

/*
 * Gives `event` to a counter of `set` that is not started and can count it: one that has no event,
 * if there is such a one. It stands still at the value that it has. Returns its index, or
 * PMU_COUNTERS: there is none.
 */
u32 pmu_assign(const struct sbi_call *call, u32 set, u32 event);

/* Counts from `value` on, or stands still at it. */
void pmu_run(const struct sbi_call *call, u32 index, u64 value);
void pmu_stand(const struct sbi_call *call, u32 index, u64 value);

/* Takes the event away. A hardware counter is then a plain CSR again, which counts. */
void pmu_release(const struct sbi_call *call, u32 index);

#endif
