#include "hyp/vm/guest_walk.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "arch/guest_access.h"
#include "hyp/core/machine.h"
#include "hyp/core/physmem.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/walk_verdict.h"

/* Tables lie in RAM or nowhere: reading a device here would have effects. */
static bool is_host_ram(hpa_t pa)
{
    for (u32 i = 0; i < machine.ram_count; i++)
        if (pa >= machine.ram[i].start && pa < machine.ram[i].end)
            return true;
    return false;
}

static bool read_entry(void *memory, hpa_t pa, pte_t *entry)
{
    (void)memory;
    if (!is_host_ram(pa))
        return false;
    *entry = phys_read32(pa);
    return true;
}

/* As the mode `user` of the loaded vCPU has it. */
static struct walk_context loaded_context(const struct vcpu *vcpu, bool user)
{
    u32 vsstatus = csr_read(CSR_VSSTATUS);

    return (struct walk_context){
        .vsatp = csr_read(CSR_VSATP),
        .root = vcpu->vm->stage2.root,
        .user = user,
        .sum = vsstatus & SSTATUS_SUM,
        .mxr = vsstatus & SSTATUS_MXR,
        .vs_hardware_ad = vm_hardware_ad(vcpu->vm),
        .g_hardware_ad = true, /* we preset A and D: it makes no difference */
        .read_entry = read_entry,
    };
}

void guest_walk(const struct vcpu *vcpu, gva_t gva, enum walk_access access, bool user,
                struct walk_record *record)
{
    const struct walk_context context = loaded_context(vcpu, user);

    walk(&context, gva, access, record);
}

void guest_walk_debug_context(const struct vcpu *vcpu, struct walk_context *context)
{
    *context = (struct walk_context){
        .vsatp = vcpu->csrs.vsatp,
        .root = vcpu->vm->stage2.root,
        .sum = true,
        .mxr = true,
        .ignores_ad = true,
        .read_entry = read_entry,
    };
}

void guest_walk_debug(const struct vcpu *vcpu, gva_t gva, struct walk_record *record)
{
    struct walk_context context;

    guest_walk_debug_context(vcpu, &context);
    walk(&context, gva, WALK_READ, record);
}

enum table_access guest_walk_table_access(const struct vcpu *vcpu, gva_t gva, u32 cause)
{
    struct walk_record record;
    enum walk_access access = cause == CAUSE_LOAD_GUEST_PAGE    ? WALK_READ
                              : cause == CAUSE_STORE_GUEST_PAGE ? WALK_WRITE
                                                                : WALK_EXECUTE;

    if (!(csr_read(CSR_VSATP) & SATP_SV32))
        return TABLE_NONE;
    guest_walk(vcpu, gva, access, !(csr_read(CSR_SSTATUS) & SSTATUS_SPP), &record);
    if (!record.implicit)
        return TABLE_NONE;
    return record.implicit_write ? TABLE_WRITE : TABLE_READ;
}

/* What we do about a guest-page fault (exit_fault.c). */
static enum walk_answer answer_to(const struct vm *vm, const struct walk_record *record,
                                  const char **device)
{
    const struct mmio_region *region = NULL;
    struct stage2_leaf leaf;

    if (memory_is_ram(vm, record->gpa, 1))
        return stage2_lookup(&vm->stage2, record->gpa, &leaf) ? WALK_ANSWER_COPY : WALK_ANSWER_BACK;
    if (!record->implicit && record->access != WALK_EXECUTE && !u64_high(record->gpa))
        region = bus_find(&vm->bus, u64_low(record->gpa));
    if (!region)
        return WALK_ANSWER_ACCESS_FAULT;
    *device = region->name;
    return WALK_ANSWER_DEVICE;
}

/* HLV has the rights of the mode in SPVP. */
static void ask_hardware(struct walk_view *view)
{
    const gva_t word = ALIGN_DOWN(view->record.gva, 4);
    u32 hstatus = csr_read(CSR_HSTATUS);
    struct guarded_trap trap = {0};

    csr_write(CSR_HSTATUS, view->context.user ? hstatus & ~HSTATUS_SPVP : hstatus | HSTATUS_SPVP);
    if (view->record.access == WALK_EXECUTE)
        guest_load_code(word, &view->hardware, &trap);
    else
        guest_load_word(word, &view->hardware, &trap);
    csr_write(CSR_HSTATUS, hstatus);
    view->asked = true;
    view->hardware_cause = trap.cause;
    view->hardware_htval = trap.htval;
    view->hardware_htinst = trap.htinst;
}

void guest_walk_look(const struct vcpu *vcpu, gva_t gva, enum walk_access access, bool user,
                     struct walk_view *view)
{
    *view = (struct walk_view){
        .vm = vcpu->vm->config.name,
        .vcpu = vcpu->id,
        .context = loaded_context(vcpu, user),
        .hgatp = csr_read(CSR_HGATP),
    };
    walk(&view->context, gva, access, &view->record);
    if (!view->record.cause)
        view->found = phys_read32(ALIGN_DOWN(view->record.hpa, 4));
    else if (walk_is_guest_page_fault(view->record.cause))
        view->answer = answer_to(vcpu->vm, &view->record, &view->device);
    if (!view->record.cause || access != WALK_WRITE)
        ask_hardware(view);
}
