#include "hyp/vm/steal.h"

#include "arch/fence.h"
#include "hyp/core/machine.h"
#include "hyp/sbi/sbi.h"
#include "hyp/vm/vm.h"

#define NS_PER_S    1000000000u
#define POINT       16          /* binary places of `scale` and `fraction`                    */
#define LEAST_PER_S 100000u     /* what is worth telling: 10 us                               */
#define MOST_TICKS  0x7fffffffu /* at once, so that its product with `scale` has 64 bits  */

/* What the guest reads (SBI, "STA Shared Memory Structure"). */
struct sta {
    u32 sequence; /* odd while `steal` is being written */
    u32 flags;
    u64 steal; /* nanoseconds */
    u8 preempted;
    u8 pad[47];
};

_Static_assert(sizeof(struct sta) == SBI_STA_SIZE, "STA Shared Memory Structure");

/* A guest that took the memory away, or for whose write there is no page, is told no more. */
static void write_member(struct vcpu *vcpu, u32 offset, const void *value, u32 size)
{
    struct steal *steal = &vcpu->steal;

    if (steal->on)
        steal->on = memory_write(vcpu->vm, steal->memory + offset, value, size);
    fence_release(); /* another vCPU may read meanwhile: in the order of the protocol */
}

static void write_sequence(struct vcpu *vcpu)
{
    vcpu->steal.sequence++;
    write_member(vcpu, offsetof(struct sta, sequence), &vcpu->steal.sequence, sizeof(u32));
}

static void write_preempted(struct vcpu *vcpu, bool preempted)
{
    u8 value = preempted;

    vcpu->steal.preempted = preempted;
    write_member(vcpu, offsetof(struct sta, preempted), &value, sizeof(value));
}

/* Without a division: this is on the way into the guest. */
static void add(struct steal *steal, u32 ticks)
{
    u64 scaled = (u64)ticks * steal->scale + steal->fraction;

    steal->ticks += ticks;
    steal->nanoseconds += scaled >> POINT;
    steal->fraction = (u32)scaled & (BIT(POINT) - 1);
}

static void tell(struct vcpu *vcpu, u32 ticks)
{
    struct steal *steal = &vcpu->steal;

    add(steal, ticks);
    write_sequence(vcpu);
    write_member(vcpu, offsetof(struct sta, steal), &steal->nanoseconds, sizeof(u64));
    write_sequence(vcpu);
}

enum sbi_error steal_report(struct vcpu *vcpu, gpa_t memory)
{
    static const struct sta zero;

    vcpu->steal = (struct steal){.on = false};
    if (memory == SBI_STA_NONE)
        return SBI_SUCCESS;
    if (!memory_write(vcpu->vm, memory, &zero, sizeof(zero)))
        return SBI_ERR_FAILED;
    vcpu->steal = (struct steal){
        .on = true,
        .memory = memory,
        .scale = (u32)(((u64)NS_PER_S << POINT) / machine.timebase),
        .least = machine.timebase / LEAST_PER_S,
        .ticks = vcpu->task.steal_time,
    };
    return SBI_SUCCESS;
}

void steal_loaded(struct vcpu *vcpu)
{
    struct steal *steal = &vcpu->steal;
    u64 untold;

    if (!steal->on)
        return;
    untold = vcpu->task.steal_time - steal->ticks;
    if (untold > steal->least)
        tell(vcpu, untold < MOST_TICKS ? (u32)untold : MOST_TICKS);
    if (steal->preempted)
        write_preempted(vcpu, false);
}

void steal_preempted(struct vcpu *vcpu)
{
    if (vcpu->steal.on)
        write_preempted(vcpu, true);
}
