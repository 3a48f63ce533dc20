/*
 * A VM as its description asks for it: one child of the root of the bundle, the second FDT, that
 * arrives where boot loaders pass an initrd. docs/vms.md lists the properties.
 */
#ifndef VM_CONFIG_H
#define VM_CONFIG_H

#include "arch/types.h"
#include "hyp/core/fdt.h"

#define VM_MAX_VCPUS    8
#define VM_NAME_MAX     24
#define VM_BOOTARGS_MAX 1024
#define VM_MIN_MEMORY   MIB(8)

/* A file inside the bundle: directly mapped, for as long as the hypervisor runs. */
struct blob {
    const u8 *data;
    u32 size;
};

struct vm_config {
    const char *name; /* of the node                             */
    u32 cpus;         /* 1 to VM_MAX_VCPUS                      */
    u64 memory;       /* bytes, a multiple of 4 MiB             */
    struct blob kernel;
    struct blob initrd;   /* size 0: none                           */
    const char *bootargs; /* "" when there are none                 */
    bool counters_direct; /* cycle and instret are the hart's       */
    bool lazy;            /* memory is backed at its first touch    */
    bool small_leaves;    /* leaf = "4K": no 4 MiB leaves           */
    bool debug;           /* may use the debug calls (SBI_EXT_TWOFOLD) */
};

/*
 * Fills `config` from `node` of the bundle. False: something is wrong, and a sentence with the
 * node, the property and what was expected has been printed.
 */
bool vm_config_parse(const struct fdt *bundle, fdt_node node, struct vm_config *config);

#endif
