/* Walks on the console, for guests that ask and for the monitor. */
#include "arch/csr.h"
#include "hyp/core/console.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/walk_json.h"
#include "hyp/vm/walk_text.h"

#define PIECE 200u

static void print_line(const char *text)
{
    printk("%s\n", text);
}

/* The line is longer than what is written at once, so that nobody's may come between its parts. */
void guest_walk_print_json(const void *owner, const struct walk_view *view)
{
    char text[WALK_JSON_MAX];
    u32 size = walk_json(view, text, sizeof(text) - 2);

    text[size++] = '\r';
    text[size++] = '\n';
    console_hold();
    console_end_line();
    for (u32 at = 0; at < size; at += PIECE)
        console_write_as(owner, NULL, text + at, size - at < PIECE ? size - at : PIECE);
    console_release();
}

void guest_walk_print(const struct vcpu *vcpu, gva_t gva, enum walk_access access,
                      enum walk_form form)
{
    struct walk_view view;

    guest_walk_look(vcpu, gva, access, !(csr_read(CSR_SSTATUS) & SSTATUS_SPP), &view);
    vm_console_flush(vcpu->vm);
    if (form == WALK_AS_JSON) {
        guest_walk_print_json(print_line, &view);
        return;
    }
    console_hold();
    walk_text(&view, print_line);
    console_release();
}
