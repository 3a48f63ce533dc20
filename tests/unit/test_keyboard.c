/* Where what is typed goes: to one VM or to the monitor, and what keys after the escape key do. */
#include "tests/unit/unit.h"
#include "tests/unit/fake_vm.h"
#include "hyp/monitor/keyboard.c"
#include "hyp/monitor/type_ahead.c"

#define VMS 4

struct vm *vms[VM_MAX];
u32 vm_count;

/* Each VM's console: what it has been given, and how much more it takes. */
static struct {
    struct vm vm;
    enum vm_state state;
    u32 room;
    char got[4096];
    u32 count;
} fakes[VMS];

static char monitor_got[4096];
static u32 monitor_count, wakes;
static struct timer *armed[2];

enum vm_state vm_state(const struct vm *vm)
{
    return fakes[vm->index].state;
}

bool vm_console_type(struct vm *vm, u8 byte)
{
    u32 i = vm->index;

    if (fakes[i].state == VM_OFF || !fakes[i].room)
        return false;
    fakes[i].room--;
    fakes[i].got[fakes[i].count++] = (char)byte;
    return true;
}

void monitor_input(u8 byte)
{
    monitor_got[monitor_count++] = (char)byte;
}

void monitor_wake(void)
{
    wakes++;
}

u64 timer_after(u32 milliseconds)
{
    return milliseconds;
}

void timer_arm(struct timer *timer, u64 deadline)
{
    (void)deadline;
    armed[timer == &keyboard.lost] = timer;
}

static void fire(u32 which)
{
    struct timer *timer = armed[which];

    armed[which] = NULL;
    if (timer)
        timer->fire(timer);
}

static void fresh_of(u32 count, bool monitor)
{
    vm_count = count;
    memset(fakes, 0, sizeof(fakes));
    for (u32 i = 0; i < VMS; i++) {
        fakes[i].vm.index = i;
        fakes[i].state = VM_RUNNING;
        fakes[i].room = sizeof(fakes[i].got);
        vms[i] = &fakes[i].vm;
    }
    memset(&keyboard, 0, sizeof(keyboard));
    memset(&kept, 0, sizeof(kept));
    memset(armed, 0, sizeof(armed));
    memset(monitor_got, 0, sizeof(monitor_got));
    owner = loser = NULL;
    lost = monitor_count = wakes = 0;
    keyboard_escape = KEYBOARD_ESCAPE_DEFAULT;
    keyboard_init(monitor);
    keyboard_take_news();
}

static void type_text(const char *text)
{
    for (; *text; text++)
        monitor_typed((u8)*text);
}

TEST(at_start_the_first_vm_has_the_keyboard)
{
    fresh_of(VMS, false);
    CHECK(keyboard_shows_all());
    type_text("ls\n");
    CHECK_STR(fakes[0].got, "ls\n");
    CHECK_EQ(monitor_count, 0);
    for (u32 i = 1; i < VMS; i++)
        CHECK_EQ(fakes[i].count, 0);
}

TEST(one_vm_is_shown_alone)
{
    fresh_of(1, false);
    CHECK(!keyboard_shows_all());
    CHECK(keyboard_focused() == vms[0]);
}

TEST(at_start_of_the_monitor_it_has_the_keyboard)
{
    fresh_of(VMS, true);
    CHECK(!keyboard_shows_all());
    type_text("vms\n");
    CHECK_STR(monitor_got, "vms\n");
    CHECK_EQ(fakes[0].count, 0);
}

TEST(a_first_vm_that_is_off_does_not_get_the_keyboard)
{
    fresh_of(VMS, false);
    memset(&keyboard, 0, sizeof(keyboard));
    fakes[0].state = VM_OFF;
    keyboard_init(false);
    CHECK(keyboard_focused() == vms[1]);
}

TEST(where_all_vms_are_off_the_first_waits_with_the_keyboard)
{
    fresh_of(1, false);
    memset(&keyboard, 0, sizeof(keyboard));
    fakes[0].state = VM_OFF;
    keyboard_init(false);
    keyboard_leave_ended();
    CHECK(keyboard_focused() == vms[0]);
    CHECK_EQ(keyboard_take_news().news, NEWS_START);
}

TEST(what_was_typed_before_there_were_vms_is_not_lost)
{
    fresh_of(VMS, false);
    memset(&keyboard, 0, sizeof(keyboard));
    type_text("early \0352late");
    CHECK_EQ(fakes[0].count, 0);
    keyboard_init(false);
    CHECK_STR(fakes[0].got, "early ");
    CHECK_STR(fakes[1].got, "late");
}

