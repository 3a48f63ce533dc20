/*
 * The registers of the virtio-mmio slots, one by one, of both versions of the transport. The
 * machine is that of tests/run_virtio.sh; requests are made to the entropy device, the simplest
 * there is.
 */
#include "guest/lib/boot.h"
#include "guest/lib/hart.h"
#include "guest/lib/plic.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"
#include "guest/lib/test.h"
#include "guest/lib/virtio.h"

#define CONSOLE_EMERGENCY 8 /* of a console's configuration: a byte to print */
#define ALL_STATUS        (VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER)

static const enum virtio_kind kinds[VIRTIO_SLOTS] = {VIRTIO_BLOCK,   VIRTIO_BLOCK,   VIRTIO_NET,
                                                     VIRTIO_ENTROPY, VIRTIO_CONSOLE, VIRTIO_BALLOON,
                                                     VIRTIO_NONE,    VIRTIO_NONE};

/* Registers that say who the device is, or what it has: a store changes nothing. */
static const u32 read_only[] = {
    VIRTIO_MAGIC_VALUE,     VIRTIO_VERSION,       VIRTIO_DEVICE_ID,       VIRTIO_VENDOR_ID,
    VIRTIO_DEVICE_FEATURES, VIRTIO_QUEUE_NUM_MAX, VIRTIO_INTERRUPT_STATUS};

static struct virtio device;
static struct virtq queue __attribute__((aligned(4 * PAGE_SIZE)));
static u8 bytes[64];

static u32 slot_base(u32 slot)
{
    return VIRTIO_BASE + slot * VIRTIO_STRIDE;
}

/* Calls `check` for each device, freshly reset, until one fails the case. */
static void for_each_device(void (*check)(void))
{
    for (u32 slot = 0; slot < VIRTIO_SLOTS; slot++) {
        if (!virtio_in_slot(slot, &device))
            continue;
        virtio_reset(&device);
        check();
        virtio_reset(&device);
    }
}

/* ---- Who is there. ---- */

static void what_is_in_the_slots(void)
{
    for (u32 slot = 0; slot < VIRTIO_SLOTS; slot++) {
        CHECK_EQ(read32(slot_base(slot) + VIRTIO_MAGIC_VALUE), VIRTIO_MAGIC);
        CHECK_EQ(read32(slot_base(slot) + VIRTIO_DEVICE_ID), kinds[slot]);
        CHECK_EQ(read32(slot_base(slot) + VIRTIO_VENDOR_ID), VIRTIO_VENDOR);
    }
}

static void one_version_for_all(void)
{
    u32 version = read32(slot_base(0) + VIRTIO_VERSION);

    CHECK(version == 1 || version == 2, "version %u", version);
    for (u32 slot = 0; slot < VIRTIO_SLOTS && kinds[slot]; slot++)
        CHECK_EQ(read32(slot_base(slot) + VIRTIO_VERSION), version);
}

static void empty_slots_stay_empty(void)
{
    for (u32 slot = 0; slot < VIRTIO_SLOTS; slot++) {
        if (kinds[slot])
            continue;
        for (u32 offset = 0; offset < VIRTIO_WINDOW; offset += 4)
            write32(slot_base(slot) + offset, 0xffffffff);
        CHECK_EQ(read32(slot_base(slot)), VIRTIO_MAGIC);
        for (u32 offset = VIRTIO_VENDOR_ID + 4; offset < VIRTIO_WINDOW; offset += 4)
            CHECK(read32(slot_base(slot) + offset) == 0, "slot %u, register 0x%x", slot, offset);
        CHECK(!(read32(PLIC_PENDING) & BIT(VIRTIO_IRQ + slot)), "it interrupts");
    }
}

/* ---- Accesses as such. ---- */

static void past_the_window(void)
{
    for (u32 slot = 0; slot < VIRTIO_SLOTS; slot++) {
        trap_arm();
        (void)read32(slot_base(slot) + VIRTIO_WINDOW);
        CHECK_TRAP(trap_disarm(), EXCEPTION_LOAD_ACCESS, slot_base(slot) + VIRTIO_WINDOW);
        trap_arm();
        write32(slot_base(slot) + VIRTIO_STRIDE - 4, 0);
        CHECK_TRAP(trap_disarm(), EXCEPTION_STORE_ACCESS, slot_base(slot) + VIRTIO_STRIDE - 4);
    }
}

