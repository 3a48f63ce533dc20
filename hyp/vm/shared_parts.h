/* Between the files that make up shared_region.h. */
#ifndef VM_SHARED_PARTS_H
#define VM_SHARED_PARTS_H

#include "hyp/core/lock.h"
#include "hyp/vm/shared_ram.h"
#include "hyp/vm/shared_region.h"
#include "hyp/vm/shared_spec.h"

struct shared_region {
    char name[SHARED_NAME_MAX];
    u32 size;
    u32 member_count; /* 0: the entry is free */
    struct shared_attachment *members[SHARED_MEMBERS_MAX];

    struct spinlock ring_lock; /* outermost: ring_lock -> doorbell -> virtual PLIC */
    u32 present;               /* a bit for each member that doorbells reach       */

    struct spinlock ram_lock; /* ram_lock -> pages */
    u32 users;                /* members that have it mapped */
    struct shared_ram ram;
};

/* How many regions a VM has. */
u32 shared_count(const struct vm *vm);

/* struct doorbell_host of an attachment. */
u32 shared_peers(void *attachment);
void shared_ring(void *attachment, u32 numbers);

/* The doorbells of a VM are pages of one window; device: struct vm *. */
extern const struct mmio_ops shared_doorbells_ops;

#endif
