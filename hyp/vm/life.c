#include "hyp/vm/life.h"

#include "arch/csr.h"
#include "hyp/core/interrupts.h"
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/core/trace.h"
#include "hyp/vm/keeper.h"
#include "hyp/vm/vm.h"

static u32 alive; /* VMs that are not off; atomic */
static void (*on_off)(void);

static const char *const state_names[] = {
    [VM_OFF] = "off",       [VM_STARTING] = "starting", [VM_RUNNING] = "running",
    [VM_PAUSED] = "paused", [VM_ENDING] = "ending",     [VM_WAITING] = "waiting",
};

static const char *const ending_texts[] = {
    [VM_STAYS] = "never ran",
    [VM_POWERS_OFF] = "powered off",
    [VM_RESETS] = "reset",
    [VM_IS_RESET] = "was reset",
    [VM_FAILS] = "failed",
    [VM_FAULTS] = "stopped for a fault",
    [VM_UNBOOTABLE] = "could not be started",
    [VM_KILLED] = "was killed",
};

enum vm_state vm_state(const struct vm *vm)
{
    return (enum vm_state)__atomic_load_n(&vm->life.state, __ATOMIC_ACQUIRE);
}

const char *vm_state_name(enum vm_state state)
{
    return state_names[state];
}

const char *vm_ending_text(enum vm_ending ending)
{
    return ending_texts[ending];
}

bool vm_is_ending(const struct vm *vm)
{
    return __atomic_load_n(&vm->life.ending, __ATOMIC_ACQUIRE) != VM_STAYS;
}

bool life_ended_well(const struct vm *vm)
{
    switch (vm->life.last_ending) {
    case VM_FAILS:
    case VM_FAULTS:
    case VM_UNBOOTABLE:
        return false;
    default:
        return true;
    }
}

u32 vms_alive(void)
{
    return __atomic_load_n(&alive, __ATOMIC_ACQUIRE);
}

void vms_on_off(void (*became_off)(void))
{
    on_off = became_off;
}

void life_enter(struct vm *vm, enum vm_state state)
{
    __atomic_store_n(&vm->life.state, state, __ATOMIC_RELEASE);
    trace(trace_tag(vm->index, 0), TRACE_LIFE, 0, state);
}

bool life_change(struct vm *vm, enum vm_state from, enum vm_state to)
{
    u32 expected = from;

    if (!__atomic_compare_exchange_n(&vm->life.state, &expected, to, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED))
        return false;
    trace(trace_tag(vm->index, 0), TRACE_LIFE, 0, to);
    return true;
}

static bool allocate_vcpus(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++) {
        vm->vcpus[i] = page_alloc_ptr(VCPU_ORDER);
        if (!vm->vcpus[i])
            return false;
    }
    return true;
}

/* What of the host it sees besides RAM. */
static bool map_host(struct vm *vm)
{
    return shared_regions_map(vm) && passthrough_map(vm);
}

static bool give_memory(struct vm *vm)
{
    u32 progress = 0;

    if (!allocate_vcpus(vm) || !devices_allocate(vm) || !memory_create(vm))
        return false;
    if (map_host(vm))
        return true;
    life_unmap_host(vm);
    while (!life_free_memory_step(vm, &progress))
        interrupts_handle(); /* it may take long */
    return false;
}

void life_unmap_host(struct vm *vm)
{
    shared_regions_unmap(vm);
    passthrough_unmap(vm);
}

bool life_free_memory_step(struct vm *vm, u32 *progress)
{
    return devices_forget_step(vm) && shared_regions_free_step(vm) &&
           memory_free_step(vm, progress);
}

void life_free(struct vm *vm)
{
    devices_free(vm);
    for (u32 i = 0; i < vm->config.cpus; i++) {
        if (vm->vcpus[i])
            page_free_ptr(vm->vcpus[i], VCPU_ORDER);
        __atomic_store_n(&vm->vcpus[i], NULL, __ATOMIC_RELEASE);
    }
}

bool life_allocate(struct vm *vm)
{
    if (give_memory(vm))
        return true;
    life_free(vm);
    vm->life.last_ending = VM_UNBOOTABLE;
    return complain(
        vm->config.name, "not made: it asks for %u MiB and %u vCPUs; %u MiB of %u are free",
        (u32)(vm->config.memory >> 20), vm->config.cpus, pages_free() / 256, pages_total() / 256);
}

