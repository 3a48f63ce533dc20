/*
 * The keyboard of the machine's console: every byte goes to one VM or to the monitor. The escape
 * key, and one key after it, choose to whom, and what is shown.
 */
#ifndef MONITOR_KEYBOARD_H
#define MONITOR_KEYBOARD_H

#include "arch/types.h"

struct vm;

/* Ctrl-] */
#define KEYBOARD_ESCAPE_DEFAULT 0x1d

/* The escape key, a control character (1 to 31). */
extern u8 keyboard_escape;

/* Where the keyboard goes from now on. NULL: the monitor. The monitor's task tells it to the person
 * and shows a VM's last lines. Any hart. */
void keyboard_focus(struct vm *vm);
struct vm *keyboard_focused(void);

/* Whether all VMs are shown at all times, each line with its name, or only the one that has the
 * keyboard. Any hart. */
void keyboard_show_all(bool all);
bool keyboard_shows_all(void);

/* The VMs have been made: chooses where the keyboard goes at first, to a VM or to the monitor,
 * which stays then when all VMs are off. */
void keyboard_init(bool monitor);

/* What the person is to be told or shown. */
enum keyboard_news {
    NEWS_START = BIT(0), /* where the keyboard goes at first                         */
    NEWS_FOCUS = BIT(1), /* it goes somewhere else                                   */
    NEWS_VIEW = BIT(2),  /* all VMs are shown now, or only one                       */
    NEWS_KEYS = BIT(3),  /* a key was none of those after the escape key: which are  */
    NEWS_NO_VM = BIT(4), /* there is no VM to go to                                  */
    NEWS_LOST = BIT(5),  /* what was typed had to be dropped                         */
};

struct keyboard_state {
    u32 news;
    struct vm *focus;
    bool all;
    u32 lost; /* bytes, with NEWS_LOST */
    struct vm *loser;
};

/* The state now, with the news since the last call. */
struct keyboard_state keyboard_take_news(void);

/* Leaves a VM that became off while it had the keyboard: for another, else for the monitor, if the
 * machine stays. */
void keyboard_leave_ended(void);

/* The monitor's task: does the former and tells what is new (keyboard_tell.c). */
void keyboard_settle(void);

/* A byte was typed for the monitor (monitor.c). Interrupt context. */
void monitor_input(u8 byte);

#endif
