#include "hyp/vm/bundle.h"

#include "hyp/core/machine.h"
#include "hyp/core/physmem.h"
#include "hyp/core/printk.h"
#include "hyp/core/string.h"
#include "hyp/vm/config.h"

static const char description[] = "the VM description (the initrd)";

const struct fdt *bundle_open(void)
{
    static struct fdt bundle;
    u64 size = machine.bundle.end - machine.bundle.start;
    enum fdt_status status;

    if (!size) {
        complain(description, "is missing: boot loaders pass it as an initrd (-initrd)");
        return NULL;
    }
    if (!phys_is_direct(machine.bundle.start, size) || !IS_ALIGNED(machine.bundle.start, 8)) {
        complain(description, "0x%llx is not 8-aligned RAM below the end of the direct map",
                 machine.bundle.start);
        return NULL;
    }
    status = fdt_open(&bundle, phys_ptr(machine.bundle.start), (u32)size);
    if (status != FDT_OK) {
        complain(description, "no device tree: %s", fdt_status_text(status));
        return NULL;
    }
    if (!fdt_is_compatible(&bundle, fdt_root(&bundle), "twofold,vms")) {
        complain(description, "expected compatible = \"twofold,vms\" in its root");
        return NULL;
    }
    return &bundle;
}

/* `node`, or the next after it that describes a VM. */
static fdt_node vm_from(const struct fdt *bundle, fdt_node node)
{
    while (node != FDT_NONE && !strcmp(fdt_name(bundle, node), VM_CONFIG_IMAGES))
        node = fdt_next_sibling(bundle, node);
    return node;
}

fdt_node bundle_first_vm(const struct fdt *bundle)
{
    return vm_from(bundle, fdt_first_child(bundle, fdt_root(bundle)));
}

fdt_node bundle_next_vm(const struct fdt *bundle, fdt_node node)
{
    return vm_from(bundle, fdt_next_sibling(bundle, node));
}

bool bundle_text(const struct fdt *bundle, const char *name, const char **text, u32 *size)
{
    struct fdt_prop prop;

    if (!fdt_prop(bundle, fdt_root(bundle), name, &prop))
        return false;
    *text = (const char *)prop.data;
    *size = prop.length;
    return true;
}