void life_become_off(struct vm *vm)
{
    life_enter(vm, VM_OFF);
    __atomic_sub_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    on_off();
}

void life_init(struct vm *vm)
{
    vm->life.ending = VM_KILLED; /* of no life: nothing can be asked of it */
    keeper_init(vm);
}

bool life_prepare(struct vm *vm)
{
    if (!life_change(vm, VM_OFF, VM_STARTING))
        return false;
    __atomic_store_n(&vm->life.killed, false, __ATOMIC_RELAXED);
    if (!life_allocate(vm)) {
        life_enter(vm, VM_OFF);
        return false;
    }
    __atomic_add_fetch(&alive, 1, __ATOMIC_SEQ_CST);
    return true;
}

void life_launch(struct vm *vm)
{
    keeper_begin(vm, PHASE_BEGIN);
}

bool life_start(struct vm *vm)
{
    if (vm_state(vm) == VM_WAITING) {
        timer_cancel_wait(&vm->life.wait);
        sched_wake(&vm->life.keeper); /* as if its back-off were over */
        return true;
    }
    vm->life.short_lives = 0;
    if (!life_prepare(vm))
        return false;
    life_launch(vm);
    return true;
}

/* Its time stands still from when it has left the harts. */
bool life_pause(struct vm *vm)
{
    if (!life_change(vm, VM_RUNNING, VM_PAUSED))
        return false;
    vm_hold(vm);
    /* Its keeper may have ended the life, and the pause with it, before we held it. */
    if (vm_state(vm) == VM_PAUSED) {
        sched_group_pause(&vm->group);
        vm->life.paused_at = time_now();
    }
    vm_release(vm);
    return true;
}

void life_end_pause(struct vm *vm)
{
    if (!vm->life.paused_at)
        return;
    vm->time_offset -= time_now() - vm->life.paused_at;
    vm->life.paused_at = 0;
    sched_group_resume(&vm->group);
}

bool life_resume(struct vm *vm)
{
    if (vm_state(vm) != VM_PAUSED)
        return false;
    vm_hold(vm);
    /* The same here. */
    if (life_change(vm, VM_PAUSED, VM_RUNNING))
        life_end_pause(vm);
    vm_release(vm);
    return true;
}

bool life_reset(struct vm *vm)
{
    if (vm_state(vm) == VM_STARTING && vm_is_ending(vm))
        return true; /* its life is about to begin */
    if (vm_is_ending(vm))
        return false;
    vm_request_end(vm, VM_IS_RESET);
    return true;
}

bool life_ask_to_stop(struct vm *vm)
{
    bool running;

    vm_hold(vm); /* its vCPUs stay while the device interrupts them */
    running = vm_state(vm) == VM_RUNNING;
    if (running)
        power_button_press(&vm->platform.button);
    vm_release(vm);
    return running;
}

/* Between two lives nothing ends at once: the keeper does not begin the next. */
bool life_kill(struct vm *vm)
{
    if (vm_state(vm) == VM_OFF)
        return false;
    __atomic_store_n(&vm->life.killed, true, __ATOMIC_SEQ_CST);
    if (life_change(vm, VM_WAITING, VM_OFF)) {
        timer_cancel_wait(&vm->life.wait);
        life_become_off(vm);
        return true;
    }
    vm_request_end(vm, VM_KILLED);
    return true;
}

void vm_request_end(struct vm *vm, enum vm_ending ending)
{
    u32 stays = VM_STAYS;

    if (!__atomic_compare_exchange_n(&vm->life.ending, &stays, ending, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED))
        return;
    life_enter(vm, VM_ENDING);
    for (u32 i = 0; i < vm->config.cpus; i++)
        vcpu_request(vm->vcpus[i], REQUEST_LEAVE);
    /* Only now may the keeper take the vCPUs away. */
    __atomic_store_n(&vm->life.told, true, __ATOMIC_RELEASE);
    sched_wake(&vm->life.keeper);
}

void vm_hold(struct vm *vm)
{
    sched_group_hold(&vm->group);
}

void vm_release(struct vm *vm)
{
    sched_group_release(&vm->group);
}
