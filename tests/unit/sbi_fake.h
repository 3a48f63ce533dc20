/*
 * A machine that is not there, for the tests of hyp/sbi: it records what the SBI asks of the floor
 * above, and fails the test at once when it is asked for something that no guest may reach: a hart
 * that does not exist, an address that is not RAM, a fence that is not in whole pages.
 */
#ifndef SBI_FAKE_H
#define SBI_FAKE_H

#include "hyp/sbi/pmu.c"
#include "hyp/sbi/remote.c"
#include "hyp/sbi/sbi.c"
#include "hyp/sbi/sbi_base.c"
#include "hyp/sbi/sbi_dbcn.c"
#include "hyp/sbi/sbi_hsm.c"
#include "hyp/sbi/sbi_ipi.c"
#include "hyp/sbi/sbi_legacy.c"
#include "hyp/sbi/sbi_pmu.c"
#include "hyp/sbi/sbi_rfence.c"
#include "hyp/sbi/sbi_srst.c"
#include "hyp/sbi/sbi_sta.c"
#include "hyp/sbi/sbi_time.c"
#include "hyp/sbi/sbi_twofold.c"
#include "tests/unit/unit.h"

/* The EIDs of the spec that every guest has. */
static const u32 fake_extensions[] = {
    0,          1,          2,          3,          4,          5,
    6,          7,          8,          0x10,       0x54494d45, 0x00735049,
    0x52464e43, 0x0048534d, 0x53525354, 0x4442434e, 0x504d55,   0x535441,
};

#define FAKE_MAX_HARTS 100

#define LOW_RAM       0x80000000ull
#define LOW_RAM_SIZE  0x04000000ull
#define HIGH_RAM      0x100000000ull
#define HIGH_RAM_SIZE 0x00400000ull

static struct {
    /* What the machine is. */
    u32 harts, self;
    enum hsm_state state[FAKE_MAX_HARTS];
    bool debug, stop_fails, ipi_pending, swap_fails;
    enum sbi_error start_error, suspend_error;
    s32 console_byte;
    u32 mask_word[(FAKE_MAX_HARTS + 31) / 32]; /* what the guest has at mask_address */
    gva_t mask_address;
    u32 mask_words_readable;
    /* What it was asked. */
    u32 calls; /* all that change anything */
    u32 ipis[FAKE_MAX_HARTS], fences[FAKE_MAX_HARTS], fence_waits, posts_unwaited;
    struct sbi_fence fence;
    u64 deadline;
    gpa_t entry;
    u32 started_hart, opaque;
    bool stopped, suspended, retentive;
    u32 resets;
    enum sbi_reset reset;
    enum sbi_reset_reason reason;
    gpa_t buffer;
    u32 buffer_size;
    u32 puts;
    u8 put;
    gva_t walked;
    u32 walk_access;
    bool walk_user, walk_json;
    u32 cause; /* what walks end in, ... */
    gpa_t gpa; /* ... or where          */
    gpa_t swap_a, swap_b;
    struct pmu pmu;
    bool no_hardware_counters;
    u64 cycles, instructions, events[32]; /* what has happened; by code of the firmware event */
    gpa_t steal;
    enum sbi_error steal_error;
} fake;

/* A machine of `harts`, all started; hart 0 calls. */
static void fake_reset(u32 harts)
{
    memset(&fake, 0, sizeof(fake));
    fake.harts = harts;
    fake.console_byte = -1;
    fake.mask_words_readable = ARRAY_SIZE(fake.mask_word);
    fake.steal = SBI_STA_NONE;
}

static bool fake_covers(gpa_t base, u64 length, gpa_t start, u64 size)
{
    return start >= base && start - base <= length && size <= length - (start - base);
}

static bool fake_in_ram(gpa_t start, u64 size)
{
    return fake_covers(LOW_RAM, LOW_RAM_SIZE, start, size) ||
           fake_covers(HIGH_RAM, HIGH_RAM_SIZE, start, size);
}

static u32 fake_hart_count(void *vcpu)
{
    CHECK(vcpu == &fake);
    return fake.harts;
}

static u32 fake_hart_id(void *vcpu)
{
    CHECK(vcpu == &fake);
    return fake.self;
}

static bool fake_hart_is_online(void *vcpu, u32 hart)
{
    CHECK(vcpu == &fake && hart < fake.harts);
    return fake.state[hart] == HSM_STARTED || fake.state[hart] == HSM_SUSPENDED;
}

static void fake_set_timer(void *vcpu, u64 deadline)
{
    CHECK(vcpu == &fake);
    fake.calls++;
    fake.deadline = deadline;
}

static void fake_send_ipi(void *vcpu, u32 hart)
{
    CHECK(fake_hart_is_online(vcpu, hart));
    fake.calls++;
    fake.ipis[hart]++;
}

static bool fake_clear_ipi(void *vcpu)
{
    bool pending = fake.ipi_pending;

    CHECK(vcpu == &fake);
    fake.calls++;
    fake.ipi_pending = false;
    return pending;
}

