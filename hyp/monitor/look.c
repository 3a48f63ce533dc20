#include "hyp/monitor/look.h"

#include "hyp/monitor/keyboard.h"
#include "hyp/vm/vm.h"

bool look_begin(struct vm *vm)
{
    enum vm_state state;

    vm_hold(vm);
    /* A VM that is ending has all it had while its keeper is held, too; but perhaps half of it. */
    state = vm_state(vm);
    if (state == VM_RUNNING || state == VM_PAUSED)
        return true;
    vm_release(vm);
    command_failed("VM \"%s\" is %s: there is nothing to look at", vm->config.name,
                   vm_state_name(state));
    return false;
}

void look_end(struct vm *vm)
{
    vm_release(vm);
}

struct vcpu *look_at_vcpu(struct vm *vm, const char *word)
{
    struct vcpu *vcpu;

    if (!look_begin(vm))
        return NULL;
    vcpu = word ? argument_vcpu(vm, word) : vm->vcpus[0];
    if (!vcpu)
        look_end(vm);
    return vcpu;
}

struct vcpu *look_at_started_vcpu(struct vm *vm, const char *word)
{
    struct vcpu *vcpu = look_at_vcpu(vm, word);

    if (!vcpu || (vcpu->hsm != HSM_STOPPED && vcpu->hsm != HSM_START_PENDING))
        return vcpu;
    look_end(vm);
    command_failed("vCPU %u of VM \"%s\" is stopped: it translates nothing", vcpu->id,
                   vm->config.name);
    return NULL;
}

void look_quiet(void)
{
    vm_console_view(VIEW_NONE, NULL, 0);
}

void look_loud(void)
{
    struct vm *focused = keyboard_focused();

    if (keyboard_shows_all())
        vm_console_view(VIEW_ALL, NULL, 0);
    else if (focused)
        vm_console_view(VIEW_ONE, focused, 0);
}
