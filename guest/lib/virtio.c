#include "guest/lib/virtio.h"
#include "guest/lib/hart.h"
#include "guest/lib/plic.h"
#include "guest/lib/sbi.h"
#include "guest/lib/string.h"

#define WAIT_TICKS 50000000u /* of `time`, at the 10 MHz of the `virt` machine */
#define SPINS      200u      /* looks at a queue before sleeping in between     */

bool virtio_in_slot(u32 slot, struct virtio *device)
{
    u32 base = VIRTIO_BASE + slot * VIRTIO_STRIDE;

    if (read32(base + VIRTIO_MAGIC_VALUE) != VIRTIO_MAGIC || !read32(base + VIRTIO_DEVICE_ID))
        return false;
    *device = (struct virtio){.base = base,
                              .irq = VIRTIO_IRQ + slot,
                              .kind = (enum virtio_kind)read32(base + VIRTIO_DEVICE_ID),
                              .modern = read32(base + VIRTIO_VERSION) == 2};
    return true;
}

bool virtio_find(enum virtio_kind kind, u32 nth, struct virtio *device)
{
    for (u32 slot = 0; slot < VIRTIO_SLOTS; slot++)
        if (virtio_in_slot(slot, device) && device->kind == kind && nth-- == 0)
            return true;
    return false;
}

static u64 features_offered(const struct virtio *device)
{
    u64 features = 0;

    for (u32 word = 0; word < 2; word++) {
        virtio_write(device, VIRTIO_DEVICE_FEATURES_SEL, word);
        features |= (u64)virtio_read(device, VIRTIO_DEVICE_FEATURES) << 32 * word;
    }
    return features;
}

static void accept_features(const struct virtio *device)
{
    for (u32 word = 0; word < (device->modern ? 2 : 1); word++) {
        virtio_write(device, VIRTIO_DRIVER_FEATURES_SEL, word);
        virtio_write(device, VIRTIO_DRIVER_FEATURES, (u32)(device->features >> 32 * word));
    }
}

void virtio_reset(struct virtio *device)
{
    virtio_write(device, VIRTIO_STATUS, 0);
}

