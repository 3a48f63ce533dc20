/* disks: those of the host, who has what of them, and what the disks of VMs have done. */
#include "hyp/monitor/cmd.h"

#include "hyp/dev/virtio_blk.h"
#include "hyp/drv/disk.h"
#include "hyp/drv/disks.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

static const char *rights_of(const struct disk *disk)
{
    return disk->device.read_only ? "ro" : "rw";
}

static struct number_text disk_size(const struct disk *disk)
{
    return size_text(disk->device.sectors << SECTOR_SHIFT);
}

static void show_users(const struct block_device *device)
{
    for (const struct disk *disk = disk_first(); disk; disk = disk->next)
        if (disk->under == device)
            show("    sectors %llu to %llu, %s: VM \"%s\", %s\n", disk->first,
                 disk->first + disk->device.sectors - 1, rights_of(disk), disk->owner, disk->name);
}

static void show_host_disks(void)
{
    show("disks of the host\n");
    for (u32 i = 0; i < disks_count(); i++) {
        show("  virtio%u: %s\n", i, disks_describe(i));
        if (disks_find(i))
            show_users(disks_find(i));
    }
}

/* What it did in this life; the VM is held while its device is looked at. False: it is off. */
static bool take_counts(struct vm *vm, u32 nth, struct virtio_blk_counts *counts)
{
    const struct virtio_device *device;

    vm_hold(vm);
    device = devices_find(vm, SLOT_DISK, nth);
    if (device)
        *counts = *virtio_blk_counts(device);
    vm_release(vm);
    return device;
}

static void show_vm_disk(struct vm *vm, u32 nth)
{
    const struct disk *disk = &vm->devices->disks[nth];
    struct virtio_blk_counts counts;

    show("  %-10s %-18s %6s %2s", vm->config.name, disk->name, disk_size(disk).text,
         rights_of(disk));
    if (!take_counts(vm, nth, &counts)) {
        show("      off\n");
        return;
    }
    show(" %8u %6s %8u %6s %7u %6u %6u %6s\n", counts.reads, size_text(counts.bytes_read).text,
         counts.writes, size_text(counts.bytes_written).text, counts.flushes, counts.others,
         counts.errors, size_text((u64)disk->written_pages * PAGE_SIZE).text);
}

static bool has_disk(const struct vm *vm, u32 nth)
{
    return devices_find_slot(vm, SLOT_DISK, nth);
}

static void show_vm_disks(void)
{
    show("disks of VMs\n");
    show("  %-10s %-18s %6s %2s %8s %6s %8s %6s %7s %6s %6s %6s\n", "VM", "disk", "size", "",
         "reads", "bytes", "writes", "bytes", "flushes", "other", "errors", "memory");
    for (u32 i = 0; i < vm_count; i++)
        for (u32 nth = 0; has_disk(vms[i], nth); nth++)
            show_vm_disk(vms[i], nth);
}

static enum command_result command_disks(const struct arguments *arguments)
{
    bool any = false;

    (void)arguments;
    for (u32 i = 0; i < vm_count; i++)
        any |= has_disk(vms[i], 0);
    if (!any && !disks_count())
        return command_failed("the machine has no disk, and no VM has one");
    if (disks_count())
        show_host_disks();
    if (any)
        show_vm_disks();
    return COMMAND_DONE;
}

const struct command commands_disks[] = {
    {
        .name = "disks",
        .arguments = "",
        .summary = "the disks: of the host, who has what, and what VMs did with theirs",
        .example = "disks : memory is what the writes to an image take",
        .run = command_disks,
    },
    {.name = NULL},
};
