/*
 * A VM as its description asks for it: one child of the root of the bundle, the second FDT, that
 * arrives where boot loaders pass an initrd. docs/vms.md lists the properties.
 */
#ifndef VM_CONFIG_H
#define VM_CONFIG_H

#include "arch/types.h"
#include "hyp/core/fdt.h"
#include "hyp/core/sched.h"

#define VM_MAX_VCPUS    8
#define VM_NAME_MAX     24
#define VM_BOOTARGS_MAX 1024
#define VM_MIN_MEMORY   MIB(8)

/* The node of the bundle that has images for several VMs; no VM has that name. */
#define VM_CONFIG_IMAGES "images"

/* A file inside the bundle: directly mapped, for as long as the hypervisor runs. */
struct blob {
    const u8 *data;
    u32 size;
};

/* A property that lists strings, one after the other, each with its NUL. */
struct string_list {
    const char *text;
    u32 length; /* in bytes, 0: none */
};

/* What happens when a VM has ended by itself, or was stopped for a fault. */
enum restart_policy { RESTART_NEVER, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct vm_config {
    const struct fdt *bundle; /* that has it, and its images             */
    const char *name;         /* of the node                             */
    u32 cpus;                 /* 1 to VM_MAX_VCPUS                      */
    u64 memory;               /* bytes, a multiple of 4 MiB             */
    struct blob kernel;
    struct blob initrd;   /* size 0: none                           */
    const char *bootargs; /* "" when there are none                 */
    bool counters_direct; /* cycle and instret are the hart's       */
    bool lazy;            /* memory is backed at its first touch    */
    bool small_leaves;    /* leaf = "4K": no 4 MiB leaves           */
    bool shared;          /* images are shared until written; lazy too  */
    bool debug;           /* may use the debug calls (SBI_EXT_TWOFOLD) */
    bool manual;          /* start = "manual": waits for the monitor    */
    enum restart_policy restart;
    struct sched_share share; /* weight, cap, cpu-affinity                  */
    u32 max_exits;            /* a second; more throttle it. 0: no limit    */
    struct string_list disks; /* what each is: hyp/drv/disk.h               */
    struct string_list nets;  /* the group of each, "lan" or "lan,rate=10M" */
    bool virtio_modern;       /* transport version 2                        */
    bool entropy, balloon, virtio_console;
    struct string_list shared_memory; /* hyp/vm/shared_region.h             */
    struct string_list passthrough;   /* hyp/vm/passthrough.h               */
    bool dma_trusted;                 /* RAM where it is on the host        */
};

/*
 * Fills `config` from `node` of the bundle. False: something is wrong, and a sentence with the
 * node, the property and what was expected has been printed.
 */
bool vm_config_parse(const struct fdt *bundle, fdt_node node, struct vm_config *config);

/* Sets one property; what its value points to must stay. False: it is wrong; the same is printed,
 * and `config` is not to be used any more. One caller at a time: the boot hart, later the monitor.
 */
bool vm_config_set(struct vm_config *config, const struct fdt_prop *prop);

/* String `index` of a list, from 0; NULL past the last. */
const char *string_list_at(struct string_list list, u32 index);
u32 string_list_count(struct string_list list);

/* The names of all properties, by index; NULL at the end. */
const char *vm_config_property(u32 index);

#endif
