/* The RAM of shared regions: when it comes and goes, and where guests see it. */
#include "hyp/core/fdt_write.h"
#include "hyp/vm/shared_parts.h"
#include "hyp/vm/vm.h"

/* None is ever executable: who stores there would run code in who fetches. */
#define RIGHTS_RO PTE_R
#define RIGHTS_RW (PTE_R | PTE_W)

static gpa_t region_gpa(u32 slot)
{
    return PLATFORM_SHARED_BASE + (gpa_t)slot * PLATFORM_SHARED_STRIDE;
}

/* The lock is held. What its last users left may not be given back yet: then the new one waits. */
static bool begin_use(struct shared_region *region)
{
    if (!region->users) {
        while (region->ram.size && !shared_ram_free_step(&region->ram))
            ;
        if (!shared_ram_allocate(&region->ram, region->size))
            return false;
    }
    region->users++;
    return true;
}

static bool map_region(struct vm *vm, u32 slot)
{
    struct shared_attachment *attachment = &vm->shared[slot];
    struct shared_region *region = attachment->region;

    spin_lock(&region->ram_lock);
    attachment->pages = begin_use(region) ? region->size / PAGE_SIZE : 0;
    spin_unlock(&region->ram_lock);
    return attachment->pages && shared_ram_map(&region->ram, &vm->stage2, region_gpa(slot),
                                               attachment->read_only ? RIGHTS_RO : RIGHTS_RW);
}

bool shared_regions_map(struct vm *vm)
{
    for (u32 i = 0; i < shared_count(vm); i++)
        if (!map_region(vm, i)) {
            shared_regions_unmap(vm);
            return false;
        }
    return true;
}

bool shared_regions_clear_step(struct vm *vm)
{
    bool clear = true;

    for (u32 i = 0; clear && i < shared_count(vm); i++) {
        struct shared_region *region = vm->shared[i].region;

        spin_lock(&region->ram_lock);
        clear = shared_ram_clear_step(&region->ram);
        spin_unlock(&region->ram_lock);
    }
    return clear;
}

/* Part of it may be mapped, when there was no memory for the rest. */
static void unmap_region(struct vm *vm, u32 slot)
{
    struct shared_attachment *attachment = &vm->shared[slot];
    struct shared_region *region = attachment->region;

    if (!attachment->pages)
        return;
    shared_ram_unmap(&region->ram, &vm->stage2, region_gpa(slot));
    attachment->pages = 0;
    spin_lock(&region->ram_lock);
    region->users--;
    spin_unlock(&region->ram_lock);
}

void shared_regions_unmap(struct vm *vm)
{
    shared_regions_stop(vm);
    for (u32 i = 0; i < shared_count(vm); i++)
        unmap_region(vm, i);
}

bool shared_regions_free_step(struct vm *vm)
{
    bool free = true;

    for (u32 i = 0; free && i < shared_count(vm); i++) {
        struct shared_region *region = vm->shared[i].region;

        spin_lock(&region->ram_lock);
        if (!region->users && region->ram.size)
            free = shared_ram_free_step(&region->ram);
        spin_unlock(&region->ram_lock);
    }
    return free;
}

/* For Linux's uio_pdrv_genirq, which takes what its parameter of_id names, and for who looks for
 * the region itself. */
static void write_node(struct fdt_writer *w, const struct shared_attachment *attachment, u32 slot,
                       u32 plic_phandle)
{
    static const char *const compatible[] = {"twofold,shared-memory", "generic-uio"};
    static const char *const reg_names[] = {"memory", "doorbell"};
    const struct shared_region *region = attachment->region;
    u32 reg[] = {
        0, (u32)region_gpa(slot), 0, region->size, 0, PLATFORM_DOORBELL_BASE + slot * DOORBELL_SIZE,
        0, DOORBELL_SIZE};

    fdt_begin_unit(w, "shared-memory", region_gpa(slot));
    fdt_put_strings(w, "compatible", compatible, ARRAY_SIZE(compatible));
    fdt_put_string(w, "label", region->name);
    fdt_put_string(w, "linux,uio-name", region->name);
    fdt_put_cells(w, "reg", reg, ARRAY_SIZE(reg));
    fdt_put_strings(w, "reg-names", reg_names, ARRAY_SIZE(reg_names));
    fdt_put_u32(w, "interrupt-parent", plic_phandle);
    fdt_put_u32(w, "interrupts", PLATFORM_DOORBELL_IRQ + slot);
    if (attachment->read_only)
        fdt_put_flag(w, "read-only");
    fdt_end_node(w);
}

void shared_regions_write_fdt(const struct vm *vm, struct fdt_writer *w, u32 plic_phandle)
{
    for (u32 i = 0; i < shared_count(vm); i++)
        write_node(w, &vm->shared[i], i, plic_phandle);
}
