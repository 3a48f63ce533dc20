/*
 * The console of a VM, whether its UART or the SBI writes to it: a scroll-back of what it printed,
 * and a queue of what was typed for it. The machine's console shows one VM, byte for byte, or all,
 * each line with the name of its VM before it.
 */
#ifndef VM_CONSOLE_H
#define VM_CONSOLE_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/core/timer.h"

#define VM_CONSOLE_LINE       160 /* bytes that go out together; longer lines go in parts */
#define VM_CONSOLE_INPUT      1024
#define VM_CONSOLE_SCROLLBACK 8192                           /* bytes; a power of two         */
#define VM_CONSOLE_REPLAY     (VM_CONSOLE_SCROLLBACK - 2048) /* at most shown again           */
#define VM_CONSOLE_LABEL      48                             /* a name of VM_NAME_MAX, dressed */

struct vm;

/*
 * Private to console.c and console_input.c. Bytes are counted from the first that the VM printed,
 * in 32 bits where differences matter, as they are small; byte n is, or was, in
 * past[n % VM_CONSOLE_SCROLLBACK].
 */
struct vm_console {
    struct spinlock lock; /* for what follows */
    char *next;           /* where in `past` the next byte goes                             */
    char *stop;           /* `next` when there is more to be done than to store a byte      */
    u64 lap;              /* which byte past[0] is                                          */
    u32 shown;            /* the first that the machine's console has still to show; those
                           * before it were shown, or another VM was in view                */
    u32 showing;          /* enum showing                                                   */
    char past[VM_CONSOLE_SCROLLBACK];

    u32 waited;                   /* bytes of the line that `flush` has seen wait           */
    bool flushing;                /* `flush` is armed, or soon will be                      */
    struct timer flush;           /* a line without an end shows after a few milliseconds   */
    char label[VM_CONSOLE_LABEL]; /* before each line; under the lock of the machine's console */

    struct spinlock input_lock; /* for what follows; taken before any lock of the UART */
    bool open;                  /* the VM can be given input                           */
    u8 input[VM_CONSOLE_INPUT]; /* typed, not yet in the UART                          */
    u32 input_head, input_count;
};

/* Once a VM, when its name and index are known. */
void vm_console_init(struct vm *vm);

/* A life of the VM begins: from now on it gets what is typed. */
void vm_console_start(struct vm *vm);

/* Ends all that the host does with the VM through its console. No vCPU runs. */
void vm_console_stop(struct vm *vm);

/* A byte that the guest prints. Called by its vCPUs. */
void vm_console_put(struct vm *vm, u8 byte);

/* Takes a typed byte back from the VM: what its SBI console reads. -1: none. */
s32 vm_console_get(struct vm *vm);

/* Takes up to `size` typed bytes that are not in the UART; returns how many. Any hart. */
u32 vm_console_take(struct vm *vm, u8 *to, u32 size);

/* Moves typed bytes into the VM's UART while that has room; its virtio console comes for them. */
void vm_console_feed(struct vm *vm);

/* Afterwards no line waits to be shown by itself. No vCPU runs. */
void vm_console_cancel_flush(struct vm *vm);

/* Shows what there is of a line that has no end yet. */
void vm_console_flush(struct vm *vm);

/*
 * Gives a typed byte to the VM. False: it is not there to take it, or has left a whole queue
 * unread; the caller keeps the byte. Any hart.
 */
bool vm_console_type(struct vm *vm, u8 byte);

/* What the machine's console shows of the VMs. */
enum console_view {
    VIEW_ALL,  /* every line of every VM; with a name before it when there is more than one */
    VIEW_ONE,  /* one VM, byte for byte                                                     */
    VIEW_NONE, /* none: all goes to the scroll-backs alone                                  */
};

/*
 * Changes what is shown; `vm` is for VIEW_ONE, which begins on a new line with the last `lines`
 * lines of the scroll-back and the one that has no end yet, and goes on with what follows, nothing
 * left out and nothing twice. Not with a console's lock held; the monitor only.
 */
void vm_console_view(enum console_view view, struct vm *vm, u32 lines);

/* Names are shown in colours (ANSI), one a VM, or as they are, which is the default. */
void vm_console_colour(bool on);

/* Copies up to `size` bytes of the scroll-back from byte `*from` on (counted from the VM's first);
 * `*from` moves past them, and first up to what is still there. Returns how many. Any hart. */
u32 vm_console_read_past(struct vm *vm, u64 *from, char *to, u32 size);

/* Called, when not NULL, after a VM has printed a line's end or has flushed: monitors wait for
 * text so. Any hart; with no lock held. */
extern void (*vm_console_printed)(struct vm *vm);

#endif