/* Registers are read and written as words: anything narrower does no harm and no good. */
static void narrow_stores_do_nothing(void)
{
    virtio_write(&device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
    trap_arm();
    write8(device.base + VIRTIO_STATUS, 0);
    write16(device.base + VIRTIO_STATUS, VIRTIO_DRIVER);
    write8(device.base + VIRTIO_STATUS + 1, 0xff);
    write8(device.base + VIRTIO_QUEUE_NOTIFY, 0);
    (void)read8(device.base + VIRTIO_STATUS);
    (void)read16(device.base + VIRTIO_STATUS + 2);
    CHECK_EQ(trap_disarm().count, 0);
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), VIRTIO_ACKNOWLEDGE);
}

static void narrow_accesses(void)
{
    for_each_device(narrow_stores_do_nothing);
}

static void read_only_registers_stay(void)
{
    for (u32 i = 0; i < ARRAY_SIZE(read_only); i++) {
        u32 before = virtio_read(&device, read_only[i]);
        virtio_write(&device, read_only[i], ~before);
        CHECK(virtio_read(&device, read_only[i]) == before, "device %u, register 0x%x", device.kind,
              read_only[i]);
    }
}

static void stores_to_read_only_registers(void)
{
    for_each_device(read_only_registers_stay);
}

static void nothing_between_registers(void)
{
    static const u32 gaps[] = {0x18, 0x1c, 0x2c, 0x48, 0x4c, 0x54, 0x58, 0x5c, 0x68, 0x6c, 0x74};

    for (u32 i = 0; i < ARRAY_SIZE(gaps); i++) {
        virtio_write(&device, gaps[i], 0xffffffff);
        CHECK(virtio_read(&device, gaps[i]) == 0, "register 0x%x", gaps[i]);
    }
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), 0);
}

static void gaps_between_registers(void)
{
    for_each_device(nothing_between_registers);
}

/* The configuration, of 8 bytes or more, is read in bytes, halves and words; after its end there is
 * something as well, whatever it be. */
static void read_all_of_config(void)
{
    trap_arm();
    for (u32 offset = VIRTIO_CONFIG; offset < VIRTIO_WINDOW; offset += 4) {
        u32 word = virtio_read(&device, offset);
        u32 halves = read16(device.base + offset) | (u32)read16(device.base + offset + 2) << 16;
        u32 pieces = 0;
        for (u32 i = 0; i < 4; i++)
            pieces |= (u32)read8(device.base + offset + i) << 8 * i;
        CHECK(offset >= VIRTIO_CONFIG + 8 || (word == halves && word == pieces),
              "device %u, offset 0x%x: %x, %x, %x", device.kind, offset, word, halves, pieces);
    }
    CHECK_EQ(trap_disarm().count, 0);
}

/* Whatever of it cannot be written, stores do no harm. */
static void write_all_of_config(void)
{
    u64 capacity = virtio_config64(&device, 0);

    trap_arm();
    for (u32 offset = VIRTIO_CONFIG; offset < VIRTIO_WINDOW; offset += 4) {
        if (device.kind == VIRTIO_CONSOLE && offset == VIRTIO_CONFIG + CONSOLE_EMERGENCY)
            continue; /* that would print */
        write8(device.base + offset, 0xff);
        write16(device.base + offset + 2, 0xffff);
        write32(device.base + offset, 0xffffffff);
    }
    CHECK_EQ(trap_disarm().count, 0);
    if (device.kind == VIRTIO_BLOCK)
        CHECK(virtio_config64(&device, 0) == capacity, "the disk has another size");
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), 0);
}

static void configuration_in_every_width(void)
{
    for_each_device(read_all_of_config);
}

static void stores_to_configuration(void)
{
    for_each_device(write_all_of_config);
}

static void generation_of_configuration(void)
{
    if (!virtio_find(VIRTIO_BLOCK, 0, &device) || !device.modern)
        SKIP("a legacy transport has none");
    CHECK_EQ(virtio_read(&device, VIRTIO_CONFIG_GENERATION),
             virtio_read(&device, VIRTIO_CONFIG_GENERATION));
}

/* ---- Features. ---- */

static u32 features_word(u32 word)
{
    virtio_write(&device, VIRTIO_DEVICE_FEATURES_SEL, word);
    return virtio_read(&device, VIRTIO_DEVICE_FEATURES);
}

