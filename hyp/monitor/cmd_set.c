/* set: what can be changed while VMs run. */
#include "hyp/monitor/cmd.h"

#include "hyp/core/nearest.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/monitor/keyboard.h"
#include "hyp/monitor/property_text.h"
#include "hyp/monitor/show.h"
#include "hyp/vm/vm.h"

static bool colour;

/* ^X: a control character, but for those that a terminal types for keys of its own. */
static enum command_result set_escape(const char *word)
{
    static const char taken[] = "\b\t\n\r\033\003";
    u8 key = word[0] == '^' && word[1] && !word[2] ? (u8)word[1] & 0x1f : 0;

    if (!key || word[1] < '@')
        return command_failed("expected ^ and a letter or ] \\ ^ _, such as ^], not \"%s\"", word);
    for (u32 i = 0; taken[i]; i++)
        if (key == (u8)taken[i])
            return command_failed("%s is needed for typing", word);
    keyboard_escape = key;
    return COMMAND_DONE;
}

/* One of two words. */
static enum command_result choose(const char *word, const char *yes, const char *no, bool *choice)
{
    *choice = !strcmp(word, yes);
    if (!*choice && strcmp(word, no))
        return command_failed("expected %s or %s, not \"%s\"", yes, no, word);
    return COMMAND_DONE;
}

static enum command_result set_colour(const char *word)
{
    bool on;
    enum command_result result = choose(word, "on", "off", &on);

    if (result != COMMAND_DONE)
        return result;
    colour = on;
    vm_console_colour(on);
    return COMMAND_DONE;
}

static enum command_result set_view(const char *word)
{
    bool all;
    enum command_result result = choose(word, "all", "one", &all);

    if (result == COMMAND_DONE)
        keyboard_show_all(all);
    return result;
}

static const struct {
    const char *name;
    enum command_result (*set)(const char *word);
} settings[] = {
    {"escape", set_escape},
    {"colour", set_colour},
    {"view", set_view},
};

const char *setting_name(u32 index)
{
    if (index < ARRAY_SIZE(settings))
        return settings[index].name;
    return vm_name(index - (u32)ARRAY_SIZE(settings));
}

/* Properties of a VM that take effect at once. */
static const char *const live[] = {"weight", "cap", "cpu-affinity", "restart", "max-exits", NULL};

static const char *live_at(u32 index)
{
    return index < ARRAY_SIZE(live) ? live[index] : NULL;
}

static bool is_live(const char *name)
{
    for (u32 i = 0; live[i]; i++)
        if (!strcmp(name, live[i]))
            return true;
    return false;
}

/* No cap, and no limit, are what a description says by saying nothing. */
static bool set_to_none(struct vm_config *config, const char *name, const char *text)
{
    if (strcmp(text, "none"))
        return false;
    if (!strcmp(name, "cap"))
        config->share.cap = SCHED_NO_CAP;
    else if (!strcmp(name, "max-exits"))
        config->max_exits = 0;
    else if (!strcmp(name, "cpu-affinity"))
        config->share.affinity = SCHED_ALL_HARTS;
    else
        return false;
    return true;
}

static enum command_result set_of_vm(struct vm *vm, const char *name, const char *text)
{
    struct vm_config config = vm->config;
    struct property_value value;
    struct fdt_prop prop;
    const char *meant = nearest_name(name, live_at);

    if (!is_live(name))
        return command_failed("\"%s\" cannot be set while a VM is there%s%s%s", name,
                              meant ? "; did you mean \"" : "", meant ? meant : "",
                              meant ? "\"?"
                                    : ": weight, cap, cpu-affinity, restart, max-exits can");
    if (!set_to_none(&config, name, text)) {
        if (!property_from_text(name, text, &value, &prop))
            return command_failed("%s: expected %s, not \"%s\"", name, property_form(name), text);
        if (!vm_config_set(&config, &prop))
            return command_failed("%s of VM \"%s\" stays as it is", name, vm->config.name);
    }
    vm->config.restart = config.restart;
    if (vm->config.max_exits != config.max_exits)
        watchdog_set(vm, config.max_exits);
    vm->config.share = config.share;
    sched_group_set(&vm->group, &config.share);
    return COMMAND_DONE;
}

static void show_vm(const struct vm *vm)
{
    static const char *const restarts[] = {
        [RESTART_NEVER] = "never",
        [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_ALWAYS] = "always",
    };
    const struct vm_config *config = &vm->config;
    char cap[12] = "none", limit[12] = "none";

    if (config->share.cap != SCHED_NO_CAP)
        format_text(cap, sizeof(cap), "%u", config->share.cap);
    if (config->max_exits)
        format_text(limit, sizeof(limit), "%u", config->max_exits);
    show("%-12s %6u %5s  %-12s %-10s %9s\n", config->name, config->share.weight, cap,
         harts_text(config->share.affinity).text, restarts[config->restart], limit);
}

static enum command_result show_settings(void)
{
    show("escape  ^%c\n", keyboard_escape + 0x40);
    show("colour  %s\n", colour ? "on" : "off");
    show("view    %s\n", keyboard_shows_all() ? "all" : "one");
    show("%-12s %6s %5s  %-12s %-10s %9s\n", "VM", "weight", "cap", "cpu-affinity", "restart",
         "max-exits");
    for (u32 i = 0; i < vm_count; i++)
        show_vm(vms[i]);
    return COMMAND_DONE;
}

enum command_result command_set(const struct arguments *arguments)
{
    struct vm *vm;

    if (arguments->count == 1)
        return show_settings();
    for (u32 i = 0; i < ARRAY_SIZE(settings); i++)
        if (!strcmp(arguments->word[1], settings[i].name))
            return arguments->count == 3
                       ? settings[i].set(arguments->word[2])
                       : command_failed("expected: set %s VALUE", settings[i].name);
    vm = argument_vm(arguments->word[1]);
    if (!vm)
        return COMMAND_FAILED;
    if (arguments->count != 4)
        return command_failed("expected: set %s PROPERTY VALUE", arguments->word[1]);
    return set_of_vm(vm, arguments->word[2], arguments->word[3]);
}
