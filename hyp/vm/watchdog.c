#include "hyp/vm/watchdog.h"

#include "hyp/core/printk.h"
#include "hyp/vm/stats.h"
#include "hyp/vm/vm.h"

/* How often it looks, and for how many good looks the VM counts as calm. */
#define LOOK_MS        100
#define LOOKS_SECOND   (1000 / LOOK_MS)
#define CALM_LOOKS     10
#define HOLD_LOOKS_MAX 100

static void look_again(struct watchdog *dog, u32 looks)
{
    timer_arm(&dog->timer, timer_after(looks * LOOK_MS));
}

static void tell(struct vm *vm, u32 exits)
{
    if (!vm->watchdog.throttled)
        printk("Twofold: VM \"%s\" is throttled: %u exits a second, its max-exits is %u\n",
               vm->config.name, exits * LOOKS_SECOND, vm->config.max_exits);
    vm->watchdog.throttled = true;
    vm->watchdog.calm = 0;
}

static void calm(struct vm *vm)
{
    struct watchdog *dog = &vm->watchdog;

    if (dog->throttled && !dog->owed && ++dog->calm == CALM_LOOKS) {
        printk("Twofold: VM \"%s\" is throttled no more\n", vm->config.name);
        dog->throttled = false;
    }
}

/* After so many exits since the last look, for how many looks is it to be held back? What is less
 * than one is kept, so that a little too much comes to one in time. */
static u32 looks_for(struct vm *vm, u32 exits)
{
    struct watchdog *dog = &vm->watchdog;
    u32 allowed = vm->config.max_exits / LOOKS_SECOND, looks;

    dog->owed += exits;
    dog->owed -= dog->owed < allowed ? dog->owed : allowed;
    looks = dog->owed / allowed;
    dog->owed %= allowed;
    return looks < HOLD_LOOKS_MAX ? looks : HOLD_LOOKS_MAX;
}

static void look(struct timer *timer)
{
    struct vm *vm = container_of(timer, struct vm, watchdog.timer);
    struct watchdog *dog = &vm->watchdog;
    u64 exits = stats_exits(vm, STATS_WHOLE_VM);
    u32 new = (u32)(exits - dog->exits), looks = 0;

    if (dog->holding) {
        dog->holding = false;
        sched_group_resume(&vm->group);
    } else if ((looks = looks_for(vm, new))) {
        tell(vm, new);
        dog->holding = true;
        sched_group_pause(&vm->group);
    } else {
        calm(vm);
    }
    dog->exits = exits;
    look_again(dog, looks ? looks : 1);
}

void watchdog_init(struct vm *vm)
{
    vm->watchdog.timer.fire = look;
}

void watchdog_start(struct vm *vm)
{
    if (!vm->config.max_exits)
        return;
    vm->watchdog.exits = stats_exits(vm, STATS_WHOLE_VM);
    vm->watchdog.owed = 0;
    look_again(&vm->watchdog, 1);
}

void watchdog_stop(struct vm *vm)
{
    timer_cancel_wait(&vm->watchdog.timer);
    if (vm->watchdog.holding)
        sched_group_resume(&vm->group);
    vm->watchdog.holding = vm->watchdog.throttled = false;
}

void watchdog_set(struct vm *vm, u32 max_exits)
{
    enum vm_state state;

    vm_hold(vm);
    watchdog_stop(vm);
    vm->config.max_exits = max_exits;
    state = vm_state(vm);
    if (state == VM_RUNNING || state == VM_PAUSED) /* else its keeper starts it, or has ended it */
        watchdog_start(vm);
    vm_release(vm);
}
