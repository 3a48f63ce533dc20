/*
 * What a VM and its vCPUs have done, counted: always, by one word each that the exit path adds one
 * to. Counters are numbered: first those of enum stat, then SBI calls by extension, then loads and
 * stores by region of the VM's bus.
 *
 * Words wrap. Every minute, and whenever somebody reads, what is new in them is added to 64-bit
 * totals. The totals of a vCPU end with its VM's life; they go into those of the VM, which last.
 */
#ifndef VM_STATS_H
#define VM_STATS_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/sbi/sbi.h"
#include "hyp/vm/bus.h"
#include "hyp/vm/config.h"

/*
 * SBI calls and device accesses are counted by extension and by device, and not here again: all
 * exits are the sum of those and of STAT_EXIT_*.
 */
enum stat {
    STAT_EXIT_INTERRUPT, /* the hypervisor's own interrupts: slices, kicks, timers, devices    */
    STAT_EXIT_WAIT,      /* WFI, WRS: the guest waits                                          */
    STAT_EXIT_CSR,       /* a CSR that we stand in for                                         */
    STAT_EXIT_ILLEGAL,   /* an instruction that the guest's machine does not have              */
    STAT_EXIT_RAM_FAULT, /* guest-page faults on RAM: first touches, copies on write           */
    STAT_EXIT_BAD_FETCH, /* guest-page faults that became access faults                        */
    STAT_EXIT_BAD_LOAD,
    STAT_EXIT_BAD_STORE,
    STAT_EXIT_OTHER,   /* everything else; the last of the exits                             */
    STAT_PAGES_BACKED, /* of lazy RAM, by first touches                                      */
    STAT_PAGES_COPIED, /* of shared images, by writes                                        */
    STAT_INJECT_EXCEPTION,
    STAT_INJECT_SOFTWARE, /* interrupts raised                                                  */
    STAT_INJECT_TIMER,    /* only where the timer is emulated: Sstc needs no help               */
    STAT_INJECT_EXTERNAL,
    STAT_SET_TIMER, /* from here on as the SBI's firmware counters (SBI PMU) of these names */
    STAT_IPI_SENT,
    STAT_IPI_RECEIVED,
    STAT_FENCE_I_SENT,
    STAT_FENCE_I_RECEIVED,
    STAT_FENCE_VMA_SENT,
    STAT_FENCE_VMA_RECEIVED,
    STAT_FENCE_ASID_SENT,
    STAT_FENCE_ASID_RECEIVED,
    STAT_COUNT,

    STATS_SBI = STAT_COUNT,                   /* + sbi_extension_index (hyp/sbi/sbi.h)         */
    STATS_LOADS = STATS_SBI + SBI_EXTENSIONS, /* + index in the VM's bus.regions, whose name
                                               * is the device's                              */
    STATS_STORES = STATS_LOADS + BUS_REGIONS, /* the same                                     */
    STATS_COUNTERS = STATS_STORES + BUS_REGIONS,
};

struct vcpu_stats {
    u32 count[STATS_COUNTERS]; /* written by the vCPU's own hart; fences received, by
                                * their senders under the vCPU's lock. Read by any   */
    u64 total[STATS_COUNTERS]; /* `count` without end, as it was when last sampled;
                                * under the lock of struct vm_stats                  */
};

struct vm_stats {
    struct spinlock lock;                   /* innermost                                    */
    struct vcpu_stats *vcpus[VM_MAX_VCPUS]; /* of this life, by vCPU; NULL: none            */
    u64 ended[STATS_COUNTERS];              /* of all lives that have ended                 */
};

struct vcpu;
struct vm;

/* One more, of the vCPU that is loaded here. */
static inline void stats_count(struct vcpu_stats *stats, u32 counter)
{
    stats->count[counter]++;
}

/* Begins the sampling of all VMs. Boot hart, once, before guests run. */
void stats_init(void);

/* A vCPU's counters, all zero, count for its VM from now on; and no more, which adds them to the
 * VM's. The latter before the struct is freed or made anew; twice is once. The vCPU does not run.
 */
void stats_begin(struct vcpu *vcpu);
void stats_end(struct vcpu *vcpu);

/* Instead of the number of a vCPU: all of them, earlier lives of the VM included. */
#define STATS_WHOLE_VM (~0u)

/* A counter up to now; of a vCPU by number: in this life, 0 when there is no such vCPU now. Any
 * hart, with no lock needed against the VM's end. */
u64 stats_read(struct vm *vm, u32 vcpu, u32 counter);

/* The same by kind of counter. */
static inline u64 stats_event(struct vm *vm, u32 vcpu, enum stat stat)
{
    return stats_read(vm, vcpu, stat);
}

static inline u64 stats_sbi(struct vm *vm, u32 vcpu, u32 extension_index)
{
    return stats_read(vm, vcpu, STATS_SBI + extension_index);
}

static inline u64 stats_loads(struct vm *vm, u32 vcpu, u32 region)
{
    return stats_read(vm, vcpu, STATS_LOADS + region);
}

static inline u64 stats_stores(struct vm *vm, u32 vcpu, u32 region)
{
    return stats_read(vm, vcpu, STATS_STORES + region);
}

/* All exits. */
u64 stats_exits(struct vm *vm, u32 vcpu);

/* In words, for a person: "pages copied", ... */
const char *stats_name(enum stat stat);

#endif
