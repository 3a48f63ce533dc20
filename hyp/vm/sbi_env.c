#include "hyp/vm/sbi_env.h"

#include "arch/csr.h"
#include "arch/guest_access.h"
#include "hyp/core/machine.h"
#include "hyp/vm/exit.h"
#include "hyp/vm/guest_walk.h"
#include "hyp/vm/memory.h"
#include "hyp/vm/pmu.h"
#include "hyp/vm/stats.h"
#include "hyp/vm/vm.h"
#include "hyp/vm/vtimer.h"

/* How much of a guest's text is moved at a time. */
#define CHUNK 128u

static struct vcpu *sibling(void *vcpu, u32 hart)
{
    return ((struct vcpu *)vcpu)->vm->vcpus[hart];
}

static struct vm *vm_of(void *vcpu)
{
    return ((struct vcpu *)vcpu)->vm;
}

static void count(void *vcpu, enum stat stat)
{
    stats_count(&((struct vcpu *)vcpu)->stats, stat);
}

static u32 env_hart_count(void *vcpu)
{
    return vm_of(vcpu)->config.cpus;
}

static u32 env_hart_id(void *vcpu)
{
    return ((struct vcpu *)vcpu)->id;
}

static enum hsm_state env_hsm_state(void *vcpu, u32 hart)
{
    return __atomic_load_n(&sibling(vcpu, hart)->hsm, __ATOMIC_ACQUIRE);
}

static bool env_hart_is_online(void *vcpu, u32 hart)
{
    enum hsm_state state = env_hsm_state(vcpu, hart);

    return state == HSM_STARTED || state == HSM_SUSPENDED;
}

static void env_set_timer(void *vcpu, u64 deadline)
{
    count(vcpu, STAT_SET_TIMER);
    vtimer_set(vcpu, deadline);
}

static void env_send_ipi(void *vcpu, u32 hart)
{
    count(vcpu, STAT_IPI_SENT);
    vcpu_request(sibling(vcpu, hart), REQUEST_SOFTWARE);
}

static bool env_clear_ipi(void *vcpu)
{
    u32 posted = __atomic_fetch_and(&((struct vcpu *)vcpu)->requests, ~(u32)REQUEST_SOFTWARE,
                                    __ATOMIC_SEQ_CST);
    bool pending = (posted & REQUEST_SOFTWARE) || (csr_read(CSR_HVIP) & BIT(IRQ_VSSI));

    csr_clear(CSR_HVIP, BIT(IRQ_VSSI));
    return pending;
}

static void env_fence_post(void *vcpu, u32 hart, const struct sbi_fence *fence)
{
    static const struct {
        enum stat sent, received;
    } stats[] = {
        [FENCE_I] = {STAT_FENCE_I_SENT, STAT_FENCE_I_RECEIVED},
        [FENCE_VMA] = {STAT_FENCE_VMA_SENT, STAT_FENCE_VMA_RECEIVED},
        [FENCE_VMA_ASID] = {STAT_FENCE_ASID_SENT, STAT_FENCE_ASID_RECEIVED},
    };
    struct vcpu *target = sibling(vcpu, hart);

    count(vcpu, stats[fence->kind].sent);
    spin_lock(&target->lock);
    count(target, stats[fence->kind].received);
    if (target->fence_count < VCPU_FENCES)
        target->fences[target->fence_count] = *fence;
    if (target->fence_count <= VCPU_FENCES)
        target->fence_count++;
    spin_unlock(&target->lock);
    vcpu_request(target, REQUEST_FENCE);
}

static void env_fence_wait(void *vcpu)
{
    for (u32 i = 0; i < vm_of(vcpu)->config.cpus; i++)
        vcpu_wait_outside(sibling(vcpu, i), REQUEST_FENCE);
}

static enum sbi_error env_hart_start(void *vcpu, u32 hart, gpa_t entry, u32 opaque)
{
    struct vcpu *target = sibling(vcpu, hart);
    enum sbi_error error = SBI_ERR_ALREADY_AVAILABLE;

    spin_lock(&target->lock);
    if (target->hsm == HSM_STOPPED) {
        target->start_entry = u64_low(entry);
        target->start_opaque = opaque;
        target->hsm = HSM_START_PENDING;
        error = SBI_SUCCESS;
    }
    spin_unlock(&target->lock);
    if (error == SBI_SUCCESS)
        sched_wake(&target->task);
    return error;
}

/* A hart that starts again knows nothing of counters and memory for steal time. */
static enum sbi_error env_hart_stop(void *caller)
{
    struct vcpu *vcpu = caller;

    vcpu->pmu = (struct pmu){.assigned = 0};
    steal_report(vcpu, SBI_STA_NONE);
    spin_lock(&vcpu->lock);
    vcpu->hsm = HSM_STOPPED;
    spin_unlock(&vcpu->lock);
    return SBI_SUCCESS;
}

static enum sbi_error env_hart_suspend(void *caller, bool retentive, gpa_t entry, u32 opaque)
{
    struct vcpu *vcpu = caller;

    spin_lock(&vcpu->lock);
    vcpu->start_entry = u64_low(entry);
    vcpu->start_opaque = opaque;
    vcpu->restart = !retentive;
    vcpu->hsm = HSM_SUSPENDED;
    spin_unlock(&vcpu->lock);
    return SBI_SUCCESS;
}

