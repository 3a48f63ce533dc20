/*
 * The bundle: the FDT that describes the VMs and has their images inside, passed where boot loaders
 * pass an initrd. It stays where it is, for names, texts and images are used from there for ever.
 */
#ifndef VM_BUNDLE_H
#define VM_BUNDLE_H

#include "hyp/core/fdt.h"

/* Finds and checks it. NULL: there is none, or it is not one; told. */
const struct fdt *bundle_open(void);

/* The first VM of it, and the one after `node`; FDT_NONE: there are no more. */
fdt_node bundle_first_vm(const struct fdt *bundle);
fdt_node bundle_next_vm(const struct fdt *bundle, fdt_node node);

/* A text in the root's property `name`, which may be a whole file; false: there is none. */
bool bundle_text(const struct fdt *bundle, const char *name, const char **text, u32 *size);

#endif
