#include "hyp/vm/stats.h"

#include "arch/u64.h"
#include "hyp/core/timer.h"
#include "hyp/vm/vm.h"

/* Fewer events than 2^32 happen to a vCPU in that time. */
#define SAMPLE_MS 60000

static struct timer sampler;

/* What a counter has come to without wrapping. Its low word was the counter when this was last
 * asked. The VM's lock is held, here and below. */
static u64 sample(struct vcpu_stats *stats, u32 counter)
{
    u32 count = __atomic_load_n(&stats->count[counter], __ATOMIC_RELAXED);

    stats->total[counter] += (u32)(count - u64_low(stats->total[counter]));
    return stats->total[counter];
}

static u64 sample_vcpu(struct vm_stats *stats, u32 vcpu, u32 counter)
{
    return stats->vcpus[vcpu] ? sample(stats->vcpus[vcpu], counter) : 0;
}

static u64 sample_vm(struct vm_stats *stats, u32 counter)
{
    u64 sum = stats->ended[counter];

    for (u32 i = 0; i < VM_MAX_VCPUS; i++)
        sum += sample_vcpu(stats, i, counter);
    return sum;
}

static void sample_all(struct timer *timer)
{
    u32 count = __atomic_load_n(&vm_count, __ATOMIC_ACQUIRE);

    for (u32 i = 0; i < count; i++) {
        spin_lock(&vms[i]->stats.lock);
        for (u32 counter = 0; counter < STATS_COUNTERS; counter++)
            sample_vm(&vms[i]->stats, counter);
        spin_unlock(&vms[i]->stats.lock);
    }
    timer_arm(timer, timer_after(SAMPLE_MS));
}

void stats_init(void)
{
    sampler.fire = sample_all;
    timer_arm(&sampler, timer_after(SAMPLE_MS));
}

void stats_begin(struct vcpu *vcpu)
{
    struct vm_stats *stats = &vcpu->vm->stats;

    spin_lock(&stats->lock);
    stats->vcpus[vcpu->id] = &vcpu->stats;
    spin_unlock(&stats->lock);
}

void stats_end(struct vcpu *vcpu)
{
    struct vm_stats *stats = &vcpu->vm->stats;

    spin_lock(&stats->lock);
    for (u32 counter = 0; counter < STATS_COUNTERS; counter++)
        stats->ended[counter] += sample_vcpu(stats, vcpu->id, counter);
    stats->vcpus[vcpu->id] = NULL;
    spin_unlock(&stats->lock);
}

u64 stats_read(struct vm *vm, u32 vcpu, u32 counter)
{
    struct vm_stats *stats = &vm->stats;
    u64 count = 0;

    spin_lock(&stats->lock);
    if (vcpu == STATS_WHOLE_VM)
        count = sample_vm(stats, counter);
    else if (vcpu < VM_MAX_VCPUS)
        count = sample_vcpu(stats, vcpu, counter);
    spin_unlock(&stats->lock);
    return count;
}

u64 stats_exits(struct vm *vm, u32 vcpu)
{
    u64 sum = 0;

    for (u32 stat = 0; stat <= STAT_EXIT_OTHER; stat++)
        sum += stats_read(vm, vcpu, stat);
    for (u32 counter = STATS_SBI; counter < STATS_COUNTERS; counter++)
        sum += stats_read(vm, vcpu, counter);
    return sum;
}

const char *stats_name(enum stat stat)
{
    static const char *const names[STAT_COUNT] = {
        [STAT_EXIT_INTERRUPT] = "host interrupts",
        [STAT_EXIT_WAIT] = "waits",
        [STAT_EXIT_CSR] = "CSRs emulated",
        [STAT_EXIT_ILLEGAL] = "illegal instructions",
        [STAT_EXIT_RAM_FAULT] = "faults on RAM",
        [STAT_EXIT_BAD_FETCH] = "bad fetches",
        [STAT_EXIT_BAD_LOAD] = "bad loads",
        [STAT_EXIT_BAD_STORE] = "bad stores",
        [STAT_EXIT_OTHER] = "other exits",
        [STAT_PAGES_BACKED] = "pages backed",
        [STAT_PAGES_COPIED] = "pages copied",
        [STAT_INJECT_EXCEPTION] = "exceptions injected",
        [STAT_INJECT_SOFTWARE] = "software interrupts",
        [STAT_INJECT_TIMER] = "timer interrupts",
        [STAT_INJECT_EXTERNAL] = "external interrupts",
        [STAT_SET_TIMER] = "timers set",
        [STAT_IPI_SENT] = "IPIs sent",
        [STAT_IPI_RECEIVED] = "IPIs received",
        [STAT_FENCE_I_SENT] = "fence.i sent",
        [STAT_FENCE_I_RECEIVED] = "fence.i received",
        [STAT_FENCE_VMA_SENT] = "sfence sent",
        [STAT_FENCE_VMA_RECEIVED] = "sfence received",
        [STAT_FENCE_ASID_SENT] = "sfence ASID sent",
        [STAT_FENCE_ASID_RECEIVED] = "sfence ASID received",
    };

    return names[stat];
}