TEST(a_switch_holds_from_the_next_byte_on)
{
    fresh_of(VMS, false);
    type_text("a\0353b\035mc\0351d");
    CHECK_STR(fakes[0].got, "ad");
    CHECK_STR(fakes[2].got, "b");
    CHECK_STR(monitor_got, "c");
    CHECK(keyboard_take_news().news & NEWS_FOCUS);
    CHECK(!keyboard_take_news().news);
}

TEST(next_and_previous_go_round_and_leave_out_what_is_off)
{
    fresh_of(VMS, false);
    fakes[1].state = VM_ENDING;
    type_text("\035n");
    CHECK(keyboard_focused() == vms[2]);
    fakes[1].state = VM_OFF;
    type_text("\035n\035n");
    CHECK(keyboard_focused() == vms[0]);
    type_text("\035p");
    CHECK(keyboard_focused() == vms[3]);
    type_text("\035p\035p");
    CHECK(keyboard_focused() == vms[0]);
}

TEST(from_the_monitor_next_is_the_first_and_previous_the_last)
{
    fresh_of(VMS, true);
    type_text("\035n");
    CHECK(keyboard_focused() == vms[0]);
    type_text("\035m\035p");
    CHECK(keyboard_focused() == vms[3]);
}

TEST(where_no_other_vm_is_next_is_told_so)
{
    fresh_of(1, false);
    type_text("\035n\035p\0352\0359");
    CHECK(keyboard_focused() == vms[0]);
    CHECK_EQ(keyboard_take_news().news, NEWS_NO_VM);
    fresh_of(0, true);
    type_text("\035n\035p\0351");
    CHECK(!keyboard_focused());
    CHECK_EQ(keyboard_take_news().news, NEWS_NO_VM);
}

TEST(the_escape_key_twice_is_typed_once)
{
    fresh_of(VMS, false);
    type_text("a\035\035b");
    CHECK_STR(fakes[0].got, "a\035b");
}

TEST(another_escape_key)
{
    fresh_of(VMS, false);
    keyboard_escape = 1;
    type_text("a\035\0012b\001\001");
    CHECK_STR(fakes[0].got, "a\035");
    CHECK_STR(fakes[1].got, "b\001");
}

TEST(other_keys_say_which_there_are_and_go_nowhere)
{
    fresh_of(VMS, false);
    type_text("\035?\035x\0350");
    CHECK_EQ(keyboard_take_news().news, NEWS_KEYS);
    CHECK_EQ(fakes[0].count, 0);
    CHECK(wakes > 0);
}

TEST(all_or_one_is_toggled)
{
    fresh_of(VMS, false);
    type_text("\035a");
    CHECK(!keyboard_shows_all());
    CHECK_EQ(keyboard_take_news().news, NEWS_VIEW);
    type_text("\035a");
    CHECK(keyboard_shows_all());
}

TEST(what_a_vm_does_not_take_yet_is_given_later_in_order)
{
    fresh_of(VMS, false);
    fakes[0].room = 2;
    type_text("abcd");
    CHECK_STR(fakes[0].got, "ab");
    CHECK(armed[0]);
    fakes[0].room = 1;
    fire(0);
    CHECK_STR(fakes[0].got, "abc");
    CHECK(armed[0]);
    fakes[0].room = 10;
    type_text("e");
    CHECK_STR(fakes[0].got, "abcde");
    fire(0);
    CHECK(!armed[0]);
    CHECK_EQ(lost, 0);
}

TEST(the_escape_key_works_while_a_vm_does_not_read)
{
    fresh_of(VMS, false);
    fakes[0].room = 0;
    type_text("abc\035mvms\n");
    CHECK_STR(monitor_got, "vms\n");
    fakes[0].room = 10;
    fire(0);
    CHECK_STR(fakes[0].got, "abc");
}

TEST(what_does_not_fit_is_counted_and_told_together)
{
    struct keyboard_state state;

    fresh_of(VMS, false);
    fakes[0].room = 0;
    for (u32 i = 0; i < BYTE_QUEUE_SIZE + 5; i++)
        type_text("x");
    CHECK(!keyboard_take_news().news);
    CHECK(armed[1]);
    fire(1);
    state = keyboard_take_news();
    CHECK_EQ(state.news, NEWS_LOST);
    CHECK_EQ(state.lost, 5);
    CHECK(state.loser == vms[0]);
    CHECK(!armed[1]);
}

