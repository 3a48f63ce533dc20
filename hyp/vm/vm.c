#include "hyp/vm/vm.h"

#include "arch/csr.h"
#include "arch/features.h"
#include "hyp/core/pages.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/drv/power.h"
#include "hyp/vm/bundle.h"

struct vm *vms[VM_MAX];
u32 vm_count;

static u32 refused;      /* VMs of the description that could not be made         */
static u32 pages_before; /* free pages when there was no VM yet */

u64 vm_time(const struct vm *vm)
{
    u64 paused_at = vm->life.paused_at;

    return (paused_at ? paused_at : time_now()) + vm->time_offset;
}

bool vm_hardware_ad(const struct vm *vm)
{
    return features.guest_adue && !vm->config.shared && !shared_regions_read_only(vm);
}

struct vm *vm_find(const char *name)
{
    for (u32 i = 0; i < vm_count; i++)
        if (!strcmp(vms[i]->config.name, name))
            return vms[i];
    return NULL;
}

/* False: no VM can be added under this name, and it is told why. */
static bool can_add(const struct vm_config *config)
{
    if (vm_count == VM_MAX)
        return complain(config->name, "left out: at most %u VMs", VM_MAX);
    if (vm_find(config->name))
        return complain(config->name, "left out: there is a VM of that name already");
    return true;
}

/* Takes what of the host the description names, and puts the machine around it. */
static bool attach_host(struct vm *vm)
{
    if (!passthrough_create(vm))
        return false;
    if (!devices_create(vm)) {
        passthrough_remove(vm);
        return false;
    }
    platform_init(vm);
    if (!shared_regions_create(vm)) {
        devices_remove(vm);
        passthrough_remove(vm);
        return false;
    }
    return true;
}

struct vm *vm_add(const struct vm_config *config)
{
    struct vm *vm;

    if (!can_add(config))
        return NULL;
    vm = page_alloc_ptr(VM_ORDER);
    if (!vm) {
        complain(config->name, "no memory for the VM itself");
        return NULL;
    }
    vm->config = *config;
    vm->index = vm_count;
    sched_group_init(&vm->group, &config->share);
    memory_init(vm);
    life_init(vm);
    watchdog_init(vm);
    vm_console_init(vm);
    if (!attach_host(vm)) {
        page_free_ptr(vm, VM_ORDER);
        return NULL;
    }
    vms[vm_count] = vm;
    __atomic_store_n(&vm_count, vm_count + 1, __ATOMIC_RELEASE);
    return vm;
}

/* Adds the VM that `node` describes and gives it its memory, if it can be. */
static bool create(const struct fdt *bundle, fdt_node node)
{
    struct vm_config config;
    struct vm *vm;

    if (!vm_config_parse(bundle, node, &config))
        return false;
    vm = vm_add(&config);
    return vm && (config.manual || life_prepare(vm));
}

bool vms_create(const struct fdt *bundle)
{
    pages_before = pages_free();
    for (fdt_node n = bundle_first_vm(bundle); n != FDT_NONE; n = bundle_next_vm(bundle, n))
        refused += !create(bundle, n);
    /* All have their memory before the first may ask for more. */
    for (u32 i = 0; i < vm_count; i++)
        if (vm_state(vms[i]) == VM_STARTING)
            life_launch(vms[i]);
    return vm_count || complain("the VM description (the initrd)", "no VM of it could be made");
}

/* No VM is left: so must be no page that any of them had. */
static void check_pages_returned(void)
{
    u32 kept = 0;

    /* What outlives their lives, for those who still ask after them. */
    for (u32 i = 0; i < vm_count; i++)
        kept += BIT(VM_ORDER) + devices_kept_pages(vms[i]) + memory_kept_pages(vms[i]);
    if (pages_free() + kept != pages_before)
        panic("%u pages were free before the VMs, %u after; %u are kept", pages_before,
              pages_free(), kept);
}

static bool all_ended_well(void)
{
    for (u32 i = 0; i < vm_count; i++)
        if (!life_ended_well(vms[i]))
            return false;
    return !refused;
}

void vms_power_off(bool failed)
{
    if (!vms_alive())
        check_pages_returned();
    power_off(failed || !all_ended_well() ? POWER_OFF_FAILED : POWER_OFF_OK);
}
