#include "hyp/vm/console_view.h"

#include "hyp/core/printk.h"
#include "hyp/vm/vm.h"

/* Changed under the lock of the machine's console. */
static u32 current_view = VIEW_ALL;
static const struct vm *viewed;
static bool colours;

bool console_in_view(const struct vm *vm)
{
    u32 view = __atomic_load_n(&current_view, __ATOMIC_RELAXED);

    return view == VIEW_ALL ||
           (view == VIEW_ONE && __atomic_load_n(&viewed, __ATOMIC_RELAXED) == vm);
}

bool console_view_is_shared(void)
{
    return __atomic_load_n(&current_view, __ATOMIC_RELAXED) == VIEW_ALL && vm_count > 1;
}

bool console_view_show(const struct vm *vm, const char *text, u32 size)
{
    bool shows;

    if (!console_in_view(vm))
        return false; /* without waiting for those that are */
    console_hold();
    shows = console_in_view(vm);
    if (shows)
        console_write_as(vm, console_view_is_shared() ? vm->console.label : NULL, text, size);
    console_release();
    return shows;
}

bool console_view_set(enum console_view view, const struct vm *vm)
{
    bool changes;

    console_hold();
    changes = view != current_view || vm != viewed;
    if (changes || view == VIEW_ONE) /* which is shown again */
        console_end_line();
    __atomic_store_n(&viewed, vm, __ATOMIC_RELAXED);
    __atomic_store_n(&current_view, view, __ATOMIC_RELAXED);
    console_release();
    return changes;
}

/* The lock of the machine's console is held. */
static void set_label(struct vm *vm)
{
    static const u8 palette[] = {36, 32, 33, 35, 34, 31}; /* cyan first, red last */
    u32 colour = vm->index % (2 * sizeof(palette));       /* the second time round in bold */

    if (colours)
        format_text(vm->console.label, VM_CONSOLE_LABEL, "\033[%u;%um[%s]\033[0m ",
                    colour >= sizeof(palette), palette[colour % sizeof(palette)], vm->config.name);
    else
        format_text(vm->console.label, VM_CONSOLE_LABEL, "[%s] ", vm->config.name);
}

void console_view_add(struct vm *vm)
{
    console_hold();
    set_label(vm);
    console_release();
}

void vm_console_colour(bool on)
{
    console_hold();
    colours = on;
    for (u32 i = 0; i < vm_count; i++)
        set_label(vms[i]);
    console_release();
}
