/*
 * Who has a device of the host: one of our drivers, or a VM that it is handed to. Nobody drives
 * what another has claimed. At boot and, later, the monitor: one caller at a time.
 */
#ifndef CORE_CLAIM_H
#define CORE_CLAIM_H

#include "hyp/core/fdt.h"

/* Claims a node of the machine's device tree for `owner`, a phrase that stays: "the console".
 * False: somebody has it already (claim_owner), it is FDT_NONE, or there are too many claims. */
bool claim_node(fdt_node node, const char *owner);

/* Who has it; NULL: nobody. */
const char *claim_owner(fdt_node node);

/* Nobody has it any more. */
void claim_release(fdt_node node);

#endif
