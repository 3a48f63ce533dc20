#include "hyp/vm/keeper.h"

#include "arch/csr.h"
#include "hyp/core/interrupts.h"
#include "hyp/core/machine.h"
#include "hyp/core/printk.h"
#include "hyp/vm/boot.h"
#include "hyp/vm/vm.h"

/* What a step says of its phase. */
enum step {
    STEP_AGAIN, /* there is more to do                                        */
    STEP_BLOCK, /* the phase goes on when the keeper is woken                 */
};

static void enter(struct vm *vm, enum keeper_phase phase)
{
    vm->life.phase = phase;
    vm->life.progress = 0;
}

static enum step rest(struct vm *vm)
{
    (void)vm;
    return STEP_BLOCK;
}

static bool is_killed(const struct vm *vm)
{
    return __atomic_load_n(&vm->life.killed, __ATOMIC_SEQ_CST);
}

/* Makes the vCPUs and devices what they are at power-on. */
static enum step begin(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++)
        vcpu_init(vm->vcpus[i], vm, i);
    platform_reset(vm);
    vm_console_start(vm);
    vm->life.lives++;
    vm->life.began = time_now();
    vm->life.last_ending = VM_STAYS;
    __atomic_store_n(&vm->life.ending, VM_STAYS, __ATOMIC_SEQ_CST);
    enter(vm, PHASE_CLEAR);
    if (is_killed(vm)) /* before this life had begun */
        vm_request_end(vm, VM_KILLED);
    else if (!boot_plan(vm))
        vm_request_end(vm, VM_UNBOOTABLE);
    return STEP_AGAIN;
}

static enum step clear(struct vm *vm)
{
    if (memory_clear_step(vm, &vm->life.progress) && shared_regions_clear_step(vm))
        enter(vm, PHASE_LOAD);
    return STEP_AGAIN;
}

/* The first vCPU starts, and the VM's time with it. */
static void launch(struct vm *vm)
{
    if (!boot_finish(vm)) {
        vm_request_end(vm, VM_UNBOOTABLE);
        return;
    }
    vm->time_offset = 0 - time_now();
    watchdog_start(vm);
    if (life_change(vm, VM_STARTING, VM_RUNNING))
        sched_wake(&vm->vcpus[0]->task);
}

static enum step load(struct vm *vm)
{
    switch (memory_load_step(vm, &vm->life.progress)) {
    case MEMORY_LOADING:
        break;
    case MEMORY_LOADED:
        enter(vm, PHASE_REST);
        launch(vm);
        break;
    case MEMORY_LOAD_FAILED:
        enter(vm, PHASE_REST);
        vm_request_end(vm, VM_UNBOOTABLE);
        break;
    }
    return STEP_AGAIN;
}

static bool ended_soon(const struct vm *vm)
{
    u64 lived = time_now() - vm->life.began;

    return lived < (u64)(machine.timebase / 1000) * LIFE_SHORT_MS;
}

static bool is_reset(const struct vm *vm)
{
    return vm->life.last_ending == VM_RESETS || vm->life.last_ending == VM_IS_RESET;
}

/* Does the VM come back by itself after the life that has ended? */
static bool comes_back(const struct vm *vm)
{
    if (is_killed(vm))
        return false;
    if (is_reset(vm) || vm->config.restart == RESTART_ALWAYS)
        return true;
    return vm->config.restart == RESTART_ON_FAILURE && !life_ended_well(vm);
}

/* How many short lives, one after another, have no wait after them. */
static u32 free_lives(const struct vm *vm)
{
    switch (vm->life.last_ending) {
    case VM_IS_RESET:
        return vm->life.short_lives; /* whoever does that by hand knows why */
    case VM_RESETS:
        return LIFE_FREE_RESETS;
    default:
        return 0;
    }
}

/* How long to wait before the next start. */
static u32 backoff_ms(struct vm *vm)
{
    u32 ms = LIFE_BACKOFF_FIRST_MS;

    vm->life.short_lives = ended_soon(vm) ? vm->life.short_lives + 1 : 0;
    if (vm->life.short_lives <= free_lives(vm))
        return 0;
    for (u32 i = free_lives(vm) + 1; i < vm->life.short_lives && ms < LIFE_BACKOFF_LAST_MS; i++)
        ms *= 2;
    return ms < LIFE_BACKOFF_LAST_MS ? ms : LIFE_BACKOFF_LAST_MS;
}

