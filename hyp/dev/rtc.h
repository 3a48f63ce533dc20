/*
 * A goldfish real-time clock as on QEMU's virt: nanoseconds since 1970 in 64 bits, read and set in
 * halves, with one alarm.
 */
#ifndef DEV_RTC_H
#define DEV_RTC_H

#include "arch/types.h"
#include "hyp/core/lock.h"
#include "hyp/dev/mmio.h"

#define RTC_SIZE 0x24 /* bytes of registers; an access past them faults */

/*
 * What the device asks of the host. Times are the host's, in nanoseconds since 1970; now_ns never
 * goes back. `arm` sets the one moment at which rtc_alarm is to be called, or takes it away; it is
 * called with the device's lock held and must not call back.
 */
struct rtc_host {
    u64 (*now_ns)(void *ctx);
    void (*arm)(void *ctx, u64 when_ns, bool armed);
    void *ctx;
};

/* Private to rtc.c. */
struct rtc {
    struct spinlock lock;
    struct rtc_host host;
    struct irq_line irq;
    u64 offset;    /* the guest's time minus the host's, modulo 2^64          */
    u64 alarm;     /* the alarm registers: guest's time                       */
    u64 deadline;  /* host's time at which a running alarm goes off           */
    u32 time_high; /* latched by a read of TIME_LOW                           */
    bool running;  /* the alarm is set and has not gone off                   */
    bool pending;  /* it went off and the guest has not cleared the interrupt */
    bool enabled;  /* pending drives the line                                 */
    bool irq_level;
};

extern const struct mmio_ops rtc_ops; /* device: struct rtc * */

/* Wires the clock, which shows the host's time until the guest sets it. `host` is copied. */
void rtc_init(struct rtc *rtc, struct irq_line irq, const struct rtc_host *host);

/*
 * The power-on state of alarm and interrupt. A clock goes on over a reboot: the time that the guest
 * has set stays.
 */
void rtc_reset(struct rtc *rtc);

/*
 * The moment given to host.arm has come. Called by the VM on any hart, with no lock held that `arm`
 * takes. A call that comes too early, or late for an alarm since changed, does no harm.
 */
void rtc_alarm(struct rtc *rtc);

#endif
