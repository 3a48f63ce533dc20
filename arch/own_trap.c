#include "arch/own_trap.h"

#include "arch/csr.h"

struct guard {
    u32 guarded, resume; /* addresses of the instruction and of where to go on */
};

/* The section that GUARD_1_TO_2 fills; bounds by the linker script. */
extern const struct guard guards_start[], guards_end[];

void (*own_trap_panic)(const struct own_trap_frame *frame);

static const struct guard *find_guard(u32 pc)
{
    for (const struct guard *guard = guards_start; guard < guards_end; guard++)
        if (guard->guarded == pc)
            return guard;
    return NULL;
}

static void record_reason(struct guarded_trap *trap, const struct own_trap_frame *frame)
{
    trap->cause = frame->scause;
    trap->tval = frame->stval;
    trap->htval = 0;
    trap->htinst = 0;
    /* Only a hart with H raises these, so only then are htval and htinst there to be read. */
    if (frame->scause >= CAUSE_FETCH_GUEST_PAGE && frame->scause <= CAUSE_STORE_GUEST_PAGE) {
        trap->htval = csr_read(CSR_HTVAL);
        trap->htinst = csr_read(CSR_HTINST);
    }
}

u32 own_trap_handle(struct own_trap_frame *frame)
{
    const struct guard *guard = find_guard(frame->sepc);

    if (!guard) {
        own_trap_panic(frame);
        for (;;)
            ;
    }
    record_reason(&own_trap_area()->guarded, frame);
    return guard->resume;
}
