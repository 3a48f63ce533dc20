/* Which virtio devices the machine has. */
#include "hyp/core/machine.h"
#include "hyp/core/paging.h"
#include "hyp/core/printk.h"
#include "hyp/drv/virtio.h"

static struct {
    bool searched;
    u32 count;
    struct virtio_drv devices[VIRTIO_DRV_MAX]; /* by address */
} found;

/* Makes room at the place of `address`. */
static struct virtio_drv *insert(hpa_t address)
{
    u32 at = found.count++;

    for (; at && found.devices[at - 1].address > address; at--)
        found.devices[at] = found.devices[at - 1];
    return &found.devices[at];
}

/* Slots without a device are the rule, and not worth a word; nor is a transport of the future. */
static bool look_at(struct virtio_drv *drv)
{
    u32 version;

    if (virtio_register_read(drv->registers, VIRTIO_MMIO_MAGIC_VALUE) != VIRTIO_MMIO_MAGIC)
        return false;
    version = virtio_register_read(drv->registers, VIRTIO_MMIO_VERSION);
    if (version != 1 && version != 2)
        return false;
    drv->modern = version == 2;
    drv->id = virtio_register_read(drv->registers, VIRTIO_MMIO_DEVICE_ID);
    return drv->id != VIRTIO_NONE;
}

static void add_device(fdt_node node)
{
    const struct fdt *fdt = &machine.fdt;
    struct virtio_drv drv = {.node = node};
    u64 size;

    if (!fdt_reg(fdt, node, 0, &drv.address, &size) ||
        size < VIRTIO_MMIO_CONFIG + sizeof(struct virtio_blk_config))
        return;
    drv.registers =
        paging_map_device(drv.address, (u32)sizeof(struct virtio_blk_config) + VIRTIO_MMIO_CONFIG);
    if (!drv.registers || !look_at(&drv))
        return;
    fdt_u32(fdt, node, "interrupts", &drv.interrupt);
    if (found.count == VIRTIO_DRV_MAX)
        printk("virtio device at 0x%llx left out: this build takes %u\n", drv.address,
               VIRTIO_DRV_MAX);
    else
        *insert(drv.address) = drv;
}

static void search(void)
{
    const struct fdt *fdt = &machine.fdt;

    found.searched = true;
    for (fdt_node node = fdt_next_compatible(fdt, FDT_NONE, "virtio,mmio"); node != FDT_NONE;
         node = fdt_next_compatible(fdt, node, "virtio,mmio"))
        if (fdt_is_available(fdt, node))
            add_device(node);
}

struct virtio_drv *virtio_drv_next(u32 id, const struct virtio_drv *after)
{
    if (!found.searched)
        search();
    for (u32 i = after ? (u32)(after - found.devices) + 1 : 0; i < found.count; i++)
        if (found.devices[i].id == id)
            return &found.devices[i];
    return NULL;
}