bool virtio_begin(struct virtio *device, u64 wanted, struct virtq_way way)
{
    u64 needed =
        (way.packed ? VIRTIO_F_RING_PACKED : 0) | (way.event_index ? VIRTIO_F_EVENT_IDX : 0) |
        (way.indirect ? VIRTIO_F_INDIRECT_DESC : 0) | (device->modern ? VIRTIO_F_VERSION_1 : 0);

    virtio_reset(device);
    virtio_write(device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
    virtio_write(device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    device->offered = features_offered(device);
    if (needed & ~device->offered)
        return false;
    device->features = needed | (device->offered & wanted);
    device->way = way;
    accept_features(device);
    if (!device->modern) {
        virtio_write(device, VIRTIO_GUEST_PAGE_SIZE, PAGE_SIZE);
        return true;
    }
    virtio_write(device, VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    return virtio_read(device, VIRTIO_STATUS) & VIRTIO_FEATURES_OK;
}

static void write_address(const struct virtio *device, u32 offset, const volatile void *address)
{
    virtio_write(device, offset, (u32)address);
    virtio_write(device, offset + 4, 0);
}

void virtio_connect(struct virtio *device, u32 index, struct virtq *queue)
{
    virtio_write(device, VIRTIO_QUEUE_SEL, index);
    virtio_write(device, VIRTIO_QUEUE_NUM, queue->size);
    if (!device->modern) {
        virtio_write(device, VIRTIO_QUEUE_ALIGN, PAGE_SIZE);
        virtio_write(device, VIRTIO_QUEUE_PFN, (u32)queue->entries >> PAGE_SHIFT);
        return;
    }
    write_address(device, VIRTIO_QUEUE_DESC, queue->entries);
    write_address(device, VIRTIO_QUEUE_DRIVER, queue->available);
    write_address(device, VIRTIO_QUEUE_DEVICE, queue->used);
    virtio_write(device, VIRTIO_QUEUE_READY, 1);
}

bool virtio_set_queue(struct virtio *device, u32 index, struct virtq *queue, u16 size)
{
    virtio_write(device, VIRTIO_QUEUE_SEL, index);
    u32 most = virtio_read(device, VIRTIO_QUEUE_NUM_MAX);
    if (most == 0)
        return false;
    if (most > VIRTQ_MAX)
        most = VIRTQ_MAX;
    virtq_init(queue, size < most ? size : (u16)most, device->way);
    virtio_connect(device, index, queue);
    return true;
}

void virtio_go(struct virtio *device)
{
    virtio_write(device, VIRTIO_STATUS, virtio_read(device, VIRTIO_STATUS) | VIRTIO_DRIVER_OK);
}

void virtio_notify(struct virtio *device, u32 index)
{
    device->notifications++;
    virtio_write(device, VIRTIO_QUEUE_NOTIFY, index);
}

void virtio_kick(struct virtio *device, u32 index, struct virtq *queue)
{
    if (virtq_show(queue))
        virtio_notify(device, index);
}

bool virtio_wait(const struct virtq *queue)
{
    u64 limit = read_time() + WAIT_TICKS;

    for (u32 i = 0; !virtq_has_used(queue); i++) {
        if (read_time() > limit)
            return false;
        if (i >= SPINS)
            hart_relax();
    }
    return true;
}

u64 virtio_config64(const struct virtio *device, u32 offset)
{
    u32 low = virtio_read(device, VIRTIO_CONFIG + offset);

    return u64_join(low, virtio_read(device, VIRTIO_CONFIG + offset + 4));
}

/* ---- Interrupts. ---- */

static struct virtio *by_irq[VIRTIO_IRQ + VIRTIO_SLOTS];

static void take_one(u32 source)
{
    struct virtio *device = source < ARRAY_SIZE(by_irq) ? by_irq[source] : NULL;
    u32 causes;

    if (!device)
        return;
    causes = virtio_read(device, VIRTIO_INTERRUPT_STATUS);
    virtio_write(device, VIRTIO_INTERRUPT_ACK, causes);
    device->interrupts++;
    if (causes & VIRTIO_INTERRUPT_CONFIG)
        device->config_events++;
}

static void on_external(void)
{
    u32 context = plic_context(this_hart()->id), source;

    while ((source = plic_claim(context)) != 0) {
        take_one(source);
        plic_complete(context, source);
    }
}

static void enable_all(void)
{
    u32 context = plic_context(this_hart()->id), sources = 0;

    for (u32 irq = 0; irq < ARRAY_SIZE(by_irq); irq++)
        if (by_irq[irq])
            sources |= BIT(irq);
    plic_set_threshold(context, 0);
    plic_enable_only(context, sources);
}

void virtio_take_interrupts(struct virtio *device)
{
    by_irq[device->irq] = device;
    trap_on_interrupt(INTERRUPT_EXTERNAL, on_external);
    plic_set_priority(device->irq, 1);
    enable_all();
    on_external(); /* what was left pending by those who poll is not counted */
    device->interrupts = device->config_events = 0;
    csr_set(sie, BIT(INTERRUPT_EXTERNAL));
    interrupts_on();
}

void virtio_leave_interrupts(struct virtio *device)
{
    interrupts_off();
    csr_clear(sie, BIT(INTERRUPT_EXTERNAL));
    by_irq[device->irq] = NULL;
    enable_all();
}

/* With interrupts off, so that none slips in between the look and the sleep; the timer wakes this
 * hart at the limit and is not taken. */
static void sleep_until(u64 limit)
{
    sbi_set_timer(limit);
    csr_set(sie, BIT(INTERRUPT_TIMER));
    wait_for_interrupt();
    csr_clear(sie, BIT(INTERRUPT_TIMER));
    sbi_set_timer(~0ull);
    interrupts_on();
    interrupts_off();
}

bool virtio_sleep(const struct virtq *queue)
{
    u64 limit = read_time() + WAIT_TICKS;

    interrupts_off();
    while (!virtq_has_used(queue) && read_time() <= limit)
        sleep_until(limit);
    interrupts_on();
    return virtq_has_used(queue);
}
