/*
 * Interrupts of a device that is handed through: between a PLIC of the host, as the specification
 * has it, and the guest's. Whatever the order of host, guest and lives, no request is lost, and
 * none comes where it should not.
 */
#include "tests/unit/unit.h"
#include "tests/unit/fake_lock.h"
#include "tests/unit/fake_vm.h"
#include "tests/unit/fake_time.h"
#include "hyp/dev/plic.c"
#include "hyp/vm/passthrough_run.c"

#include <pthread.h>

#define SOURCE 11

struct machine machine = {.timebase = 1000};

static struct vm vm;
static struct passthrough *const device = &vm.passthrough[0];
static u32 status_register[PAGE_SIZE / 4];

/* The host's: its device's wire, whether the source is masked, whether it is in service. */
static struct {
    struct spinlock lock;
    bool wire, masked;
    u32 taken;
} host;

u32 passthrough_count(const struct vm *of)
{
    CHECK(of == &vm);
    return vm.passthrough[0].vm != NULL;
}

void plic_drv_mask(u32 source, bool masked)
{
    CHECK_EQ(source, SOURCE);
    __atomic_store_n(&host.masked, masked, __ATOMIC_SEQ_CST);
}

bool host_device_pages(const struct fdt *fdt, fdt_node node, u32 index, u64 *start, u64 *end)
{
    static const u64 pages[] = {0x101000, 0x103000};

    (void)fdt, (void)node;
    *start = index < 2 ? pages[index] : 0;
    *end = *start + PAGE_SIZE;
    return index < 2;
}

static u32 mapped, mappings_left;

enum stage2_status stage2_map(struct stage2 *s2, gpa_t gpa, hpa_t hpa, u64 size, u32 rights)
{
    CHECK(s2 == &vm.stage2 && gpa == hpa && size == PAGE_SIZE);
    CHECK_EQ(rights, PTE_R | PTE_W);
    if (!mappings_left)
        return STAGE2_NO_MEMORY;
    mappings_left--;
    mapped |= gpa == 0x101000 ? 1 : 2;
    return STAGE2_OK;
}

enum stage2_status stage2_unmap(struct stage2 *s2, gpa_t gpa, u64 size)
{
    u32 bit = gpa == 0x101000 ? 1 : 2;

    CHECK(s2 == &vm.stage2 && size == PAGE_SIZE);
    if (!(mapped & bit))
        return STAGE2_NOT_MAPPED;
    mapped &= ~bit;
    return STAGE2_OK;
}

static u32 external;

static void set_external(void *ctx, u32 hart, bool pending)
{
    CHECK(ctx == &vm && hart == 0);
    __atomic_store_n(&external, pending, __ATOMIC_SEQ_CST);
}

static void completed(void *ctx, u32 source)
{
    passthrough_completed(ctx, source);
}

static void load_registers(void)
{
    plic_ops.write(&vm.platform.plic, 4 * SOURCE, 4, 1);
    plic_ops.write(&vm.platform.plic, 0x2080, 4, BIT(SOURCE));
}

/* A VM that runs, with the device. */
static void start(void)
{
    const struct plic_host plic_host = {set_external, completed, &vm};

    memset(&vm, 0, sizeof(vm));
    memset(&host, 0, sizeof(host));
    host.masked = true;
    external = 0;
    *device = (struct passthrough){.vm = &vm, .source = SOURCE};
    plic_init(&vm.platform.plic, 1, &plic_host);
    passthrough_reset(&vm);
    load_registers();
}

/* The boot hart looks at its PLIC: the source interrupts while the wire is high and it is not
 * masked. */
static bool host_takes(void)
{
    if (!__atomic_load_n(&host.wire, __ATOMIC_SEQ_CST) ||
        __atomic_load_n(&host.masked, __ATOMIC_SEQ_CST))
        return false;
    host.taken++;
    passthrough_interrupt(device);
    return true;
}

static u32 guest_claims(void)
{
    u32 source;

    plic_ops.read(&vm.platform.plic, 0x201004, 4, &source);
    return source;
}

static void guest_completes(void)
{
    plic_ops.write(&vm.platform.plic, 0x201004, 4, SOURCE);
}

static bool guest_wire(void)
{
    return vm.platform.plic.level[0] >> SOURCE & 1;
}

TEST(an_interrupt_goes_to_the_guest_once)
{
    start();
    CHECK(!host.masked);
    host.wire = true;
    CHECK(host_takes());
    CHECK(external && host.masked);
    CHECK(!host_takes()); /* however long the guest takes */
    CHECK_EQ(guest_claims(), SOURCE);
    host.wire = false;
    guest_completes();
    CHECK(!host.masked && !external && !guest_wire());
    CHECK(!host_takes());
    CHECK_EQ(guest_claims(), 0);
}

