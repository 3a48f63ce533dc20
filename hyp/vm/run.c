/* The run loop: enter the guest, look why it left, again. */
#include "arch/fence.h"
#include "hyp/core/trace.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/vcpu.h"
#include "hyp/vm/vm.h"

/*
 * A request that comes after the look at `requests` is not missed: who leaves one kicks the hart of
 * a vCPU that is in_guest (vcpu_request), the kick stays pending until the guest is entered, and
 * takes it out again at once.
 */
static inline enum run_next enter_and_handle(struct vcpu *vcpu)
{
    struct guest_context *context = &vcpu->context;
    u32 cause;

    if (unlikely(*(volatile u32 *)&vcpu->requests))
        return vcpu_handle_requests(vcpu) ? RUN_GUEST : RUN_BLOCK;
    cause = guest_enter(&context);
    return exit_handle(container_of(context, struct vcpu, context), cause);
}

/* Between the two, the vCPU's state is in this hart, and whoever leaves a request kicks it. */
static void begin(struct vcpu *vcpu)
{
    vcpu_load(vcpu);
    steal_loaded(vcpu);
    trace_load(vcpu->trace_tag, vcpu->context.pc);
    __atomic_store_n(&vcpu->in_guest, true, __ATOMIC_RELAXED);
    fence_full(); /* before the first look at `requests`, which sees those that came too early */
}

static void end(struct vcpu *vcpu, enum run_next next)
{
    __atomic_store_n(&vcpu->in_guest, false, __ATOMIC_RELEASE);
    trace(vcpu->trace_tag, TRACE_PUT, vcpu->context.pc, next == RUN_BLOCK);
    vcpu_put(vcpu);
    if (next == RUN_YIELD)
        steal_preempted(vcpu);
}

enum task_result vcpu_run(struct task *task)
{
    struct vcpu *vcpu = container_of(task, struct vcpu, task);
    enum run_next next;

    if (!vcpu_prepare(vcpu))
        return TASK_BLOCK;
    begin(vcpu);
    do
        next = enter_and_handle(vcpu);
    while (likely(next == RUN_GUEST));
    end(vcpu, next);
    return next == RUN_YIELD ? TASK_YIELD : TASK_BLOCK;
}
