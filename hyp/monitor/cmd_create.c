/* create: a VM as another one is described, with a name of its own and perhaps other properties. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/string.h"
#include "hyp/monitor/property_text.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

/* Names and texts of the VMs that were created: they are used for ever. */
static char kept[4096];
static u32 kept_used;

/* A copy of `text` that stays. NULL: there is no room for it; told. */
static char *keep(const char *text)
{
    u32 size = (u32)strlen(text) + 1;
    char *copy = kept + kept_used;

    if (size > sizeof(kept) - kept_used) {
        command_failed("there is no room for the text of more VMs");
        return NULL;
    }
    memcpy(copy, text, size);
    kept_used += size;
    return copy;
}

/* Letters, digits and , . _ + - : as the names of nodes. */
static bool is_name_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ',' ||
           c == '.' || c == '_' || c == '+' || c == '-';
}

static enum command_result check_name(const char *name)
{
    if (strlen(name) > VM_NAME_MAX)
        return command_failed("\"%s\" is longer than %u characters", name, VM_NAME_MAX);
    for (u32 i = 0; name[i]; i++)
        if (!is_name_letter(name[i]))
            return command_failed("\"%s\": the name of a VM has letters, digits and , . _ + - only",
                                  name);
    if (!name[0] || !strcmp(name, "all") || !strcmp(name, "none") || !strcmp(name, "from"))
        return command_failed("\"%s\" cannot be the name of a VM", name);
    if (vm_find(name))
        return command_failed("there is a VM \"%s\" already", name);
    return COMMAND_DONE;
}

static enum command_result set_property(struct vm_config *config, const char *name,
                                        const char *text)
{
    struct property_value value;
    struct fdt_prop prop;
    char *kept_text = keep(text);

    if (!kept_text)
        return COMMAND_FAILED;
    if (!property_from_text(name, kept_text, &value, &prop))
        return command_failed("property \"%s\": expected %s, not \"%s\"", name, property_form(name),
                              text);
    if (!vm_config_set(config, &prop))
        return command_failed("VM \"%s\" is not created", config->name);
    return COMMAND_DONE;
}

static enum command_result create(struct vm_config *config, const struct arguments *arguments)
{
    const char *name = keep(arguments->word[1]);

    if (!name)
        return COMMAND_FAILED;
    config->name = name;
    config->manual = true;
    for (u32 i = 4; i < arguments->count; i += 2)
        if (set_property(config, arguments->word[i], arguments->word[i + 1]) != COMMAND_DONE)
            return COMMAND_FAILED;
    if (!vm_add(config))
        return command_failed("VM \"%s\" is not created", name);
    show("VM \"%s\" is there, and off: start %s\n", name, name);
    return COMMAND_DONE;
}

enum command_result command_create(const struct arguments *arguments)
{
    struct vm_config config;
    enum command_result result = check_name(arguments->word[1]);
    u32 used_before = kept_used;
    struct vm *model;

    if (result != COMMAND_DONE)
        return result;
    if (strcmp(arguments->word[2], "from"))
        return command_failed("expected: create NAME from VM, not \"%s\"", arguments->word[2]);
    model = argument_vm(arguments->word[3]);
    if (!model)
        return COMMAND_FAILED;
    if (arguments->count % 2)
        return command_failed("property \"%s\" has no value after it",
                              arguments->word[arguments->count - 1]);
    config = model->config;
    result = create(&config, arguments);
    if (result != COMMAND_DONE)
        kept_used = used_before;
    return result;
}
