#include "hyp/monitor/through.h"

#include "hyp/monitor/look.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/vm.h"

bool through_choose(struct through *through, const char *vm, const char *vcpu)
{
    struct vcpu *chosen;

    through->vm = argument_vm(vm);
    chosen = through->vm ? look_at_started_vcpu(through->vm, vcpu) : NULL;
    if (!chosen)
        return false;
    through->vcpu = chosen->id;
    through->vsatp = chosen->csrs.vsatp;
    look_end(through->vm);
    return true;
}

bool through_begin(const struct through *through, struct walk_context *context)
{
    if (!look_begin(through->vm))
        return false;
    guest_walk_debug_context(through->vm->vcpus[through->vcpu], context);
    context->vsatp = through->vsatp;
    return true;
}

void through_end(const struct through *through)
{
    look_end(through->vm);
}
