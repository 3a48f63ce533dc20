#include "hyp/vm/platform.h"

#include "hyp/core/machine.h"
#include "hyp/core/wallclock.h"
#include "hyp/vm/vm.h"

static void set_external(void *ctx, u32 hart, bool pending)
{
    struct vm *vm = ctx;
    struct vcpu *vcpu = vm->vcpus[hart];

    __atomic_store_n(&vcpu->external, pending, __ATOMIC_RELAXED);
    vcpu_request(vcpu, REQUEST_EXTERNAL);
}

static void completed(void *ctx, u32 source)
{
    passthrough_completed(ctx, source);
}

static void uart_put(void *ctx, u8 byte)
{
    vm_console_put(ctx, byte);
}

static void uart_drained(void *ctx)
{
    vm_console_feed(ctx);
}

static u64 rtc_now(void *ctx)
{
    (void)ctx;
    return wallclock_ns();
}

static void rtc_due(struct timer *timer)
{
    rtc_alarm(&container_of(timer, struct platform, rtc_timer)->rtc);
}

static void rtc_arm(void *ctx, u64 when_ns, bool armed)
{
    struct vm *vm = ctx;

    timer_arm(&vm->platform.rtc_timer, armed ? wallclock_deadline(when_ns) : TIMER_NEVER);
}

static void finish(void *ctx, enum finisher_request request, u32 code)
{
    static const enum vm_ending endings[] = {
        [FINISHER_PASS] = VM_POWERS_OFF,
        [FINISHER_FAIL] = VM_FAILS,
        [FINISHER_RESET] = VM_RESETS,
    };

    (void)code;
    vm_request_end(ctx, endings[request]);
}

/* What is handed through takes the place of what is emulated. */
static void add(struct vm *vm, const char *name, u32 base, u32 size, const struct mmio_ops *ops,
                void *device)
{
    if (!passthrough_covers(vm, base, size))
        bus_add(&vm->bus, name, base, size, ops, device);
}

static void add_slots(struct vm *vm)
{
    static const char *const names[PLATFORM_VIRTIO_SLOTS] = {
        "virtio0", "virtio1", "virtio2", "virtio3", "virtio4", "virtio5", "virtio6", "virtio7",
    };

    for (u32 i = 0; i < PLATFORM_VIRTIO_SLOTS; i++)
        add(vm, names[i], PLATFORM_VIRTIO_BASE + i * PLATFORM_VIRTIO_STRIDE, VIRTIO_MMIO_SIZE,
            &virtio_slot_ops, vm->devices ? &vm->devices->slots[i] : &devices_no_slot);
}

void platform_init(struct vm *vm)
{
    struct platform *p = &vm->platform;
    const struct plic_host plic_host = {
        .set_external = set_external, .completed = completed, .ctx = vm};
    const struct uart_host uart_host = {.put = uart_put, .drained = uart_drained, .ctx = vm};
    const struct rtc_host rtc_host = {.now_ns = rtc_now, .arm = rtc_arm, .ctx = vm};

    p->rtc_timer.fire = rtc_due;
    plic_init(&p->plic, vm->config.cpus, &plic_host);
    uart16550_init(&p->uart, plic_line(&p->plic, PLATFORM_UART_IRQ), &uart_host);
    rtc_init(&p->rtc, plic_line(&p->plic, PLATFORM_RTC_IRQ), &rtc_host);
    finisher_init(&p->finisher, finish, vm);
    power_button_init(&p->button, plic_line(&p->plic, PLATFORM_BUTTON_IRQ));

    add(vm, "uart", PLATFORM_UART_BASE, UART16550_SIZE, &uart16550_ops, &p->uart);
    add(vm, "plic", PLATFORM_PLIC_BASE, PLIC_SIZE, &plic_ops, &p->plic);
    add(vm, "rtc", PLATFORM_RTC_BASE, RTC_SIZE, &rtc_ops, &p->rtc);
    add(vm, "finisher", PLATFORM_FINISHER_BASE, FINISHER_SIZE, &finisher_ops, &p->finisher);
    add(vm, "button", PLATFORM_BUTTON_BASE, POWER_BUTTON_SIZE, &power_button_ops, &p->button);
    add_slots(vm);
}

void platform_reset(struct vm *vm)
{
    struct platform *p = &vm->platform;

    uart16550_reset(&p->uart);
    rtc_reset(&p->rtc);
    power_button_reset(&p->button);
    devices_reset(vm);
    /* After them: it begins with the lines as the devices drive them now. */
    plic_reset(&p->plic);
    shared_regions_reset(vm);
    passthrough_reset(vm);
}

void platform_stop(struct vm *vm)
{
    timer_cancel_wait(&vm->platform.rtc_timer);
    shared_regions_stop(vm);
    passthrough_stop(vm);
}
