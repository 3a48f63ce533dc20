/*
 * A string of the property "shared-memory": NAME SIZE [ro|rw], as in "mailbox 64K" or "log 4K ro",
 * the words apart by one space. Pure.
 */
#ifndef VM_SHARED_SPEC_H
#define VM_SHARED_SPEC_H

#include "arch/types.h"

#define SHARED_NAME_MAX 24 /* bytes, with the NUL */
#define SHARED_SIZE_MAX 0x1000000u

struct shared_spec {
    char name[SHARED_NAME_MAX];
    u32 size; /* bytes: whole pages, at most SHARED_SIZE_MAX */
    bool read_only;
};

/* NULL, and all of `spec` filled; or a phrase: what was expected. */
const char *shared_spec_parse(const char *text, struct shared_spec *spec);

#endif
