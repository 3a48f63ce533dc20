/*
 * What VMs print. Every byte goes into its VM's scroll-back, and is stored there only once: a line
 * goes from there to the machine's console when it has ended, has become long, or has not ended
 * for a while.
 */
#include "hyp/vm/console.h"

#include "hyp/core/string.h"
#include "hyp/vm/console_view.h"
#include "hyp/vm/vm.h"

/* After how long a line is shown that has not ended: of a VM that is alone on the screen, ... */
#define FLUSH_MS        4
/* ... and of one among others, whose lines would come between: its vCPU may just have to wait. */
#define SHARED_FLUSH_MS 50

enum showing {
    SHOWING_LIVE,   /* what is still to be shown is a line at most, its end the last byte  */
    SHOWING_REPLAY, /* several lines, of the scroll-back, are still to be shown            */
    SHOWING_NONE,   /* out of view: bytes count as shown                                   */
};

void (*vm_console_printed)(struct vm *vm);

/* How many bytes there ever were. */
static u64 printed(const struct vm_console *console)
{
    return console->lap + (u32)(console->next - console->past);
}

/* How many have still to be shown: a line at most, or of a replay a little more than that is. */
static u32 waiting(const struct vm_console *console)
{
    return (u32)console->lap + (u32)(console->next - console->past) - console->shown;
}

/* `size` bytes from byte `from` on, which are still there: in place, or put together in `buffer`.
 */
static const char *past_text(const struct vm_console *console, u32 from, u32 size, char *buffer)
{
    u32 at = from % VM_CONSOLE_SCROLLBACK, first = VM_CONSOLE_SCROLLBACK - at;

    if (size <= first)
        return console->past + at;
    memcpy(buffer, console->past + at, first);
    memcpy(buffer + first, console->past, size - first);
    return buffer;
}

/*
 * How far before byte `end` the line begins that has no end yet there, or the `lines` before it.
 * When that is too far to be shown again: the first line that is not.
 */
static u32 find_line(const struct vm_console *console, u64 end, u32 lines)
{
    u32 limit = end < VM_CONSOLE_REPLAY ? (u32)end : VM_CONSOLE_REPLAY;
    u32 whole = limit;

    for (u32 back = 0; back < limit; back++) {
        if (console->past[((u32)end - 1 - back) % VM_CONSOLE_SCROLLBACK] != '\n')
            continue;
        if (!lines--)
            return back;
        whole = back;
    }
    return end <= VM_CONSOLE_REPLAY ? limit : whole;
}

/* The console's lock is held here and below. */
static void wrap(struct vm_console *console)
{
    if (console->next == console->past + VM_CONSOLE_SCROLLBACK) {
        console->next = console->past;
        console->lap += VM_CONSOLE_SCROLLBACK;
    }
}

/* The first byte of a line starts its timer, and while a replay goes on each gives it a push. */
static void set_stop(struct vm_console *console)
{
    u32 size = waiting(console);
    u32 room = size && size < VM_CONSOLE_LINE ? VM_CONSOLE_LINE - size : 1;
    u32 rest = VM_CONSOLE_SCROLLBACK - (u32)(console->next - console->past);

    console->stop = console->next + (room < rest ? room : rest);
}

/* What is to be shown begins with the line at `end`, as far as it is there, and `lines` before. */
static void replay(struct vm_console *console, u64 end, u32 lines)
{
    console->shown = (u32)end - find_line(console, end, lines);
    console->showing = SHOWING_REPLAY;
}

/* Of `size` bytes that wait, those to be shown next: a line or a part of one. */
static u32 next_size(const struct vm_console *console, u32 size)
{
    if (size > VM_CONSOLE_LINE)
        size = VM_CONSOLE_LINE;
    if (console->showing == SHOWING_REPLAY)
        for (u32 i = 0; i < size; i++)
            if (console->past[(console->shown + i) % VM_CONSOLE_SCROLLBACK] == '\n')
                return i + 1;
    return size;
}

/* Shows, or passes over, some of `size` bytes that wait. */
static void show_next(struct vm *vm, u32 size)
{
    struct vm_console *console = &vm->console;
    u32 part = next_size(console, size);
    char buffer[VM_CONSOLE_LINE];

    if (!console_view_show(vm, past_text(console, console->shown, part, buffer), part)) {
        console->showing = SHOWING_NONE;
        part = size;
    }
    console->shown += part;
    if (console->showing == SHOWING_REPLAY && !waiting(console))
        console->showing = SHOWING_LIVE;
    set_stop(console);
}

/*
 * Shows all that has been printed so far. The lock is given up between lines, so that the VM's
 * other vCPUs do not wait for all of it; what they print meanwhile is theirs to show.
 */
