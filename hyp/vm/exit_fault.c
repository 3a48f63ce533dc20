/*
 * Guest-page faults that are no ordinary access to a device: a first touch of lazily backed memory,
 * a first store to what was shared, a device access that takes more decoding, or a mistake of the
 * guest's, which it gets back as the access fault that the real machine would raise.
 */
#include "arch/csr.h"
#include "arch/decode.h"
#include "arch/features.h"
#include "arch/guest_access.h"
#include "hyp/core/trace.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/memory.h"
#include "hyp/vm/vm.h"

/* htinst, where it tells that the guest's own table walk faulted: on a read of an entry, or on the
 * write that sets A or D. */
#define HTINST_TABLE_READ  0x00002000u
#define HTINST_TABLE_WRITE 0x00002020u

/* A guest-page fault as the hart reported it. */
struct fault {
    u32 cause;
    gva_t gva;  /* stval */
    gpa_t gpa;  /* htval, with the two low bits from stval */
    u32 htinst; /* 0: the hart does not tell, or is not asked */
};

static struct fault read_fault(void)
{
    u32 stval = csr_read(CSR_STVAL);

    return (struct fault){
        .cause = csr_read(CSR_SCAUSE),
        .gva = stval,
        .gpa = (gpa_t)csr_read(CSR_HTVAL) << 2 | (stval & 3),
        .htinst = csr_read(CSR_HTINST) & features.htinst_mask,
    };
}

static void record(struct vcpu *vcpu, const struct fault *fault, enum stat stat)
{
    stats_count(&vcpu->stats, stat);
    trace(vcpu->trace_tag, TRACE_FAULT, vcpu->context.pc, (u32)(fault->gpa >> 2));
}

static enum run_next access_fault(struct vcpu *vcpu, const struct fault *fault)
{
    enum stat stat = fault->cause == CAUSE_FETCH_GUEST_PAGE  ? STAT_EXIT_BAD_FETCH
                     : fault->cause == CAUSE_LOAD_GUEST_PAGE ? STAT_EXIT_BAD_LOAD
                                                             : STAT_EXIT_BAD_STORE;

    record(vcpu, fault, stat);
    inject(vcpu, access_fault_of(fault->cause), fault->gva);
    return RUN_GUEST;
}

/* What comes of an access that a device has not carried out. */
static enum run_next refused(struct vcpu *vcpu, const struct fault *fault, enum mmio_result result)
{
    return result == MMIO_AGAIN ? RUN_YIELD : access_fault(vcpu, fault);
}

enum run_next exit_refused(struct vcpu *vcpu, enum mmio_result result)
{
    struct fault fault = read_fault();

    return refused(vcpu, &fault, result);
}

/*
 * Devices take loads and stores of up to a word, FP ones too; not AMO and LR/SC, and not an access
 * of which only a later part, `into` bytes in, fell into the device's page.
 */
static enum run_next emulate(struct vcpu *vcpu, const struct fault *fault,
                             const struct memory_insn *insn, u32 into)
{
    enum mmio_result result = MMIO_FAULT;

    if (insn->kind <= MEMORY_FP_STORE && insn->width <= 4 && !into)
        result = exit_access_device(vcpu, insn, u64_low(fault->gpa));
    return result == MMIO_OK ? RUN_GUEST : refused(vcpu, fault, result);
}

/* Was it the guest's own table walk that faulted, and how? */
static enum table_access table_access(struct vcpu *vcpu, const struct fault *fault)
{
    switch (fault->htinst) {
    case 0:
        return guest_walk_table_access(vcpu, fault->gva, fault->cause);
    case HTINST_TABLE_READ:
        return TABLE_READ;
    case HTINST_TABLE_WRITE:
        return TABLE_WRITE;
    default:
        return TABLE_NONE;
    }
}

/* Where htinst does not tell, the instruction is fetched again. */
static enum run_next fetch_and_emulate(struct vcpu *vcpu, const struct fault *fault)
{
    struct guarded_trap trap;
    struct memory_insn insn;
    u32 bits;

    if (table_access(vcpu, fault) != TABLE_NONE)
        return access_fault(vcpu, fault);
    if (!guest_fetch(vcpu->context.pc, &bits, &trap)) {
        stats_count(&vcpu->stats, STAT_EXIT_OTHER);
        inject_trap(vcpu, &trap);
        return RUN_GUEST;
    }
    if (!decode_memory(bits, &insn))
        return access_fault(vcpu, fault);
    return emulate(vcpu, fault, &insn, fault->gva - vcpu->context.x[insn.rs1] - (u32)insn.offset);
}

/* Does what faulted need the right to write? (memory_touch) */
static bool is_write(struct vcpu *vcpu, const struct fault *fault)
{
    enum table_access access = table_access(vcpu, fault);

    return access == TABLE_NONE ? fault->cause == CAUSE_STORE_GUEST_PAGE : access == TABLE_WRITE;
}

/* RAM that is not mapped, or not with this right; or nothing at all. */
static enum run_next touch_memory(struct vcpu *vcpu, const struct fault *fault)
{
    switch (memory_touch(vcpu->vm, fault->gpa, is_write(vcpu, fault))) {
    case MEMORY_BACKED:
        record(vcpu, fault, STAT_EXIT_RAM_FAULT);
        stats_count(&vcpu->stats, STAT_PAGES_BACKED);
        break;
    case MEMORY_COPIED:
        record(vcpu, fault, STAT_EXIT_RAM_FAULT);
        stats_count(&vcpu->stats, STAT_PAGES_COPIED);
        break;
    case MEMORY_EXHAUSTED:
        record(vcpu, fault, STAT_EXIT_RAM_FAULT);
        return RUN_BLOCK;
    case MEMORY_NOT_RAM:
        return access_fault(vcpu, fault);
    }
    tlb_page_mapped(vcpu, fault->gpa);
    return RUN_GUEST;
}

enum run_next exit_uncommon_fault(struct vcpu *vcpu)
{
    struct fault fault = read_fault();
    struct memory_insn insn;

    if (fault.gpa >= PLATFORM_RAM_BASE)
        return touch_memory(vcpu, &fault);
    if (fault.cause == CAUSE_FETCH_GUEST_PAGE)
        return access_fault(vcpu, &fault);
    if (!fault.htinst)
        return fetch_and_emulate(vcpu, &fault);
    if (!decode_htinst(fault.htinst, &insn))
        return access_fault(vcpu, &fault);
    return emulate(vcpu, &fault, &insn, insn.address_offset);
}

static bool is_guest_page_fault(u32 cause)
{
    return cause == CAUSE_FETCH_GUEST_PAGE || cause == CAUSE_LOAD_GUEST_PAGE ||
           cause == CAUSE_STORE_GUEST_PAGE;
}

bool exit_back_memory(struct vcpu *vcpu, const struct guarded_trap *trap)
{
    const struct fault fault = {
        .cause = trap->cause,
        .gva = trap->tval,
        .gpa = (gpa_t)trap->htval << 2 | (trap->tval & 3),
        .htinst = trap->htinst & features.htinst_mask,
    };

    if (!is_guest_page_fault(trap->cause))
        return false;
    switch (memory_touch(vcpu->vm, fault.gpa, is_write(vcpu, &fault))) {
    case MEMORY_BACKED:
    case MEMORY_COPIED:
        tlb_page_mapped(vcpu, fault.gpa);
        return true;
    case MEMORY_EXHAUSTED:
    case MEMORY_NOT_RAM:
        break;
    }
    return false;
}
