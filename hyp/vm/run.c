/* The run loop: enter the guest, look why it left, again. */
#include "arch/fence.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/vcpu.h"
#include "hyp/vm/vm.h"

/*
 * in_guest is set before the look at `requests`, and who leaves a request looks at in_guest after
 * it: one of the two always sees the other, so that no request waits for a guest's next exit.
 */
static void set_in_guest(struct vcpu *vcpu, bool in_guest)
{
    *(volatile u32 *)&vcpu->in_guest = in_guest;
}

static inline enum run_next enter_and_handle(struct vcpu *vcpu)
{
    u32 cause;

    set_in_guest(vcpu, true);
    fence_full();
    if (unlikely(*(volatile u32 *)&vcpu->requests)) {
        set_in_guest(vcpu, false);
        return vcpu_handle_requests(vcpu) ? RUN_GUEST : RUN_BLOCK;
    }
    cause = guest_enter(&vcpu->context);
    fence_release();
    set_in_guest(vcpu, false);
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
