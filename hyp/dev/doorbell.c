#include "hyp/dev/doorbell.h"

enum {
    REG_ID = 0x00,
    REG_PEERS = 0x04,
    REG_RING = 0x08,
    REG_PENDING = 0x0c,
    REG_SIZE = 0x10,
};

/* The lock is held. Who sees in PENDING that somebody rang, sees what was stored before that. */
static void set_pending(struct doorbell *doorbell, u32 pending)
{
    __atomic_store_n(&doorbell->pending, pending, __ATOMIC_RELEASE);
    irq_line_set(&doorbell->irq, pending != 0);
}

static u32 read_register(struct doorbell *doorbell, u32 offset)
{
    switch (offset) {
    case REG_ID:
        return doorbell->id;
    case REG_PEERS:
        return doorbell->host.peers(doorbell->host.ctx);
    case REG_PENDING:
        return __atomic_load_n(&doorbell->pending, __ATOMIC_ACQUIRE);
    case REG_SIZE:
        return doorbell->region_size;
    default:
        return 0;
    }
}

static enum mmio_result doorbell_read(void *device, u32 offset, u32 width, u32 *value)
{
    if (width != 4)
        return MMIO_FAULT;
    *value = read_register(device, offset);
    return MMIO_OK;
}

static enum mmio_result doorbell_write(void *device, u32 offset, u32 width, u32 value)
{
    struct doorbell *doorbell = device;

    if (width != 4)
        return MMIO_FAULT;
    if (offset == REG_RING) {
        doorbell->host.ring(doorbell->host.ctx, value);
    } else if (offset == REG_PENDING) {
        spin_lock(&doorbell->lock);
        set_pending(doorbell, doorbell->pending & ~value);
        spin_unlock(&doorbell->lock);
    }
    return MMIO_OK;
}

const struct mmio_ops doorbell_ops = {
    .read = doorbell_read,
    .write = doorbell_write,
};

void doorbell_ring(struct doorbell *doorbell, u32 from)
{
    spin_lock(&doorbell->lock);
    set_pending(doorbell, doorbell->pending | BIT(from));
    spin_unlock(&doorbell->lock);
}

void doorbell_reset(struct doorbell *doorbell)
{
    spin_lock(&doorbell->lock);
    set_pending(doorbell, 0);
    spin_unlock(&doorbell->lock);
}

void doorbell_init(struct doorbell *doorbell, u32 id, u32 region_size,
                   const struct doorbell_host *host, struct irq_line irq)
{
    *doorbell = (struct doorbell){
        .host = *host,
        .irq = irq,
        .id = id,
        .region_size = region_size,
    };
}
