/* What the hart can do, by the ISA string of the device tree. */
#ifndef GUEST_ISA_H
#define GUEST_ISA_H

#include "arch/types.h"

/* `extension` is one letter ("c") or a name ("sstc"), in lower case. */
bool isa_has(const char *extension);

#endif
