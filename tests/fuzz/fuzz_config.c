/*
 * Fuzzes the description of VMs, from the blob that a boot loader passes: each VM of it is refused
 * in a sentence, or is one that can be made, with all its files and texts within the blob.
 * Build: clang -fsanitize=fuzzer,address,undefined -I. fuzz_config.c
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_console.h"
#include "hyp/core/fdt.c"
#include "hyp/core/fdt_find.c"
#include "hyp/core/fdt_open.c"
#include "hyp/core/nearest.c"
#include "hyp/vm/config.c"
#include "hyp/vm/config_value.c"

struct hart harts[MAX_HARTS] = {{.id = 0, .online = true}};
u32 hart_count = 1;

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool condition)
{
    if (!condition)
        __builtin_trap();
}

static bool is_within(const struct fdt *bundle, const void *data, u64 size)
{
    const u8 *start = data;

    return start >= bundle->blob && start <= bundle->blob + bundle->size &&
           size <= (u64)(bundle->blob + bundle->size - start);
}

static void check_config(const struct fdt *bundle, const struct vm_config *config)
{
    check(strlen(config->name) >= 1 && strlen(config->name) <= VM_NAME_MAX);
    check(config->cpus >= 1 && config->cpus <= VM_MAX_VCPUS);
    check(config->memory >= MIB(8) && config->memory <= GIB(14) && config->memory % MIB(4) == 0);
    check(config->kernel.size && is_within(bundle, config->kernel.data, config->kernel.size));
    check(!config->initrd.size || is_within(bundle, config->initrd.data, config->initrd.size));
    check(strlen(config->bootargs) < VM_BOOTARGS_MAX);
    check(!*config->bootargs || is_within(bundle, config->bootargs, strlen(config->bootargs) + 1));
    check(!config->disks.length || is_within(bundle, config->disks.text, config->disks.length));
    check(fake_console.size == 0);
}

static void parse_all(const struct fdt *bundle)
{
    struct vm_config config;

    for (fdt_node n = fdt_first_child(bundle, fdt_root(bundle)); n != FDT_NONE;
         n = fdt_next_sibling(bundle, n)) {
        console_forget();
        if (vm_config_parse(bundle, n, &config)) {
            check_config(bundle, &config);
            continue;
        }
        check(!strncmp(fake_console.text, "Twofold: VM \"", 13));
        check(console_line_ended());
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    /* A copy of its own: ASan wants its exact size. */
    u8 *blob = malloc(size ? size : 1);
    struct fdt bundle;

    memcpy(blob, data, size);
    if (fdt_open(&bundle, blob, (u32)size) == FDT_OK)
        parse_all(&bundle);
    free(blob);
    return 0;
}
