/*
 * Values of properties in a VM's description, checked. Each function returns false when the value
 * is not what it should be, and has told so then, with the VM, the property and what was expected.
 */
#ifndef VM_CONFIG_VALUE_H
#define VM_CONFIG_VALUE_H

#include "arch/types.h"
#include "hyp/core/fdt.h"

struct string_list;
struct vm_config;

/* Where something is wrong: `VM "web", property "cpus"`. Valid until the next call. Descriptions
 * are read by one at a time: the boot hart, later the monitor. */
const char *config_place(const struct vm_config *config, const char *property);

/* A text with its one NUL at the end. */
bool value_is_string(const struct fdt_prop *prop);

/* One number from `min` to `max`. */
bool value_number(const struct vm_config *config, const struct fdt_prop *prop, u32 min, u32 max,
                  u32 *value);

/* "128M", in bytes. False without a word: what is expected of a size is the caller's to tell. */
bool value_size(const struct fdt_prop *prop, u64 *size);

/* One of `words`, NULL at the end, the first being the default: its index. */
bool value_choice(const struct vm_config *config, const struct fdt_prop *prop,
                  const char *const *words, u32 *index);

/* At least one string and at most `max`, none of them empty. */
bool value_strings(const struct vm_config *config, const struct fdt_prop *prop, u32 max,
                   struct string_list *list);

/* Nothing: the property is there, or it is not. */
bool value_flag(const struct vm_config *config, const struct fdt_prop *prop, bool *flag);

#endif
