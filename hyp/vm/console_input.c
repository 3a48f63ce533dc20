/* What is typed for a VM: a queue before the 16 bytes of its UART. */
#include "hyp/vm/vm.h"

/* Registers of the UART, and the bit of LSR that says that RBR has a byte. */
#define UART_RBR 0
#define UART_LSR 5
#define LSR_DR   BIT(0)

/* The input lock is held. The oldest byte stays in the queue until the UART has taken it. */
static void feed_locked(struct vm *vm)
{
    struct vm_console *console = &vm->console;

    if (console->input_count && devices_take_typed(vm))
        return;
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

bool vm_console_type(struct vm *vm, u8 byte)
{
    struct vm_console *console = &vm->console;
    bool taken;

    spin_lock(&console->input_lock);
    taken = console->open && console->input_count < VM_CONSOLE_INPUT;
    if (taken) {
        console->input[(console->input_head + console->input_count) % VM_CONSOLE_INPUT] = byte;
        console->input_count++;
        feed_locked(vm);
    }
    spin_unlock(&console->input_lock);
    return taken;
}

u32 vm_console_take(struct vm *vm, u8 *to, u32 size)
{
    struct vm_console *console = &vm->console;
    u32 count = 0;

    spin_lock(&console->input_lock);
    for (; count < size && console->input_count; count++, console->input_count--) {
        to[count] = console->input[console->input_head];
        console->input_head = (console->input_head + 1) % VM_CONSOLE_INPUT;
    }
    spin_unlock(&console->input_lock);
    return count;
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

static void set_open(struct vm *vm, bool open)
{
    spin_lock(&vm->console.input_lock);
    vm->console.open = open;
    spin_unlock(&vm->console.input_lock);
}

void vm_console_start(struct vm *vm)
{
    set_open(vm, true);
}

void vm_console_stop(struct vm *vm)
{
    set_open(vm, false);
    vm_console_cancel_flush(vm);
    vm_console_flush(vm);
}
