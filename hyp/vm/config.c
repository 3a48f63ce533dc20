#include "hyp/vm/config.h"

#include <stddef.h>

#include "hyp/core/hart.h"
#include "hyp/core/nearest.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/config_value.h"
#include "hyp/vm/passthrough.h"
#include "hyp/vm/platform.h"
#include "hyp/vm/shared_region.h"

#define CAP_MAX (100 * MAX_HARTS)

/* One property: how its value is read, and into which field. */
struct property {
    const char *name;
    bool (*parse)(const struct property *property, const struct fdt_prop *prop,
                  struct vm_config *config);
    u32 field;                /* offset in struct vm_config; 0: the function knows */
    u32 min, max;             /* of a number; max of a list's strings              */
    const char *const *words; /* of a choice of two, the first for false           */
};

#define FIELD(name) offsetof(struct vm_config, name)

static void *field_of(const struct property *property, struct vm_config *config)
{
    return (u8 *)config + property->field;
}

static bool number(const struct property *property, const struct fdt_prop *prop,
                   struct vm_config *config)
{
    return value_number(config, prop, property->min, property->max, field_of(property, config));
}

static bool flag(const struct property *property, const struct fdt_prop *prop,
                 struct vm_config *config)
{
    return value_flag(config, prop, field_of(property, config));
}

static bool choice(const struct property *property, const struct fdt_prop *prop,
                   struct vm_config *config)
{
    bool *field = field_of(property, config);
    u32 index;

    if (!value_choice(config, prop, property->words, &index))
        return false;
    *field = index;
    return true;
}

static bool strings(const struct property *property, const struct fdt_prop *prop,
                    struct vm_config *config)
{
    return value_strings(config, prop, property->max, field_of(property, config));
}

static bool memory(const struct property *property, const struct fdt_prop *prop,
                   struct vm_config *config)
{
    (void)property;
    if (!value_size(prop, &config->memory))
        return complain(config_place(config, prop->name),
                        "expected a size in a string, like \"128M\"");
    if (config->memory < VM_MIN_MEMORY || config->memory > GIB(14) ||
        !IS_ALIGNED(config->memory, SUPERPAGE_SIZE))
        return complain(config_place(config, prop->name),
                        "\"%s\": expected a multiple of 4M from 8M to 14G",
                        (const char *)prop->data);
    return true;
}

/* `kernel = &label` is the path of a node below /images: its data is the file. */
static bool reference(const struct fdt_prop *prop, struct vm_config *config, struct blob *blob)
{
    fdt_node node = fdt_path(config->bundle, (const char *)prop->data);
    struct fdt_prop data;

    if (!fdt_prop(config->bundle, node, "data", &data) || !data.length)
        return complain(config_place(config, prop->name),
                        "%s: expected a node there with data = /incbin/(\"FILE\")",
                        (const char *)prop->data);
    *blob = (struct blob){data.data, data.length};
    return true;
}

static bool is_reference(const struct fdt_prop *prop)
{
    static const char images[] = "/" VM_CONFIG_IMAGES "/";

    return value_is_string(prop) && !strncmp((const char *)prop->data, images, sizeof(images) - 1);
}

static bool file(const struct property *property, const struct fdt_prop *prop,
                 struct vm_config *config)
{
    struct blob *blob = field_of(property, config);

    if (is_reference(prop))
        return reference(prop, config, blob);
    if (!prop->length)
        return complain(config_place(config, prop->name), "is empty; expected /incbin/(\"FILE\")");
    *blob = (struct blob){prop->data, prop->length};
    return true;
}

static bool bootargs(const struct property *property, const struct fdt_prop *prop,
                     struct vm_config *config)
{
    (void)property;
    if (!value_is_string(prop) || prop->length > VM_BOOTARGS_MAX)
        return complain(config_place(config, prop->name),
                        "expected a string of at most %u characters", VM_BOOTARGS_MAX - 1);
    config->bootargs = (const char *)prop->data;
    return true;
}

static bool restart(const struct property *property, const struct fdt_prop *prop,
                    struct vm_config *config)
{
    static const char *const words[] = {
        [RESTART_NEVER] = "never",
        [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_ALWAYS] = "always",
        NULL,
    };
    u32 index;

    (void)property;
    if (!value_choice(config, prop, words, &index))
        return false;
    config->restart = index;
    return true;
}

/* Images are shared page by page, so RAM comes page by page. */
static bool shared(const struct property *property, const struct fdt_prop *prop,
                   struct vm_config *config)
{
    (void)property;
    return value_flag(config, prop, &config->shared) && value_flag(config, prop, &config->lazy);
}

/* The bit of the hart with that id in sched_share.affinity; 0: it is not there, or not online. */
static u32 hart_bit(u32 id)
{
    for (u32 i = 0; i < hart_count; i++)
        if (harts[i].online && harts[i].id == id)
            return BIT(i);
    return 0;
}

static bool affinity(const struct property *property, const struct fdt_prop *prop,
                     struct vm_config *config)
{
    u32 set = 0;

    (void)property;
    if (!prop->length || prop->length % 4)
        return complain(config_place(config, prop->name), "expected hart ids, like <0 1>");
    for (u32 i = 0; i < prop->length / 4; i++) {
        u32 bit = hart_bit(fdt_cell(prop, i));

        if (!bit)
            return complain(config_place(config, prop->name),
                            "this machine has no hart %u that is online", fdt_cell(prop, i));
        set |= bit;
    }
    config->share.affinity = set;
    return true;
}

