#include "hyp/dev/rtc.h"
#include "arch/u64.h"

enum {
    RTC_TIME_LOW = 0x00,
    RTC_TIME_HIGH = 0x04,
    RTC_ALARM_LOW = 0x08,
    RTC_ALARM_HIGH = 0x0c,
    RTC_IRQ_ENABLED = 0x10,
    RTC_CLEAR_ALARM = 0x14,
    RTC_ALARM_STATUS = 0x18,
    RTC_CLEAR_INTERRUPT = 0x1c,
};

#define NEVER (~0ull)

/* The guest's time. */
static u64 current_time(const struct rtc *rtc)
{
    return rtc->host.now_ns(rtc->host.ctx) + rtc->offset;
}

static void update_line(struct rtc *rtc)
{
    bool level = rtc->pending && rtc->enabled;

    if (level == rtc->irq_level)
        return;
    rtc->irq_level = level;
    irq_line_set(&rtc->irq, level);
}

static void disarm(struct rtc *rtc)
{
    if (!rtc->running)
        return;
    rtc->running = false;
    rtc->host.arm(rtc->host.ctx, NEVER, false);
}

static void go_off(struct rtc *rtc)
{
    rtc->pending = true;
    update_line(rtc);
}

/*
 * Takes the alarm registers into use. The deadline is kept in the host's time, so that setting the
 * clock in two halves, with a wild time between them, does not set the alarm off; so does QEMU.
 */
static void start_alarm(struct rtc *rtc)
{
    u64 now = rtc->host.now_ns(rtc->host.ctx);
    u64 time = now + rtc->offset;
    u64 wait = rtc->alarm - time;

    if (rtc->alarm <= time) {
        disarm(rtc);
        go_off(rtc);
        return;
    }
    rtc->running = true;
    rtc->deadline = wait > NEVER - now ? NEVER : now + wait;
    rtc->host.arm(rtc->host.ctx, rtc->deadline, true);
}

/* Reading the low half latches the high half, so that both are of one moment. */
static u32 read_time(struct rtc *rtc)
{
    u64 time = current_time(rtc);

    rtc->time_high = u64_high(time);
    return u64_low(time);
}

static u32 read_register(struct rtc *rtc, u32 offset)
{
    switch (offset) {
    case RTC_TIME_LOW:
        return read_time(rtc);
    case RTC_TIME_HIGH:
        return rtc->time_high;
    case RTC_ALARM_LOW:
        return u64_low(rtc->alarm);
    case RTC_ALARM_HIGH:
        return u64_high(rtc->alarm);
    case RTC_IRQ_ENABLED:
        return rtc->enabled;
    case RTC_ALARM_STATUS:
        return rtc->running;
    default:
        return 0;
    }
}

static void set_time(struct rtc *rtc, u64 now, u64 wanted)
{
    rtc->offset += wanted - now;
}

static void write_register(struct rtc *rtc, u32 offset, u32 value)
{
    u64 now;

    switch (offset) {
    case RTC_TIME_LOW:
        now = current_time(rtc);
        set_time(rtc, now, u64_join(value, u64_high(now)));
        break;
    case RTC_TIME_HIGH:
        now = current_time(rtc);
        set_time(rtc, now, u64_join(u64_low(now), value));
        break;
    case RTC_ALARM_LOW: /* written last: it starts the alarm */
        rtc->alarm = u64_join(value, u64_high(rtc->alarm));
        start_alarm(rtc);
        break;
    case RTC_ALARM_HIGH:
        rtc->alarm = u64_join(u64_low(rtc->alarm), value);
        break;
    case RTC_IRQ_ENABLED:
        rtc->enabled = value & 1;
        update_line(rtc);
        break;
    case RTC_CLEAR_ALARM:
        disarm(rtc);
        break;
    case RTC_CLEAR_INTERRUPT:
        rtc->pending = false;
        update_line(rtc);
        break;
    default: /* ALARM_STATUS and the gap behind it */
        break;
    }
}

static enum mmio_result rtc_read(void *device, u32 offset, u32 width, u32 *value)
{
    struct rtc *rtc = device;

    if (width != 4 || offset >= RTC_SIZE)
        return MMIO_FAULT;
    spin_lock(&rtc->lock);
    *value = read_register(rtc, offset);
    spin_unlock(&rtc->lock);
    return MMIO_OK;
}

static enum mmio_result rtc_write(void *device, u32 offset, u32 width, u32 value)
{
    struct rtc *rtc = device;

    if (width != 4 || offset >= RTC_SIZE)
        return MMIO_FAULT;
    spin_lock(&rtc->lock);
    write_register(rtc, offset, value);
    spin_unlock(&rtc->lock);
    return MMIO_OK;
}

const struct mmio_ops rtc_ops = {
    .read = rtc_read,
    .write = rtc_write,
};

void rtc_alarm(struct rtc *rtc)
{
    spin_lock(&rtc->lock);
    if (rtc->running && rtc->host.now_ns(rtc->host.ctx) >= rtc->deadline) {
        rtc->running = false;
        go_off(rtc);
    } else if (rtc->running) {
        /* This call may have used up the moment that a newer alarm was given. */
        rtc->host.arm(rtc->host.ctx, rtc->deadline, true);
    }
    spin_unlock(&rtc->lock);
}

void rtc_reset(struct rtc *rtc)
{
    spin_lock(&rtc->lock);
    disarm(rtc);
    rtc->alarm = 0;
    rtc->time_high = 0;
    rtc->pending = false;
    rtc->enabled = false;
    update_line(rtc);
    spin_unlock(&rtc->lock);
}

void rtc_init(struct rtc *rtc, struct irq_line irq, const struct rtc_host *host)
{
    *rtc = (struct rtc){.host = *host, .irq = irq};
    rtc_reset(rtc);
}
