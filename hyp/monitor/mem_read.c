#include "hyp/monitor/mem_read.h"

#include "arch/csr.h"
#include "hyp/core/machine.h"
#include "hyp/core/physmem.h"
#include "hyp/monitor/command.h"
#include "hyp/monitor/names.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/vm.h"

static bool in_ranges(const struct range *ranges, u32 count, hpa_t pa)
{
    for (u32 i = 0; i < count; i++)
        if (pa >= ranges[i].start && pa < ranges[i].end)
            return true;
    return false;
}

bool mem_read_hpa(hpa_t pa, void *to, u32 size)
{
    for (u32 i = 0; i < size; i++) {
        if (!in_ranges(machine.ram, machine.ram_count, pa + i)) {
            command_failed("hPA 0x%09llx is no RAM of this machine", pa + i);
            return false;
        }
        if (in_ranges(machine.reserved, machine.reserved_count, pa + i)) {
            command_failed("hPA 0x%09llx is reserved, for the firmware or the hypervisor", pa + i);
            return false;
        }
    }
    phys_read(pa, to, size);
    return true;
}

static bool is_host_ram(hpa_t pa)
{
    return in_ranges(machine.ram, machine.ram_count, pa);
}

/* What stage 2 maps and is no RAM is a device of the host, handed through. */
static bool nothing_at(const struct vm *vm, gpa_t gpa)
{
    struct stage2_leaf leaf;
    u32 base;
    const char *device =
        stage2_lookup(&vm->stage2, gpa, &leaf) ? "registers of a device" : device_name(gpa, &base);

    if (device)
        command_failed("gPA 0x%09llx is in the %s: reading a device has effects", gpa, device);
    else
        command_failed("gPA 0x%09llx is neither RAM nor a device of VM \"%s\"", gpa,
                       vm->config.name);
    return false;
}

/* Memory that VMs share is mapped, but not the VM's RAM. */
static bool read_shared(const struct vm *vm, gpa_t gpa, void *to, u32 size)
{
    struct stage2_leaf leaf;
    u8 *out = to;

    for (u32 i = 0; i < size; i++) {
        if (!stage2_lookup(&vm->stage2, gpa + i, &leaf) || !is_host_ram(leaf.hpa))
            return false;
        phys_read(leaf.hpa, out + i, 1);
    }
    return true;
}

bool mem_read_gpa(const struct vm *vm, gpa_t gpa, void *to, u32 size)
{
    if (gpa >> SV32X4_GPA_BITS) {
        command_failed("gPA 0x%llx has more than 34 bits", gpa);
        return false;
    }
    if (!memory_is_ram(vm, gpa, size))
        return read_shared(vm, gpa, to, size) || nothing_at(vm, gpa);
    if (!memory_peek(vm, gpa, to, size)) {
        command_failed("VM \"%s\" has no memory now", vm->config.name);
        return false;
    }
    return true;
}

bool mem_read_gva(const struct vcpu *vcpu, gva_t gva, void *to, u32 size)
{
    struct walk_record record;

    guest_walk_debug(vcpu, gva, &record);
    if (!record.cause && !is_host_ram(record.hpa))
        return nothing_at(vcpu->vm, record.gpa);
    if (!record.cause) {
        phys_read(record.hpa, to, size);
        return true;
    }
    if (record.implicit) {
        command_failed("gVA 0x%08x: the guest's tables lead to gPA 0x%09llx, which is no memory",
                       gva, record.gpa);
        return false;
    }
    if (record.cause == CAUSE_LOAD_GUEST_PAGE)
        return mem_read_gpa(vcpu->vm, record.gpa, to, size); /* not touched yet, or no RAM */
    command_failed("gVA 0x%08x is not mapped by the guest (cause %u after %u reads)", gva,
                   record.cause, record.count);
    return false;
}
