/*
 * Instructions of a guest that trapped: WFI, counters, stimecmp where there is no Sstc. Everything
 * else that arrives here is illegal on the machine that the guest believes in, and it gets the
 * exception; nothing is ever skipped. Causes 2 and 22 are treated alike: machines differ.
 */
#include "arch/csr.h"
#include "arch/decode.h"
#include "arch/features.h"
#include "arch/guest_access.h"
#include "hyp/core/trace.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/pmu.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/vtimer.h"

#define INSN_WFI     0x10500073u
#define INSN_WRS_NTO 0x00d00073u
#define INSN_LENGTH  4 /* of all that is emulated here */

static bool in_supervisor_mode(void)
{
    return (csr_read(CSR_SSTATUS) & SSTATUS_SPP) != 0;
}

static enum run_next illegal(struct vcpu *vcpu, u32 bits)
{
    stats_count(&vcpu->stats, STAT_EXIT_ILLEGAL);
    inject(vcpu, CAUSE_ILLEGAL, insn_length(bits) == 4 ? bits : bits & 0xffff);
    return RUN_GUEST;
}

/* The bit of scounteren and hcounteren for a counter CSR or its high half. */
static u32 counter_bit(u32 csr)
{
    return BIT(csr & 0x1f);
}

/* Is there such a counter for this guest in this mode? */
static bool may_count(u32 csr)
{
    return features.counters &&
           (in_supervisor_mode() || csr_read(CSR_SCOUNTEREN) & counter_bit(csr));
}

/* Is stimecmp ours to stand in for? */
static bool may_compare(void)
{
    return !features.sstc && in_supervisor_mode();
}

/* Reads a CSR that we stand in for. False: there is no such CSR for this guest in this mode. */
static bool read_csr(struct vcpu *vcpu, u32 csr, u32 *value)
{
    bool high = csr == CSR_CYCLEH || csr == CSR_INSTRETH || csr == CSR_STIMECMPH;
    u64 whole;

    switch (csr) {
    case CSR_CYCLE:
    case CSR_CYCLEH:
        if (!may_count(csr))
            return false;
        whole = pmu_cycle(vcpu);
        break;
    case CSR_INSTRET:
    case CSR_INSTRETH:
        if (!may_count(csr))
            return false;
        whole = pmu_instret(vcpu);
        break;
    case CSR_STIMECMP:
    case CSR_STIMECMPH:
        if (!may_compare())
            return false;
        whole = vtimer_deadline(vcpu);
        break;
    default:
        return false;
    }
    *value = high ? u64_high(whole) : u64_low(whole);
    return true;
}

/* Writes one; only stimecmp can be written. */
static bool write_csr(struct vcpu *vcpu, u32 csr, u32 value)
{
    u64 deadline = vtimer_deadline(vcpu);

    switch (csr) {
    case CSR_STIMECMP:
        vtimer_set(vcpu, u64_join(value, u64_high(deadline)));
        return true;
    case CSR_STIMECMPH:
        vtimer_set(vcpu, u64_join(u64_low(deadline), value));
        return true;
    default:
        return false;
    }
}

static u32 new_value(const struct csr_insn *insn, u32 old, u32 operand)
{
    switch (insn->operation) {
    case CSR_OP_SET:
        return old | operand;
    case CSR_OP_CLEAR:
        return old & ~operand;
    default:
        return operand;
    }
}

/* CSRRS and CSRRC with x0, or with an immediate of 0, do not write at all. */
static bool writes(const struct csr_insn *insn)
{
    return insn->operation == CSR_OP_WRITE || insn->source != 0;
}

static bool emulate_csr(struct vcpu *vcpu, const struct csr_insn *insn)
{
    u32 operand = insn->immediate ? insn->source : vcpu->context.x[insn->source];
    u32 old;

    if (!read_csr(vcpu, insn->csr, &old))
        return false;
    if (writes(insn) && !write_csr(vcpu, insn->csr, new_value(insn, old, operand)))
        return false;
    if (insn->rd)
        vcpu->context.x[insn->rd] = old;
    return true;
}

static void step_over(struct vcpu *vcpu, enum stat stat)
{
    stats_count(&vcpu->stats, stat);
    vcpu->context.pc += INSN_LENGTH;
}

enum run_next exit_instruction(struct vcpu *vcpu)
{
    struct guarded_trap trap;
    struct csr_insn csr;
    u32 bits;

    if (!guest_fetch(vcpu->context.pc, &bits, &trap)) {
        stats_count(&vcpu->stats, STAT_EXIT_OTHER);
        inject_trap(vcpu, &trap);
        return RUN_GUEST;
    }
    trace(vcpu->trace_tag, TRACE_INSN, vcpu->context.pc, bits);
    if (decode_csr(bits, &csr)) {
        if (!emulate_csr(vcpu, &csr))
            return illegal(vcpu, bits);
        step_over(vcpu, STAT_EXIT_CSR);
        return RUN_GUEST;
    }
    if (bits == INSN_WFI && in_supervisor_mode()) {
        step_over(vcpu, STAT_EXIT_WAIT);
        return exit_wait(vcpu);
    }
    if (bits == INSN_WRS_NTO) {
        /* It waits for a store of another hart: let that one run. */
        step_over(vcpu, STAT_EXIT_WAIT);
        return RUN_YIELD;
    }
    return illegal(vcpu, bits);
}
