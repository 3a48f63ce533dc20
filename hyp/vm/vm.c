#include "hyp/vm/vm.h"

#include "arch/csr.h"
#include "hyp/core/machine.h"
#include "hyp/core/pages.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/drv/power.h"
#include "hyp/vm/boot.h"
#include "hyp/vm/memory.h"

struct vm *vms[VM_MAX];
u32 vm_count;

static u32 vms_running, vms_failed; /* atomic */
static u32 pages_before;            /* free pages when there was no VM yet */

u64 vm_time(const struct vm *vm)
{
    return time_now() + vm->time_offset;
}

void vm_request_end(struct vm *vm, enum vm_ending ending)
{
    u32 stays = VM_STAYS;

    if (!__atomic_compare_exchange_n(&vm->ending, &stays, ending, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_RELAXED))
        return;
    for (u32 i = 0; i < vm->config.cpus; i++)
        vcpu_request(vm->vcpus[i], REQUEST_LEAVE);
    sched_wake(&vm->reaper);
}

/* No vCPU runs, and no wake-up makes one run again. */
static bool all_retired(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++)
        if (!sched_retire(&vm->vcpus[i]->task))
            return false;
    return true;
}

static void free_vcpus(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++) {
        page_free_ptr(vm->vcpus[i], VCPU_ORDER);
        __atomic_store_n(&vm->vcpus[i], NULL, __ATOMIC_RELEASE);
    }
}

/* Makes the vCPUs what they were at power-on and starts the first. The RAM is clear. */
static void begin_life(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++)
        vcpu_init(vm->vcpus[i], vm, i);
    platform_reset(vm);
    vm_console_start(vm);
    __atomic_store_n(&vm->ending, VM_STAYS, __ATOMIC_RELEASE);
    if (!boot_vm(vm)) {
        vm_request_end(vm, VM_UNBOOTABLE);
        return;
    }
    vm->time_offset = 0 - time_now(); /* its time begins when it does */
    sched_wake(&vm->vcpus[0]->task);
}

/* The last VM is gone: so must be every page that any of them had. */
static void check_pages_returned(void)
{
    u32 kept = vm_count << VM_ORDER; /* their struct vm, for those who still ask after them */

    if (pages_free() + kept != pages_before)
        panic("%u pages were free before the VMs, %u after; %u are kept", pages_before,
              pages_free(), kept);
}

static void end_for_good(struct vm *vm, enum vm_ending ending)
{
    static const char *const words[] = {
        [VM_POWERS_OFF] = "powered off",
        [VM_RESETS] = "reset",
        [VM_FAILS] = "failed",
        [VM_FAULTS] = "stopped for a fault",
        [VM_UNBOOTABLE] = "could not be started",
    };

    memory_destroy(vm);
    free_vcpus(vm);
    printk("Twofold: VM \"%s\" %s\n", vm->config.name, words[ending]);
    if (ending != VM_POWERS_OFF)
        __atomic_add_fetch(&vms_failed, 1, __ATOMIC_SEQ_CST);
    if (__atomic_sub_fetch(&vms_running, 1, __ATOMIC_SEQ_CST))
        return;
    check_pages_returned();
    power_off(vms_failed ? POWER_OFF_FAILED : POWER_OFF_OK);
}

/*
 * The reaper: woken when the VM's end was asked for, it yields until every vCPU has left its hart,
 * and then takes the machine apart or starts it anew, with nobody else in it.
 */
static enum task_result reap(struct task *task)
{
    struct vm *vm = container_of(task, struct vm, reaper);

    if (!all_retired(vm))
        return TASK_YIELD;
    for (u32 i = 0; i < vm->config.cpus; i++)
        timer_cancel_wait(&vm->vcpus[i]->timer);
    platform_stop(vm);
    vm_console_stop(vm);
    if (vm->ending == VM_RESETS) {
        printk("Twofold: VM \"%s\" starts again\n", vm->config.name);
        memory_clear(vm);
        begin_life(vm);
    } else {
        end_for_good(vm, vm->ending);
    }
    return TASK_BLOCK;
}

static bool make_vcpus(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++) {
        vm->vcpus[i] = page_alloc_ptr(VCPU_ORDER);
        if (!vm->vcpus[i])
            return false;
    }
    return true;
}

/* Undoes make_vcpus, as far as it came, and the allocation of the VM itself. */
static void unmake(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++)
        if (vm->vcpus[i])
            page_free_ptr(vm->vcpus[i], VCPU_ORDER);
    page_free_ptr(vm, VM_ORDER);
}

static struct vm *make(const struct vm_config *config)
{
    struct vm *vm = page_alloc_ptr(VM_ORDER);

    if (!vm) {
        complain(config->name, "no memory for the VM itself");
        return NULL;
    }
    vm->config = *config;
    if (!make_vcpus(vm) || !memory_create(vm)) {
        unmake(vm);
        complain(config->name, "not made: it asks for %u MiB and %u vCPUs; %u MiB of %u are free",
                 (u32)(config->memory >> 20), config->cpus, pages_free() / 256,
                 pages_total() / 256);
        return NULL;
    }
    return vm;
}

/* Adds the VM that `node` describes, if it can be. */
static bool create(const struct fdt *bundle, fdt_node node)
{
    struct vm_config config;
    struct vm *vm;

    if (!vm_config_parse(bundle, node, &config) || !(vm = make(&config)))
        return false;
    sched_init_task(&vm->reaper, reap);
    vm_console_init(vm);
    platform_init(vm);
    memory_clear(vm);
    vms[vm_count++] = vm;
    return true;
}

static const char description[] = "the VM description (the initrd)";

static bool create_all(const struct fdt *bundle)
{
    fdt_node root = fdt_root(bundle);

    if (!fdt_is_compatible(bundle, root, "twofold,vms"))
        return complain(description, "expected compatible = \"twofold,vms\" in its root");
    for (fdt_node n = fdt_first_child(bundle, root); n != FDT_NONE;
         n = fdt_next_sibling(bundle, n)) {
        if (vm_count == VM_MAX)
            complain(fdt_name(bundle, n), "left out: at most %u VMs", VM_MAX);
        if (vm_count == VM_MAX || !create(bundle, n))
            vms_failed++;
    }
    return vm_count || complain(description, "no VM of it could be made");
}

static bool open_bundle(struct fdt *bundle)
{
    u64 size = machine.bundle.end - machine.bundle.start;
    enum fdt_status status;

    if (!size)
        return complain(description, "is missing: boot loaders pass it as an initrd (-initrd)");
    if (!phys_is_direct(machine.bundle.start, size) || !IS_ALIGNED(machine.bundle.start, 8))
        return complain(description, "0x%llx is not 8-aligned RAM below the end of the direct map",
                        machine.bundle.start);
    status = fdt_open(bundle, phys_ptr(machine.bundle.start), (u32)size);
    if (status != FDT_OK)
        return complain(description, "no device tree: %s", fdt_status_text(status));
    return true;
}

bool vms_create(void)
{
    static struct fdt bundle; /* names and properties in it are used for ever */

    pages_before = pages_free();
    if (!open_bundle(&bundle) || !create_all(&bundle))
        return false;
    vms_running = vm_count;
    for (u32 i = 0; i < vm_count; i++)
        begin_life(vms[i]);
    return true;
}
