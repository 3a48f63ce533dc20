/* The two-dimensional walk (walk.h) of a vCPU as it is now. Loaded on this hart, unless said
 * otherwise. */
#ifndef VM_GUEST_WALK_H
#define VM_GUEST_WALK_H

#include "arch/types.h"
#include "hyp/vm/walk_view.h"

struct vcpu;

/* Walks `gva` as the mode `user` of this vCPU would. */
void guest_walk(const struct vcpu *vcpu, gva_t gva, enum walk_access access, bool user,
                struct walk_record *record);

/*
 * For harts whose htinst is 0: was the guest-page fault `cause` at `gva` one of the guest's own
 * table walk, and not of the access itself? A walk reads entries, and writes those in which it sets
 * A or D.
 */
enum table_access { TABLE_NONE, TABLE_READ, TABLE_WRITE };
enum table_access guest_walk_table_access(const struct vcpu *vcpu, gva_t gva, u32 cause);

/*
 * Walks `gva` as a debugger would read it: whatever is mapped, whoever may use it. Not loaded, and
 * the VM is held.
 */
void guest_walk_debug(const struct vcpu *vcpu, gva_t gva, struct walk_record *record);

/* What governs that walk of the vCPU: for other walks of the same kind. */
void guest_walk_debug_context(const struct vcpu *vcpu, struct walk_context *context);

/* Walks `gva`, asks the hardware for the same, and tells what we would do about a fault. */
void guest_walk_look(const struct vcpu *vcpu, gva_t gva, enum walk_access access, bool user,
                     struct walk_view *view);

/* As the mode in which the vCPU is, and prints it: as text (walk_text.h), or as one line of JSON
 * (walk_json.h). */
enum walk_form { WALK_AS_TEXT, WALK_AS_JSON };
void guest_walk_print(const struct vcpu *vcpu, gva_t gva, enum walk_access access,
                      enum walk_form form);

/* Prints a record as one line of JSON. Any hart, any time. */
void guest_walk_print_json(const void *owner, const struct walk_view *view);

#endif
