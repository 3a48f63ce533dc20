/*
 * VMIDs and fences.
 *
 * A VMID names the translations of one vCPU on one hart. Each hart numbers for itself, so running
 * out is that hart's affair: it flushes everything guest and begins a new generation. Three rules
 * follow, and with no VMID bits at all (every new tag flushes) they still hold:
 *   1. A vCPU that comes to a hart where its tag is not of the current generation takes a new one:
 *      whatever an old tag left in a TLB is never looked at again.
 *   2. To forget all translations of a vCPU, drop its tag.
 *   3. Two vCPUs never share a tag, so equal ASIDs in two vCPUs of a VM do not meet.
 */
#ifndef VM_TLB_H
#define VM_TLB_H

#include "arch/types.h"
#include "hyp/sbi/sbi.h"

struct hart;
struct vcpu;
struct vm;

struct vmid_tag {
    const struct hart *hart; /* NULL: none */
    u32 generation;
    u32 vmid;
};

/*
 * Makes the vCPU's tag valid on this hart and writes hgatp. vsatp is zero meanwhile, so that
 * nothing of one guest is cached under another's VMID (privileged spec, the note on changing vsatp
 * and hgatp together in "Memory-Management Fences").
 */
void tlb_enter(struct vcpu *vcpu);

/* Rule 2, for a vCPU that is loaded on this hart or on none. */
void tlb_forget(struct vcpu *vcpu);

/* A page of the G-stage is mapped now that was not when the loaded vCPU met it: some harts remember
 * that too. */
void tlb_page_mapped(const struct vcpu *vcpu, gpa_t gpa);

/*
 * The VM's G-stage has lost or exchanged a mapping: returns when no vCPU of it can use what was
 * there before. Called by one of its vCPUs, on its hart, or by a task of it that is no vCPU; its
 * vCPUs exist. With no lock but those for which vCPUs wait as vcpu.h says: that of the VM's memory,
 * and one of a device.
 */
void tlb_shoot_down(const struct vm *vm);

/* Carries out a guest's fence for the vCPU loaded on this hart. */
void tlb_fence(const struct sbi_fence *fence);

#endif
