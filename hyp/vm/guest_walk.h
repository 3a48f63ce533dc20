/* The two-dimensional walk (walk.h) of a vCPU as it is now. Loaded on this hart, unless said
 * otherwise. */
#ifndef VM_GUEST_WALK_H
#define VM_GUEST_WALK_H

#include "arch/types.h"
#include "hyp/vm/walk.h"

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

/* A walk with all that a person is shown of it. */
struct guest_walk_view {
    struct walk_record record;
    const char *vm_name;
    bool user;
    u32 vsatp, hgatp;
    u32 found;          /* the word at the end, where our walk leads (cause is 0)          */
    u32 hardware_cause; /* of the trap of an HLV of the same word; 0: it read `hardware`   */
    u32 hardware;
};

/* Walks `gva` and asks the hardware, by HLV, for the same. */
void guest_walk_look(const struct vcpu *vcpu, gva_t gva, enum walk_access access, bool user,
                     struct guest_walk_view *view);

/* Prints it: every table read, where the walk ends, and what the hardware found there. Any hart,
 * any time. */
void guest_walk_show(const struct guest_walk_view *view);

/* Both, as the mode in which the vCPU is. */
void guest_walk_print(const struct vcpu *vcpu, gva_t gva, enum walk_access access);

#endif
