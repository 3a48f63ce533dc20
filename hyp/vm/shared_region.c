/* Who has which region. */
#include "hyp/vm/shared_region.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/config_value.h"
#include "hyp/vm/shared_parts.h"
#include "hyp/vm/vm.h"

static struct shared_region regions[SHARED_REGIONS_MAX];

u32 shared_count(const struct vm *vm)
{
    u32 count = 0;

    while (count < SHARED_REGIONS_PER_VM && vm->shared[count].region)
        count++;
    return count;
}

bool shared_regions_read_only(const struct vm *vm)
{
    for (u32 i = 0; i < shared_count(vm); i++)
        if (vm->shared[i].read_only)
            return true;
    return false;
}

static struct shared_region *find_region(const char *name)
{
    for (u32 i = 0; i < SHARED_REGIONS_MAX; i++)
        if (regions[i].member_count && !strcmp(regions[i].name, name))
            return &regions[i];
    return NULL;
}

static struct shared_region *new_region(const struct shared_spec *spec)
{
    for (u32 i = 0; i < SHARED_REGIONS_MAX; i++) {
        struct shared_region *region = &regions[i];

        if (region->member_count)
            continue;
        region->size = spec->size;
        memcpy(region->name, spec->name, sizeof(region->name));
        return region;
    }
    return NULL;
}

static bool refuse(const struct vm *vm, const struct shared_spec *spec, const char *why)
{
    return complain(config_place(&vm->config, "shared-memory"), "\"%s\": %s", spec->name, why);
}

static bool has_region(const struct vm *vm, const struct shared_region *region)
{
    for (u32 i = 0; i < shared_count(vm); i++)
        if (vm->shared[i].region == region)
            return true;
    return false;
}

/* Can the VM have the region, which others have? */
static bool can_join(const struct vm *vm, const struct shared_region *region,
                     const struct shared_spec *spec)
{
    if (has_region(vm, region))
        return refuse(vm, spec, "it is named twice");
    if (region->member_count == SHARED_MEMBERS_MAX)
        return refuse(vm, spec, "32 VMs have it, and no more can");
    if (region->size != spec->size)
        return complain(config_place(&vm->config, "shared-memory"),
                        "\"%s\" is of %u KiB here, and of %u KiB in VM \"%s\"", spec->name,
                        spec->size >> 10, region->size >> 10, region->members[0]->vm->config.name);
    return true;
}

static void join(struct vm *vm, u32 slot, struct shared_region *region,
                 const struct shared_spec *spec)
{
    struct shared_attachment *attachment = &vm->shared[slot];
    const struct doorbell_host host = {
        .peers = shared_peers,
        .ring = shared_ring,
        .ctx = attachment,
    };

    *attachment =
        (struct shared_attachment){.region = region, .vm = vm, .read_only = spec->read_only};
    doorbell_init(&attachment->doorbell, region->member_count, region->size, &host,
                  plic_line(&vm->platform.plic, PLATFORM_DOORBELL_IRQ + slot));
    spin_lock(&region->ring_lock);
    region->members[region->member_count++] = attachment;
    spin_unlock(&region->ring_lock);
}

static bool attach(struct vm *vm, u32 slot, const char *text)
{
    struct shared_region *region;
    struct shared_spec spec;
    const char *error = shared_spec_parse(text, &spec);

    if (error)
        return complain(config_place(&vm->config, "shared-memory"), "\"%s\": %s", text, error);
    region = find_region(spec.name);
    if (region && !can_join(vm, region, &spec))
        return false;
    if (!region)
        region = new_region(&spec);
    if (!region)
        return refuse(vm, &spec, "there are 32 regions, and no more can be");
    join(vm, slot, region, &spec);
    return true;
}

/* Of a VM that cannot be made: the last that joined. */
static void leave_all(struct vm *vm)
{
    for (u32 i = 0; i < shared_count(vm); i++) {
        struct shared_region *region = vm->shared[i].region;

        spin_lock(&region->ring_lock);
        region->member_count--;
        spin_unlock(&region->ring_lock);
    }
    for (u32 i = 0; i < SHARED_REGIONS_PER_VM; i++)
        vm->shared[i] = (struct shared_attachment){0};
}

bool shared_regions_create(struct vm *vm)
{
    const char *text;
    u32 count = 0;

    for (; (text = string_list_at(vm->config.shared_memory, count)); count++)
        if (!attach(vm, count, text)) {
            leave_all(vm);
            return false;
        }
    if (count)
        bus_add(&vm->bus, "doorbells", PLATFORM_DOORBELL_BASE, count * DOORBELL_SIZE,
                &shared_doorbells_ops, vm);
    return true;
}