static void right_features_offered(void)
{
    CHECK(features_word(0) & (u32)VIRTIO_F_EVENT_IDX, "device %u: no EVENT_IDX", device.kind);
    CHECK(features_word(0) & (u32)VIRTIO_F_INDIRECT_DESC, "device %u: no INDIRECT", device.kind);
    CHECK_EQ(features_word(1) & 1, device.modern);
    if (!device.modern)
        CHECK_EQ(features_word(1), 0);
    if (runs_natively())
        return; /* any word but 0 is the second one of QEMU's */
    CHECK_EQ(features_word(2), 0);
    CHECK_EQ(features_word(0x80000000), 0);
    CHECK_EQ(features_word(0xffffffff), 0);
}

static void features_offered(void)
{
    for_each_device(right_features_offered);
}

static void accept(u32 low, u32 high)
{
    virtio_reset(&device);
    virtio_write(&device, VIRTIO_STATUS, ALL_STATUS);
    virtio_write(&device, VIRTIO_DRIVER_FEATURES_SEL, 0);
    virtio_write(&device, VIRTIO_DRIVER_FEATURES, low);
    virtio_write(&device, VIRTIO_DRIVER_FEATURES_SEL, 1);
    virtio_write(&device, VIRTIO_DRIVER_FEATURES, high);
    virtio_write(&device, VIRTIO_STATUS, ALL_STATUS | VIRTIO_FEATURES_OK);
}

static bool features_are_ok(void)
{
    return virtio_read(&device, VIRTIO_STATUS) & VIRTIO_FEATURES_OK;
}

static void only_what_is_offered(void)
{
    accept(0, 1);
    CHECK(features_are_ok(), "device %u refuses VERSION_1 alone", device.kind);
    accept(features_word(0), features_word(1));
    CHECK(features_are_ok(), "device %u refuses what it offers", device.kind);
    if (runs_natively())
        SKIP("QEMU cuts off what it does not have, and agrees");
    accept(~features_word(0), 1);
    CHECK(!features_are_ok(), "device %u agrees to what it does not offer", device.kind);
    accept(0, 1 | BIT(31));
    CHECK(!features_are_ok(), "device %u agrees to feature 63", device.kind);
}

static void negotiation(void)
{
    if (!virtio_find(VIRTIO_BLOCK, 0, &device) || !device.modern)
        SKIP("a legacy transport has none");
    for_each_device(only_what_is_offered);
}

/* ---- Status and reset. ---- */

static void status_is_kept(void)
{
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), 0);
    virtio_write(&device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), VIRTIO_ACKNOWLEDGE);
    virtio_write(&device, VIRTIO_STATUS, ALL_STATUS);
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), ALL_STATUS);
    virtio_write(&device, VIRTIO_STATUS, ALL_STATUS | VIRTIO_FAILED);
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), ALL_STATUS | VIRTIO_FAILED);
    virtio_write(&device, VIRTIO_STATUS, 0);
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), 0);
}

static void status_bits(void)
{
    for_each_device(status_is_kept);
}

/* ---- Queues. ---- */

static u32 queue_max(u32 index)
{
    virtio_write(&device, VIRTIO_QUEUE_SEL, index);
    return virtio_read(&device, VIRTIO_QUEUE_NUM_MAX);
}

static void right_sizes(void)
{
    u32 most = queue_max(0);

    CHECK(most >= 8 && (most & (most - 1)) == 0, "device %u: %u entries", device.kind, most);
    if (!runs_natively())
        CHECK_EQ(most, VIRTQ_MAX);
    CHECK_EQ(queue_max(1000), 0);
    if (!runs_natively()) /* QEMU keeps the queue that was selected before */
        CHECK_EQ(queue_max(0xffffffff), 0);
    if (device.kind == VIRTIO_ENTROPY)
        CHECK_EQ(queue_max(1), 0);
    if (device.kind == VIRTIO_NET || device.kind == VIRTIO_CONSOLE || device.kind == VIRTIO_BALLOON)
        CHECK(queue_max(1) > 0, "device %u has one queue only", device.kind);
}

static void sizes_of_queues(void)
{
    for_each_device(right_sizes);
}

static bool find_entropy(void)
{
    static const struct virtq_way plain;

    if (virtio_find(VIRTIO_ENTROPY, 0, &device) && virtio_begin(&device, 0, plain) &&
        virtio_set_queue(&device, 0, &queue, 16))
        return true;
    test_fail("no entropy device to work with");
    return false;
}

