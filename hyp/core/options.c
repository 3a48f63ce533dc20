#include "hyp/core/options.h"

#include "arch/features.h"
#include "arch/firmware.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"

struct options options = {.vmid_bits_max = VMID_BITS_ALL};

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
};

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
}

bool options_parse(const char *words)
{
    for (const char *p = words; *p;) {
        u32 length = 0;
        const struct option *option;

        if (*p == ' ') {
            p++;
            continue;
        }
        while (p[length] && p[length] != ' ')
            length++;
        option = find(p, length);
        if (!option) {
            unknown_option(p, length);
            return false;
        }
        *option->setting = option->value;
        p += length;
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