/* A reset goes on with the memory that is there; everything else gives it back. */
static void after_life(struct vm *vm)
{
    vm->life.backoff_ms = comes_back(vm) ? backoff_ms(vm) : 0;
    if (!is_reset(vm) || vm->life.backoff_ms) {
        life_unmap_host(vm);
        enter(vm, PHASE_FREE);
        return;
    }
    printk("Twofold: VM \"%s\" starts again\n", vm->config.name);
    life_enter(vm, VM_STARTING);
    enter(vm, PHASE_BEGIN);
}

/* No vCPU runs, and no wake-up makes one run again. */
static bool all_retired(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++)
        if (!sched_retire(&vm->vcpus[i]->task))
            return false;
    return true;
}

static enum step retire(struct vm *vm)
{
    if (!all_retired(vm) || !devices_stop(vm))
        return STEP_AGAIN;
    for (u32 i = 0; i < vm->config.cpus; i++) {
        timer_cancel_wait(&vm->vcpus[i]->timer);
        stats_end(vm->vcpus[i]);
    }
    watchdog_stop(vm);
    platform_stop(vm);
    vm_console_stop(vm);
    life_end_pause(vm);
    vm->life.last_ending = vm->life.ending;
    vm->life.told = false;
    after_life(vm);
    return STEP_AGAIN;
}

/* Off, until the timer or a person wakes the keeper, or for good. */
static void leave(struct vm *vm)
{
    if (!comes_back(vm)) {
        enter(vm, PHASE_REST);
        life_become_off(vm);
        return;
    }
    enter(vm, PHASE_RETURN);
    printk("Twofold: VM \"%s\" starts again in %u ms\n", vm->config.name, vm->life.backoff_ms);
    timer_arm(&vm->life.wait, timer_after(vm->life.backoff_ms));
    life_enter(vm, VM_WAITING);
    if (is_killed(vm)) /* just before it waited */
        life_kill(vm);
}

static enum step free_all(struct vm *vm)
{
    if (!life_free_memory_step(vm, &vm->life.progress))
        return STEP_AGAIN;
    life_free(vm);
    printk("Twofold: VM \"%s\" %s\n", vm->config.name, vm_ending_text(vm->life.last_ending));
    leave(vm);
    return STEP_BLOCK;
}

static enum step come_back(struct vm *vm)
{
    if (!life_change(vm, VM_WAITING, VM_STARTING))
        return STEP_BLOCK; /* somebody was faster and killed it */
    vm->life.began = time_now();
    if (life_allocate(vm)) {
        enter(vm, PHASE_BEGIN);
        return STEP_AGAIN;
    }
    vm->life.backoff_ms = backoff_ms(vm);
    leave(vm);
    return STEP_BLOCK;
}

static enum step (*const steps[])(struct vm *vm) = {
    [PHASE_REST] = rest, [PHASE_RETURN] = come_back, [PHASE_BEGIN] = begin,   [PHASE_CLEAR] = clear,
    [PHASE_LOAD] = load, [PHASE_RETIRE] = retire,    [PHASE_FREE] = free_all,
};

/* The life is to end, wherever it is. */
static void notice_ending(struct vm *vm)
{
    if (__atomic_load_n(&vm->life.told, __ATOMIC_ACQUIRE) && vm->life.phase < PHASE_RETIRE)
        enter(vm, PHASE_RETIRE);
}

static enum task_result keep(struct task *task)
{
    struct vm *vm = container_of(task, struct vm, life.keeper);

    do {
        notice_ending(vm);
        if (steps[vm->life.phase](vm) == STEP_BLOCK)
            return TASK_BLOCK;
        interrupts_handle();
    } while (!sched_should_yield());
    return TASK_YIELD;
}

static void wait_is_over(struct timer *timer)
{
    sched_wake(&container_of(timer, struct vm, life.wait)->life.keeper);
}

void keeper_init(struct vm *vm)
{
    sched_init_task(&vm->life.keeper, &vm->group, keep);
    vm->life.keeper.ignores_pause = true;
    vm->life.wait.fire = wait_is_over;
}

void keeper_begin(struct vm *vm, enum keeper_phase phase)
{
    enter(vm, phase);
    sched_wake(&vm->life.keeper);
}
