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
        vm->vcpus[i] = NULL;
    }
}

/* Makes the vCPUs what they were at power-on and starts the first. */
static bool begin_life(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++)
        vcpu_init(vm->vcpus[i], vm, i);
    vm->time_offset = 0 - time_now();
    __atomic_store_n(&vm->ending, VM_STAYS, __ATOMIC_RELEASE);
    platform_reset(vm);
    if (!boot_vm(vm))
        return false;
    sched_wake(&vm->vcpus[0]->task);
    return true;
}

static void end_for_good(struct vm *vm, enum vm_ending ending)
{
    static const char *const words[] = {
        [VM_POWERS_OFF] = "powered off",
        [VM_RESETS] = "could not start again",
        [VM_FAILS] = "failed",
        [VM_FAULTS] = "stopped for a fault",
    };

    memory_destroy(vm);
    free_vcpus(vm);
    printk("Twofold: VM \"%s\" %s\n", vm->config.name, words[ending]);
    if (ending != VM_POWERS_OFF)
        __atomic_add_fetch(&vms_failed, 1, __ATOMIC_SEQ_CST);
    if (__atomic_sub_fetch(&vms_running, 1, __ATOMIC_SEQ_CST) == 0)
        power_off(vms_failed ? POWER_OFF_FAILED : POWER_OFF_OK);
}

/*
 * The reaper: woken when the VM's end was asked for, it yields until every vCPU has left its hart,
 * and then takes the machine apart or starts it anew, with nobody else in it.
 */
static enum task_result reap(struct task *task)
{
    struct vm *vm = container_of(task, struct vm, reaper);
    enum vm_ending ending = vm->ending;

    if (!all_retired(vm))
        return TASK_YIELD;
    for (u32 i = 0; i < vm->config.cpus; i++)
        timer_cancel_wait(&vm->vcpus[i]->timer);
    platform_stop(vm);
    vm_console_stop(vm);
    if (ending == VM_RESETS) {
        printk("Twofold: VM \"%s\" starts again\n", vm->config.name);
        vm->resets++;
        memory_clear(vm);
        if (begin_life(vm))
            return TASK_BLOCK;
    }
    end_for_good(vm, ending);
    return TASK_BLOCK;
}

static bool make_vcpus(struct vm *vm)
{
    for (u32 i = 0; i < vm->config.cpus; i++) {
        vm->vcpus[i] = page_alloc_ptr(VCPU_ORDER);
        if (!vm->vcpus[i]) {
            printk("Twofold: VM \"%s\": no memory for vCPU %u\n", vm->config.name, i);
            return false;
        }
    }
    return true;
}

static bool create(const struct fdt *bundle, fdt_node node)
{
    struct vm_config config;
    struct vm *vm;

    if (!vm_config_parse(bundle, node, &config))
        return false;
    vm = page_alloc_ptr(VM_ORDER);
    if (!vm) {
        printk("Twofold: VM \"%s\": no memory for its description\n", config.name);
        return false;
    }
    vm->config = config;
    vm->index = vm_count;
    if (!make_vcpus(vm) || !memory_create(vm))
        return false;
    sched_init_task(&vm->reaper, reap);
    vm_console_init(vm);
    platform_init(vm);
    memory_clear(vm);
    vms[vm_count++] = vm;
    return true;
}

/* Prints why and returns false. */
static bool bad_bundle(const char *why)
{
    printk("Twofold: the VM description (the initrd) %s\n", why);
    return false;
}

static bool create_all(const struct fdt *bundle)
{
    fdt_node root = fdt_root(bundle);

    if (!fdt_is_compatible(bundle, root, "twofold,vms"))
        return bad_bundle("is a device tree, but not compatible = \"twofold,vms\"");
    for (fdt_node n = fdt_first_child(bundle, root); n != FDT_NONE;
         n = fdt_next_sibling(bundle, n)) {
        if (vm_count == VM_MAX)
            return bad_bundle("has more VMs than this build takes, 64");
        if (!create(bundle, n))
            return false;
    }
    return vm_count ? true : bad_bundle("has no VM in it");
}

bool vms_create(void)
{
    static struct fdt bundle;
    u64 size = machine.bundle.end - machine.bundle.start;
    enum fdt_status status;

    if (!size)
        return bad_bundle("is missing: boot loaders pass it as an initrd (QEMU: -initrd)");
    if (!phys_is_direct(machine.bundle.start, size) || !IS_ALIGNED(machine.bundle.start, 8))
        return bad_bundle("lies where the hypervisor cannot map it");
    status = fdt_open(&bundle, phys_ptr(machine.bundle.start), (u32)size);
    if (status != FDT_OK) {
        printk("Twofold: the VM description (the initrd) is no device tree: %s\n",
               fdt_status_text(status));
        return false;
    }
    if (!create_all(&bundle))
        return false;
    vms_running = vm_count;
    for (u32 i = 0; i < vm_count; i++)
        if (!begin_life(vms[i]))
            return false;
    return true;
}
