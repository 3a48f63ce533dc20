/* How a device is heard: by its interrupt, or by asking it again and again. */
#include "hyp/core/printk.h"
#include "hyp/drv/plic.h"
#include "hyp/drv/virtio.h"

#define POLL_MS       1
#define CAUSELESS_MAX 1000 /* interrupts in a row, after which a line is of no use */

/* Acknowledged before the rings are looked at: what comes meanwhile interrupts anew. */
static u32 take_causes(struct virtio_drv *drv)
{
    u32 causes = virtio_register_read(drv->registers, VIRTIO_MMIO_INTERRUPT_STATUS) &
                 (VIRTIO_INTERRUPT_USED | VIRTIO_INTERRUPT_CONFIG);

    if (causes)
        virtio_register_write(drv->registers, VIRTIO_MMIO_INTERRUPT_ACK, causes);
    return causes;
}

static void poll(struct timer *timer)
{
    struct virtio_drv *drv = container_of(timer, struct virtio_drv, poll);

    drv->handler(drv->ctx, take_causes(drv) | VIRTIO_INTERRUPT_USED);
    if (drv->polled)
        timer_arm(&drv->poll, timer_after(POLL_MS));
}

static void start_polling(struct virtio_drv *drv)
{
    drv->polled = true;
    timer_arm(&drv->poll, timer_after(POLL_MS));
}

/* A line that is high for no reason would keep this hart for ever. */
static void interrupted(void *ctx)
{
    struct virtio_drv *drv = ctx;
    u32 causes = take_causes(drv);

    if (causes) {
        drv->causeless = 0;
        drv->handler(drv->ctx, causes);
    } else if (++drv->causeless == CAUSELESS_MAX) {
        plic_drv_mask(drv->interrupt, true);
        complain(drv->name, "it interrupts without a reason: from now on it is polled");
        start_polling(drv);
    }
}

void virtio_interrupts_begin(struct virtio_drv *drv)
{
    drv->poll.fire = poll;
    if (!plic_drv_attach(drv->interrupt, interrupted, drv))
        start_polling(drv);
}

void virtio_interrupts_end(struct virtio_drv *drv)
{
    if (!drv->polled)
        plic_drv_mask(drv->interrupt, true);
    drv->polled = false;
}