static const char *const counters_words[] = {"virtual", "direct", NULL};
static const char *const leaf_words[] = {"4M", "4K", NULL};
static const char *const start_words[] = {"auto", "manual", NULL};
static const char *const virtio_words[] = {"legacy", "modern", NULL};
static const char *const dma_words[] = {"refused", "trusted", NULL};

/* Every property of a VM. */
static const struct property properties[] = {
    {.name = "cpus", .parse = number, .field = FIELD(cpus), .min = 1, .max = VM_MAX_VCPUS},
    {.name = "memory", .parse = memory},
    {.name = "kernel", .parse = file, .field = FIELD(kernel)},
    {.name = "initrd", .parse = file, .field = FIELD(initrd)},
    {.name = "bootargs", .parse = bootargs},
    {.name = "counters", .parse = choice, .field = FIELD(counters_direct), .words = counters_words},
    {.name = "leaf", .parse = choice, .field = FIELD(small_leaves), .words = leaf_words},
    {.name = "lazy", .parse = flag, .field = FIELD(lazy)},
    {.name = "shared", .parse = shared},
    {.name = "weight",
     .parse = number,
     .field = FIELD(share.weight),
     .min = SCHED_WEIGHT_MIN,
     .max = SCHED_WEIGHT_MAX},
    {.name = "cap", .parse = number, .field = FIELD(share.cap), .min = 1, .max = CAP_MAX},
    {.name = "cpu-affinity", .parse = affinity},
    {.name = "start", .parse = choice, .field = FIELD(manual), .words = start_words},
    {.name = "restart", .parse = restart},
    {.name = "max-exits",
     .parse = number,
     .field = FIELD(max_exits),
     .min = 1000,
     .max = 1000000000},
    {.name = "debug", .parse = flag, .field = FIELD(debug)},
    {.name = "disk", .parse = strings, .field = FIELD(disks), .max = PLATFORM_VIRTIO_SLOTS},
    {.name = "net", .parse = strings, .field = FIELD(nets), .max = PLATFORM_VIRTIO_SLOTS},
    {.name = "virtio", .parse = choice, .field = FIELD(virtio_modern), .words = virtio_words},
    {.name = "entropy", .parse = flag, .field = FIELD(entropy)},
    {.name = "balloon", .parse = flag, .field = FIELD(balloon)},
    {.name = "virtio-console", .parse = flag, .field = FIELD(virtio_console)},
    {.name = "shared-memory",
     .parse = strings,
     .field = FIELD(shared_memory),
     .max = SHARED_REGIONS_PER_VM},
    {.name = "passthrough", .parse = strings, .field = FIELD(passthrough), .max = PASSTHROUGH_MAX},
    {.name = "dma", .parse = choice, .field = FIELD(dma_trusted), .words = dma_words},
};

const char *string_list_at(struct string_list list, u32 index)
{
    u32 at = 0;

    while (at < list.length && index--)
        at += (u32)strlen(list.text + at) + 1;
    return at < list.length ? list.text + at : NULL;
}

u32 string_list_count(struct string_list list)
{
    u32 count = 0;

    while (string_list_at(list, count))
        count++;
    return count;
}

const char *vm_config_property(u32 index)
{
    return index < ARRAY_SIZE(properties) ? properties[index].name : NULL;
}

static bool unknown_property(const char *name, const struct vm_config *config)
{
    const char *meant = nearest_name(name, vm_config_property);

    if (meant)
        complain(config_place(config, name),
                 "is unknown; did you mean \"%s\"? The properties of a VM are:", meant);
    else
        complain(config_place(config, name), "is unknown. The properties of a VM are:");
    for (u32 i = 0; i < ARRAY_SIZE(properties); i++)
        printk("  %s\n", properties[i].name);
    return false;
}

bool vm_config_set(struct vm_config *config, const struct fdt_prop *prop)
{
    for (u32 i = 0; i < ARRAY_SIZE(properties); i++)
        if (!strcmp(prop->name, properties[i].name))
            return properties[i].parse(&properties[i], prop, config);
    return unknown_property(prop->name, config);
}

bool vm_config_parse(const struct fdt *bundle, fdt_node node, struct vm_config *config)
{
    struct fdt_prop prop;

    *config = (struct vm_config){
        .bundle = bundle,
        .name = fdt_name(bundle, node),
        .cpus = 1,
        .bootargs = "",
        .share = {SCHED_WEIGHT_DEFAULT, SCHED_NO_CAP, SCHED_ALL_HARTS},
    };
    if (strlen(config->name) > VM_NAME_MAX)
        return complain(config_place(config, "(name)"), "is longer than %u characters",
                        VM_NAME_MAX);
    for (u32 i = 0; fdt_prop_at(bundle, node, i, &prop); i++)
        if (!vm_config_set(config, &prop))
            return false;
    if (!config->memory)
        return complain(config_place(config, "memory"),
                        "is missing; expected a size, like \"128M\"");
    if (!config->kernel.size)
        return complain(config_place(config, "kernel"), "is missing; expected /incbin/(\"FILE\")");
    return true;
}