static void show_all(struct vm *vm)
{
    struct vm_console *console = &vm->console;
    u32 end;

    if (console->showing == SHOWING_NONE && console_in_view(vm)) /* not from a line's middle on */
        replay(console, printed(console) - waiting(console), 0);
    end = console->shown + waiting(console);
    while (console->shown != end) {
        show_next(vm, end - console->shown);
        if (console->shown == end)
            break;
        spin_unlock(&console->lock);
        spin_lock(&console->lock);
        if ((s32)(end - console->shown) < 0)
            break; /* others have shown it, and more */
    }
}

static void tell_printed(struct vm *vm)
{
    void (*printed_hook)(struct vm *) = __atomic_load_n(&vm_console_printed, __ATOMIC_RELAXED);

    if (printed_hook)
        printed_hook(vm);
}

static void arm_flush(struct vm *vm)
{
    timer_arm(&vm->console.flush,
              timer_after(console_view_is_shared() ? SHARED_FLUSH_MS : FLUSH_MS));
}

/* `byte`, which was put last, ends a line, begins one, or is at the end of a ring or of a long
 * line. Gives up the lock. */
static NOINLINE void turn(struct vm *vm, u8 byte)
{
    struct vm_console *console = &vm->console;
    bool ends, arms;

    wrap(console);
    ends = byte == '\n' || waiting(console) >= VM_CONSOLE_LINE;
    if (ends)
        show_all(vm);
    else
        set_stop(console);
    arms = !ends && !console->flushing;
    console->flushing |= arms;
    console->waited = 0;
    spin_unlock(&console->lock);
    if (ends)
        tell_printed(vm);
    if (arms)
        arm_flush(vm);
}

void vm_console_put(struct vm *vm, u8 byte)
{
    struct vm_console *console = &vm->console;
    char *next;

    spin_lock(&console->lock);
    next = console->next;
    *next++ = (char)byte;
    console->next = next;
    if (unlikely(byte == '\n' || next == console->stop)) {
        turn(vm, byte);
        return;
    }
    spin_unlock(&console->lock);
}

void vm_console_flush(struct vm *vm)
{
    struct vm_console *console = &vm->console;
    bool any;

    spin_lock(&console->lock);
    any = waiting(console);
    show_all(vm);
    spin_unlock(&console->lock);
    if (any)
        tell_printed(vm);
}

/* Among others, a line that has become longer since the last time is still being printed. */
static bool must_wait(struct vm_console *console)
{
    bool waits;
    u32 size;

    spin_lock(&console->lock);
    size = waiting(console);
    console->flushing = size > console->waited && console_view_is_shared();
    console->waited = size;
    waits = console->flushing;
    spin_unlock(&console->lock);
    return waits;
}

/* Often the line that it was armed for has long ended: a timer for each would cost too much. */
static void flush_due(struct timer *timer)
{
    struct vm *vm = container_of(timer, struct vm, console.flush);

    if (must_wait(&vm->console))
        arm_flush(vm);
    else
        vm_console_flush(vm);
}

void vm_console_cancel_flush(struct vm *vm)
{
    timer_cancel_wait(&vm->console.flush);
    vm->console.flushing = false;
}

void vm_console_init(struct vm *vm)
{
    struct vm_console *console = &vm->console;

    console->flush.fire = flush_due;
    console->next = console->past;
    console->showing = console_in_view(vm) ? SHOWING_LIVE : SHOWING_NONE;
    set_stop(console);
    console_view_add(vm);
}

static void view_one(struct vm *vm, u32 lines)
{
    spin_lock(&vm->console.lock);
    replay(&vm->console, printed(&vm->console), lines);
    console_view_set(VIEW_ONE, vm);
    show_all(vm);
    spin_unlock(&vm->console.lock);
}

/* Lines that wait for their end, say for what is to be typed, are shown as far as they are. */
static void view_all(void)
{
    if (!console_view_set(VIEW_ALL, NULL))
        return;
    for (u32 i = 0; i < vm_count; i++)
        if (vms[i]->console.open)
            vm_console_flush(vms[i]);
}

void vm_console_view(enum console_view view, struct vm *vm, u32 lines)
{
    if (view == VIEW_ONE)
        view_one(vm, lines);
    else if (view == VIEW_ALL)
        view_all();
    else
        console_view_set(VIEW_NONE, NULL);
}

u32 vm_console_read_past(struct vm *vm, u64 *from, char *to, u32 size)
{
    struct vm_console *console = &vm->console;
    const char *text;
    u64 all;

    spin_lock(&console->lock);
    all = printed(console);
    if (all - *from > VM_CONSOLE_SCROLLBACK)
        *from = all < VM_CONSOLE_SCROLLBACK ? 0 : all - VM_CONSOLE_SCROLLBACK;
    if (size > all - *from)
        size = (u32)(all - *from);
    text = past_text(console, (u32)*from, size, to);
    if (text != to)
        memcpy(to, text, size);
    spin_unlock(&console->lock);
    *from += size;
    return size;
}
