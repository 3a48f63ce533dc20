#include "hyp/core/options.h"

#include "arch/features.h"
#include "arch/firmware.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"

struct options options;

static void set_sstc_off(void)
{
    options.sstc_off = true;
}

static void set_htinst_ignore(void)
{
    options.htinst_ignore = true;
}

static void set_console_uart(void)
{
    options.console = CONSOLE_UART;
}

static void set_console_firmware(void)
{
    options.console = CONSOLE_FIRMWARE;
}

static void set_console_legacy(void)
{
    options.console = CONSOLE_FIRMWARE;
    firmware_forget_debug_console();
}

static void set_vmidlen(u32 bits)
{
    options.vmidlen_limited = true;
    options.vmidlen = bits;
}

static void set_vmidlen_0(void)
{
    set_vmidlen(0);
}

static void set_vmidlen_1(void)
{
    set_vmidlen(1);
}

static void set_vmidlen_2(void)
{
    set_vmidlen(2);
}

/* Every word there is. */
static const struct option {
    const char *word;
    void (*set)(void);
    const char *meaning;
} table[] = {
    {"sstc=off", set_sstc_off, "timers by firmware, as on a hart without Sstc"},
    {"htinst=ignore", set_htinst_ignore, "fetch faulting instructions, as where htinst is 0"},
    {"vmidlen=0", set_vmidlen_0, "no VMIDs: flush at every change of vCPU"},
    {"vmidlen=1", set_vmidlen_1, "VMIDs of 1 bit"},
    {"vmidlen=2", set_vmidlen_2, "VMIDs of 2 bits"},
    {"console=uart", set_console_uart, "print through the UART of the device tree"},
    {"console=firmware", set_console_firmware, "print through the firmware"},
    {"console=legacy", set_console_legacy, "print through the firmware's legacy calls"},
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
        option->set();
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
    if (options.vmidlen_limited && options.vmidlen < features.vmid_bits)
        features.vmid_bits = options.vmidlen;
}
