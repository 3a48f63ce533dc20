/* The doorbells of shared regions: who hears whom. */
#include "hyp/vm/shared_parts.h"
#include "hyp/vm/vm.h"

u32 shared_peers(void *ctx)
{
    const struct shared_attachment *attachment = ctx;

    return __atomic_load_n(&attachment->region->present, __ATOMIC_RELAXED);
}

void shared_ring(void *ctx, u32 numbers)
{
    struct shared_attachment *attachment = ctx;
    struct shared_region *region = attachment->region;

    spin_lock(&region->ring_lock);
    for (u32 i = 0; i < region->member_count; i++)
        if (numbers & region->present & BIT(i))
            doorbell_ring(&region->members[i]->doorbell, attachment->doorbell.id);
    spin_unlock(&region->ring_lock);
}

static void set_present(struct shared_attachment *attachment, bool present)
{
    struct shared_region *region = attachment->region;
    u32 bit = BIT(attachment->doorbell.id);
    u32 others = region->present & ~bit;

    __atomic_store_n(&region->present, present ? others | bit : others, __ATOMIC_RELAXED);
    doorbell_reset(&attachment->doorbell);
}

/* At most one VM rings at a time; a doorbell that is not present is quiet and stays so. */
static void change_present(struct shared_attachment *attachment, bool present)
{
    struct shared_region *region = attachment->region;

    spin_lock(&region->ring_lock);
    set_present(attachment, present);
    spin_unlock(&region->ring_lock);
}

void shared_regions_stop(struct vm *vm)
{
    for (u32 i = 0; i < shared_count(vm); i++)
        change_present(&vm->shared[i], false);
}

void shared_regions_reset(struct vm *vm)
{
    for (u32 i = 0; i < shared_count(vm); i++)
        change_present(&vm->shared[i], true);
}

/* The doorbells of a VM are pages of one window. */
static struct doorbell *doorbell_at(struct vm *vm, u32 offset)
{
    return &vm->shared[offset / DOORBELL_SIZE].doorbell;
}

static enum mmio_result doorbells_read(void *device, u32 offset, u32 width, u32 *value)
{
    return doorbell_ops.read(doorbell_at(device, offset), offset % DOORBELL_SIZE, width, value);
}

static enum mmio_result doorbells_write(void *device, u32 offset, u32 width, u32 value)
{
    return doorbell_ops.write(doorbell_at(device, offset), offset % DOORBELL_SIZE, width, value);
}

const struct mmio_ops shared_doorbells_ops = {
    .read = doorbells_read,
    .write = doorbells_write,
};
