#include "hyp/monitor/names.h"

#include "arch/csr.h"
#include "hyp/core/trace.h"
#include "hyp/sbi/sbi.h"
#include "hyp/vm/vm.h"

static const char *const exceptions[] = {
    [CAUSE_FETCH_MISALIGNED] = "fetch-misaligned",
    [CAUSE_FETCH_ACCESS] = "fetch-access-fault",
    [CAUSE_ILLEGAL] = "illegal-instruction",
    [CAUSE_BREAKPOINT] = "breakpoint",
    [CAUSE_LOAD_MISALIGNED] = "load-misaligned",
    [CAUSE_LOAD_ACCESS] = "load-access-fault",
    [CAUSE_STORE_MISALIGNED] = "store-misaligned",
    [CAUSE_STORE_ACCESS] = "store-access-fault",
    [CAUSE_ECALL_U] = "ecall-from-u",
    [CAUSE_ECALL_S] = "ecall-from-s",
    [CAUSE_ECALL_VS] = "ecall-from-vs",
    [CAUSE_FETCH_PAGE] = "fetch-page-fault",
    [CAUSE_LOAD_PAGE] = "load-page-fault",
    [CAUSE_STORE_PAGE] = "store-page-fault",
    [CAUSE_FETCH_GUEST_PAGE] = "fetch-guest-page-fault",
    [CAUSE_LOAD_GUEST_PAGE] = "load-guest-page-fault",
    [CAUSE_VIRTUAL_INSTRUCTION] = "virtual-instruction",
    [CAUSE_STORE_GUEST_PAGE] = "store-guest-page-fault",
};

static const char *const interrupts[] = {
    [IRQ_SSI] = "software-interrupt",        [IRQ_VSSI] = "vs-software-interrupt",
    [IRQ_STI] = "timer-interrupt",           [IRQ_VSTI] = "vs-timer-interrupt",
    [IRQ_SEI] = "external-interrupt",        [IRQ_VSEI] = "vs-external-interrupt",
    [IRQ_SGEI] = "guest-external-interrupt",
};

const char *cause_name(u32 scause)
{
    u32 code = scause & ~CAUSE_INTERRUPT;

    if (scause & CAUSE_INTERRUPT)
        return code < ARRAY_SIZE(interrupts) ? interrupts[code] : NULL;
    return code < ARRAY_SIZE(exceptions) ? exceptions[code] : NULL;
}

/* Entry `*index` of those that are there; else takes their number off *index. */
static const char *take_name(const char *const *names, u32 count, u32 *index)
{
    for (u32 i = 0; i < count; i++)
        if (names[i] && !(*index)--)
            return names[i];
    return NULL;
}

const char *cause_name_at(u32 index)
{
    const char *name = take_name(exceptions, ARRAY_SIZE(exceptions), &index);

    return name ? name : take_name(interrupts, ARRAY_SIZE(interrupts), &index);
}

const char *interrupt_name(u32 number)
{
    switch (number) {
    case IRQ_SSI:
    case IRQ_VSSI:
        return "software";
    case IRQ_STI:
    case IRQ_VSTI:
        return "timer";
    case IRQ_SEI:
    case IRQ_VSEI:
        return "external";
    default:
        return NULL;
    }
}

#define SBI_FUNCTIONS 8

/* SBI 2.0, the chapter of each extension: the names of its functions. */
static const struct {
    u32 id;
    const char *functions[SBI_FUNCTIONS];
} calls[] = {
    {SBI_EXT_BASE,
     {"get_spec_version", "get_impl_id", "get_impl_version", "probe_extension", "get_mvendorid",
      "get_marchid", "get_mimpid"}},
    {SBI_EXT_TIME, {"set_timer"}},
    {SBI_EXT_IPI, {"send_ipi"}},
    {SBI_EXT_RFENCE,
     {"remote_fence_i", "remote_sfence_vma", "remote_sfence_vma_asid", "remote_hfence_gvma_vmid",
      "remote_hfence_gvma", "remote_hfence_vvma_asid", "remote_hfence_vvma"}},
    {SBI_EXT_HSM, {"hart_start", "hart_stop", "hart_get_status", "hart_suspend"}},
    {SBI_EXT_SRST, {"system_reset"}},
    {SBI_EXT_DBCN, {"console_write", "console_read", "console_write_byte"}},
    {SBI_EXT_PMU,
     {"num_counters", "counter_get_info", "counter_config_matching", "counter_start",
      "counter_stop", "counter_fw_read", "counter_fw_read_hi", "snapshot_set_shmem"}},
    {SBI_EXT_STA, {"steal_time_set_shmem"}},
    {SBI_EXT_TWOFOLD, {"walk", "swap", "cause", "gpa", "json"}},
};

/* The legacy extensions are one function each. */
static const char *const legacy[] = {
    "set_timer",      "console_putchar",   "console_getchar",        "clear_ipi", "send_ipi",
    "remote_fence_i", "remote_sfence_vma", "remote_sfence_vma_asid", "shutdown",
};

/* The part of a call that is the function's. */
#define FUNCTION_MASK trace_sbi_call(0, ~0u)

static const char *extension_name(u32 call)
{
    for (u32 i = 0; i < SBI_LEGACY; i++)
        if (sbi_extensions[i].name[0] &&
            trace_sbi_call(sbi_extensions[i].id, 0) == (call & ~FUNCTION_MASK))
            return sbi_extensions[i].name;
    return NULL;
}

static const char *function_name(u32 call)
{
    for (u32 i = 0; i < ARRAY_SIZE(calls); i++)
        for (u32 function = 0; function < SBI_FUNCTIONS; function++)
            if (trace_sbi_call(calls[i].id, function) == call)
                return calls[i].functions[function];
    return NULL;
}

struct sbi_call_name sbi_call_name(u32 call)
{
    for (u32 i = 0; i < ARRAY_SIZE(legacy); i++)
        if (trace_sbi_call(i, 0) == (call & ~FUNCTION_MASK))
            return (struct sbi_call_name){sbi_extensions[SBI_LEGACY].name, legacy[i], 0};
    return (struct sbi_call_name){extension_name(call), function_name(call), call & FUNCTION_MASK};
}

const char *sbi_name_at(u32 index)
{
    for (u32 i = 0; i < SBI_UNKNOWN; i++)
        if (sbi_extensions[i].name[0] && !index--)
            return sbi_extensions[i].name;
    return NULL;
}

/* The device there of the first VMs, `count` of them, that have one: what is at an address, if
 * anything, is the same in all. */
static const struct mmio_region *find_device(u32 address, u32 count)
{
    const struct mmio_region *region = NULL;

    for (u32 i = 0; i < count && !region; i++)
        region = bus_find(&vms[i]->bus, address);
    return region;
}

const char *device_name(gpa_t gpa, u32 *base)
{
    const struct mmio_region *region = gpa >> 32 ? NULL : find_device((u32)gpa, vm_count);

    if (!region)
        return NULL;
    *base = region->base;
    return region->name;
}

const char *device_name_at(u32 index)
{
    for (u32 i = 0; i < vm_count; i++) {
        const struct bus *bus = &vms[i]->bus;

        for (u32 j = 0; j < bus->count; j++)
            if (!find_device(bus->regions[j].base, i) && !index--)
                return bus->regions[j].name;
    }
    return NULL;
}
