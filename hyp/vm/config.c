#include "hyp/vm/config.h"

#include "hyp/core/hart.h"
#include "hyp/core/nearest.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/config_value.h"
#include "hyp/vm/passthrough.h"
#include "hyp/vm/platform.h"
#include "hyp/vm/shared_region.h"

#define CAP_MAX (100 * MAX_HARTS)

typedef bool parser(const struct fdt_prop *prop, struct vm_config *config);

static bool parse_cpus(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_number(config, prop, 1, VM_MAX_VCPUS, &config->cpus);
}

static bool parse_memory(const struct fdt_prop *prop, struct vm_config *config)
{
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
static bool parse_reference(const struct fdt_prop *prop, struct vm_config *config,
                            struct blob *blob)
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

static bool parse_blob(const struct fdt_prop *prop, struct vm_config *config, struct blob *blob)
{
    if (is_reference(prop))
        return parse_reference(prop, config, blob);
    if (!prop->length)
        return complain(config_place(config, prop->name), "is empty; expected /incbin/(\"FILE\")");
    *blob = (struct blob){prop->data, prop->length};
    return true;
}

static bool parse_kernel(const struct fdt_prop *prop, struct vm_config *config)
{
    return parse_blob(prop, config, &config->kernel);
}

static bool parse_initrd(const struct fdt_prop *prop, struct vm_config *config)
{
    return parse_blob(prop, config, &config->initrd);
}

static bool parse_bootargs(const struct fdt_prop *prop, struct vm_config *config)
{
    if (!value_is_string(prop) || prop->length > VM_BOOTARGS_MAX)
        return complain(config_place(config, prop->name),
                        "expected a string of at most %u characters", VM_BOOTARGS_MAX - 1);
    config->bootargs = (const char *)prop->data;
    return true;
}

static bool parse_counters(const struct fdt_prop *prop, struct vm_config *config)
{
    static const char *const words[] = {"virtual", "direct", NULL};
    u32 choice;

    if (!value_choice(config, prop, words, &choice))
        return false;
    config->counters_direct = choice;
    return true;
}

static bool parse_leaf(const struct fdt_prop *prop, struct vm_config *config)
{
    static const char *const words[] = {"4M", "4K", NULL};
    u32 choice;

    if (!value_choice(config, prop, words, &choice))
        return false;
    config->small_leaves = choice;
    return true;
}

static bool parse_start(const struct fdt_prop *prop, struct vm_config *config)
{
    static const char *const words[] = {"auto", "manual", NULL};
    u32 choice;

    if (!value_choice(config, prop, words, &choice))
        return false;
    config->manual = choice;
    return true;
}

static bool parse_restart(const struct fdt_prop *prop, struct vm_config *config)
{
    static const char *const words[] = {
        [RESTART_NEVER] = "never",
        [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_ALWAYS] = "always",
        NULL,
    };
    u32 choice;

    if (!value_choice(config, prop, words, &choice))
        return false;
    config->restart = choice;
    return true;
}

static bool parse_lazy(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_flag(config, prop, &config->lazy);
}

static bool parse_shared(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_flag(config, prop, &config->shared) && value_flag(config, prop, &config->lazy);
}

static bool parse_debug(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_flag(config, prop, &config->debug);
}

static bool parse_weight(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_number(config, prop, SCHED_WEIGHT_MIN, SCHED_WEIGHT_MAX, &config->share.weight);
}

static bool parse_cap(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_number(config, prop, 1, CAP_MAX, &config->share.cap);
}

static bool parse_max_exits(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_number(config, prop, 1000, 1000000000, &config->max_exits);
}

/* The bit of the hart with that id in sched_share.affinity; 0: it is not there, or not online. */
static u32 hart_bit(u32 id)
{
    for (u32 i = 0; i < hart_count; i++)
        if (harts[i].online && harts[i].id == id)
            return BIT(i);
    return 0;
}

static bool parse_affinity(const struct fdt_prop *prop, struct vm_config *config)
{
    u32 affinity = 0;

    if (!prop->length || prop->length % 4)
        return complain(config_place(config, prop->name), "expected hart ids, like <0 1>");
    for (u32 i = 0; i < prop->length / 4; i++) {
        u32 bit = hart_bit(fdt_cell(prop, i));

        if (!bit)
            return complain(config_place(config, prop->name),
                            "this machine has no hart %u that is online", fdt_cell(prop, i));
        affinity |= bit;
    }
    config->share.affinity = affinity;
    return true;
}

static bool parse_disk(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_strings(config, prop, PLATFORM_VIRTIO_SLOTS, &config->disks);
}

static bool parse_net(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_strings(config, prop, PLATFORM_VIRTIO_SLOTS, &config->nets);
}

static bool parse_virtio(const struct fdt_prop *prop, struct vm_config *config)
{
    static const char *const words[] = {"legacy", "modern", NULL};
    u32 choice;

    if (!value_choice(config, prop, words, &choice))
        return false;
    config->virtio_modern = choice;
    return true;
}

static bool parse_entropy(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_flag(config, prop, &config->entropy);
}

static bool parse_balloon(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_flag(config, prop, &config->balloon);
}

static bool parse_virtio_console(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_flag(config, prop, &config->virtio_console);
}

static bool parse_shared_memory(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_strings(config, prop, SHARED_REGIONS_PER_VM, &config->shared_memory);
}

static bool parse_passthrough(const struct fdt_prop *prop, struct vm_config *config)
{
    return value_strings(config, prop, PASSTHROUGH_MAX, &config->passthrough);
}

static bool parse_dma(const struct fdt_prop *prop, struct vm_config *config)
{
    static const char *const words[] = {"refused", "trusted", NULL};
    u32 choice;

    if (!value_choice(config, prop, words, &choice))
        return false;
    config->dma_trusted = choice;
    return true;
}

/* Every property of a VM. */
static const struct property {
    const char *name;
    parser *parse;
} properties[] = {
    {"cpus", parse_cpus},
    {"memory", parse_memory},
    {"kernel", parse_kernel},
    {"initrd", parse_initrd},
    {"bootargs", parse_bootargs},
    {"counters", parse_counters},
    {"leaf", parse_leaf},
    {"lazy", parse_lazy},
    {"shared", parse_shared},
    {"weight", parse_weight},
    {"cap", parse_cap},
    {"cpu-affinity", parse_affinity},
    {"start", parse_start},
    {"restart", parse_restart},
    {"max-exits", parse_max_exits},
    {"debug", parse_debug},
    {"disk", parse_disk},
    {"net", parse_net},
    {"virtio", parse_virtio},
    {"entropy", parse_entropy},
    {"balloon", parse_balloon},
    {"virtio-console", parse_virtio_console},
    {"shared-memory", parse_shared_memory},
    {"passthrough", parse_passthrough},
    {"dma", parse_dma},
};

const char *string_list_at(struct string_list list, u32 index)
{
    const char *end = list.text + list.length;

    while (list.text < end && index--)
        list.text += strlen(list.text) + 1;
    return list.text < end ? list.text : NULL;
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
            return properties[i].parse(prop, config);
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