static void place_is_kept_until_reset(void)
{
    if (!find_entropy())
        return;
    u32 offset = device.modern ? VIRTIO_QUEUE_READY : VIRTIO_QUEUE_PFN;
    CHECK_EQ(virtio_read(&device, offset),
             device.modern ? 1 : (u32)queue.memory.bytes >> PAGE_SHIFT);
    virtio_reset(&device);
    virtio_write(&device, VIRTIO_QUEUE_SEL, 0);
    CHECK_EQ(virtio_read(&device, offset), 0);
}

static void add_request(void)
{
    struct virtq_buffer buffer = {bytes, sizeof(bytes)};

    memset(bytes, 0, sizeof(bytes));
    virtq_add(&queue, &buffer, 0, 1);
    virtq_show(&queue);
}

static bool answers(void)
{
    add_request();
    virtio_notify(&device, 0);
    return virtio_wait(&queue) && virtq_take(&queue, NULL, NULL);
}

static void wait_a_bit(void)
{
    for (u32 i = 0; i < 10; i++)
        hart_relax();
}

/* A device begins when the driver says that it is ready, and with what was there by then. Legacy
 * ones may begin with the first notification. */
static void nothing_before_driver_ok(void)
{
    if (!find_entropy())
        return;
    if (!device.modern)
        SKIP("not with a legacy transport");
    add_request();
    virtio_notify(&device, 0);
    wait_a_bit();
    CHECK(!virtq_has_used(&queue), "it is served already");
    virtio_go(&device);
    virtio_notify(&device, 0);
    CHECK(virtio_wait(&queue), "it is not served afterwards");
}

/* Some kernels say DRIVER_OK first and set the queue then: legacy transports have always taken it.
 */
static void driver_ok_before_the_queue(void)
{
    static const struct virtq_way plain;

    if (!virtio_find(VIRTIO_ENTROPY, 0, &device) || device.modern)
        SKIP("not with a modern transport");
    CHECK(virtio_begin(&device, 0, plain), "cannot begin");
    virtio_go(&device);
    CHECK(virtio_set_queue(&device, 0, &queue, 8), "no queue");
    CHECK(answers(), "no answer");
}

/* A queue of any size that the rules allow. */
static void every_size(void)
{
    static const struct virtq_way plain;

    for (u32 size = 1; size <= VIRTQ_MAX; size *= 2) {
        if (!virtio_find(VIRTIO_ENTROPY, 0, &device) || !virtio_begin(&device, 0, plain) ||
            !virtio_set_queue(&device, 0, &queue, (u16)size))
            CHECK(false, "size %u: no queue", size);
        virtio_go(&device);
        for (u32 i = 0; i < 2 * size + 1; i++)
            CHECK(answers(), "size %u, request %u: no answer", size, i);
    }
}

/* Of legacy queues the driver says in which units it counts pages, and how the used ring is
 * aligned.
 */
static void legacy_pages_and_alignment(void)
{
    static const struct {
        u32 page, align;
    } choices[] = {{4096, 4096}, {16384, 4096}, {1024, 64}, {4096, 16}};
    static const struct virtq_way plain;

    for (u32 i = 0; i < ARRAY_SIZE(choices); i++) {
        if (!virtio_find(VIRTIO_ENTROPY, 0, &device) || device.modern)
            SKIP("legacy only");
        CHECK(virtio_begin(&device, 0, plain), "cannot begin");
        virtq_init(&queue, 8, plain);
        u32 after = (u32)queue.memory.bytes + 8 * sizeof(struct virtq_entry) + 6 + 2 * 8;
        queue.used = (volatile struct virtq_used *)ALIGN_UP(after, choices[i].align);
        virtio_write(&device, VIRTIO_GUEST_PAGE_SIZE, choices[i].page);
        virtio_write(&device, VIRTIO_QUEUE_SEL, 0);
        virtio_write(&device, VIRTIO_QUEUE_NUM, 8);
        virtio_write(&device, VIRTIO_QUEUE_ALIGN, choices[i].align);
        virtio_write(&device, VIRTIO_QUEUE_PFN, (u32)queue.memory.bytes / choices[i].page);
        virtio_go(&device);
        CHECK(answers(), "pages of %u, aligned to %u: no answer", choices[i].page,
              choices[i].align);
    }
}

