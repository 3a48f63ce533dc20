/* Reading single values from the device tree that the guest was started with. */
#ifndef GUEST_FDT_H
#define GUEST_FDT_H

#include "arch/types.h"

#define FDT_MAGIC 0xd00dfeedu

/* A big-endian word, as all numbers of a device tree are. */
u32 fdt_word(const void *at);

/*
 * The value of `property` of the first node whose name is, or begins with, `node` before its "@".
 * *length gets its size in bytes. Returns NULL when there is no such thing. The device tree is
 * that of boot.fdt and has to be reachable at its physical address.
 */
const void *fdt_property(const char *node, const char *property, u32 *length);

/*
 * Copies the value of `name` in the bootargs ("... name=value ...") to `value`, at most `size`
 * bytes with the closing zero. Returns false, and an empty value, when it is not there.
 */
bool fdt_bootarg(const char *name, char *value, u32 size);

/* The number, decimal, that "name=" has in the bootargs; `otherwise` when there is none. */
u32 fdt_bootarg_number(const char *name, u32 otherwise);

/* Bytes of RAM from RAM_BASE up, cut to 32 bits. */
u32 fdt_ram_size(void);

#endif
