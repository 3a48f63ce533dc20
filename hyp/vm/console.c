#include "hyp/vm/console.h"

#include "hyp/core/printk.h"
#include "hyp/vm/vm.h"

#define FLUSH_MS    4
#define KEY_NEXT_VM 0x1d /* Ctrl-] */

/* Registers of the UART, and the bit of LSR that says that RBR has a byte. */
#define UART_RBR 0
#define UART_LSR 5
#define LSR_DR   BIT(0)

static u32 focus; /* index of the VM that gets what is typed */

/* The console's lock is held. */
static void flush_locked(struct vm *vm)
{
    struct vm_console *console = &vm->console;

    if (!console->length)
        return;
    console_write_as(vm, vm_count > 1 ? vm->config.name : NULL, console->line, console->length);
    console->length = 0;
}

static void flush_due(struct timer *timer)
{
    vm_console_flush(container_of(timer, struct vm, console.flush));
}

void vm_console_init(struct vm *vm)
{
    vm->console.flush.fire = flush_due;
}

void vm_console_flush(struct vm *vm)
{
    spin_lock(&vm->console.lock);
    flush_locked(vm);
    spin_unlock(&vm->console.lock);
}

/* The byte that was put at `at` begins a line or ends one. Gives up the console's lock. */
static NOINLINE void end_or_begin(struct vm *vm, u32 at, u8 byte)
{
    struct vm_console *console = &vm->console;
    bool ends = byte == '\n' || at == VM_CONSOLE_LINE - 1;

    if (ends)
        flush_locked(vm);
    spin_unlock(&console->lock);
    if (!ends)
        timer_arm(&console->flush, timer_after(FLUSH_MS));
}

void vm_console_put(struct vm *vm, u8 byte)
{
    struct vm_console *console = &vm->console;
    u32 at;

    spin_lock(&console->lock);
    at = console->length++;
    console->line[at] = (char)byte;
    if (unlikely(byte == '\n' || at == VM_CONSOLE_LINE - 1 || at == 0)) {
        end_or_begin(vm, at, byte);
        return;
    }
    spin_unlock(&console->lock);
}

/* The input lock is held. The oldest byte stays in the queue until the UART has taken it. */
static void feed_locked(struct vm *vm)
{
    struct vm_console *console = &vm->console;

    while (console->input_count &&
           uart16550_receive(&vm->platform.uart, console->input[console->input_head])) {
        console->input_head = (console->input_head + 1) % VM_CONSOLE_INPUT;
        console->input_count--;
    }
}

void vm_console_feed(struct vm *vm)
{
    spin_lock(&vm->console.input_lock);
    feed_locked(vm);
    spin_unlock(&vm->console.input_lock);
}

/* As firmware does it on the real machine: by reading the UART. */
s32 vm_console_get(struct vm *vm)
{
    struct uart16550 *uart = &vm->platform.uart;
    u32 status = 0, byte = 0;

    uart16550_ops.read(uart, UART_LSR, 1, &status);
    if (!(status & LSR_DR))
        return -1;
    uart16550_ops.read(uart, UART_RBR, 1, &byte);
    return (s32)byte;
}

void vm_console_start(struct vm *vm)
{
    spin_lock(&vm->console.input_lock);
    vm->console.open = true;
    spin_unlock(&vm->console.input_lock);
}

void vm_console_stop(struct vm *vm)
{
    spin_lock(&vm->console.input_lock);
    vm->console.open = false;
    spin_unlock(&vm->console.input_lock);
    timer_cancel_wait(&vm->console.flush);
    vm_console_flush(vm);
}

/* The next VM after `index` that has not ended; `index` itself when there is no other. */
static u32 next_running(u32 index)
{
    for (u32 i = 1; i <= vm_count; i++) {
        u32 next = (index + i) % vm_count;

        if (vms[next] && !vm_has_ended(vms[next]))
            return next;
    }
    return index;
}

static void move_focus(void)
{
    focus = next_running(focus);
    printk("Twofold: the keyboard goes to VM \"%s\"\n", vms[focus]->config.name);
}

/* Lost when the VM is not there to take it, or has left a whole queue unread. */
static void give_input(struct vm *vm, u8 byte)
{
    struct vm_console *console = &vm->console;

    spin_lock(&console->input_lock);
    if (console->open && console->input_count < VM_CONSOLE_INPUT) {
        console->input[(console->input_head + console->input_count) % VM_CONSOLE_INPUT] = byte;
        console->input_count++;
        feed_locked(vm);
    }
    spin_unlock(&console->input_lock);
}

void vm_console_typed(u8 byte)
{
    if (!vm_count)
        return;
    if (byte == KEY_NEXT_VM && vm_count > 1) {
        move_focus();
        return;
    }
    if (vm_has_ended(vms[focus]))
        focus = next_running(focus);
    give_input(vms[focus], byte);
}
