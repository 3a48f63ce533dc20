/*
 * The console of a VM, whether its UART or the SBI writes to it. With one VM, bytes go out as they
 * are. With several, each line on the machine's console begins with the name of its VM.
 */
#ifndef VM_CONSOLE_H
#define VM_CONSOLE_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/core/timer.h"

#define VM_CONSOLE_LINE  160
#define VM_CONSOLE_INPUT 1024

struct vm;

struct vm_console {
    struct spinlock lock;
    char line[VM_CONSOLE_LINE]; /* transmitted, not yet on the machine's console */
    u32 length;
    struct timer flush; /* a line without an end shows after a few milliseconds */

    struct spinlock input_lock; /* for what follows; taken before any lock of the UART */
    bool open;                  /* the VM can be given input                           */
    u8 input[VM_CONSOLE_INPUT]; /* typed, not yet in the UART                          */
    u32 input_head, input_count;
};

void vm_console_init(struct vm *vm);

/* A life of the VM begins: from now on it gets what is typed. */
void vm_console_start(struct vm *vm);

/* A byte that the guest prints. Called by its vCPUs. */
void vm_console_put(struct vm *vm, u8 byte);

/* Takes a typed byte back from the VM: what its SBI console reads. -1: none. */
s32 vm_console_get(struct vm *vm);

/* Moves typed bytes into the VM's UART while that has room. */
void vm_console_feed(struct vm *vm);

/* Shows what is left of the last line. */
void vm_console_flush(struct vm *vm);

/* Ends all that the host does with the VM through its console. No vCPU runs. */
void vm_console_stop(struct vm *vm);

/*
 * A byte typed on the machine's console: it goes to the VM in focus, at first the first one. Ctrl-]
 * moves the focus to the next VM that runs.
 */
void vm_console_typed(u8 byte);

#endif
