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

/* htval, gPA >> 2, of the first address that is no device's any more. */
#define HTVAL_OF_RAM (PLATFORM_RAM_BASE >> 2)

/* What a store stores. */
static ALWAYS_INLINE u32 operand(struct vcpu *vcpu, const struct memory_insn *insn)
{
    if (likely(insn->kind == MEMORY_STORE))
        return vcpu->context.x[insn->rs2];
    return guest_fp_read(vcpu, insn->rs2);
}

/* Puts what was loaded where the instruction wants it. */
static ALWAYS_INLINE void set_result(struct vcpu *vcpu, const struct memory_insn *insn, u32 value)
{
    u32 shift = 32 - 8u * insn->width;

    if (unlikely(insn->kind == MEMORY_FP_LOAD))
        guest_fp_write(vcpu, insn->rd, value);
    else if (insn->rd)
        vcpu->context.x[insn->rd] = insn->is_signed ? (u32)((s32)(value << shift) >> shift) : value;
}

/*
 * Carries out a load or store, of a word at most, of a device register at `gpa`, which is below
 * RAM, and steps over it. False: no device answers, or it refuses, and nothing has changed.
 */
static ALWAYS_INLINE bool access_device(struct vcpu *vcpu, const struct memory_insn *insn, u32 gpa)
{
    const struct mmio_region *region;
    u32 offset, value;

    if (gpa & (insn->width - 1u))
        return false;
    region = bus_find(&vcpu->vm->bus, &vcpu->last_region, gpa);
    if (!region)
        return false;
    offset = gpa - region->base;
    if (memory_is_store(insn->kind)) {
        if (region->ops->write(region->device, offset, insn->width, operand(vcpu, insn)) != MMIO_OK)
            return false;
    } else {
        if (region->ops->read(region->device, offset, insn->width, &value) != MMIO_OK)
            return false;
        set_result(vcpu, insn, value);
    }
    vcpu->context.pc += insn->length;
    return true;
}

/* A guest-page fault as the hart reported it. */
struct fault {
    u32 cause;
    gva_t gva;  /* stval */
    gpa_t gpa;  /* htval, with the two low bits from stval */
    u32 htinst; /* 0: the hart does not tell, or is not asked */
};

static u32 read_htinst(void)
{
    return csr_read(CSR_HTINST) & features.htinst_mask;
}

static struct fault read_fault(void)
{
    u32 stval = csr_read(CSR_STVAL);

    return (struct fault){
        .cause = csr_read(CSR_SCAUSE),
        .gva = stval,
        .gpa = (gpa_t)csr_read(CSR_HTVAL) << 2 | (stval & 3),
        .htinst = read_htinst(),
    };
}

static enum run_next access_fault(struct vcpu *vcpu, const struct fault *fault)
{
    inject(vcpu, access_fault_of(fault->cause), fault->gva);
    return RUN_GUEST;
}

/*
 * Devices take loads and stores of up to a word, FP ones too; not AMO and LR/SC, and not an access
 * of which only a later part, `into` bytes in, fell into the device's page.
 */
static enum run_next emulate(struct vcpu *vcpu, const struct fault *fault,
                             const struct memory_insn *insn, u32 into)
{
    if (insn->kind > MEMORY_FP_STORE || insn->width > 4 || into ||
        !access_device(vcpu, insn, u64_low(fault->gpa)))
        return access_fault(vcpu, fault);
    return RUN_GUEST;
}

/*
 * Where htinst does not tell, the instruction is fetched again. What faulted may also have been the
 * guest's own table walk: then it is no device access.
 */
static enum run_next fetch_and_emulate(struct vcpu *vcpu, const struct fault *fault)
{
    struct guarded_trap trap;
    struct memory_insn insn;
    u32 bits;

    if (guest_walk_faults_implicitly(vcpu, fault->gva, fault->cause))
        return access_fault(vcpu, fault);
    if (!guest_fetch(vcpu->context.pc, &bits, &trap)) {
        inject_trap(vcpu, &trap);
        return RUN_GUEST;
    }
    if (!decode_memory(bits, &insn))
        return access_fault(vcpu, fault);
    return emulate(vcpu, fault, &insn, fault->gva - vcpu->context.x[insn.rs1] - (u32)insn.offset);
}

/* RAM that is not mapped, or nothing at all. */
static enum run_next touch_memory(struct vcpu *vcpu, const struct fault *fault)
{
    switch (memory_touch(vcpu->vm, fault->gpa)) {
    case MEMORY_BACKED:
        tlb_page_mapped(vcpu, fault->gpa);
        return RUN_GUEST;
    case MEMORY_EXHAUSTED:
        vm_request_end(vcpu->vm, VM_FAULTS);
        return RUN_BLOCK;
    default:
        return access_fault(vcpu, fault);
    }
}

/* Every guest-page fault that is not an ordinary device access. */
static NOINLINE enum run_next uncommon_fault(struct vcpu *vcpu)
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

/* Short for what is frequent: an integer load or store of a device, told by htinst. */
enum run_next exit_guest_page_fault(struct vcpu *vcpu)
{
    u32 htval = csr_read(CSR_HTVAL);
    struct memory_insn insn;

    if (likely(htval < HTVAL_OF_RAM && decode_htinst(read_htinst(), &insn) &&
               insn.kind <= MEMORY_STORE && !insn.address_offset &&
               access_device(vcpu, &insn, htval << 2 | (csr_read(CSR_STVAL) & 3))))
        return RUN_GUEST;
    return uncommon_fault(vcpu);
}
