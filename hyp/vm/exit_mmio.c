/* Loads and stores of devices. */
#include "arch/csr.h"
#include "arch/decode.h"
#include "arch/features.h"
#include "hyp/core/trace.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/guest_fp.h"
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
    u32 shift = insn->is_signed ? 32 - 8u * insn->width : 0;

    if (unlikely(insn->kind == MEMORY_FP_LOAD))
        guest_fp_write(vcpu, insn->rd, value);
    else if (insn->rd)
        vcpu->context.x[insn->rd] = (u32)((s32)(value << shift) >> shift);
}

/*
 * Carries out a load or store, of a word at most, of a register of the device accessed last, and
 * steps over it. Not MMIO_OK: the device refuses, and nothing has changed.
 */
static ALWAYS_INLINE enum mmio_result access_last_region(struct vcpu *vcpu,
                                                         const struct memory_insn *insn, u32 gpa)
{
    const struct mmio_region *region = vcpu->last_region;
    u32 offset = gpa - region->base, value;
    enum mmio_result result;

    if (memory_is_store(insn->kind)) {
        trace(vcpu->trace_tag, TRACE_WRITE, vcpu->context.pc, gpa);
        result = region->ops->write(region->device, offset, insn->width, operand(vcpu, insn));
        if (unlikely(result != MMIO_OK))
            return result;
        vcpu->last_counts[BUS_REGIONS]++;
    } else {
        trace(vcpu->trace_tag, TRACE_READ, vcpu->context.pc, gpa);
        result = region->ops->read(region->device, offset, insn->width, &value);
        if (unlikely(result != MMIO_OK))
            return result;
        vcpu->last_counts[0]++;
        set_result(vcpu, insn, value);
    }
    vcpu->context.pc += insn->length;
    return MMIO_OK;
}

static bool is_aligned(const struct memory_insn *insn, u32 gpa)
{
    return !(gpa & (insn->width - 1u));
}

enum mmio_result exit_access_device(struct vcpu *vcpu, const struct memory_insn *insn, u32 gpa)
{
    const struct bus *bus = &vcpu->vm->bus;
    const struct mmio_region *region = bus_find(bus, gpa);

    if (!region || !is_aligned(insn, gpa))
        return MMIO_FAULT;
    vcpu->last_region = region;
    vcpu->last_counts = &vcpu->stats.count[STATS_LOADS + bus_index(bus, region)];
    return access_last_region(vcpu, insn, gpa);
}

/*
 * Short for what is frequent: an integer load or store, told by htinst, of the device accessed
 * last. The CSRs are read first, since every read of one makes the compiler forget what it has
 * loaded.
 */
enum run_next exit_guest_page_fault(struct vcpu *vcpu)
{
    u32 htval = csr_read(CSR_HTVAL);
    u32 gpa = htval << 2 | (csr_read(CSR_STVAL) & 3);
    u32 htinst = csr_read(CSR_HTINST) & features.htinst_mask;
    struct memory_insn insn;
    enum mmio_result result;

    if (likely(htval < HTVAL_OF_RAM && region_has(vcpu->last_region, gpa) &&
               decode_htinst(htinst, &insn) && insn.kind <= MEMORY_STORE && !insn.address_offset &&
               is_aligned(&insn, gpa))) {
        result = access_last_region(vcpu, &insn, gpa);
        return likely(result == MMIO_OK) ? RUN_GUEST : exit_refused(vcpu, result);
    }
    return exit_uncommon_fault(vcpu);
}