static void fake_fence_post(void *vcpu, u32 hart, const struct sbi_fence *fence)
{
    CHECK(fake_hart_is_online(vcpu, hart));
    CHECK(fence->size != 0 && IS_ALIGNED(fence->start, PAGE_SIZE));
    if (fence->size == SBI_FENCE_ALL)
        CHECK_EQ(fence->start, 0);
    else
        CHECK(IS_ALIGNED(fence->size, PAGE_SIZE) && fence->start + (u64)fence->size <= GIB(4));
    CHECK(fence->asid < 512);
    fake.calls++;
    fake.fences[hart]++;
    fake.posts_unwaited++;
    fake.fence = *fence;
}

static void fake_fence_wait(void *vcpu)
{
    CHECK(vcpu == &fake);
    fake.fence_waits++;
    fake.posts_unwaited = 0;
}

static enum hsm_state fake_hsm_state(void *vcpu, u32 hart)
{
    CHECK(vcpu == &fake && hart < fake.harts);
    return fake.state[hart];
}

static enum sbi_error fake_hart_start(void *vcpu, u32 hart, gpa_t entry, u32 opaque)
{
    CHECK(vcpu == &fake && hart < fake.harts && fake.state[hart] == HSM_STOPPED);
    CHECK(fake_in_ram(entry, 2));
    fake.calls++;
    if (fake.start_error != SBI_SUCCESS)
        return fake.start_error;
    fake.state[hart] = HSM_START_PENDING;
    fake.started_hart = hart;
    fake.entry = entry;
    fake.opaque = opaque;
    return SBI_SUCCESS;
}

static enum sbi_error fake_hart_stop(void *vcpu)
{
    CHECK(vcpu == &fake);
    fake.calls++;
    if (fake.stop_fails)
        return SBI_ERR_FAILED;
    fake.stopped = true;
    return SBI_SUCCESS;
}

static enum sbi_error fake_hart_suspend(void *vcpu, bool retentive, gpa_t entry, u32 opaque)
{
    CHECK(vcpu == &fake && (retentive || fake_in_ram(entry, 2)));
    fake.calls++;
    fake.suspended = true;
    fake.retentive = retentive;
    fake.entry = entry;
    fake.opaque = opaque;
    return fake.suspend_error;
}

static void fake_system_reset(void *vcpu, enum sbi_reset type, enum sbi_reset_reason reason)
{
    CHECK(vcpu == &fake && type <= SBI_RESET_WARM && reason <= SBI_REASON_FAILURE);
    fake.calls++;
    fake.resets++;
    fake.reset = type;
    fake.reason = reason;
}

static bool fake_is_ram(void *vcpu, gpa_t start, u64 size)
{
    CHECK(vcpu == &fake);
    CHECK(start < GIB(16) && size >= 1 && size <= GIB(4)); /* 34 bits: no sum can overflow */
    return fake_in_ram(start, size);
}

/* Half of what is asked for is moved, as the floor above is free to do. */
static u32 fake_console_move(void *vcpu, gpa_t start, u32 size)
{
    CHECK(vcpu == &fake && size >= 1 && size <= PAGE_SIZE && fake_in_ram(start, size));
    fake.calls++;
    fake.buffer = start;
    fake.buffer_size = size;
    return size / 2;
}

static u32 fake_console_write(void *vcpu, gpa_t start, u32 size)
{
    return fake_console_move(vcpu, start, size);
}

static u32 fake_console_read(void *vcpu, gpa_t start, u32 size)
{
    return fake_console_move(vcpu, start, size) + 1;
}

static void fake_console_put(void *vcpu, u8 byte)
{
    CHECK(vcpu == &fake);
    fake.calls++;
    fake.puts++;
    fake.put = byte;
}

static s32 fake_console_get(void *vcpu)
{
    CHECK(vcpu == &fake);
    return fake.console_byte;
}

static bool fake_read_guest_word(void *vcpu, gva_t address, u32 *value)
{
    u32 index = (address - fake.mask_address) / 4;

    CHECK(vcpu == &fake && address == fake.mask_address + 4 * index);
    CHECK(index < (fake.harts + 31) / 32); /* no word past the last hart's */
    if (index >= fake.mask_words_readable)
        return false;
    *value = fake.mask_word[index];
    return true;
}

static bool fake_debug_allowed(void *vcpu)
{
    CHECK(vcpu == &fake);
    return fake.debug;
}

static void fake_debug_walk(void *vcpu, gva_t address, u32 access, bool json)
{
    CHECK(vcpu == &fake && fake.debug);
    CHECK(access == 'r' || access == 'w' || access == 'x');
    fake.calls++;
    fake.walked = address;
    fake.walk_access = access;
    fake.walk_json = json;
}

static u32 fake_debug_translate(void *vcpu, gva_t address, u32 access, bool user, gpa_t *gpa)
{
    CHECK(vcpu == &fake && fake.debug);
    CHECK(access == 'r' || access == 'w' || access == 'x');
    fake.walked = address;
    fake.walk_access = access;
    fake.walk_user = user;
    *gpa = fake.gpa;
    return fake.cause;
}

