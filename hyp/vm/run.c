/* The run loop: enter the guest, look why it left, again. */
#include "arch/fence.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/vcpu.h"
#include "hyp/vm/vm.h"

/*
 * in_guest is set before the look at `requests`, and who leaves a request looks at in_guest after
 * it: one of the two always sees the other, so that no request waits for a guest's next exit.
 */
static enum run_next enter_and_handle(struct vcpu *vcpu)
{
    u32 cause;

    __atomic_store_n(&vcpu->in_guest, 1, __ATOMIC_RELAXED);
    fence_full();
    if (unlikely(__atomic_load_n(&vcpu->requests, __ATOMIC_RELAXED))) {
        __atomic_store_n(&vcpu->in_guest, 0, __ATOMIC_RELEASE);
        return vcpu_handle_requests(vcpu) ? RUN_GUEST : RUN_BLOCK;
    }
    cause = guest_enter(&vcpu->context);
    __atomic_store_n(&vcpu->in_guest, 0, __ATOMIC_RELEASE);
    return exit_handle(vcpu, cause);
}

enum task_result vcpu_run(struct task *task)
{
    struct vcpu *vcpu = container_of(task, struct vcpu, task);
    enum run_next next;

    if (!vcpu_prepare(vcpu))
        return TASK_BLOCK;
    vcpu_load(vcpu);
    do
        next = enter_and_handle(vcpu);
    while (likely(next == RUN_GUEST));
    vcpu_put(vcpu);
    return next == RUN_YIELD ? TASK_YIELD : TASK_BLOCK;
}