TEST(only_one_vm_at_a_time_is_kept_for)
{
    fresh_of(VMS, false);
    fakes[0].room = fakes[1].room = 0;
    type_text("abc\0352x");
    CHECK_EQ(lost, 3);
    CHECK(loser == vms[0]);
    fakes[0].room = fakes[1].room = 10;
    fire(0);
    CHECK_EQ(fakes[0].count, 0);
    CHECK_STR(fakes[1].got, "x");
}

TEST(a_vm_that_takes_is_not_held_up_by_one_that_does_not)
{
    fresh_of(VMS, false);
    fakes[0].room = 0;
    type_text("abc\0352xyz");
    CHECK_STR(fakes[1].got, "xyz");
    fakes[0].room = 10;
    fire(0);
    CHECK_STR(fakes[0].got, "abc");
    CHECK_EQ(lost, 0);
}

TEST(a_vm_that_is_off_gets_nothing_and_that_is_told)
{
    fresh_of(1, false);
    fakes[0].room = 0;
    type_text("abc");
    fakes[0].state = VM_OFF;
    fire(0);
    CHECK_EQ(lost, 3);
    type_text("d");
    CHECK_EQ(lost, 4);
    CHECK(armed[1]);
}

TEST(the_keyboard_leaves_a_vm_that_ends)
{
    fresh_of(VMS, false);
    keyboard_leave_ended();
    CHECK(keyboard_focused() == vms[0]);
    fakes[0].state = VM_OFF;
    fakes[1].state = VM_OFF;
    keyboard_leave_ended();
    CHECK(keyboard_focused() == vms[2]);
    CHECK_EQ(keyboard_take_news().news, NEWS_FOCUS);
}

TEST(what_is_typed_after_the_end_goes_where_the_keyboard_goes)
{
    fresh_of(VMS, false);
    fakes[0].state = VM_OFF;
    type_text("a");
    CHECK_EQ(fakes[0].count, 0);
    CHECK_STR(fakes[1].got, "a");
    CHECK_EQ(lost, 0);
}

TEST(after_the_last_vm_the_monitor_has_the_keyboard)
{
    fresh_of(1, true);
    type_text("\035n");
    keyboard_leave_ended();
    fakes[0].state = VM_OFF;
    keyboard_leave_ended();
    CHECK(!keyboard_focused());
}

/* The machine is about to end. */
TEST(without_the_monitor_the_last_vm_keeps_the_keyboard)
{
    fresh_of(1, false);
    fakes[0].state = VM_OFF;
    keyboard_leave_ended();
    CHECK(keyboard_focused() == vms[0]);
    CHECK(!keyboard_take_news().news);
}

TEST(a_vm_that_was_off_before_can_be_looked_at_until_it_has_run)
{
    fresh_of(VMS, false);
    fakes[1].state = VM_OFF;
    type_text("\0352");
    CHECK(keyboard_focused() == vms[1]);
    keyboard_leave_ended();
    CHECK(keyboard_focused() == vms[1]);
    fakes[1].state = VM_RUNNING;
    keyboard_leave_ended();
    fakes[1].state = VM_OFF;
    keyboard_leave_ended();
    CHECK(keyboard_focused() == vms[2]);
}

TEST(the_keyboard_stays_while_a_vm_starts_again)
{
    fresh_of(VMS, false);
    fakes[0].state = VM_WAITING;
    keyboard_leave_ended();
    fakes[0].state = VM_STARTING;
    keyboard_leave_ended();
    CHECK(keyboard_focused() == vms[0]);
}

/* Every byte is got once, by whoever had the keyboard when it was typed. */
TEST(random_typing_is_neither_lost_nor_sent_to_two)
{
    u32 seed = 3, expected[VMS] = {0}, to_monitor = 0;

    fresh_of(VMS, false);
    for (u32 i = 0; i < 3000; i++) {
        struct vm *focus = keyboard_focused();

        seed = seed * 1664525 + 1013904223;
        if (seed >> 28 == 0) {
            monitor_typed(keyboard_escape);
            monitor_typed((u8) "mnp1234a"[seed >> 16 & 7]);
            continue;
        }
        type_text("z");
        if (focus)
            expected[focus->index]++;
        else
            to_monitor++;
    }
    CHECK_EQ(monitor_count, to_monitor);
    for (u32 i = 0; i < VMS; i++)
        CHECK_EQ(fakes[i].count, expected[i]);
}

UNIT_MAIN("keyboard")