/* Notifications of queues that are not there, or not ready, are for nobody. */
static void notify_every_queue(void)
{
    static const u32 queues[] = {0, 1, 2, 7, 8, 255, 1023, 0x10000, 0x80000000, 0xffffffff};

    for (u32 i = 0; i < ARRAY_SIZE(queues); i++)
        virtio_write(&device, VIRTIO_QUEUE_NOTIFY, queues[i]);
    virtio_write(&device, VIRTIO_STATUS, ALL_STATUS | VIRTIO_DRIVER_OK);
    for (u32 i = 0; i < ARRAY_SIZE(queues); i++)
        virtio_write(&device, VIRTIO_QUEUE_NOTIFY, queues[i]);
    CHECK_EQ(virtio_read(&device, VIRTIO_INTERRUPT_STATUS), 0);
}

static void notifications_of_nothing(void)
{
    for_each_device(notify_every_queue);
    if (!find_entropy())
        return;
    virtio_go(&device);
    CHECK(answers(), "no answer afterwards");
}

/* ---- The interrupt. ---- */

static bool is_pending(void)
{
    return read32(PLIC_PENDING) & BIT(device.irq);
}

static void claim_and_complete(void)
{
    u32 context = plic_context(boot.hart);
    u32 source = plic_claim(context);

    if (source)
        plic_complete(context, source);
}

static void interrupt_stays_until_acknowledged(void)
{
    if (!find_entropy())
        return;
    virtio_go(&device);
    plic_set_priority(device.irq, 1);
    plic_set_threshold(plic_context(boot.hart), 0);
    plic_enable_only(plic_context(boot.hart), BIT(device.irq));
    claim_and_complete(); /* what tests before have left */
    CHECK(answers(), "no answer");
    wait_a_bit();
    CHECK_EQ(virtio_read(&device, VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_USED);
    CHECK(is_pending(), "no interrupt");
    virtio_write(&device, VIRTIO_INTERRUPT_ACK, 0);
    virtio_write(&device, VIRTIO_INTERRUPT_ACK, VIRTIO_INTERRUPT_CONFIG);
    CHECK_EQ(virtio_read(&device, VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_USED);
    CHECK_EQ(plic_claim(plic_context(boot.hart)), device.irq);
    virtio_write(&device, VIRTIO_INTERRUPT_ACK, VIRTIO_INTERRUPT_USED);
    CHECK_EQ(virtio_read(&device, VIRTIO_INTERRUPT_STATUS), 0);
    plic_complete(plic_context(boot.hart), device.irq);
    CHECK(!is_pending(), "it interrupts again");
}

static void reset_takes_the_interrupt_back(void)
{
    if (!find_entropy())
        return;
    virtio_go(&device);
    CHECK(answers(), "no answer");
    wait_a_bit();
    CHECK_EQ(virtio_read(&device, VIRTIO_INTERRUPT_STATUS), VIRTIO_INTERRUPT_USED);
    virtio_reset(&device);
    CHECK_EQ(virtio_read(&device, VIRTIO_INTERRUPT_STATUS), 0);
    claim_and_complete();
    CHECK(!is_pending(), "it goes on interrupting");
    plic_enable_only(plic_context(boot.hart), 0);
}

static void reset_forgets_all(void)
{
    if (!find_entropy())
        return;
    virtio_go(&device);
    virtio_reset(&device);
    add_request();
    virtio_notify(&device, 0);
    wait_a_bit();
    CHECK(!virtq_has_used(&queue), "it still knows the queue");
    CHECK_EQ(virtio_read(&device, VIRTIO_STATUS), 0);
}

int main(void)
{
    static const struct test_case cases[] = {
        CASE(what_is_in_the_slots),
        CASE(one_version_for_all),
        CASE(empty_slots_stay_empty),
        CASE(past_the_window),
        CASE(narrow_accesses),
        CASE(stores_to_read_only_registers),
        CASE(gaps_between_registers),
        CASE(configuration_in_every_width),
        CASE(stores_to_configuration),
        CASE(generation_of_configuration),
        CASE(features_offered),
        CASE(negotiation),
        CASE(status_bits),
        CASE(sizes_of_queues),
        CASE(place_is_kept_until_reset),
        CASE(nothing_before_driver_ok),
        CASE(driver_ok_before_the_queue),
        CASE(every_size),
        CASE(legacy_pages_and_alignment),
        CASE(notifications_of_nothing),
        CASE(interrupt_stays_until_acknowledged),
        CASE(reset_takes_the_interrupt_back),
        CASE(reset_forgets_all),
    };

    return test_run("t_virtio_mmio", cases, ARRAY_SIZE(cases));
}
