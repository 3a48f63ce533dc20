#include "hyp/vm/guest_walk.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "hyp/core/machine.h"
#include "hyp/core/physmem.h"
#include "hyp/vm/vm.h"

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

void guest_walk(const struct vcpu *vcpu, gva_t gva, enum walk_access access, bool user,
                struct walk_record *record)
{
    u32 vsstatus = csr_read(CSR_VSSTATUS);
    const struct walk_context context = {
        .vsatp = csr_read(CSR_VSATP),
        .root = vcpu->vm->stage2.root,
        .user = user,
        .sum = vsstatus & SSTATUS_SUM,
        .mxr = vsstatus & SSTATUS_MXR,
        .vs_hardware_ad = features.guest_adue,
        .g_hardware_ad = true, /* we preset A and D: it makes no difference */
        .read_entry = read_entry,
    };

    walk(&context, gva, access, record);
}

void guest_walk_debug(const struct vcpu *vcpu, gva_t gva, struct walk_record *record)
{
    const struct walk_context context = {
        .vsatp = vcpu->csrs.vsatp,
        .root = vcpu->vm->stage2.root,
        .sum = true,
        .mxr = true,
        .vs_hardware_ad = true,
        .g_hardware_ad = true,
        .read_entry = read_entry,
    };

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
