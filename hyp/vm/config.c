#include "hyp/vm/config.h"

#include "hyp/core/printk.h"
#include "hyp/core/string.h"

/* Where something is wrong: `VM "web", property "cpus"`. */
#define PLACE_MAX 80

static const char *place(const struct vm_config *config, const char *property)
{
    static char text[PLACE_MAX]; /* only the boot hart parses descriptions */

    format_text(text, sizeof(text), "VM \"%s\", property \"%s\"", config->name, property);
    return text;
}

typedef bool parser(const struct fdt_prop *prop, struct vm_config *config);

/* The one NUL is the last byte. */
static bool is_string(const struct fdt_prop *prop)
{
    return prop->length && strlen((const char *)prop->data) == prop->length - 1;
}

static bool string_is(const struct fdt_prop *prop, const char *text)
{
    return is_string(prop) && !strcmp((const char *)prop->data, text);
}

static bool parse_cpus(const struct fdt_prop *prop, struct vm_config *config)
{
    if (prop->length != 4)
        return complain(place(config, prop->name), "expected one number, like <2>");
    config->cpus = fdt_cell(prop, 0);
    if (config->cpus < 1 || config->cpus > VM_MAX_VCPUS)
        return complain(place(config, prop->name), "%u is not between 1 and %u", config->cpus,
                        VM_MAX_VCPUS);
    return true;
}

/* "128M", "1G", "65536K". False: not of that form, or past 64 bits. */
static bool parse_size(const char *text, u64 *size)
{
    static const char units[] = "KMG";
    const char *unit;
    u64 value = 0;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (value > 100000000)
            return false;
        value = value * 10 + (u32)(*text - '0');
    }
    for (unit = units; *unit && *unit != *text; unit++)
        ;
    if (!*unit || text[1])
        return false;
    *size = value << 10 * (u32)(unit - units + 1);
    return true;
}

static bool parse_memory(const struct fdt_prop *prop, struct vm_config *config)
{
    if (!is_string(prop) || !parse_size((const char *)prop->data, &config->memory))
        return complain(place(config, prop->name), "expected a size in a string, like \"128M\"");
    if (config->memory < VM_MIN_MEMORY || config->memory > GIB(14) ||
        !IS_ALIGNED(config->memory, SUPERPAGE_SIZE))
        return complain(place(config, prop->name),
                        "\"%s\": expected a multiple of 4M from 8M to 14G",
                        (const char *)prop->data);
    return true;
}

static bool parse_blob(const struct fdt_prop *prop, struct vm_config *config, struct blob *blob)
{
    if (!prop->length)
        return complain(place(config, prop->name), "is empty; expected /incbin/(\"FILE\")");
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
    if (!is_string(prop) || prop->length > VM_BOOTARGS_MAX)
        return complain(place(config, prop->name), "expected a string of at most %u characters",
                        VM_BOOTARGS_MAX - 1);
    config->bootargs = (const char *)prop->data;
    return true;
}

static bool parse_counters(const struct fdt_prop *prop, struct vm_config *config)
{
    config->counters_direct = string_is(prop, "direct");
    if (!config->counters_direct && !string_is(prop, "virtual"))
        return complain(place(config, prop->name),
                        "expected \"virtual\" (the default) or \"direct\"");
    return true;
}

static bool parse_leaf(const struct fdt_prop *prop, struct vm_config *config)
{
    config->small_leaves = string_is(prop, "4K");
    if (!config->small_leaves && !string_is(prop, "4M"))
        return complain(place(config, prop->name), "expected \"4M\" (the default) or \"4K\"");
    return true;
}

static bool parse_flag(const struct fdt_prop *prop, struct vm_config *config, bool *flag)
{
    if (prop->length)
        return complain(place(config, prop->name), "takes no value: it is there or not");
    *flag = true;
    return true;
}

static bool parse_lazy(const struct fdt_prop *prop, struct vm_config *config)
{
    return parse_flag(prop, config, &config->lazy);
}

static bool parse_debug(const struct fdt_prop *prop, struct vm_config *config)
{
    return parse_flag(prop, config, &config->debug);
}

/* Every property of a VM. */
static const struct property {
    const char *name;
    parser *parse;
} properties[] = {
    {"cpus", parse_cpus},     {"memory", parse_memory},     {"kernel", parse_kernel},
    {"initrd", parse_initrd}, {"bootargs", parse_bootargs}, {"counters", parse_counters},
    {"leaf", parse_leaf},     {"lazy", parse_lazy},         {"debug", parse_debug},
};

static bool parse_property(const struct fdt_prop *prop, struct vm_config *config)
{
    for (u32 i = 0; i < ARRAY_SIZE(properties); i++)
        if (!strcmp(prop->name, properties[i].name))
            return properties[i].parse(prop, config);
    complain(place(config, prop->name), "is unknown. The properties of a VM are:");
    for (u32 i = 0; i < ARRAY_SIZE(properties); i++)
        printk("  %s\n", properties[i].name);
    return false;
}

bool vm_config_parse(const struct fdt *bundle, fdt_node node, struct vm_config *config)
{
    struct fdt_prop prop;

    *config = (struct vm_config){.name = fdt_name(bundle, node), .cpus = 1, .bootargs = ""};
    if (strlen(config->name) > VM_NAME_MAX)
        return complain(place(config, "(name)"), "is longer than %u characters", VM_NAME_MAX);
    for (u32 i = 0; fdt_prop_at(bundle, node, i, &prop); i++)
        if (!parse_property(&prop, config))
            return false;
    if (!config->memory)
        return complain(place(config, "memory"), "is missing; expected a size, like \"128M\"");
    if (!config->kernel.size)
        return complain(place(config, "kernel"), "is missing; expected /incbin/(\"FILE\")");
    return true;
}