TEST(a_level_kept_high_comes_again_after_completion)
{
    start();
    host.wire = true;
    for (u32 i = 0; i < 5; i++) {
        CHECK(host_takes());
        CHECK_EQ(guest_claims(), SOURCE);
        CHECK(!external);
        guest_completes();
        CHECK(!external);
    }
    CHECK_EQ(host.taken, 5);
}

TEST(completions_out_of_turn_unmask_nothing_that_is_not_masked)
{
    start();
    guest_completes();
    CHECK(!host.masked);
    host.wire = true;
    CHECK(host_takes());
    guest_completes(); /* before the claim: the request is let through already */
    CHECK(!host.masked && external);
    CHECK(host_takes());
    CHECK_EQ(guest_claims(), SOURCE);
    CHECK(host.masked);
    host.wire = false;
    guest_completes();
    CHECK(!host.masked && !external);
}

TEST(after_the_life_nothing_comes)
{
    start();
    host.wire = true;
    passthrough_stop(&vm);
    CHECK(host.masked);
    passthrough_interrupt(device); /* was claimed just before */
    CHECK(host.masked && !guest_wire());
    CHECK(!device->waits);
}

/* Each life ends in another place of the exchange; the next one gets what the device asks for. */
TEST(every_life_begins_clean)
{
    for (u32 place = 0; place < 4; place++) {
        start();
        host.wire = place > 0;
        if (place > 0)
            CHECK(host_takes());
        if (place > 1)
            CHECK_EQ(guest_claims(), SOURCE);
        if (place > 2)
            guest_completes();
        passthrough_stop(&vm);
        CHECK(host.masked && !guest_wire());
        plic_reset(&vm.platform.plic);
        passthrough_reset(&vm);
        CHECK(!host.masked && !external && !device->waits);
        CHECK_EQ(guest_claims(), 0);
        load_registers();
        CHECK(!external);
        host.wire = true;
        CHECK(host_takes());
        CHECK_EQ(guest_claims(), SOURCE);
        host.wire = false;
        guest_completes();
        CHECK(!host.masked && !external);
    }
}

TEST(a_virtio_device_is_reset_when_a_life_ends)
{
    start();
    device->virtio = (volatile u8 *)status_register;
    status_register[VIRTIO_MMIO_STATUS / 4] = 0xf;
    status_register[VIRTIO_MMIO_STATUS / 4 + 1] = 0x77;
    passthrough_stop(&vm);
    CHECK_EQ(status_register[VIRTIO_MMIO_STATUS / 4], 0);
    CHECK_EQ(status_register[VIRTIO_MMIO_STATUS / 4 + 1], 0x77);
}

TEST(a_device_without_an_interrupt)
{
    start();
    device->source = 0;
    passthrough_stop(&vm);
    passthrough_reset(&vm);
    CHECK(device->live);
}

TEST(registers_are_mapped_where_they_are_or_not_at_all)
{
    start();
    for (u32 enough = 0; enough <= 2; enough++) {
        mapped = 0;
        mappings_left = enough;
        CHECK_EQ(passthrough_map(&vm), enough == 2);
        CHECK_EQ(mapped, enough == 2 ? 3 : 0);
    }
    passthrough_unmap(&vm);
    CHECK_EQ(mapped, 0);
    passthrough_unmap(&vm);
}

/* ---- Host and guest at once ---- */

#define EVENTS 20000

static u32 answered;

/* The device: raises its wire for each event, when the last one has been answered. */
static void *be_the_host(void *unused)
{
    (void)unused;
    while (__atomic_load_n(&answered, __ATOMIC_SEQ_CST) < EVENTS)
        if (!host_takes())
            sched_yield();
    return NULL;
}

TEST(no_event_is_lost_between_harts)
{
    pthread_t thread;
    u32 idle = 0;

    start();
    answered = 0;
    host.wire = true;
    CHECK(!pthread_create(&thread, NULL, be_the_host, NULL));
    while (answered < EVENTS && idle < 50000000) {
        if (answered % 7 == 3)
            guest_completes(); /* out of turn */
        if (!guest_claims()) {
            idle++;
            sched_yield();
            continue;
        }
        idle = 0;
        if (answered + 1 == EVENTS)
            __atomic_store_n(&host.wire, false, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&answered, 1, __ATOMIC_SEQ_CST);
        guest_completes();
    }
    CHECK_EQ(answered, EVENTS);
    pthread_join(thread, NULL);
    guest_completes();
    CHECK(!host.masked);
}

UNIT_MAIN("passthrough")
