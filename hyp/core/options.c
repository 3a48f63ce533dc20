#include "hyp/core/options.h"

#include "arch/features.h"
#include "arch/firmware.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"

#define CONTROL(letter) ((letter)&0x1fu)

struct options options = {.vmid_bits_max = VMID_BITS_ALL, .escape = CONTROL(']')};

/* Every word there is, and what it sets to which value. */
static const struct option {
    const char *word;
    u32 *setting;
    u32 value;
    const char *meaning;
} table[] = {
    {"sstc=off", &options.sstc_off, true, "timers by firmware, as on a hart without Sstc"},
    {"htinst=ignore", &options.htinst_ignore, true,
     "fetch faulting instructions, as where htinst is 0"},
    {"vmidlen=0", &options.vmid_bits_max, 0, "no VMIDs: flush at every change of vCPU"},
    {"vmidlen=1", &options.vmid_bits_max, 1, "VMIDs of 1 bit"},
    {"vmidlen=2", &options.vmid_bits_max, 2, "VMIDs of 2 bits"},
    {"console=uart", &options.console, CONSOLE_UART, "print through the UART of the device tree"},
    {"console=firmware", &options.console, CONSOLE_FIRMWARE, "print through the firmware"},
    {"console=legacy", &options.console, CONSOLE_LEGACY,
     "print through the firmware's legacy calls"},
    {"monitor=on", &options.monitor, true,
     "begin in the monitor, and stay when all VMs have ended"},
    {"colour=on", &options.colour, true, "the names of VMs in colours, for a terminal"},
};

/* escape=^X: the one option with a value of its own. */
static const char escape_option[] = "escape=^";

static bool parse_escape(const char *word, u32 length)
{
    const u32 prefix = sizeof(escape_option) - 1;

    if (length != prefix + 1 || strncmp(word, escape_option, prefix) || word[prefix] < 'A' ||
        word[prefix] > '_')
        return false;
    options.escape = CONTROL((u32)word[prefix]);
    return true;
}

static const struct option *find(const char *word, u32 length)
{
    for (u32 i = 0; i < ARRAY_SIZE(table); i++)
        if (strlen(table[i].word) == length && !strncmp(table[i].word, word, length))
            return &table[i];
    return NULL;
}

static void unknown_option(const char *word, u32 length)
{
    printk("Twofold: option \"%.*s\" is unknown. The options (/chosen/bootargs) are:\n", length,
           word);
    for (u32 i = 0; i < ARRAY_SIZE(table); i++)
        printk("  %-18s %s\n", table[i].word, table[i].meaning);
    printk("  %-18s %s\n", "escape=^]", "the key that leaves a VM's console; ^A to ^Z, ^[ to ^_");
}

/* False: there is no such option. */
static bool parse_word(const char *word, u32 length)
{
    const struct option *option = find(word, length);

    if (!option)
        return parse_escape(word, length);
    *option->setting = option->value;
    return true;
}

bool options_parse(const char *words)
{
    u32 length;

    for (const char *p = words; *p; p += length) {
        length = 0;
        while (p[length] && p[length] != ' ')
            length++;
        if (length && !parse_word(p, length)) {
            unknown_option(p, length);
            return false;
        }
        if (!length)
            length = 1; /* the blank itself */
    }
    return true;
}

void options_apply(void)
{
    if (options.sstc_off)
        features.sstc = false;
    if (options.htinst_ignore) {
        features.htinst = HTINST_ZERO;
        features.htinst_mask = 0;
    }
    if (options.vmid_bits_max < features.vmid_bits)
        features.vmid_bits = options.vmid_bits_max;
    if (options.console == CONSOLE_LEGACY)
        firmware_forget_debug_console();
}
