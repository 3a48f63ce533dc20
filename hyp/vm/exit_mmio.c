/*
 * Guest-page faults: an access to a device, a first touch of lazily backed memory, or a mistake of
 * the guest's, which it gets back as the access fault that the real machine would raise.
 */
#include "arch/csr.h"
#include "arch/decode.h"
#include "arch/features.h"
#include "arch/guest_access.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/guest_fp.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/memory.h"
#include "hyp/vm/vm.h"

/* A guest-page fault as the hart reported it. */
struct fault {
    u32 cause;
    gva_t gva;  /* stval */
    gpa_t gpa;  /* htval, with the two low bits from stval */
    u32 htinst; /* 0 where the hart does not tell */
};

static struct fault read_fault(u32 cause)
{
    u32 stval = csr_read(CSR_STVAL);

    return (struct fault){
        .cause = cause,
        .gva = stval,
        .gpa = (gpa_t)csr_read(CSR_HTVAL) << 2 | (stval & 3),
        .htinst = features.htinst == HTINST_ZERO ? 0 : csr_read(CSR_HTINST),
    };
}

static enum run_next access_fault(struct vcpu *vcpu, const struct fault *fault)
{
    inject(vcpu, access_fault_of(fault->cause), fault->gva);
    return RUN_GUEST;
}

static bool is_store(const struct memory_insn *insn)
{
    return insn->kind == MEMORY_STORE || insn->kind == MEMORY_FP_STORE;
}

/* What a store stores. */
static u32 operand(struct vcpu *vcpu, const struct memory_insn *insn)
{
    if (likely(insn->kind == MEMORY_STORE))
        return vcpu->context.x[insn->rs2];
    return guest_fp_read(vcpu, insn->rs2);
}

/* Puts what was loaded where the instruction wants it. */
static void set_result(struct vcpu *vcpu, const struct memory_insn *insn, u32 value)
{
    u32 shift = 32 - 8u * insn->width;

    if (unlikely(insn->kind == MEMORY_FP_LOAD))
        guest_fp_write(vcpu, insn->rd, value);
    else if (insn->rd)
        vcpu->context.x[insn->rd] = insn->is_signed ? (u32)((s32)(value << shift) >> shift) : value;
}

/* Carries out a load or store of a device register. False: the device or the bus refuses it. */
static bool access_device(struct vcpu *vcpu, const struct memory_insn *insn, gpa_t gpa)
{
    const struct mmio_region *region =
        bus_find(&vcpu->vm->bus, &vcpu->last_region, gpa, insn->width);
    u32 offset, value = 0;

    if (!region || (u32)gpa & (insn->width - 1u))
        return false;
    offset = (u32)gpa - region->base;
    if (is_store(insn))
        return region->ops->write(region->device, offset, insn->width, operand(vcpu, insn)) ==
               MMIO_OK;
    if (region->ops->read(region->device, offset, insn->width, &value) != MMIO_OK)
        return false;
    set_result(vcpu, insn, value);
    return true;
}

/* Loads and stores of up to a word: what devices answer to. AMO and LR/SC are not for them. */
static bool can_emulate(const struct memory_insn *insn)
{
    return insn->kind <= MEMORY_FP_STORE && insn->width <= 4;
}

/* How a device access was found out. */
enum decoded {
    DECODED,       /* an ordinary load or store                              */
    NOT_EMULATED,  /* AMO, LR/SC, 64 bits, or the guest's own table walk     */
    FETCH_TRAPPED, /* reading the instruction trapped: injected              */
};

/* By fetching the instruction again, where htinst does not tell. */
static enum decoded decode_fetched(struct vcpu *vcpu, const struct fault *fault,
                                   struct memory_insn *insn)
{
    struct guarded_trap trap;
    u32 bits;

    if (guest_walk_faults_implicitly(vcpu, fault->gva, fault->cause))
        return NOT_EMULATED;
    if (!guest_fetch(vcpu->context.pc, &bits, &trap)) {
        inject_trap(vcpu, &trap);
        return FETCH_TRAPPED;
    }
    return decode_memory(bits, insn) ? DECODED : NOT_EMULATED;
}

static enum decoded decode(struct vcpu *vcpu, const struct fault *fault, struct memory_insn *insn)
{
    enum decoded how = DECODED;

    if (unlikely(!fault->htinst))
        how = decode_fetched(vcpu, fault, insn);
    else if (!decode_htinst(fault->htinst, insn))
        how = NOT_EMULATED;
    return how == DECODED && !can_emulate(insn) ? NOT_EMULATED : how;
}

static enum run_next device_access(struct vcpu *vcpu, const struct fault *fault)
{
    struct memory_insn insn;

    switch (decode(vcpu, fault, &insn)) {
    case FETCH_TRAPPED:
        return RUN_GUEST;
    case NOT_EMULATED:
        return access_fault(vcpu, fault);
    case DECODED:
        break;
    }
    if (unlikely(!access_device(vcpu, &insn, fault->gpa)))
        return access_fault(vcpu, fault);
    vcpu->context.pc += insn.length;
    return RUN_GUEST;
}

enum run_next exit_guest_page_fault(struct vcpu *vcpu, u32 cause)
{
    struct fault fault = read_fault(cause);

    if (fault.gpa >= PLATFORM_RAM_BASE || cause == CAUSE_FETCH_GUEST_PAGE) {
        /* RAM that is not mapped yet, or else nothing at all. */
        switch (memory_touch(vcpu->vm, fault.gpa)) {
        case MEMORY_BACKED:
            tlb_page_mapped(vcpu, fault.gpa);
            return RUN_GUEST;
        case MEMORY_EXHAUSTED:
            vm_request_end(vcpu->vm, VM_FAULTS);
            return RUN_BLOCK;
        case MEMORY_NOT_RAM:
            return access_fault(vcpu, &fault);
        }
    }
    return device_access(vcpu, &fault);
}
