/* The two-dimensional walk (walk.h) of a vCPU as it is now. Loaded, on its hart. */
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
 * table walk, and not of the access itself?
 */
bool guest_walk_faults_implicitly(const struct vcpu *vcpu, gva_t gva, u32 cause);

/* Walks `gva`, prints every table read and compares the end with what hardware finds by HLV. */
void guest_walk_print(struct vcpu *vcpu, gva_t gva, enum walk_access access);

#endif
