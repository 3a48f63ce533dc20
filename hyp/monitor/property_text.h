/* Properties of a VM's description, typed instead of compiled. Pure. */
#ifndef MONITOR_PROPERTY_TEXT_H
#define MONITOR_PROPERTY_TEXT_H

#include "arch/types.h"
#include "hyp/core/fdt.h"

#define PROPERTY_CELLS 32

/* Room for a value that is not its own text. */
struct property_value {
    u8 cells[PROPERTY_CELLS * 4];
};

/*
 * `text` as dtc would store it for the property `name`: numbers as cells ("2", "0,1"), "on" for one
 * that has no value, all else as a string. `prop` points to `name`, `text` and `value`. False: it
 * is not of that form.
 */
bool property_from_text(const char *name, const char *text, struct property_value *value,
                        struct fdt_prop *prop);

/* What is expected of the text of the property `name`: "a number". */
const char *property_form(const char *name);

#endif