static void env_reset(void *vcpu, enum sbi_reset type, enum sbi_reset_reason reason)
{
    enum vm_ending ending = VM_RESETS;

    if (type == SBI_RESET_SHUTDOWN)
        ending = reason == SBI_REASON_FAILURE ? VM_FAILS : VM_POWERS_OFF;
    vm_request_end(vm_of(vcpu), ending);
}

static bool env_is_ram(void *vcpu, gpa_t start, u64 size)
{
    return memory_is_ram(vm_of(vcpu), start, size);
}

static u32 env_console_write(void *vcpu, gpa_t start, u32 size)
{
    char text[CHUNK];
    u32 count = size < CHUNK ? size : CHUNK;

    if (!memory_read(vm_of(vcpu), start, text, count))
        return 0;
    for (u32 i = 0; i < count; i++)
        vm_console_put(vm_of(vcpu), (u8)text[i]);
    return count;
}

static u32 env_console_read(void *vcpu, gpa_t start, u32 size)
{
    u8 text[CHUNK];
    u32 count = 0;
    s32 byte;

    while (count < size && count < CHUNK && (byte = vm_console_get(vm_of(vcpu))) >= 0)
        text[count++] = (u8)byte;
    return count && memory_write(vm_of(vcpu), start, text, count) ? count : 0;
}

static void env_console_put(void *vcpu, u8 byte)
{
    vm_console_put(vm_of(vcpu), byte);
}

static s32 env_console_get(void *vcpu)
{
    return vm_console_get(vm_of(vcpu));
}

/* Memory that the guest has not touched yet is backed first: for an entry of each level of its
 * tables, read and perhaps updated, and for the byte itself. */
#define LOAD_TRIES 6

static bool load_byte(struct vcpu *vcpu, gva_t address, u8 *byte, struct guarded_trap *trap)
{
    for (u32 tries = 0; tries < LOAD_TRIES; tries++) {
        if (guest_load_byte(address, byte, trap))
            return true;
        if (!exit_back_memory(vcpu, trap))
            return false;
    }
    return false;
}

static bool env_read_guest_word(void *vcpu, gva_t address, u32 *value)
{
    struct guarded_trap trap;
    u8 byte;

    *value = 0;
    for (u32 i = 0; i < 4; i++) {
        if (!load_byte(vcpu, address + i, &byte, &trap)) {
            inject_trap(vcpu, &trap);
            return false;
        }
        *value |= (u32)byte << 8 * i;
    }
    return true;
}

static bool env_debug_allowed(void *vcpu)
{
    return vm_of(vcpu)->config.debug;
}

static enum walk_access walk_access_of(u32 letter)
{
    return letter == 'w' ? WALK_WRITE : letter == 'x' ? WALK_EXECUTE : WALK_READ;
}

static void env_debug_walk(void *vcpu, gva_t address, u32 access, bool json)
{
    guest_walk_print(vcpu, address, walk_access_of(access), json ? WALK_AS_JSON : WALK_AS_TEXT);
}

static u32 env_debug_translate(void *vcpu, gva_t address, u32 access, bool user, gpa_t *gpa)
{
    struct walk_record record;

    guest_walk(vcpu, address, walk_access_of(access), user, &record);
    *gpa = record.gpa;
    return access_fault_of(record.cause);
}

static bool env_debug_swap(void *vcpu, gpa_t a, gpa_t b)
{
    if (!memory_swap(vm_of(vcpu), a, b))
        return false;
    tlb_shoot_down(vm_of(vcpu));
    return true;
}

static struct pmu *env_pmu(void *vcpu)
{
    return &((struct vcpu *)vcpu)->pmu;
}

static bool env_pmu_count(void *vcpu, u32 event, u64 *count_now)
{
    return pmu_count(vcpu, event, count_now);
}

static enum sbi_error env_steal_report(void *vcpu, gpa_t shmem)
{
    return steal_report(vcpu, shmem);
}

/* The ids of the hart are M-mode's to read; a guest gets the values that mean "not implemented". */
static u32 env_machine_id(void *vcpu, u32 function)
{
    (void)vcpu;
    (void)function;
    return 0;
}

const struct sbi_env sbi_env = {
    .hart_count = env_hart_count,
    .hart_id = env_hart_id,
    .hart_is_online = env_hart_is_online,
    .set_timer = env_set_timer,
    .send_ipi = env_send_ipi,
    .clear_ipi = env_clear_ipi,
    .fence_post = env_fence_post,
    .fence_wait = env_fence_wait,
    .hsm_state = env_hsm_state,
    .hart_start = env_hart_start,
    .hart_stop = env_hart_stop,
    .hart_suspend = env_hart_suspend,
    .reset = env_reset,
    .is_ram = env_is_ram,
    .console_write = env_console_write,
    .console_read = env_console_read,
    .console_put = env_console_put,
    .console_get = env_console_get,
    .read_guest_word = env_read_guest_word,
    .debug_allowed = env_debug_allowed,
    .debug_walk = env_debug_walk,
    .debug_translate = env_debug_translate,
    .debug_swap = env_debug_swap,
    .pmu = env_pmu,
    .pmu_count = env_pmu_count,
    .steal_report = env_steal_report,
    .machine_id = env_machine_id,
};
