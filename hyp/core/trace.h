/*
 * The trace: what guests did and what was done to them, always recorded, the newest events of each
 * hart in a ring of its own. Recording takes no lock and no atomic, about a dozen instructions;
 * reading is for a person, from a copy.
 *
 * An event keeps the low word of the time. A reader puts the high word back: TRACE_LOAD carries it,
 * and between two events of a hart the time goes up by less than 2^32 ticks (7 minutes at 10 MHz).
 * Where it did not, because a vCPU ran on alone all that time without one exit, the events before
 * it, back to when the vCPU was loaded, are shown too late by so many times 2^32 ticks.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "arch/csr.h"
#include "arch/fence.h"
#include "arch/types.h"
#include "hyp/core/hart.h"

#define TRACE_RING_EVENTS 2048 /* of each hart */

/* What happened, and what `data` says of it. */
enum trace_kind {
    TRACE_LOAD,      /* a hart takes up a vCPU: high word of the time                  */
    TRACE_PUT,       /* and lays it down: 1 when it blocks, 0 when it yields           */
    TRACE_EXIT,      /* an exit without a line of its own below: scause                */
    TRACE_SBI,       /* an SBI call: trace_sbi_call(EID, FID)                          */
    TRACE_READ,      /* a device register is read: gPA                                 */
    TRACE_WRITE,     /* and written: gPA                                               */
    TRACE_FAULT,     /* a guest-page fault that no device answers: gPA >> 2            */
    TRACE_INSN,      /* a trapped instruction: its bits                                */
    TRACE_INJECT,    /* an exception given to the guest: cause                         */
    TRACE_INTERRUPT, /* an interrupt raised in the guest: its number                   */
    TRACE_FENCE,     /* fences carried out for the guest: how many                     */
    TRACE_LIFE,      /* the VM began, ended, ...: enum vm_state, told by the VM floor  */
    TRACE_KINDS,
};

struct trace_event {
    u32 time; /* low word of the time                             */
    u32 what; /* bits 31:8 whom it is about, 7:0 enum trace_kind  */
    u32 pc;   /* the guest's; 0 where it has none                 */
    u32 data;
};

/* Whom an event is about, as the VM floor numbers VMs and vCPUs: in its place in `what`. */
static inline u32 trace_tag(u32 vm, u32 vcpu)
{
    return vm << 16 | vcpu << 8;
}

/* EIDs differ in their low 27 bits, and no extension has a function above 31. */
static inline u32 trace_sbi_call(u32 extension, u32 function)
{
    return extension << 5 | (function & 31);
}

/* Gives every hart that was started its ring, and memory for the copies that are read. Boot hart,
 * once, after that and before guests. False: no memory; told. */
bool trace_init(void);

/*
 * The other end of the ring: goes on at its beginning. trace_laps, two more for each time, is odd
 * meanwhile, so that no reader puts the place and the count of two laps together.
 */
static inline struct trace_event *trace_next_lap(void)
{
    struct hart *hart = this_hart();

    hart->trace_laps++;
    fence_release();
    hart->trace_next = hart->trace_end - TRACE_RING_EVENTS;
    fence_release();
    hart->trace_laps++;
    return hart->trace_next;
}

/* Records an event on this hart; `time` is the low word of now, and `tag` of trace_tag. */
static ALWAYS_INLINE void trace_at(u32 time, u32 tag, enum trace_kind kind, u32 pc, u32 data)
{
    struct trace_event *event = this_hart()->trace_next;

    *event++ = (struct trace_event){time, tag | kind, pc, data};
    /* What a reader on another hart finds before trace_next is whole. */
    fence_release();
    if (unlikely(event == this_hart()->trace_end))
        event = trace_next_lap();
    this_hart()->trace_next = event;
}

static ALWAYS_INLINE void trace(u32 tag, enum trace_kind kind, u32 pc, u32 data)
{
    trace_at(time_low(), tag, kind, pc, data);
}

/* A hart takes up a vCPU: TRACE_LOAD. */
static inline void trace_load(u32 tag, u32 pc)
{
    u64 now = time_now();

    trace_at(u64_low(now), tag, TRACE_LOAD, pc, u64_high(now));
}

/* An event as a reader has it. */
struct trace_entry {
    u64 time; /* ticks of host time */
    u32 whom; /* vm << 8 | vcpu     */
    enum trace_kind kind;
    u32 pc, data, hart;
};

/*
 * Reads back what all harts have recorded, merged, oldest first: begin takes a copy, `next` goes on
 * to the next entry; false when there are no more. One reader at a time: the monitor.
 */
void trace_read_begin(void);
bool trace_read_next(struct trace_entry *entry);

/* From stop to resume there is one copy, taken at the stop, and every trace_read_begin begins it
 * again. Recording goes on meanwhile. */
void trace_stop(void);
void trace_resume(void);

#endif
