/*
 * struct vm for unit tests: hyp/vm/vm.h with all that it holds. Only the header of the world switch
 * cannot be compiled on the host, for its assembly names the target's registers; what it declares
 * is here instead. Like fake_hart.h, to be included before any header that reads tp.
 */
#ifndef UNIT_FAKE_VM_H
#define UNIT_FAKE_VM_H

#include "tests/unit/fake_hart.h"

#define ARCH_GUEST_CONTEXT_H

struct guest_context {
    u32 x[32];
    u32 pc;
};

#include "hyp/vm/vm.h"

#endif