static bool fake_debug_swap(void *vcpu, gpa_t a, gpa_t b)
{
    CHECK(vcpu == &fake && fake.debug);
    CHECK(IS_ALIGNED(a, PAGE_SIZE) && fake_in_ram(a, PAGE_SIZE));
    CHECK(IS_ALIGNED(b, PAGE_SIZE) && fake_in_ram(b, PAGE_SIZE));
    fake.calls++;
    fake.swap_a = a;
    fake.swap_b = b;
    return !fake.swap_fails;
}

static struct pmu *fake_pmu(void *vcpu)
{
    CHECK(vcpu == &fake);
    return &fake.pmu;
}

/* Firmware events 4 to 13 are counted. */
static bool fake_pmu_count(void *vcpu, u32 event, u64 *count)
{
    u32 code = event & 0xffff;

    CHECK(vcpu == &fake);
    if (event == 1 || event == 2) {
        *count = event == 1 ? fake.cycles : fake.instructions;
        return !fake.no_hardware_counters;
    }
    if (event >> 16 != 0xf || code < 4 || code > 13)
        return false;
    *count = fake.events[code];
    return true;
}

static enum sbi_error fake_steal_report(void *vcpu, gpa_t shmem)
{
    CHECK(vcpu == &fake);
    CHECK(shmem == SBI_STA_NONE || (IS_ALIGNED(shmem, 64) && fake_in_ram(shmem, 64)));
    if (fake.steal_error)
        return fake.steal_error;
    fake.calls++;
    fake.steal = shmem;
    return SBI_SUCCESS;
}

static u32 fake_machine_id(void *vcpu, u32 function)
{
    CHECK(vcpu == &fake && function >= 4 && function <= 6);
    return 0xabc0 + function;
}

static const struct sbi_env fake_env = {
    .hart_count = fake_hart_count,
    .hart_id = fake_hart_id,
    .hart_is_online = fake_hart_is_online,
    .set_timer = fake_set_timer,
    .send_ipi = fake_send_ipi,
    .clear_ipi = fake_clear_ipi,
    .fence_post = fake_fence_post,
    .fence_wait = fake_fence_wait,
    .hsm_state = fake_hsm_state,
    .hart_start = fake_hart_start,
    .hart_stop = fake_hart_stop,
    .hart_suspend = fake_hart_suspend,
    .reset = fake_system_reset,
    .is_ram = fake_is_ram,
    .console_write = fake_console_write,
    .console_read = fake_console_read,
    .console_put = fake_console_put,
    .console_get = fake_console_get,
    .read_guest_word = fake_read_guest_word,
    .debug_allowed = fake_debug_allowed,
    .debug_walk = fake_debug_walk,
    .debug_translate = fake_debug_translate,
    .debug_swap = fake_debug_swap,
    .pmu = fake_pmu,
    .pmu_count = fake_pmu_count,
    .steal_report = fake_steal_report,
    .machine_id = fake_machine_id,
};

/* True when the harts of `mask`, harts 0 to 31, have each got exactly one, and nobody else. */
static inline bool exactly(const u32 *counts, u32 mask)
{
    for (u32 hart = 0; hart < FAKE_MAX_HARTS; hart++) {
        if (counts[hart] != (hart < 32 ? mask >> hart & 1 : 0))
            return false;
    }
    return true;
}

/* The last call's answer; poisoned before each, so that what was not written shows. */
static struct sbi_result answer;
static enum sbi_outcome outcome;

static void ecall6(u32 extension, u32 function, const u32 *arg)
{
    const struct sbi_call call = {
        .arg = arg, .function = function, .extension = extension, .env = &fake_env, .vcpu = &fake};

    answer = (struct sbi_result){.error = 0x5a5a5a5a, .value = 0xa5a5a5a5};
    outcome = sbi_handle(sbi_extension_of(extension), &call, &answer);
    CHECK_EQ(fake.posts_unwaited, 0);
}

/* ecall(EID, FID, a0, a1, ...): arguments that are not given are zero. */
#define ecall(extension, function, ...) ecall6(extension, function, (u32[6]){__VA_ARGS__})

/* The answer of a call of SBI 0.2 and later: both registers. */
#define CHECK_ANSWER(expected_error, expected_value) \
    do {                                             \
        CHECK_EQ(outcome, SBI_RETURN);               \
        CHECK_EQ(answer.error, expected_error);      \
        CHECK_EQ(answer.value, expected_value);      \
    } while (0)

/* An error, which comes with a1 = 0 and with nothing done. */
#define CHECK_REFUSED(expected_error)    \
    do {                                 \
        CHECK_ANSWER(expected_error, 0); \
        CHECK_EQ(fake.calls, 0);         \
    } while (0)

/* The answer of a legacy call: a0 alone. */
#define CHECK_LEGACY(expected_value)            \
    do {                                        \
        CHECK_EQ(outcome, SBI_RETURN_LEGACY);   \
        CHECK_EQ(answer.error, expected_value); \
    } while (0)

#endif
