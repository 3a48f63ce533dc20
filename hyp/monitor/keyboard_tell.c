/* What a person is told of the keyboard, and what is shown when it moves. */
#include "hyp/core/printk.h"
#include "hyp/monitor/keyboard.h"
#include "hyp/vm/vm.h"

#define SHOWN_LINES 10 /* of a VM's scroll-back, when the keyboard comes to it */

/* A control character as it is written: ^]. */
static char escape_letter(void)
{
    return (char)(keyboard_escape + 0x40);
}

static void tell_keys(const struct keyboard_state *state)
{
    char key = escape_letter();

    (void)state;
    printk("Twofold: after Ctrl-%c: m the monitor, n p the next or previous VM, 1 to 9 that VM,\n",
           key);
    printk("a shows all VMs or one, Ctrl-%c is typed as it is, anything else says this\n", key);
}

static void tell_focus(const struct keyboard_state *state)
{
    struct vm *vm = state->focus;

    if (!vm)
        printk("Twofold: the keyboard goes to the monitor; `help` lists its commands\n");
    else if (vm_state(vm) == VM_RUNNING)
        printk("Twofold: the keyboard goes to VM \"%s\"\n", vm->config.name);
    else
        printk("Twofold: the keyboard goes to VM \"%s\", which is %s\n", vm->config.name,
               vm_state_name(vm_state(vm)));
}

/* One VM, raw: it needs no words. */
static void tell_start(const struct keyboard_state *state)
{
    char key = escape_letter();

    if (!state->focus)
        printk("Twofold: the monitor: `help` lists its commands; Ctrl-%c n goes to a VM\n", key);
    else if (state->all)
        printk("Twofold: the keyboard goes to VM \"%s\"; Ctrl-%c ? says how to change that\n",
               state->focus->config.name, key);
}

static void tell_view(const struct keyboard_state *state)
{
    if (state->all)
        printk("Twofold: all VMs are shown\n");
    else if (state->focus)
        printk("Twofold: only VM \"%s\" is shown\n", state->focus->config.name);
    else
        printk("Twofold: no VM is shown while the keyboard is the monitor's\n");
}

static void show_view(const struct keyboard_state *state, u32 lines)
{
    if (state->all)
        vm_console_view(VIEW_ALL, NULL, 0);
    else if (state->focus)
        vm_console_view(VIEW_ONE, state->focus, lines);
    else
        vm_console_view(VIEW_NONE, NULL, 0);
}

static void tell_lost(const struct keyboard_state *state)
{
    if (state->lost)
        printk("Twofold: VM \"%s\" does not read: of what was typed, %u bytes are lost\n",
               state->loser->config.name, state->lost);
}

static void tell_no_vm(const struct keyboard_state *state)
{
    (void)state;
    printk("Twofold: no other VM runs\n");
}

static const struct {
    enum keyboard_news news;
    void (*tell)(const struct keyboard_state *state);
} texts[] = {
    {NEWS_START, tell_start}, {NEWS_LOST, tell_lost},   {NEWS_NO_VM, tell_no_vm},
    {NEWS_KEYS, tell_keys},   {NEWS_FOCUS, tell_focus}, {NEWS_VIEW, tell_view},
};

void keyboard_settle(void)
{
    struct keyboard_state state;

    keyboard_leave_ended();
    state = keyboard_take_news();
    for (u32 i = 0; i < ARRAY_SIZE(texts); i++)
        if (state.news & texts[i].news)
            texts[i].tell(&state);
    if (state.news & (NEWS_FOCUS | NEWS_VIEW))
        show_view(&state, SHOWN_LINES);
    else if (state.news & NEWS_START)
        show_view(&state, 0);
}
