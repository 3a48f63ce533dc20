/*
 * Interrupts decide where each byte goes, at once, so that what is typed after a switch is for the
 * new place. What there is to say and to show of it, the monitor's task does soon after.
 */
#include "hyp/monitor/keyboard.h"

#include "hyp/core/lock.h"
#include "hyp/core/timer.h"
#include "hyp/monitor/byte_queue.h"
#include "hyp/monitor/monitor.h"
#include "hyp/monitor/type_ahead.h"
#include "hyp/vm/vm.h"

#define RETRY_MS 10  /* until a VM is offered again what it did not take          */
#define LOST_MS  500 /* in which losses are counted together, to be told at once  */

u8 keyboard_escape = KEYBOARD_ESCAPE_DEFAULT;

static struct {
    struct spinlock lock;    /* outside those of a console's input           */
    bool begun;              /* it is known where the keyboard goes          */
    struct byte_queue early; /* typed before                                 */
    struct vm *focus;        /* NULL: the monitor                            */
    bool was_off;            /* the VM, for as long as it has the keyboard   */
    bool escaped;            /* the last byte was the escape key             */
    bool all;
    bool stays; /* the machine, when all VMs are off */
    u32 news;   /* enum keyboard_news */
    struct timer retry, lost;
    bool lost_soon; /* the second of them is armed */
} keyboard;

/* From here on, up to what the header declares, the lock is held. */

static void tell(enum keyboard_news news)
{
    keyboard.news |= news;
    monitor_wake();
}

static void set_focus(struct vm *vm)
{
    keyboard.focus = vm;
    keyboard.was_off = vm && vm_state(vm) == VM_OFF;
    tell(NEWS_FOCUS);
}

/* After every attempt to give something to a VM: what is left of it to do later. */
static void look_after_rest(void)
{
    if (type_ahead_waits())
        timer_arm(&keyboard.retry, timer_after(RETRY_MS));
    if (!type_ahead_has_lost() || keyboard.lost_soon)
        return;
    keyboard.lost_soon = true;
    timer_arm(&keyboard.lost, timer_after(LOST_MS));
}

static void deliver(u8 byte)
{
    if (!keyboard.focus) {
        monitor_input(byte);
        return;
    }
    type_ahead_give(keyboard.focus, byte);
    look_after_rest();
}

/* Neither off nor about to be. */
static bool is_there(const struct vm *vm)
{
    enum vm_state state = vm_state(vm);

    return state != VM_OFF && state != VM_ENDING;
}

/* The first VM that is there, from the one with the keyboard on, forwards or backwards; NULL: no
 * other is. */
static struct vm *find_other(bool forwards)
{
    u32 step = forwards ? 1 : vm_count - 1;
    u32 at = forwards ? vm_count - 1 : 0;

    if (keyboard.focus)
        at = keyboard.focus->index;
    for (u32 i = 0; i < vm_count; i++) {
        at = (at + step) % vm_count;
        if (vms[at] != keyboard.focus && is_there(vms[at]))
            return vms[at];
    }
    return NULL;
}

/* A VM that became off while it had the keyboard loses it. */
static void leave_ended(void)
{
    struct vm *vm = keyboard.focus, *other;

    if (vm && vm_state(vm) != VM_OFF) {
        keyboard.was_off = false;
    } else if (vm && !keyboard.was_off) {
        other = find_other(true);
        if (other || keyboard.stays)
            set_focus(other);
    }
}

/* Who has the keyboard at first; there is a VM. */
static struct vm *first_vm(void)
{
    struct vm *vm = find_other(true);

    return vm ? vm : vms[0];
}

static void go_to_vm(struct vm *vm)
{
    if (vm)
        set_focus(vm);
    else
        tell(NEWS_NO_VM);
}

static void go_to_monitor(void)
{
    set_focus(NULL);
}

static void go_to_next(void)
{
    go_to_vm(find_other(true));
}

static void go_to_previous(void)
{
    go_to_vm(find_other(false));
}

static void toggle_all(void)
{
    keyboard.all = !keyboard.all;
    tell(NEWS_VIEW);
}

static void send_escape(void)
{
    deliver(keyboard_escape);
}

static void tell_keys(void)
{
    tell(NEWS_KEYS);
}

static void (*action_of(u8 key))(void)
{
    if (key == keyboard_escape)
        return send_escape;
    switch (key) {
    case 'm':
        return go_to_monitor;
    case 'n':
        return go_to_next;
    case 'p':
        return go_to_previous;
    case 'a':
        return toggle_all;
    default:
        return tell_keys;
    }
}

static void after_escape(u8 key)
{
    if (key >= '1' && key <= '9')
        go_to_vm((u32)(key - '1') < vm_count ? vms[key - '1'] : NULL);
    else
        action_of(key)();
}

static void type(u8 byte)
{
    leave_ended();
    if (keyboard.escaped) {
        keyboard.escaped = false;
        after_escape(byte);
    } else if (byte == keyboard_escape) {
        keyboard.escaped = true;
    } else {
        deliver(byte);
    }
}

static void retry(struct timer *timer)
{
    (void)timer;
    spin_lock(&keyboard.lock);
    type_ahead_retry();
    look_after_rest();
    spin_unlock(&keyboard.lock);
}

static void tell_lost(struct timer *timer)
{
    (void)timer;
    spin_lock(&keyboard.lock);
    keyboard.lost_soon = false;
    tell(NEWS_LOST);
    spin_unlock(&keyboard.lock);
}

void monitor_typed(u8 byte)
{
    spin_lock(&keyboard.lock);
    if (keyboard.begun)
        type(byte);
    else
        byte_queue_put(&keyboard.early, byte);
    spin_unlock(&keyboard.lock);
}

void keyboard_focus(struct vm *vm)
{
    spin_lock(&keyboard.lock);
    set_focus(vm);
    spin_unlock(&keyboard.lock);
}

struct vm *keyboard_focused(void)
{
    return __atomic_load_n(&keyboard.focus, __ATOMIC_RELAXED);
}

void keyboard_show_all(bool all)
{
    spin_lock(&keyboard.lock);
    keyboard.all = all;
    tell(NEWS_VIEW);
    spin_unlock(&keyboard.lock);
}

bool keyboard_shows_all(void)
{
    return __atomic_load_n(&keyboard.all, __ATOMIC_RELAXED);
}

void keyboard_init(bool monitor)
{
    spin_lock(&keyboard.lock);
    keyboard.retry.fire = retry;
    keyboard.lost.fire = tell_lost;
    keyboard.stays = monitor;
    if (!monitor && vm_count)
        set_focus(first_vm());
    keyboard.all = !monitor && vm_count > 1;
    keyboard.news = NEWS_START;
    keyboard.begun = true;
    for (; keyboard.early.count; byte_queue_drop(&keyboard.early, 1))
        type(byte_queue_at(&keyboard.early, 0));
    spin_unlock(&keyboard.lock);
}

struct keyboard_state keyboard_take_news(void)
{
    struct keyboard_state state;

    spin_lock(&keyboard.lock);
    state = (struct keyboard_state){
        .news = keyboard.news, .focus = keyboard.focus, .all = keyboard.all};
    keyboard.news = 0;
    if (state.news & NEWS_LOST)
        state.lost = type_ahead_lost(&state.loser);
    spin_unlock(&keyboard.lock);
    return state;
}

void keyboard_leave_ended(void)
{
    spin_lock(&keyboard.lock);
    leave_ended();
    spin_unlock(&keyboard.lock);
}
